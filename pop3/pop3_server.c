/* SPDX-License-Identifier: ISC */
/* Life cycle and pump. Everything that changes a session enters and leaves here. */
#include "pop3/pop3_private.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct pop3_server *pop3_server_new(const struct pop3_profile *profile,
				    const struct pop3_calls *calls, void *owner)
{
	struct pop3_server *server = memory_new(sizeof *server);

	server->profile = profile;
	server->calls = calls;
	server->owner = owner;
	server->state = POP3_STATE_AUTHORIZATION;
	return server;
}

void pop3_server_free(struct pop3_server *server)
{
	if (server == NULL)
		return;
	pop3_user_forget(server);
	free(server->answer.text);
	free(server->deleted);
	free(server->numbers);
	free(server);
}

/* The last thing an entry does: the owner may free the session in close. */
static void leave(struct pop3_server *server, enum pop3_next next)
{
	server->inside = false;
	if (next != POP3_CLOSE)
		return;
	server->state = POP3_STATE_CLOSED;
	server->reply = (struct pop3_long){ .kind = POP3_LONG_NONE };
	server->held = false;
	pop3_exchange_drop(server);
	server->calls->close(server->owner);
}

/* After a step or an event: takes the answer if it is there, and stops while the output is full. */
static enum pop3_next settle(struct pop3_server *server, enum pop3_next next)
{
	if (server->state == POP3_STATE_CLOSED)
		return POP3_WAIT; /* the owner ended the session inside the ask */
	if (next == POP3_WAIT && server->answer.kind != POP3_ANSWER_NONE)
		next = pop3_answer_apply(server);
	if (next == POP3_NEXT && !server->calls->writable(server->owner)) {
		server->held = true;
		next = POP3_WAIT;
	}
	return next;
}

static enum pop3_next refuse_long_line(struct pop3_server *server)
{
	if (server->state & POP3_STATES_SASL)
		return pop3_sasl_fault(server, "Line too long");
	return pop3_mistake(server, NULL, POP3_CODE_NONE, "Line too long");
}

/* Uses one line, or the start of one that is too long; returns how much, 0 to have more input. */
static size_t line_take(struct pop3_server *server, struct span input, enum pop3_next *next)
{
	const char *lf = memchr(input.at, '\n', input.length);
	size_t whole = lf != NULL ? (size_t)(lf - input.at) + 1 : input.length;
	size_t auth = pop3_auth_limit(server, input);
	size_t limit = auth > 0 ? auth : POP3_LINE_MAX;

	if (server->swallowing) {
		server->swallowing = lf == NULL;
		return whole;
	}
	if (lf == NULL && whole < limit)
		return 0;
	if (lf == NULL || whole > limit) {
		server->swallowing = lf == NULL;
		*next = settle(server, refuse_long_line(server));
		return whole;
	}
	struct span line = span_make(input.at, whole - 1);
	if (line.length > 0 && line.at[line.length - 1] == '\r')
		line.length--;
	*next = settle(server, pop3_line_run(server, line));
	return whole;
}

static enum pop3_next pump(struct pop3_server *server, struct span input, size_t *used)
{
	enum pop3_next next = POP3_NEXT;

	while (next == POP3_NEXT && *used < input.length) {
		size_t taken = line_take(server, span_skip(input, *used), &next);

		if (taken == 0)
			break;
		*used += taken;
	}
	/* RFC 2595 section 4: nothing that came in plain text may be taken for a command after TLS.
	 */
	if (server->discarding)
		*used = input.length;
	server->discarding = false;
	return next;
}

size_t pop3_server_feed(struct pop3_server *server, const char *bytes, size_t length)
{
	size_t used = 0;

	assert(!server->inside);
	if (server->state & (POP3_STATE_CLOSED | POP3_STATE_HANDSHAKE))
		return length;
	if (length == 0 || pop3_server_waiting(server))
		return 0;
	server->inside = true;
	leave(server, pump(server, span_make(bytes, length), &used));
	return used;
}

bool pop3_server_waiting(const struct pop3_server *server)
{
	return server->held || server->asked != POP3_ASK_NONE ||
	       server->reply.kind != POP3_LONG_NONE || server->state == POP3_STATE_HANDSHAKE;
}

void pop3_server_drained(struct pop3_server *server)
{
	if (server->inside || server->state == POP3_STATE_CLOSED)
		return;
	server->held = false;
	if (server->reply.kind == POP3_LONG_NONE)
		return;
	server->inside = true;
	leave(server, settle(server, pop3_long_run(server)));
}

