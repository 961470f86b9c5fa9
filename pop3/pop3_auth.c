/* SPDX-License-Identifier: ISC */
/*
 * USER and PASS (RFC 1939 section 7), AUTH PLAIN and LOGIN (RFC 5034, RFC 4616),
 * STLS (RFC 2595 section 4). All three ways end in the same ask. A password
 * lives in one array on the stack and is wiped when the ask has returned.
 */
#include "pop3/pop3_private.h"

#include "base/base64.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define DECODED_SIZE (BASE64_DECODED(POP3_AUTH_MAX) + 1)

void pop3_user_forget(struct pop3_server *server)
{
	if (server->user != NULL)
		memory_wipe(server->user, strlen(server->user));
	free(server->user);
	server->user = NULL;
}

static void user_keep(struct pop3_server *server, struct span name)
{
	pop3_user_forget(server);
	server->user = memory_text_n(name.at, name.length);
}

static bool name_usable(const char *name)
{
	return strlen(name) <= POP3_NAME_MAX && pop3_text_clean(span_text(name));
}

static const char *login_fault(const struct pop3_login *login)
{
	if (login->user[0] == '\0')
		return "Empty user name";
	/* RFC 4513 section 5.1.2: a bind with an empty password proves nothing and succeeds. */
	if (login->password[0] == '\0')
		return "Empty password";
	if (!name_usable(login->user) || !name_usable(login->authzid) ||
	    strlen(login->password) > POP3_PASSWORD_MAX || !utf8_valid(span_text(login->password)))
		return "Authentication failed";
	return NULL;
}

static enum pop3_next login_ask(struct pop3_server *server, const struct pop3_login *login)
{
	const char *fault = login_fault(login);

	server->state = POP3_STATE_AUTHORIZATION;
	if (fault != NULL)
		return pop3_mistake(server, login->mechanism, POP3_CODE_AUTH, fault);
	server->asked = POP3_ASK_LOGIN;
	server->calls->ask_login(server->owner, login);
	return POP3_WAIT;
}

/* The password of USER or AUTH LOGIN: the name was kept. */
static enum pop3_next named_login(struct pop3_server *server, const char *mechanism,
				  const char *password)
{
	struct pop3_login login = {
		.mechanism = mechanism, .authzid = "", .user = server->user, .password = password
	};
	enum pop3_next next = login_ask(server, &login);

	pop3_user_forget(server);
	return next;
}

enum pop3_next pop3_step_user(struct pop3_server *server, const struct pop3_command *command)
{
	user_keep(server, command->argument);
	server->state = POP3_STATE_NAMED;
	/* The same answer for every name: nobody learns here who exists. */
	return pop3_ok(server, "Password please");
}

enum pop3_next pop3_step_pass(struct pop3_server *server, const struct pop3_command *command)
{
	char password[POP3_LINE_MAX];
	enum pop3_next next;

	/* RFC 1939 section 7: PASS has one argument, so that spaces belong to the password. */
	if (!span_copy(command->argument, password, sizeof password))
		return pop3_mistake(server, command->verb, POP3_CODE_AUTH, "Authentication failed");
	next = named_login(server, "USER", password);
	memory_wipe(password, sizeof password);
	return next;
}

static enum pop3_next sasl_fault(struct pop3_server *server, const char *text)
{
	pop3_user_forget(server);
	server->state = POP3_STATE_AUTHORIZATION;
	return pop3_mistake(server, "AUTH", POP3_CODE_NONE, text);
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. The message is terminated behind its end. */
static enum pop3_next plain_login(struct pop3_server *server, const char *message, size_t length)
{
	struct pop3_login login = { .mechanism = "PLAIN", .authzid = message };
	const char *end = message + length;

	login.user = login.authzid + strlen(login.authzid) + 1;
	if (login.user > end)
		return sasl_fault(server, "Malformed PLAIN response");
	login.password = login.user + strlen(login.user) + 1;
	if (login.password > end || login.password + strlen(login.password) != end)
		return sasl_fault(server, "Malformed PLAIN response");
	return login_ask(server, &login);
}

static enum pop3_next sasl_name(struct pop3_server *server, const char *name, size_t length)
{
	if (length == 0 || length > POP3_NAME_MAX)
		return sasl_fault(server, "Empty or too long a user name");
	user_keep(server, span_make(name, length));
	server->state = POP3_STATE_SASL_PASSWORD;
	pop3_write_text(server, "+ UGFzc3dvcmQ6\r\n");
	return POP3_NEXT;
}

static enum pop3_next sasl_decoded(struct pop3_server *server, const char *bytes, size_t length)
{
	if (server->state == POP3_STATE_SASL_PLAIN)
		return plain_login(server, bytes, length);
	if (memchr(bytes, '\0', length) != NULL)
		return sasl_fault(server, "Malformed LOGIN response");
	if (server->state == POP3_STATE_SASL_NAME)
		return sasl_name(server, bytes, length);
	return named_login(server, "LOGIN", bytes);
}

enum pop3_next pop3_sasl_response(struct pop3_server *server, struct span line)
{
	char bytes[DECODED_SIZE];
	size_t length = 0;
	enum pop3_next next;

	/* RFC 5034 section 4: a line with a single "*" cancels. */
	if (span_is(line, "*"))
		return sasl_fault(server, "Authentication cancelled");
	if (base64_decode(line, bytes, sizeof bytes - 1, &length)) {
		bytes[length] = '\0';
		next = sasl_decoded(server, bytes, length);
	} else {
		length = sizeof bytes - 1; /* a part may have been decoded */
		next = sasl_fault(server, "Not base64");
	}
	memory_wipe(bytes, length);
	return next;
}

static enum pop3_next mechanisms_list(struct pop3_server *server)
{
	pop3_write_text(server, "+OK Mechanisms follow\r\nPLAIN\r\nLOGIN\r\n.\r\n");
	return POP3_NEXT;
}

enum pop3_next pop3_step_auth(struct pop3_server *server, const struct pop3_command *command)
{
	struct span response = command->argument;
	struct span mechanism;
	bool login;

	if (response.length == 0)
		return mechanisms_list(server);
	span_cut(&response, ' ', &mechanism);
	login = span_is_nocase(mechanism, "LOGIN");
	if (!login && !span_is_nocase(mechanism, "PLAIN"))
		return pop3_mistake(server, "AUTH", POP3_CODE_NONE, "Mechanism not offered");
	pop3_user_forget(server);
	server->state = login ? POP3_STATE_SASL_NAME : POP3_STATE_SASL_PLAIN;
	if (response.at == NULL) {
		pop3_write_text(server, login ? "+ VXNlcm5hbWU6\r\n" : "+ \r\n");
		return POP3_NEXT;
	}
	/* RFC 5034 section 4: "=" is an initial response of no octets. */
	if (span_is(response, "="))
		response = span_text("");
	return pop3_sasl_response(server, response);
}

enum pop3_next pop3_step_stls(struct pop3_server *server, const struct pop3_command *command)
{
	/* RFC 2595 section 4: refused when TLS is on already. */
	if (server->secure)
		return pop3_mistake(server, command->verb, POP3_CODE_NONE, "TLS is on already");
	if (!server->profile->starttls)
		return pop3_mistake(server, command->verb, POP3_CODE_NONE,
				    "TLS is not offered here");
	pop3_ok(server, "Begin TLS");
	server->state = POP3_STATE_HANDSHAKE;
	server->discarding = true;
	server->calls->start_tls(server->owner);
	return POP3_WAIT;
}
