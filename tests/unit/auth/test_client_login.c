/* SPDX-License-Identifier: ISC */
#include "auth/client_login.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "conf/conf.h"

static char directory[] = "/tmp/client_login.XXXXXX";
static char password_file[200], empty_file[200];
static struct client_logins *logins;

static void write_file(char *path, size_t size, const char *name, const char *text)
{
	FILE *file;

	snprintf(path, size, "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct conf_login conf_of(enum conf_login_out how, char *file)
{
	return (struct conf_login){ .how = how,
				    .user = (char *)"relay@corp.example",
				    .password_file = file,
				    .token_url = (char *)"http://127.0.0.1:1/token",
				    .client_id = (char *)"id",
				    .client_secret_file = (char *)"",
				    .refresh_token_file = (char *)"",
				    .scope = (char *)"",
				    .token_ca = (char *)"" };
}

static enum outcome begin_for(const char *authzid, const struct conf_login *conf,
			      const char *mechanisms, bool tls, struct client_login **login,
			      struct client_login_turn *turn, struct buffer *response)
{
	*turn = (struct client_login_turn){ 0 };
	return client_login_begin(logins,
				  &(struct client_login_ask){ .login = conf,
							      .service = "smtp",
							      .authzid = authzid,
							      .host = "smtp.example.net",
							      .mechanisms = mechanisms,
							      .tls = tls },
				  login, turn, response);
}

static enum outcome begin(const struct conf_login *conf, const char *mechanisms, bool tls,
			  struct client_login **login, struct client_login_turn *turn,
			  struct buffer *response)
{
	return begin_for("", conf, mechanisms, tls, login, turn, response);
}

static void the_best_that_is_offered(void **state)
{
	static const struct {
		enum conf_login_out how;
		const char *offer;
		bool tls;
		const char *mechanism; /* NULL = none will do */
		const char *why;
	} rows[] = {
		{ CONF_LOGIN_OUT_BASIC, "LOGIN PLAIN", true, "PLAIN", NULL },
		{ CONF_LOGIN_OUT_BASIC, "LOGIN", true, "LOGIN", NULL },
		{ CONF_LOGIN_OUT_BASIC, "PLAIN SCRAM-SHA-256", true, "SCRAM-SHA-256", NULL },
		/* No channel binding is known. */
		{ CONF_LOGIN_OUT_BASIC, "plain scram-sha-256-plus scram-sha-256", true,
		  "SCRAM-SHA-256", NULL },
		{ CONF_LOGIN_OUT_BASIC, "SCRAM-SHA-256 PLAIN", false, "SCRAM-SHA-256", NULL },
		{ CONF_LOGIN_OUT_BASIC, "PLAIN LOGIN", false, NULL, "not encrypted" },
		{ CONF_LOGIN_OUT_BASIC, "XOAUTH2 GSSAPI", true, NULL, "offers: XOAUTH2 GSSAPI" },
		{ CONF_LOGIN_OUT_BASIC, "", true, NULL, "offers: none" },
		{ CONF_LOGIN_OUT_OAUTH2, "PLAIN XOAUTH2", false, NULL, "not encrypted" },
		{ CONF_LOGIN_OUT_OAUTH2, "PLAIN", true, NULL, "correct `login`" },
		{ CONF_LOGIN_OUT_INTEGRATED, "GSSAPI", true, NULL, "no directory has a keytab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf_login conf = conf_of(rows[i].how, password_file);
		struct client_login *login;
		struct client_login_turn turn;
		struct buffer response = BUFFER_EMPTY;
		enum outcome outcome =
			begin(&conf, rows[i].offer, rows[i].tls, &login, &turn, &response);

		assert_int_equal(outcome, rows[i].mechanism ? OUTCOME_OK : OUTCOME_PERM);
		if (rows[i].mechanism)
			assert_string_equal(turn.mechanism, rows[i].mechanism);
		else
			assert_non_null(strstr(turn.text, rows[i].why));
		client_login_free(login);
		buffer_clear(&response);
	}
}

static void plain(void **state)
{
	struct conf_login conf = conf_of(CONF_LOGIN_OUT_BASIC, password_file);
	struct client_login *login;
	struct client_login_turn turn;
	struct buffer response = BUFFER_EMPTY;
	static const char wanted[] = "\0relay@corp.example\0Pa ss-1";

	(void)state;
	assert_int_equal(begin(&conf, "PLAIN", true, &login, &turn, &response), OUTCOME_OK);
	assert_true(turn.has_response);
	assert_true(span_equal(buffer_span(&response), span_make(wanted, sizeof wanted - 1)));
	/* A server that asks on after all was said. */
	assert_int_equal(client_login_next(login, span_text("?"), &turn, &response), OUTCOME_TEMP);
	client_login_free(login);
	buffer_clear(&response);
}

/* For somebody else: by mechanisms that can say for whom, and never without saying so. */
static void for_somebody_else(void **state)
{
	static const char plain_wanted[] = "a,l=ice@corp.example\0relay@corp.example\0Pa ss-1";
	struct conf_login conf = conf_of(CONF_LOGIN_OUT_BASIC, password_file);
	struct client_login *login;
	struct client_login_turn turn;
	struct buffer response = BUFFER_EMPTY;
	const char *who = "a,l=ice@corp.example";

	(void)state;
	assert_int_equal(begin_for(who, &conf, "LOGIN PLAIN", true, &login, &turn, &response),
			 OUTCOME_OK);
	assert_true(span_equal(buffer_span(&response),
			       span_make(plain_wanted, sizeof plain_wanted - 1)));
	client_login_free(login);
	buffer_clear(&response);
	assert_int_equal(begin_for(who, &conf, "SCRAM-SHA-256", true, &login, &turn, &response),
			 OUTCOME_OK);
	buffer_add(&response, "", 1);
	assert_memory_equal(buffer_bytes(&response),
			    "n,a=a=2Cl=3Dice@corp.example,n=relay@corp.example,r=", 52);
	client_login_free(login);
	buffer_clear(&response);
	assert_int_equal(begin_for(who, &conf, "LOGIN", true, &login, &turn, &response),
			 OUTCOME_PERM);
	conf = conf_of(CONF_LOGIN_OUT_NTLM, password_file);
	assert_int_equal(begin_for(who, &conf, "NTLM", true, &login, &turn, &response),
			 OUTCOME_PERM);
}

static void login_asks_twice(void **state)
{
	struct conf_login conf = conf_of(CONF_LOGIN_OUT_BASIC, password_file);
	struct client_login *login;
	struct client_login_turn turn;
	struct buffer response = BUFFER_EMPTY;

	(void)state;
	assert_int_equal(begin(&conf, "LOGIN", true, &login, &turn, &response), OUTCOME_OK);
	assert_false(turn.has_response);
	assert_int_equal(buffer_used(&response), 0);
	assert_int_equal(client_login_next(login, span_text("Username:"), &turn, &response),
			 OUTCOME_OK);
	assert_true(span_is(buffer_span(&response), "relay@corp.example"));
	buffer_clear(&response);
	assert_int_equal(client_login_next(login, span_text("Password:"), &turn, &response),
			 OUTCOME_OK);
	assert_true(span_is(buffer_span(&response), "Pa ss-1"));
	assert_int_equal(client_login_next(login, span_text("Again:"), &turn, &response),
			 OUTCOME_TEMP);
	client_login_free(login);
	buffer_clear(&response);
}

/* What is wrong with us, or cannot be had now, is never the end of a message. */
static void secrets_that_are_not_there(void **state)
{
	static const struct {
		enum conf_login_out how;
		const char *offer;
		char *file;
	} rows[] = {
		{ CONF_LOGIN_OUT_BASIC, "PLAIN", (char *)"/nonexistent/password" },
		{ CONF_LOGIN_OUT_BASIC, "SCRAM-SHA-256", empty_file },
		{ CONF_LOGIN_OUT_BASIC, "LOGIN", empty_file },
		{ CONF_LOGIN_OUT_OAUTH2, "XOAUTH2", empty_file }, /* nobody listens on port 1 */
		{ CONF_LOGIN_OUT_NTLM, "NTLM", empty_file },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct conf_login conf = conf_of(rows[i].how, rows[i].file);
		struct client_login *login;
		struct client_login_turn turn;
		struct buffer response = BUFFER_EMPTY;

		assert_int_equal(begin(&conf, rows[i].offer, true, &login, &turn, &response),
				 OUTCOME_TEMP);
		assert_null(login);
		assert_true(strlen(turn.text) > 10);
		buffer_clear(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_that_is_offered),   cmocka_unit_test(plain),
		cmocka_unit_test(for_somebody_else),          cmocka_unit_test(login_asks_twice),
		cmocka_unit_test(secrets_that_are_not_there),
	};
	struct conf conf = { 0 };
	char why[300];
	int failed;

	if (!mkdtemp(directory))
		return 1;
	write_file(password_file, sizeof password_file, "password", "Pa ss-1\r\nsecond line\n");
	write_file(empty_file, sizeof empty_file, "empty", "\n");
	logins = client_logins_open(&conf, why, sizeof why);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	client_logins_free(logins);
	unlink(password_file);
	unlink(empty_file);
	rmdir(directory);
	return failed;
}
