/* SPDX-License-Identifier: ISC */
/* What is done around a step in which NTLM claims to be somebody: the domain counts wrong answers.
 */
#include <stdio.h>

#include "auth/exchange_private.h"
#include "auth/ntlm.h"
#include "auth/spnego.h"
#include "auth/winbind.h"
#include "auth/winbind_reach.h"
#include "base/clock.h"
#include "base/log.h"

/* What NTLM is sent in the client's message; empty when it is none of NTLM. */
static struct span ntlm_of(const struct exchange *exchange, struct span response)
{
	switch (exchange->acceptance.terms.kind) {
	case ACCEPTANCE_NTLM:
		return response;
	case ACCEPTANCE_NEGOTIATE:
		if (!exchange->ask.ntlm)
			break;
		/* GSS-API takes it without the frame as well, as Windows may send it. */
		return ntlm_type_of(response) != NTLM_NONE ? response : spnego_inner(response);
	case ACCEPTANCE_KERBEROS:
		break;
	}
	return span_text("");
}

/* One line a login: who still uses it, and from where. */
static void note_claim(struct exchange *exchange, const struct ntlm_claim *claim)
{
	char *name = exchange->acceptance.name;

	snprintf(name, sizeof(exchange->acceptance.name), "%s%s%s", claim->domain,
		 claim->domain[0] ? "\\" : "", claim->user);
	log_info("auth.ntlm", LOG_TEXT("session", exchange->ask.session),
		 LOG_TEXT("client", exchange->ask.client),
		 LOG_TEXT("service", exchange->ask.service), LOG_TEXT("user", name),
		 LOG_TEXT("workstation", claim->workstation),
		 LOG_NUMBER("version", claim->version_2 ? 2 : 1),
		 LOG_NUMBER("tls", exchange->ask.tls));
}

static int ask_winbind(struct exchange *exchange, struct span response, struct span *out)
{
	int result = cyrus_step(exchange, response, out);
	const char *trouble;

	if (result == SASL_OK || result == SASL_CONTINUE)
		return result;
	trouble = winbind_trouble(winbind_probe(), clock_ms());
	if (!trouble)
		return result;
	exchange->verdict = AUTH_TEMPORARY;
	snprintf(exchange->cause, sizeof(exchange->cause), "%s", trouble);
	return result;
}

/* A wrong response counts in the domain as a wrong password does. */
static int step_claimed(struct exchange *exchange, const struct ntlm_claim *claim,
			struct span response, struct span *out)
{
	struct auth_guard guard;
	struct auth_ask ask = exchange_asked(exchange);
	int result;

	note_claim(exchange, claim);
	if (!claim->version_2) {
		snprintf(exchange->cause, sizeof(exchange->cause), "NTLM of version 1");
		return SASL_BADAUTH;
	}
	if (!auth_guard_enter(exchange->auth, &ask, &guard, &exchange->verdict, exchange->cause,
			      sizeof(exchange->cause)))
		return SASL_BADAUTH;
	exchange->verdict = AUTH_REJECTED;
	exchange->cause[0] = '\0';
	result = ask_winbind(exchange, response, out);
	auth_guard_leave(exchange->auth, &ask, &guard,
			 result == SASL_OK || result == SASL_CONTINUE ? BACKOFF_RIGHT
			 : exchange->verdict == AUTH_TEMPORARY        ? BACKOFF_UNDECIDED
								      : BACKOFF_WRONG);
	return result;
}

int exchange_step(struct exchange *exchange, struct span response, struct span *out)
{
	struct span message = ntlm_of(exchange, response);
	struct ntlm_claim claim;

	/* What GSS-API finds in a token and we do not would be asked about unguarded. */
	if (exchange->ask.ntlm && ntlm_is_elsewhere(response, message)) {
		snprintf(exchange->cause, sizeof(exchange->cause),
			 "NTLM where negotiation does not have it");
		return SASL_BADAUTH;
	}
	if (ntlm_type_of(message) != NTLM_AUTHENTICATE)
		return cyrus_step(exchange, response, out);
	if (ntlm_claim_read(message, &claim))
		return step_claimed(exchange, &claim, response, out);
	/* gss-ntlmssp is not shown what is not well-formed. */
	snprintf(exchange->cause, sizeof(exchange->cause), "malformed NTLM message");
	return SASL_BADAUTH;
}
