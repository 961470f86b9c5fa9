/* SPDX-License-Identifier: ISC */
#include "accounts/scram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "accounts/password.h"
#include <gnutls/crypto.h>

#include "base/base64.h"
#include "io/tls.h"

/* RFC 7677 section 3: user "user", password "pencil". */
#define CLIENT_FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define NONCE        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SERVER_FIRST "r=rOprNGfwEbeRWgbNEkqO" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL                                                                               \
	"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static const unsigned char chance[SCRAM_NONCE_OCTETS] = "abcdefghijklmnopqr";
static const struct scram_terms plain;

static struct scram_keys pencil(void)
{
	struct scram_keys keys = { .iterations = 4096 };

	assert_true(base64_decode(span_text("W22ZaJ0SNY7soEsUEjb6gQ=="), keys.salt,
				  sizeof keys.salt, &keys.salt_length));
	scram_keys_derive(&keys, span_text("pencil"));
	return keys;
}

/* Our own nonce is chance in the RFC: what the client answers to is put in its place. */
static void follow_rfc(struct scram *scram, const char *nonce, const char *challenge)
{
	snprintf(scram->nonce, sizeof scram->nonce, "%s", nonce);
	snprintf(scram->challenge, sizeof scram->challenge, "%s", challenge);
}

static void vectors_of_rfc_7677(void **state)
{
	struct scram scram;
	struct scram_keys keys = pencil();
	char answer[SCRAM_ANSWER_SIZE];
	const char *why;

	(void)state;
	scram_init(&scram, &plain);
	assert_true(scram_first(&scram, span_text(CLIENT_FIRST), &why));
	assert_string_equal(scram.user, "user");
	assert_string_equal(scram.authzid, "");
	assert_string_equal(
		scram_challenge(&scram, &keys, chance),
		"r=rOprNGfwEbeRWgbNEkqOYWJjZGVmZ2hpamtsbW5vcHFy,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
	follow_rfc(&scram, "rOprNGfwEbeRWgbNEkqO" NONCE, SERVER_FIRST);
	assert_true(scram_final(&scram, span_text(CLIENT_FINAL), answer, &why));
	assert_string_equal(answer, SERVER_FINAL);
}

static void first_messages(void **state)
{
	static const struct {
		const char *message;
		bool plus, offered, good;
		const char *user, *authzid;
	} cases[] = {
		{ "n,,n=user,r=abc", false, false, true, "user", "" },
		{ "n,,n=user,r=abc", false, true, true, "user", "" },
		{ "y,,n=user,r=abc", false, false, true, "user", "" },
		{ "y,,n=user,r=abc", false, true, false, "", "" },
		{ "n,a=other,n=user,r=abc,x=ext", false, false, true, "user", "other" },
		{ "n,,n=a=2Cb=3Dc@d.example,r=abc", false, false, true, "a,b=c@d.example", "" },
		{ "n,,n=a=2cb,r=abc", false, false, false, "", "" },
		{ "n,,n=a=2,r=abc", false, false, false, "", "" },
		{ "n,,n=,r=abc", false, false, false, "", "" },
		{ "n,,n=u,r=", false, false, false, "", "" },
		{ "n,,n=u,r=a b", false, false, false, "", "" },
		{ "n,,m=x,n=u,r=abc", false, false, false, "", "" },
		{ "n,n=u,r=abc", false, false, false, "", "" },
		{ "n,,n=u", false, false, false, "", "" },
		{ "", false, false, false, "", "" },
		{ "x,,n=u,r=abc", false, false, false, "", "" },
		{ "n,,n=\xff,r=abc", false, false, false, "", "" },
		{ "p=tls-exporter,,n=u,r=abc", true, true, true, "u", "" },
		{ "p=tls-server-end-point,,n=u,r=abc", true, true, true, "u", "" },
		{ "p=tls-unique,,n=u,r=abc", true, true, false, "", "" },
		{ "p=tls-exporter,,n=u,r=abc", false, true, false, "", "" },
		{ "n,,n=u,r=abc", true, true, false, "", "" },
		{ "y,,n=u,r=abc", true, true, false, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scram_terms terms = { cases[i].plus, cases[i].offered, span_text("endpoint"),
					     span_text("exporter") };
		struct scram scram;
		const char *why = NULL;

		scram_init(&scram, &terms);
		if (scram_first(&scram, span_text(cases[i].message), &why) != cases[i].good)
			fail_msg("%s", cases[i].message);
		if (!cases[i].good) {
			assert_non_null(why);
			continue;
		}
		assert_string_equal(scram.user, cases[i].user);
		assert_string_equal(scram.authzid, cases[i].authzid);
	}
}

/* What a client makes of the challenge: its last message. */
static void client_final(const struct scram *scram, const char *header, struct span data,
			 struct span password, char to[SCRAM_MESSAGE_MAX])
{
	unsigned char salted[32], key[32], stored[32], signature[32];
	char bound[512], c[700], without[1000], text[3000], proof[64];
	size_t length = strlen(header);
	struct scram_keys keys = scram->keys;
	struct span salted_span = span_make(memset(salted, 0, sizeof salted), sizeof salted);

	memcpy(bound, header, length);
	memcpy(bound + length, data.at, data.length);
	base64_encode(span_make(bound, length + data.length), c, sizeof c);
	snprintf(without, sizeof without, "c=%s,r=%s", c, scram->nonce);
	snprintf(text, sizeof text, "%s,%s,%s", scram->first_bare, scram->challenge, without);
	/* StoredKey of the client's password, by our own derivation; then the proof by the RFC. */
	const gnutls_datum_t secret = { (unsigned char *)password.at, (unsigned)password.length };
	const gnutls_datum_t salt = { keys.salt, (unsigned)keys.salt_length };
	assert_int_equal(
		gnutls_pbkdf2(GNUTLS_MAC_SHA256, &secret, &salt, keys.iterations, salted, 32), 0);
	mac_sha256(salted_span, span_text("Client Key"), key);
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA256, key, 32, stored), 0);
	mac_sha256(span_make(stored, 32), span_text(text), signature);
	for (size_t i = 0; i < 32; i++)
		key[i] ^= signature[i];
	base64_encode(span_make(key, 32), proof, sizeof proof);
	snprintf(to, SCRAM_MESSAGE_MAX, "%s,p=%s", without, proof);
}

