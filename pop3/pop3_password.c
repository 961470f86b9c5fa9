/* SPDX-License-Identifier: ISC */
/*
 * USER and PASS (RFC 1939 section 7), and what AUTH PLAIN (RFC 4616) and LOGIN carry.
 * All three ways end in the same ask.
 */
#include "pop3/pop3_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

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

/* RFC 4616: [authzid] NUL authcid NUL passwd. The message is terminated behind its end. */
static enum pop3_next plain_login(struct pop3_server *server, const char *message, size_t length)
{
	struct pop3_login login = { .mechanism = "PLAIN", .authzid = message };
	const char *end = message + length;

	login.user = login.authzid + strlen(login.authzid) + 1;
	if (login.user > end)
		return pop3_sasl_fault(server, "Malformed PLAIN response");
	login.password = login.user + strlen(login.user) + 1;
	if (login.password > end || login.password + strlen(login.password) != end)
		return pop3_sasl_fault(server, "Malformed PLAIN response");
	return login_ask(server, &login);
}

static enum pop3_next sasl_name(struct pop3_server *server, const char *name, size_t length)
{
	if (length == 0 || length > POP3_NAME_MAX)
		return pop3_sasl_fault(server, "Empty or too long a user name");
	user_keep(server, span_make(name, length));
	server->state = POP3_STATE_SASL_PASSWORD;
	pop3_write_text(server, "+ UGFzc3dvcmQ6\r\n");
	return POP3_NEXT;
}

enum pop3_next pop3_password_decoded(struct pop3_server *server, const char *bytes, size_t length)
{
	if (server->state == POP3_STATE_SASL_PLAIN)
		return plain_login(server, bytes, length);
	if (memchr(bytes, '\0', length) != NULL)
		return pop3_sasl_fault(server, "Malformed LOGIN response");
	if (server->state == POP3_STATE_SASL_NAME)
		return sasl_name(server, bytes, length);
	return named_login(server, "LOGIN", bytes);
}
