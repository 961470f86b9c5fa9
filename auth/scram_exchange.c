/* SPDX-License-Identifier: ISC */
#include "auth/scram_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/scram.h"
#include "base/memory.h"
#include "io/tls.h"

enum phase { PHASE_FIRST, PHASE_FINAL, PHASE_CONFIRMED };

struct scram_exchange {
	struct scram scram;
	enum phase phase;
	char last[SCRAM_ANSWER_SIZE];
};

/* One call of scram_exchange_next. */
struct turn {
	struct scram_exchange *exchange;
	struct auth *auth;
	struct auth_ask ask;
	enum auth_verdict *verdict;
	char *cause;
	size_t size;
};

struct scram_exchange *scram_exchange_new(const struct exchange_ask *ask)
{
	bool plus = strcmp(ask->mechanism, "SCRAM-SHA-256-PLUS") == 0;
	struct scram_terms terms = {
		.plus = plus,
		.plus_offered = ask->tls,
		.end_point = ask->end_point,
		.exporter = ask->exporter,
	};
	struct scram_exchange *exchange;

	if (!plus && strcmp(ask->mechanism, "SCRAM-SHA-256") != 0)
		return NULL;
	exchange = memory_new(sizeof(*exchange));
	scram_init(&exchange->scram, &terms);
	return exchange;
}

void scram_exchange_free(struct scram_exchange *exchange)
{
	if (!exchange)
		return;
	scram_wipe(&exchange->scram);
	free(exchange);
}

const char *scram_exchange_user(const struct scram_exchange *exchange)
{
	return exchange->scram.user;
}

const char *scram_exchange_authzid(const struct scram_exchange *exchange)
{
	return exchange->scram.authzid;
}

static enum scram_step fail(const struct turn *turn, enum auth_verdict verdict, const char *cause)
{
	*turn->verdict = verdict;
	snprintf(turn->cause, turn->size, "%s", cause);
	return SCRAM_FAILED;
}

static enum scram_step take_first(const struct turn *turn, struct span response, struct span *out)
{
	struct scram *scram = &turn->exchange->scram;
	struct auth_ask ask = turn->ask;
	unsigned char nonce[SCRAM_NONCE_OCTETS];
	struct scram_keys keys;
	const char *why;

	if (!scram_first(scram, response, &why))
		return fail(turn, AUTH_REJECTED, why);
	ask.user = scram->user;
	if (!auth_scram_keys(turn->auth, &ask, &keys, turn->cause, turn->size)) {
		*turn->verdict = AUTH_TEMPORARY;
		return SCRAM_FAILED;
	}
	random_bytes(nonce, sizeof(nonce));
	*out = span_text(scram_challenge(scram, &keys, nonce));
	memory_wipe(&keys, sizeof(keys));
	turn->exchange->phase = PHASE_FINAL;
	return SCRAM_MORE;
}

/* A wrong proof is a wrong password, and counts as one. */
static enum scram_step take_final(const struct turn *turn, struct span response, struct span *out)
{
	struct scram_exchange *exchange = turn->exchange;
	struct auth_guard guard;
	const char *why = "";
	bool right;

	if (!auth_guard_enter(turn->auth, &turn->ask, &guard, turn->verdict, turn->cause,
			      turn->size))
		return SCRAM_FAILED;
	right = scram_final(&exchange->scram, response, exchange->last, &why);
	auth_guard_leave(turn->auth, &turn->ask, &guard, right ? BACKOFF_RIGHT : BACKOFF_WRONG);
	if (!right)
		return fail(turn, AUTH_REJECTED, why);
	*out = span_text(exchange->last);
	exchange->phase = PHASE_CONFIRMED;
	return SCRAM_MORE;
}

enum scram_step scram_exchange_next(struct scram_exchange *exchange, struct auth *auth,
				    const struct auth_ask *user, struct span response,
				    struct span *out, enum auth_verdict *verdict, char *cause,
				    size_t size)
{
	struct turn turn = { exchange, auth, *user, verdict, cause, size };

	turn.ask.user = exchange->scram.user;
	switch (exchange->phase) {
	case PHASE_FIRST:
		return take_first(&turn, response, out);
	case PHASE_FINAL:
		return take_final(&turn, response, out);
	case PHASE_CONFIRMED:
		break;
	}
	if (response.length > 0)
		return fail(&turn, AUTH_REJECTED, "more than SCRAM has to say");
	return SCRAM_PROVED;
}