static void binds_the_channel(void **state)
{
	static const struct {
		const char *header, *data, *password;
		bool good;
	} cases[] = {
		{ "p=tls-exporter,,", "exporter", "pencil", true },
		{ "p=tls-exporter,,", "exporter", "pencils", false },
		{ "p=tls-exporter,,", "another one", "pencil", false },
		{ "p=tls-exporter,,", "", "pencil", false },
		{ "p=tls-server-end-point,,", "exporter", "pencil", false }, /* header changed */
		{ "n,,", "", "pencil", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scram_terms terms = { true, true, span_text("endpoint"),
					     span_text("exporter") };
		struct scram_keys keys = pencil();
		struct scram scram;
		char message[SCRAM_MESSAGE_MAX], answer[SCRAM_ANSWER_SIZE];
		const char *why;

		scram_init(&scram, &terms);
		assert_true(scram_first(&scram, span_text("p=tls-exporter,,n=user,r=abc"), &why));
		scram_challenge(&scram, &keys, chance);
		client_final(&scram, cases[i].header, span_text(cases[i].data),
			     span_text(cases[i].password), message);
		if (scram_final(&scram, span_text(message), answer, &why) != cases[i].good)
			fail_msg("%zu: %s", i, cases[i].data);
	}
}

static void last_messages(void **state)
{
	static const char *const cases[] = {
		"",
		"c=biws",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE,
		"r=rOprNGfwEbeRWgbNEkqO" NONCE
		",c=biws,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"c=eSws,r=rOprNGfwEbeRWgbNEkqO" NONCE
		",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE
		",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndQ==",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE
		",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE
		",x=y,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scram scram;
		struct scram_keys keys = pencil();
		char answer[SCRAM_ANSWER_SIZE];
		const char *why = NULL;

		scram_init(&scram, &plain);
		assert_true(scram_first(&scram, span_text(CLIENT_FIRST), &why));
		scram_challenge(&scram, &keys, chance);
		follow_rfc(&scram, "rOprNGfwEbeRWgbNEkqO" NONCE, SERVER_FIRST);
		if (scram_final(&scram, span_text(cases[i]), answer, &why))
			fail_msg("%s", cases[i]);
		assert_non_null(why);
	}
}

static void pretends(void **state)
{
	static const unsigned char secret[SCRAM_KEY_SIZE] = "secret";
	struct scram_keys a, b, c;

	(void)state;
	scram_keys_pretend(secret, "nobody@corp.example", 100000, &a);
	scram_keys_pretend(secret, "nobody@corp.example", 100000, &b);
	scram_keys_pretend(secret, "somebody@corp.example", 100000, &c);
	assert_memory_equal(a.salt, b.salt, sizeof a.salt);
	assert_memory_not_equal(a.salt, c.salt, sizeof a.salt);
	assert_memory_not_equal(a.stored_key, b.stored_key, sizeof a.stored_key);
	assert_int_equal(a.iterations, 100000);
}

static void keys_as_text(void **state)
{
	static const char *const bad[] = {
		"",
		"4096",
		"4096:AAAA",
		"4096:AAAA:BBBB:CCCC",
		"4095:W22ZaJ0SNY7soEsUEjb6gQ==:%s",
		"4096::%s",
		"99999999:W22ZaJ0SNY7soEsUEjb6gQ==:%s",
		"4096:W22ZaJ0SNY7soEsUEjb6gQ==:%s:x",
		"4096:W22ZaJ0SNY7soEsUEjb6gQ:%s",
	};
	struct scram_keys keys = pencil(), again;
	char text[SCRAM_KEYS_TEXT], other[2 * SCRAM_KEYS_TEXT];
	const char *rest;

	(void)state;
	scram_keys_print(&keys, text);
	/* The keys of RFC 7677's example, as other servers print them. */
	assert_string_equal(text, "4096:W22ZaJ0SNY7soEsUEjb6gQ==:"
				  "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
				  "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
	assert_true(scram_keys_parse(span_text(text), &again));
	assert_memory_equal(again.stored_key, keys.stored_key, SCRAM_KEY_SIZE);
	assert_memory_equal(again.server_key, keys.server_key, SCRAM_KEY_SIZE);
	rest = strchr(strchr(text, ':') + 1, ':') + 1;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *mark = strstr(bad[i], "%s");

		snprintf(other, sizeof other, "%.*s%s%s",
			 mark ? (int)(mark - bad[i]) : (int)strlen(bad[i]), bad[i],
			 mark ? rest : "", mark ? mark + 2 : "");
		if (scram_keys_parse(span_text(other), &again))
			fail_msg("%s", other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_7677),
		cmocka_unit_test(first_messages),
		cmocka_unit_test(binds_the_channel),
		cmocka_unit_test(last_messages),
		cmocka_unit_test(pretends),
		cmocka_unit_test(keys_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
