/* SPDX-License-Identifier: ISC */
#include "auth/client_login.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/scram_client.h"
#include "auth/client_private.h"
#include "auth/oauth.h"
#include "base/memory.h"

enum { TURNS_MAX = 20 };

struct client_logins {
	struct client_tickets *tickets;
	struct oauth_tokens *tokens;
};

/* In the order in which they are preferred. */
static const struct client_mechanism mechanisms[] = {
	{ "SCRAM-SHA-256-PLUS", CONF_LOGIN_OUT_BASIC, .in_plain = true, .acts = true, .bound = true,
	  client_scram_first, client_scram_next },
	{ "SCRAM-SHA-256", CONF_LOGIN_OUT_BASIC, .in_plain = true, .acts = true, .first = client_scram_first,
	  client_scram_next },
	{ "PLAIN", CONF_LOGIN_OUT_BASIC, .acts = true, .first = client_plain_first },
	{ "LOGIN", CONF_LOGIN_OUT_BASIC, .first = client_login_first, client_login_answer },
	{ "GSSAPI", CONF_LOGIN_OUT_INTEGRATED, .in_plain = true, .acts = true, .first = client_gss_first,
	  client_gss_next },
	{ "NTLM", CONF_LOGIN_OUT_NTLM, .first = client_gss_first, client_gss_next },
	{ "XOAUTH2", CONF_LOGIN_OUT_OAUTH2, .acts = true, .first = client_oauth_first, client_oauth_next },
};

enum outcome client_say(struct client_login_turn *turn, enum outcome outcome, const char *format,
			...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(turn->text, sizeof turn->text, format, arguments);
	va_end(arguments);
	return outcome;
}

char *client_read_line(const char *file, size_t *length)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char *text = memory_new(CLIENT_SECRET_MAX + 1);
	ssize_t count = fd < 0 ? -1 : read(fd, text, CLIENT_SECRET_MAX);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (count >= 0) {
		*length = strcspn(text, "\r\n");
		error = EINVAL;
		if (*length > 0 && (*length < (size_t)count || count < CLIENT_SECRET_MAX) &&
		    !memchr(text, '\0', (size_t)count)) {
			memory_wipe(text + *length, (size_t)count - *length); /* other lines */
			return text;
		}
	}
	memory_wipe(text, CLIENT_SECRET_MAX);
	free(text);
	errno = error;
	return NULL;
}

enum outcome client_read_password(struct client_login *login, struct client_login_turn *turn)
{
	const char *file = login->conf->password_file;

	login->secret = client_read_line(file, &login->secret_length);
	if (login->secret)
		return OUTCOME_OK;
	return client_say(turn, OUTCOME_TEMP,
			  "%s: %s: the password for %s should be its first line", file,
			  errno == EINVAL ? "no password" : strerror(errno), login->conf->user);
}

struct client_logins *client_logins_open(const struct conf *conf, char *why, size_t size)
{
	struct client_logins *logins;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		snprintf(why, size, "libcurl cannot be set up");
		return NULL;
	}
	logins = memory_new(sizeof *logins);
	logins->tokens = oauth_tokens_new();
	logins->tickets = client_tickets_open(conf, why, size);
	if (logins->tickets)
		return logins;
	client_logins_free(logins);
	return NULL;
}

void client_logins_free(struct client_logins *logins)
{
	if (!logins)
		return;
	client_tickets_free(logins->tickets);
	oauth_tokens_free(logins->tokens);
	curl_global_cleanup();
	free(logins);
}

struct client_tickets *client_logins_tickets(struct client_logins *logins)
{
	return logins->tickets;
}

struct oauth_tokens *client_logins_tokens(struct client_logins *logins)
{
	return logins->tokens;
}

static bool offered(const char *list, const char *name)
{
	struct span rest = span_text(list), word;

	while (span_cut(&rest, ' ', &word))
		if (span_is_nocase(word, name))
			return true;
	return false;
}

/* NULL: none will do, and why. */
static const struct client_mechanism *choose(const struct client_login_ask *ask,
					     struct client_login_turn *turn)
{
	bool wants_tls = false, bound = ask->end_point.length > 0 || ask->exporter.length > 0;

	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		const struct client_mechanism *mechanism = &mechanisms[i];

		if (mechanism->how != ask->login->how ||
		    !offered(ask->mechanisms, mechanism->name) || (mechanism->bound && !bound) ||
		    (ask->authzid[0] && !mechanism->acts))
			continue;
		if (mechanism->in_plain || ask->tls)
			return mechanism;
		wants_tls = true;
	}
	if (wants_tls)
		client_say(
			turn, OUTCOME_PERM,
			"%s: the connection is not encrypted, and a password does not go over it: "
			"have the server offer STARTTLS",
			ask->host);
	else
		client_say(turn, OUTCOME_PERM,
			   "%s offers no way to log in that `login` permits (it offers: %s): "
			   "correct `login`",
			   ask->host, ask->mechanisms[0] ? ask->mechanisms : "none");
	return NULL;
}

static char *copy(struct span octets, size_t *length)
{
	*length = octets.length;
	return octets.length > 0 ? memory_text_n(octets.at, octets.length) : NULL;
}

enum outcome client_login_begin(struct client_logins *logins, const struct client_login_ask *ask,
				struct client_login **login, struct client_login_turn *turn,
				struct buffer *response)
{
	const struct client_mechanism *mechanism = choose(ask, turn);
	struct client_login *one;
	enum outcome outcome;

	*login = NULL;
	if (!mechanism)
		return OUTCOME_PERM;
	one = memory_new(sizeof *one);
	one->logins = logins;
	one->mechanism = mechanism;
	one->conf = ask->login;
	snprintf(one->service, sizeof one->service, "%s", ask->service);
	snprintf(one->host, sizeof one->host, "%s", ask->host);
	snprintf(one->authzid, sizeof one->authzid, "%s", ask->authzid);
	one->end_point = copy(ask->end_point, &one->end_point_length);
	one->exporter = copy(ask->exporter, &one->exporter_length);
	turn->mechanism = mechanism->name;
	turn->has_response = true;
	outcome = mechanism->first(one, turn, response);
	if (outcome == OUTCOME_OK)
		*login = one;
	else
		client_login_free(one);
	return outcome;
}

enum outcome client_login_next(struct client_login *login, struct span challenge,
			       struct client_login_turn *turn, struct buffer *response)
{
	turn->mechanism = login->mechanism->name;
	turn->has_response = true;
	if (!login->mechanism->next || ++login->turns > TURNS_MAX)
		return client_say(turn, OUTCOME_TEMP, "%s: a challenge that %s has not",
				  login->host, turn->mechanism);
	return login->mechanism->next(login, challenge, turn, response);
}

void client_login_refused(struct client_login *login)
{
	if (login->conf->how == CONF_LOGIN_OUT_OAUTH2 && login->secret)
		oauth_token_refused(login->logins->tokens, login->conf, login->secret);
}

void client_login_free(struct client_login *login)
{
	if (!login)
		return;
	if (login->secret) {
		memory_wipe(login->secret, login->secret_length);
		free(login->secret);
	}
	scram_client_free(login->scram);
	client_gss_free(login->gss);
	free(login->end_point);
	free(login->exporter);
	free(login);
}
