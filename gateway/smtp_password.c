/* SPDX-License-Identifier: ISC */
/* AUTH PLAIN (RFC 4616) and LOGIN: a user name and a password for the owner to check. */
#include "gateway/smtp_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define CREDENTIAL_MAX 1024 /* octets; a longer name or password is nobody's */

bool smtp_password_usable(const struct smtp_server *server)
{
	const struct smtp_profile *profile = server->profile;

	return profile->basic && (server->tls != NULL || profile->basic_without_tls);
}

/* An empty password would be an anonymous bind further down: it is never asked for. */
static const char *login_fault(const struct smtp_login *login)
{
	if (login->user[0] == '\0')
		return "empty user name";
	if (login->password[0] == '\0')
		return "empty password";
	if (strlen(login->user) > CREDENTIAL_MAX || strlen(login->password) > CREDENTIAL_MAX ||
	    strlen(login->authzid) > CREDENTIAL_MAX)
		return "name or password too long";
	return NULL;
}

/* The client is told what it is told of every login; the log has the cause. */
static enum smtp_step fail_unasked(struct smtp_server *server, const char *fault)
{
	char *detail = memory_format("%.*s: %s", CREDENTIAL_MAX / 2, server->exchange->user, fault);
	enum smtp_step step;

	server->detail = span_text(detail);
	step = smtp_auth_fail(server, 535, "5.7.8", SMTP_AUTH_INVALID);
	server->detail = span_text("");
	free(detail);
	return step;
}

static enum smtp_step ask_login(struct smtp_server *server, const char *authzid,
				const char *password)
{
	struct smtp_exchange *exchange = server->exchange;
	struct smtp_login login = { .mechanism = exchange->password->name,
				    .authzid = authzid,
				    .user = exchange->user,
				    .password = password };
	const char *fault = login_fault(&login);

	if (fault != NULL)
		return fail_unasked(server, fault);
	server->state = SMTP_READY;
	return smtp_ask_login(server, &login);
}

/* authzid NUL authcid NUL password; the response is terminated behind its length. */
static enum smtp_step respond_plain(struct smtp_server *server, const char *response, size_t length)
{
	const char *user = memchr(response, '\0', length);
	const char *password = NULL;

	if (user != NULL) {
		user++;
		password = memchr(user, '\0', length - (size_t)(user - response));
	}
	if (password == NULL || strlen(password + 1) != length - (size_t)(password + 1 - response))
		return smtp_auth_malformed(server);
	server->exchange->user = memory_text(user);
	return ask_login(server, response, password + 1);
}

static enum smtp_step respond_login(struct smtp_server *server, const char *response, size_t length)
{
	if (strlen(response) != length)
		return smtp_auth_malformed(server);
	if (server->exchange->user != NULL)
		return ask_login(server, "", response);
	server->exchange->user = memory_text(response);
	server->state = SMTP_AUTH;
	/* "Password:"; devices compare it letter by letter. */
	smtp_reply(server, 334, NULL, "UGFzc3dvcmQ6");
	return SMTP_NEXT;
}

const struct smtp_password *smtp_password_find(struct span name)
{
	static const struct smtp_password mechanisms[] = {
		{ "PLAIN", "", respond_plain },
		{ "LOGIN", "VXNlcm5hbWU6", respond_login },
	};

	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		if (span_is_nocase(name, mechanisms[i].name))
			return &mechanisms[i];
	}
	return NULL;
}