void pop3_server_greet(struct pop3_server *server)
{
	/* No "<...>" in it: RFC 1939 section 7 would make that an offer of APOP. */
	pop3_ok(server, "%s POP3 server ready", server->profile->fqdn);
}

void pop3_server_refuse(struct pop3_server *server, const char *why)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	/* Inside a multi-line reply the words would be taken for message text. */
	if (server->reply.kind == POP3_LONG_NONE && server->state != POP3_STATE_HANDSHAKE)
		pop3_error(server, NULL, POP3_CODE_SYS_TEMP, why);
	leave(server, POP3_CLOSE);
}

/* RFC 1939 section 3: no reply, no removal. */
static void hang_up(struct pop3_server *server, const char *event)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	pop3_note(server, event, NULL, NULL);
	leave(server, POP3_CLOSE);
}

void pop3_server_timeout(struct pop3_server *server)
{
	hang_up(server, "pop3.timeout");
}

void pop3_server_expel(struct pop3_server *server)
{
	hang_up(server, "pop3.expelled");
}

void pop3_server_tls_started(struct pop3_server *server, bool certificate)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	pop3_user_forget(server);
	pop3_exchange_drop(server);
	server->secure = true;
	server->certificate = certificate;
	server->swallowing = false;
	server->proxied = false;
	server->state = POP3_STATE_AUTHORIZATION;
}

bool pop3_server_proxied(const struct pop3_server *server)
{
	return server->proxied;
}

bool pop3_server_in_transaction(const struct pop3_server *server)
{
	return server->state == POP3_STATE_TRANSACTION || server->state == POP3_STATE_UPDATE;
}

/* An answer inside the call that asked waits for the pump; a later one is taken at once. */
static void answer_take(struct pop3_server *server, const struct pop3_answer *answer)
{
	assert(server->answer.kind == POP3_ANSWER_NONE);
	server->answer = *answer;
	if (server->inside)
		return;
	server->inside = true;
	leave(server, settle(server, POP3_WAIT));
}

static bool login_asked(const struct pop3_server *server)
{
	return server->asked == POP3_ASK_LOGIN || server->asked == POP3_ASK_EXCHANGE;
}

void pop3_server_challenge(struct pop3_server *server, struct span token)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(server->asked == POP3_ASK_EXCHANGE);
	answer_take(server, &(struct pop3_answer){ .kind = POP3_ANSWER_CHALLENGE,
						   .text = mechanism_challenge("+ ", token) });
}

void pop3_server_opened(struct pop3_server *server, const struct pop3_maildrop *maildrop)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(login_asked(server));
	server->maildrop = maildrop;
	answer_take(server, &(struct pop3_answer){ .kind = POP3_ANSWER_OPENED });
}

void pop3_server_elsewhere(struct pop3_server *server, const char *text)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(login_asked(server) && !server->inside);
	pop3_ok(server, "%s", text);
	server->asked = POP3_ASK_NONE;
	server->begun = false; /* it was the final answer */
	server->mechanism = NULL;
	server->state = POP3_STATE_CLOSED;
}

void pop3_server_refused(struct pop3_server *server, enum pop3_code code, const char *text)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(login_asked(server) || server->asked == POP3_ASK_MESSAGE);
	answer_take(server, &(struct pop3_answer){ .kind = POP3_ANSWER_REFUSED,
						   .code = code,
						   .text = memory_text(text) });
}

void pop3_server_message(struct pop3_server *server)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(server->asked == POP3_ASK_MESSAGE);
	answer_take(server, &(struct pop3_answer){ .kind = POP3_ANSWER_MESSAGE });
}

void pop3_server_quota(struct pop3_server *server, enum outcome outcome, uint64_t used,
		       uint64_t limit)
{
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(server->asked == POP3_ASK_QUOTA);
	answer_take(server, &(struct pop3_answer){ .kind = POP3_ANSWER_QUOTA,
						   .outcome = outcome,
						   .used = used,
						   .limit = limit });
}

void pop3_server_removed(struct pop3_server *server, enum outcome outcome, size_t removed)
{
	(void)removed; /* the session ends either way, and the owner logs the figure */
	if (server->state == POP3_STATE_CLOSED)
		return;
	assert(server->asked == POP3_ASK_REMOVE);
	answer_take(server,
		    &(struct pop3_answer){ .kind = POP3_ANSWER_REMOVED, .outcome = outcome });
}
