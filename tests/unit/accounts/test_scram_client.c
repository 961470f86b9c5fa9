/* SPDX-License-Identifier: ISC */
#include "accounts/scram_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 7677 section 3: user "user", password "pencil". */
#define MINE  "rOprNGfwEbeRWgbNEkqO"
#define NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

static struct scram_client *begin(const char *user, const char *password)
{
	struct scram_client_ask ask = { .user = user,
					.password = span_text(password),
					.nonce = MINE };
	const char *why;

	return scram_client_new(&ask, &why);
}

static void vectors_of_rfc_7677(void **state)
{
	struct scram_client *client = begin("user", "pencil");
	char to[1024];
	const char *why;

	(void)state;
	assert_string_equal(scram_client_first(client), "n,,n=user,r=" MINE);
	assert_true(scram_client_final(
		client, span_text("r=" MINE NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), to,
		sizeof to, &why));
	assert_string_equal(to, "c=biws,r=" MINE NONCE
				",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_true(scram_client_proved(
		client, span_text("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), &why));
	assert_false(scram_client_proved(
		client, span_text("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="), &why));
	assert_false(scram_client_proved(client, span_text("e=invalid-proof"), &why));
	assert_string_equal(why, "SCRAM was refused");
	scram_client_free(client);
}

/* Against our own server's side: bound, unbound, names that must be encoded. */
static void agrees_with_the_server(void **state)
{
	static const struct {
		const char *user, *password;
		bool plus, could_bind, offered, good;
	} rows[] = {
		{ "user", "pencil", false, false, false, true },
		{ "a,b=c@corp.example", "p\xc3\xa4ss, w=rd", false, false, false, true },
		{ "user", "pencil", true, true, true, true },
		{ "user", "pencil", false, true, false, true },
		{ "user", "pencil", false, true, true,
		  false }, /* somebody took -PLUS off the list */
		{ "user", "pencil2", false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scram_client_ask ask = { .user = rows[i].user,
						.password = span_text(rows[i].password),
						.plus = rows[i].plus,
						.could_bind = rows[i].could_bind,
						.binding_name = "tls-exporter",
						.binding = span_text("octets of the connection"),
						.nonce = MINE };
		struct scram_terms terms = { .plus = rows[i].plus,
					     .plus_offered = rows[i].offered,
					     .exporter = span_text("octets of the connection") };
		struct scram_keys keys = { .iterations = 4096, .salt_length = 4, .salt = "salt" };
		unsigned char chance[SCRAM_NONCE_OCTETS] = "abcdefghijklmnopq";
		const char *why, *password = i == 5 ? "pencil" : rows[i].password;
		struct scram_client *client = scram_client_new(&ask, &why);
		char proof[2 * SCRAM_MESSAGE_MAX], last[SCRAM_ANSWER_SIZE];
		struct scram server;
		bool good;

		scram_keys_derive(&keys, span_text(password));
		scram_init(&server, &terms);
		good = scram_first(&server, span_text(scram_client_first(client)), &why);
		if (good) {
			assert_string_equal(server.user, rows[i].user);
			assert_true(scram_client_final(
				client, span_text(scram_challenge(&server, &keys, chance)), proof,
				sizeof proof, &why));
			good = scram_final(&server, span_text(proof), last, &why);
		}
		assert_int_equal(good, rows[i].good);
		if (good)
			assert_true(scram_client_proved(client, span_text(last), &why));
		scram_client_free(client);
		scram_wipe(&server);
	}
}

static void hostile_servers(void **state)
{
	static const char *const challenges[] = {
		"",
		"r=" MINE,
		"r=" MINE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", /* nothing added to the nonce */
		"r=x" MINE NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"r=" MINE NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=100", /* too few */
		"r=" MINE NONCE
		",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000", /* hours of our processor */
		"r=" MINE NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999",
		"r=" MINE NONCE ",s=,i=4096",
		"r=" MINE NONCE ",s=!!!!,i=4096",
		"m=ext,r=" MINE NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"r=" MINE NONCE ",i=4096,s=W22ZaJ0SNY7soEsUEjb6gQ==",
	};
	char to[1024], small[40];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++) {
		struct scram_client *client = begin("user", "pencil");

		assert_false(
			scram_client_final(client, span_text(challenges[i]), to, sizeof to, &why));
		assert_false(scram_client_proved(client, span_text(""), &why));
		scram_client_free(client);
	}
	struct scram_client *client = begin("user", "pencil");

	assert_false(scram_client_final(
		client, span_text("r=" MINE NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), small,
		sizeof small, &why));
	scram_client_free(client);
}

static void what_cannot_be_sent(void **state)
{
	char name[SCRAM_NAME_SIZE * 3];

	(void)state;
	assert_null(begin("user", ""));
	assert_null(begin("user", "bad \xff octets"));
	assert_null(begin("", "pencil"));
	memset(name, ',', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_null(begin(name, "pencil"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_7677),
		cmocka_unit_test(agrees_with_the_server),
		cmocka_unit_test(hostile_servers),
		cmocka_unit_test(what_cannot_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
