/* SPDX-License-Identifier: ISC */
/*
 * AUTH (RFC 5034): which mechanism, its lines, and exchanges in the owner's mechanisms.
 * What the lines of PLAIN and LOGIN mean is known to pop3_password.c.
 */
#include "pop3/pop3_private.h"

#include <string.h>

#define STATES_PASSWORD (POP3_STATE_SASL_PLAIN | POP3_STATE_SASL_NAME | POP3_STATE_SASL_PASSWORD)

struct choice {
	enum pop3_state state;
	const char *prompt; /* sent to a client that gave no initial response */
	const struct mechanism *mechanism;
	const char *fault; /* why it cannot be had now; NULL = it can */
	enum pop3_code code;
};

#define TLS_FIRST "Authentication is possible over TLS only: use TLS first"

const char *pop3_basic_fault(const struct pop3_server *server)
{
	if (!server->profile->basic)
		return "Secure password authentication is required";
	if (!server->secure && !server->profile->basic_without_tls)
		return "Passwords are taken over TLS only: use TLS first";
	return NULL;
}

static struct mechanism_session session_of(const struct pop3_server *server)
{
	return (struct mechanism_session){ server->secure, server->certificate };
}

void pop3_auth_list(const struct pop3_server *server, struct buffer *list, const char *before,
		    const char *behind)
{
	mechanism_add_names(list, server->profile->mechanisms, session_of(server), before, behind);
	if (pop3_basic_fault(server) == NULL)
		buffer_add_format(list, "%sPLAIN%s%sLOGIN%s", before, behind, before, behind);
}

void pop3_exchange_drop(struct pop3_server *server)
{
	bool begun = server->begun;

	server->mechanism = NULL;
	server->begun = false;
	if (begun)
		server->calls->drop_exchange(server->owner);
}

enum pop3_next pop3_sasl_fault(struct pop3_server *server, const char *text)
{
	pop3_user_forget(server);
	pop3_exchange_drop(server);
	server->state = POP3_STATE_AUTHORIZATION;
	return pop3_mistake(server, "AUTH", POP3_CODE_NONE, text);
}

static enum pop3_next exchange_ask(struct pop3_server *server, struct span response)
{
	struct mechanism_message message = { .mechanism = server->mechanism->name,
					     .first = !server->begun,
					     .response = response };

	server->begun = true;
	server->state = POP3_STATE_AUTHORIZATION;
	server->asked = POP3_ASK_EXCHANGE;
	server->calls->ask_exchange(server->owner, &message);
	return POP3_WAIT;
}

enum pop3_next pop3_sasl_response(struct pop3_server *server, struct span line)
{
	size_t length = 0;
	enum pop3_next next;
	char *bytes;

	/* RFC 5034 section 4: a line with a single "*" cancels. */
	if (span_is(line, "*"))
		return pop3_sasl_fault(server, "Authentication cancelled");
	bytes = mechanism_decode(line, &length);
	if (bytes == NULL)
		return pop3_sasl_fault(server, "Not base64");
	if (server->state == POP3_STATE_SASL_EXCHANGE)
		next = exchange_ask(server, span_make(bytes, length));
	else
		next = pop3_password_decoded(server, bytes, length);
	mechanism_wipe(bytes, length);
	return next;
}

static struct choice choose_exchange(const struct pop3_server *server, struct span name)
{
	const struct mechanism *mechanism = mechanism_find(server->profile->mechanisms, name);
	struct choice choice = { POP3_STATE_SASL_EXCHANGE, "+ \r\n", mechanism, NULL,
				 POP3_CODE_NONE };

	if (mechanism != NULL && mechanism_usable(mechanism, session_of(server)))
		return choice;
	choice.fault = "Mechanism not offered";
	if (mechanism != NULL && !server->secure && (mechanism->when & MECHANISM_IN_TLS)) {
		choice.fault = TLS_FIRST;
		choice.code = POP3_CODE_AUTH;
	}
	return choice;
}

static struct choice choose(const struct pop3_server *server, struct span name)
{
	bool login = span_is_nocase(name, "LOGIN");

	if (!login && !span_is_nocase(name, "PLAIN"))
		return choose_exchange(server, name);
	return (struct choice){ .state = login ? POP3_STATE_SASL_NAME : POP3_STATE_SASL_PLAIN,
				.prompt = login ? "+ VXNlcm5hbWU6\r\n" : "+ \r\n",
				.fault = pop3_basic_fault(server),
				.code = POP3_CODE_AUTH };
}

size_t pop3_auth_limit(const struct pop3_server *server, struct span input)
{
	struct span name = { NULL, 0 };
	struct choice choice;

	if (server->state & STATES_PASSWORD)
		return POP3_LOGIN_MAX;
	if (server->state == POP3_STATE_SASL_EXCHANGE)
		return POP3_AUTH_MAX;
	if (!span_starts_nocase(input, "AUTH "))
		return 0;
	/* What cannot begin an exchange is not waited for longer than a password would be. */
	input = span_trim(span_skip(input, 5));
	span_cut(&input, ' ', &name);
	choice = choose(server, name);
	if (!(server->state & POP3_STATES_LOGIN) || choice.fault != NULL)
		return POP3_LOGIN_MAX;
	return choice.mechanism != NULL ? POP3_AUTH_MAX : POP3_LOGIN_MAX;
}

/* AUTH alone ([MS-POP3]): the names, when there are any. */
static enum pop3_next mechanisms_list(struct pop3_server *server)
{
	struct buffer list = BUFFER_EMPTY;
	struct span names;

	pop3_auth_list(server, &list, "", "\r\n");
	names = buffer_span(&list);
	if (names.length > 0) {
		pop3_write_text(server, "+OK Mechanisms follow\r\n");
		server->calls->write(server->owner, names.at, names.length);
		pop3_write_text(server, ".\r\n");
	}
	buffer_clear(&list);
	if (names.length > 0)
		return POP3_NEXT;
	return pop3_mistake(server, "AUTH", POP3_CODE_AUTH,
			    server->secure ? "No mechanism is offered" : TLS_FIRST);
}

enum pop3_next pop3_step_auth(struct pop3_server *server, const struct pop3_command *command)
{
	struct span response = command->argument;
	struct choice choice;
	struct span name;

	if (response.length == 0)
		return mechanisms_list(server);
	span_cut(&response, ' ', &name);
	choice = choose(server, name);
	if (choice.fault != NULL)
		return pop3_mistake(server, "AUTH", choice.code, choice.fault);
	pop3_user_forget(server);
	server->state = choice.state;
	server->mechanism = choice.mechanism;
	if (response.at == NULL) {
		pop3_write_text(server, choice.prompt);
		return POP3_NEXT;
	}
	/* RFC 5034 section 4: "=" is an initial response of no octets. */
	response = span_trim(response);
	if (span_is(response, "="))
		response = span_text("");
	return pop3_sasl_response(server, response);
}
