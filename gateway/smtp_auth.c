/* SPDX-License-Identifier: ISC */
/*
 * AUTH (RFC 4954): which mechanism, its lines, and how it ends. What the lines mean is
 * known to smtp_password.c and, through smtp_exchange.c, to the owner.
 */
#include "gateway/smtp_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void smtp_auth_list(const struct smtp_server *server, struct buffer *reply)
{
	struct buffer names = BUFFER_EMPTY;

	if (server->authenticated)
		return;
	mechanism_add_names(&names, server->profile->mechanisms, smtp_mechanism_session(server),
			    " ", "");
	if (smtp_password_usable(server))
		buffer_add_text(&names, " PLAIN LOGIN");
	if (buffer_used(&names) > 0) {
		buffer_add_text(reply, "250-AUTH");
		buffer_add(reply, buffer_bytes(&names), buffer_used(&names));
		buffer_add_text(reply, "\r\n");
	}
	buffer_clear(&names);
}

enum smtp_step smtp_auth_fail(struct smtp_server *server, unsigned code, const char *status,
			      const char *text)
{
	smtp_exchange_drop(server);
	server->state = SMTP_READY;
	return smtp_refuse(server, code, status, text);
}

enum smtp_step smtp_auth_malformed(struct smtp_server *server)
{
	return smtp_auth_fail(server, 501, "5.5.2", "Cannot decode the response");
}

static enum smtp_step respond(struct smtp_server *server, struct span text)
{
	const struct smtp_password *password = server->exchange->password;
	size_t length = 0;
	char *response = mechanism_decode(text, &length);
	enum smtp_step step;

	if (response == NULL)
		return smtp_auth_malformed(server);
	if (password != NULL)
		step = password->respond(server, response, length);
	else
		step = smtp_exchange_respond(server, span_make(response, length));
	mechanism_wipe(response, length);
	return step;
}

enum smtp_step smtp_auth_line(struct smtp_server *server, struct span line)
{
	if (span_is(line, "*"))
		return smtp_auth_fail(server, 501, "5.7.0", "Authentication cancelled");
	return respond(server, line);
}

/* NULL, or why the mechanism cannot be had now: the answer to AUTH. */
static const struct smtp_words *choose(const struct smtp_server *server, struct span name,
				       struct smtp_exchange *exchange)
{
	static const struct smtp_words unknown = { 504, "5.5.4", "Mechanism not supported" };
	static const struct smtp_words plain = { 538, "5.7.11",
						 "Encryption required for this mechanism" };
	struct mechanism_session session = smtp_mechanism_session(server);

	exchange->password = server->profile->basic ? smtp_password_find(name) : NULL;
	if (exchange->password != NULL)
		return smtp_password_usable(server) ? NULL : &plain;
	exchange->mechanism = mechanism_find(server->profile->mechanisms, name);
	if (exchange->mechanism == NULL)
		return &unknown;
	if (mechanism_usable(exchange->mechanism, session))
		return NULL;
	return !session.tls && (exchange->mechanism->when & MECHANISM_IN_TLS) ? &plain : &unknown;
}

static struct span cut_name(struct span *argument)
{
	struct span name = { NULL, 0 };

	(void)span_cut(argument, ' ', &name);
	*argument = span_trim(*argument);
	return name;
}

size_t smtp_auth_limit(const struct smtp_server *server, struct span input)
{
	struct smtp_exchange exchange = { .mechanism = NULL };

	if (server->state == SMTP_AUTH)
		return server->exchange->mechanism != NULL ? SMTP_AUTH_MAX : SMTP_LOGIN_MAX;
	if (!span_starts_nocase(input, "AUTH "))
		return 0;
	/* What cannot begin an exchange is not waited for longer than a password would be. */
	input = span_trim(span_skip(input, 5));
	if (server->state != SMTP_READY || server->authenticated ||
	    choose(server, cut_name(&input), &exchange) != NULL || exchange.mechanism == NULL)
		return SMTP_LOGIN_MAX;
	return SMTP_AUTH_MAX;
}

/* What was told in an exchange that came to nothing proves nobody. */
static void forget_identity(struct smtp_server *server)
{
	free(server->identity);
	server->identity = NULL;
}

enum smtp_step smtp_step_auth(struct smtp_server *server, struct span argument)
{
	struct smtp_exchange exchange = { .begun = false };
	const struct smtp_words *fault;

	if (!server->profile->basic && server->profile->mechanisms == NULL)
		return smtp_refuse(server, 503, "5.5.1", "AUTH not offered");
	if (server->authenticated)
		return smtp_refuse(server, 503, "5.5.1", "Authenticated already");
	fault = choose(server, cut_name(&argument), &exchange);
	if (fault != NULL)
		return smtp_refuse_words(server, fault);
	forget_identity(server);
	server->exchange = memory_new(sizeof(exchange));
	*server->exchange = exchange;
	/* RFC 4954 section 4: "=" is an initial response without octets. */
	if (span_is(argument, "="))
		return respond(server, span_text(""));
	if (argument.length > 0)
		return respond(server, argument);
	server->state = SMTP_AUTH;
	smtp_reply(server, 334, NULL, exchange.password != NULL ? exchange.password->prompt : "");
	return SMTP_NEXT;
}

static enum smtp_step login_failed(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words later = { 454, "4.7.0", "Temporary authentication failure" };
	static const struct smtp_words invalid = { 535, "5.7.8", SMTP_AUTH_INVALID };
	enum smtp_step step = smtp_say_no(server, answer, &later, &invalid);

	if (step == SMTP_CLOSE || answer->outcome == OUTCOME_TEMP)
		return step;
	return smtp_count_error(server);
}

static enum smtp_step login_succeeded(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words words = { 235, "2.7.0", "Authentication successful" };

	server->authenticated = true;
	return smtp_say_yes(server, answer, "smtp.auth", &words);
}

/* For the log: the name as typed, or the identity that the owner told, or else the mechanism. */
static char *login_who(const struct smtp_server *server)
{
	const struct smtp_exchange *exchange = server->exchange;

	if (exchange->user != NULL)
		return memory_text(exchange->user);
	return memory_text(server->identity != NULL ? server->identity : exchange->mechanism->name);
}

enum smtp_step smtp_login_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	char *who = login_who(server);
	enum smtp_step step;

	if (server->identity == NULL)
		server->identity = memory_text(server->exchange->user);
	/* The answer is final whatever is said now: a close behind it drops nothing. */
	smtp_exchange_forget(server);
	server->detail = span_text(who);
	if (answer->outcome == OUTCOME_OK) {
		assert(server->identity != NULL); /* an exchange has no name but the owner's */
		step = login_succeeded(server, answer);
	} else {
		forget_identity(server);
		step = login_failed(server, answer);
	}
	server->detail = span_text("");
	free(who);
	return step;
}
