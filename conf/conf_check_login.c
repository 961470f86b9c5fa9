/* SPDX-License-Identifier: ISC */
/* How we log in at other servers: what each way needs, and that no secret crosses a network in the
 * clear. */
#include "conf/conf_private.h"

#include <string.h>

#define BASIC  (1U << CONF_LOGIN_OUT_BASIC)
#define NTLM   (1U << CONF_LOGIN_OUT_NTLM)
#define OAUTH2 (1U << CONF_LOGIN_OUT_OAUTH2)

static const char *const names[] = {
	[CONF_LOGIN_OUT_NONE] = "none",
	[CONF_LOGIN_OUT_BASIC] = "basic",
	[CONF_LOGIN_OUT_INTEGRATED] = "integrated",
	[CONF_LOGIN_OUT_NTLM] = "ntlm",
	[CONF_LOGIN_OUT_OAUTH2] = "oauth2",
};

static const struct {
	const char *key;
	size_t offset;
	unsigned used, needed; /* bits of enum conf_login_out */
	const char *advice;
} rows[] = {
	{ "user", offsetof(struct conf_login, user), BASIC | NTLM | OAUTH2, BASIC | NTLM | OAUTH2,
	  "write the name that the other server knows us by" },
	{ "password_file", offsetof(struct conf_login, password_file), BASIC | NTLM, BASIC | NTLM,
	  "name a file whose first line is the password" },
	{ "token_url", offsetof(struct conf_login, token_url), OAUTH2, OAUTH2,
	  "write the https address of the token endpoint" },
	{ "client_id", offsetof(struct conf_login, client_id), OAUTH2, OAUTH2,
	  "write the identifier that the provider gave to this application" },
	{ "client_secret_file", offsetof(struct conf_login, client_secret_file), OAUTH2, 0, "" },
	{ "refresh_token_file", offsetof(struct conf_login, refresh_token_file), OAUTH2, 0, "" },
	{ "scope", offsetof(struct conf_login, scope), OAUTH2, 0, "" },
	{ "token_ca", offsetof(struct conf_login, token_ca), OAUTH2, 0, "" },
};

static void check_keys(struct conf_reading *reading, unsigned begins,
		       const struct conf_login *login)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *value =
			*(char *const *)(const void *)((const char *)login + rows[i].offset);

		if (*value && !(rows[i].used >> login->how & 1))
			conf_tell_key(
				reading, begins, rows[i].key,
				"%s has no effect with login = \"%s\": remove it, or write the "
				"login that it is for",
				rows[i].key, names[login->how]);
		if (!*value && (rows[i].needed >> login->how & 1))
			conf_tell_key(reading, begins, "login", "login = \"%s\" needs %s: %s",
				      names[login->how], rows[i].key, rows[i].advice);
	}
}

/* What is sent to the token endpoint is as good as a password. */
static bool token_url_good(const char *url)
{
	bool secure = span_starts_nocase(span_text(url), "https://"), brackets;
	struct span rest, host, port;
	uint16_t number;

	if (!secure && !span_starts_nocase(span_text(url), "http://"))
		return false;
	for (const char *at = url; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("\"<>\\^`{|}#", *at))
			return false;
	rest = span_skip(span_text(url), secure ? 8 : 7);
	rest.length = strcspn(rest.at, "/?");
	if (!conf_port_split(rest, &host, &port, &brackets) ||
	    (port.length > 0 && !conf_port_parse(port, &number)))
		return false;
	if (!secure)
		return conf_host_is_loopback(host, brackets);
	return host.length > 0 && (brackets || conf_domain_name_valid(host));
}

static bool has_keytab(const struct conf *conf)
{
	for (size_t i = 0; i < conf->directories_count; i++)
		if (*conf->directories[i].keytab)
			return true;
	return false;
}

static void check_oauth2(struct conf_reading *reading, unsigned begins,
			 const struct conf_login *login)
{
	if (*login->token_url && !token_url_good(login->token_url))
		conf_tell_key(reading, begins, "token_url",
			      "token_url \"%s\" is no https address (http is taken on a loopback "
			      "address only): write one like https://login.example.com/token",
			      login->token_url);
	/* RFC 6749 section 4.4: the secret is all that proves who asks. */
	if (!*login->client_secret_file && !*login->refresh_token_file)
		conf_tell_key(
			reading, begins, "login",
			"login = \"oauth2\" needs client_secret_file or refresh_token_file: name "
			"a file whose first line is what the provider gave");
}

void conf_check_login(struct conf_reading *reading, unsigned begins, const struct conf_login *login,
		      enum conf_tls_out tls)
{
	bool sure = tls == CONF_TLS_OUT_ENCRYPT || tls == CONF_TLS_OUT_VERIFY;
	bool secret = login->how == CONF_LOGIN_OUT_BASIC || login->how == CONF_LOGIN_OUT_OAUTH2;

	check_keys(reading, begins, login);
	if (login->how == CONF_LOGIN_OUT_OAUTH2)
		check_oauth2(reading, begins, login);
	if (secret && !sure)
		conf_tell_key(
			reading, begins, "login",
			"login = \"%s\" sends a secret, which needs TLS: write tls = \"verify\" "
			"here, or \"encrypt\", which believes any certificate",
			names[login->how]);
	if (login->how == CONF_LOGIN_OUT_NTLM && tls == CONF_TLS_OUT_NONE)
		conf_tell_key(
			reading, begins, "login",
			"login = \"ntlm\" without TLS lets the password be guessed from what is "
			"overheard: write tls = \"verify\" here");
	if (login->how == CONF_LOGIN_OUT_INTEGRATED && !has_keytab(reading->conf))
		conf_tell_key(
			reading, begins, "login",
			"login = \"integrated\" needs a directory with a keytab: add keytab = "
			"\"/etc/postern/postern.keytab\" there, or choose another login");
}
