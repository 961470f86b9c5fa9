/* SPDX-License-Identifier: ISC */
/* AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN. */
#include "gateway/smtp_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"

#define INVALID        "Authentication credentials invalid"
#define CREDENTIAL_MAX 1024 /* octets; a longer name or password is nobody's */

struct smtp_exchange {
	const struct mechanism *mechanism;
	char *user; /* NULL until known */
};

struct mechanism {
	const char *name;
	bool clear_text;    /* shows the password to whoever listens */
	const char *prompt; /* the first challenge */
	enum smtp_step (*respond)(struct smtp_server *server, char *response, size_t length);
};

bool smtp_auth_usable(const struct smtp_server *server)
{
	const struct smtp_profile *profile = server->profile;

	return profile->basic && (server->tls != NULL || profile->basic_without_tls);
}

void smtp_forget_exchange(struct smtp_server *server)
{
	if (server->exchange == NULL)
		return;
	free(server->exchange->user);
	free(server->exchange);
	server->exchange = NULL;
}

/* The exchange is over without a question to the owner. */
static enum smtp_step fail(struct smtp_server *server, unsigned code, const char *status,
			   const char *text)
{
	smtp_forget_exchange(server);
	server->state = SMTP_READY;
	return smtp_refuse(server, code, status, text);
}

static enum smtp_step fail_malformed(struct smtp_server *server)
{
	return fail(server, 501, "5.5.2", "Cannot decode the response");
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
	step = fail(server, 535, "5.7.8", INVALID);
	server->detail = span_text("");
	free(detail);
	return step;
}

static enum smtp_step ask_login(struct smtp_server *server, const char *authzid,
				const char *password)
{
	struct smtp_exchange *exchange = server->exchange;
	struct smtp_login login = { .mechanism = exchange->mechanism->name,
				    .authzid = authzid,
				    .user = exchange->user,
				    .password = password };
	const char *fault = login_fault(&login);

	if (fault != NULL)
		return fail_unasked(server, fault);
	server->state = SMTP_READY;
	return smtp_ask(server, SMTP_ASK_LOGIN, &login);
}

/* authzid NUL authcid NUL password; the response is terminated behind its length. */
static enum smtp_step respond_plain(struct smtp_server *server, char *response, size_t length)
{
	char *user = memchr(response, '\0', length);
	char *password = NULL;

	if (user != NULL) {
		user++;
		password = memchr(user, '\0', length - (size_t)(user - response));
	}
	if (password == NULL || strlen(password + 1) != length - (size_t)(password + 1 - response))
		return fail_malformed(server);
	server->exchange->user = memory_text(user);
	return ask_login(server, response, password + 1);
}

static enum smtp_step respond_login(struct smtp_server *server, char *response, size_t length)
{
	if (strlen(response) != length)
		return fail_malformed(server);
	if (server->exchange->user != NULL)
		return ask_login(server, "", response);
	server->exchange->user = memory_text(response);
	server->state = SMTP_AUTH;
	/* "Password:"; devices compare it letter by letter. */
	smtp_reply(server, 334, NULL, "UGFzc3dvcmQ6");
	return SMTP_NEXT;
}

static const struct mechanism mechanisms[] = {
	{ "PLAIN", true, "", respond_plain },
	{ "LOGIN", true, "VXNlcm5hbWU6", respond_login },
};

static const struct mechanism *find_mechanism(struct span name)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		if (span_is_nocase(name, mechanisms[i].name))
			return &mechanisms[i];
	}
	return NULL;
}

static enum smtp_step respond(struct smtp_server *server, struct span text)
{
	size_t size = BASE64_DECODED(text.length) + 1, length = 0;
	char *response = memory_new(size);
	enum smtp_step step;

	if (base64_decode(text, response, size - 1, &length)) {
		response[length] = '\0';
		step = server->exchange->mechanism->respond(server, response, length);
	} else {
		step = fail_malformed(server);
	}
	memory_wipe(response, size);
	free(response);
	return step;
}

enum smtp_step smtp_auth_line(struct smtp_server *server, struct span line)
{
	if (span_is(line, "*"))
		return fail(server, 501, "5.7.0", "Authentication cancelled");
	return respond(server, line);
}

enum smtp_step smtp_step_auth(struct smtp_server *server, struct span argument)
{
	const struct mechanism *mechanism;
	struct span name = { NULL, 0 };

	if (!server->profile->basic)
		return smtp_refuse(server, 503, "5.5.1", "AUTH not offered");
	if (server->authenticated)
		return smtp_refuse(server, 503, "5.5.1", "Authenticated already");
	(void)span_cut(&argument, ' ', &name);
	argument = span_trim(argument);
	mechanism = find_mechanism(name);
	if (mechanism == NULL)
		return smtp_refuse(server, 504, "5.5.4", "Mechanism not supported");
	if (mechanism->clear_text && !smtp_auth_usable(server))
		return smtp_refuse(server, 538, "5.7.11", "Encryption required for this mechanism");
	server->exchange = memory_new(sizeof(*server->exchange));
	server->exchange->mechanism = mechanism;
	/* RFC 4954 section 4: "=" is an initial response without octets. */
	if (span_is(argument, "="))
		return respond(server, span_text(""));
	if (argument.length > 0)
		return respond(server, argument);
	server->state = SMTP_AUTH;
	smtp_reply(server, 334, NULL, mechanism->prompt);
	return SMTP_NEXT;
}

static enum smtp_step login_failed(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words later = { 454, "4.7.0", "Temporary authentication failure" };
	static const struct smtp_words invalid = { 535, "5.7.8", INVALID };
	enum smtp_step step = smtp_say_no(server, answer, &later, &invalid);

	free(server->identity);
	server->identity = NULL;
	if (step == SMTP_CLOSE || answer->outcome == OUTCOME_TEMP)
		return step;
	return smtp_count_error(server);
}

static enum smtp_step login_succeeded(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words words = { 235, "2.7.0", "Authentication successful" };

	if (server->identity == NULL)
		server->identity = memory_text(server->exchange->user);
	server->authenticated = true;
	return smtp_say_yes(server, answer, "smtp.auth", &words);
}

enum smtp_step smtp_login_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	char *user = memory_text(server->exchange->user);
	enum smtp_step step;

	server->detail = span_text(user);
	step = answer->outcome == OUTCOME_OK ? login_succeeded(server, answer)
					     : login_failed(server, answer);
	server->detail = span_text("");
	smtp_forget_exchange(server);
	free(user);
	return step;
}
