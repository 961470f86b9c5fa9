/* SPDX-License-Identifier: ISC */
/* SCRAM by way of auth/exchange.h, with mailbox files: who gets in, and what a wrong proof costs.
 */
#include "auth/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/crypto.h>

#include "accounts/mailboxes.h"
#include "accounts/password.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directories.h"
#include "io/tls.h"

#define RIGHT "Correct horse 1"

static struct scene {
	char top[64];
	struct conf *conf;
	struct directories *directories;
	struct auth *auth;
	struct exchanges *exchanges;
} scene;

static void complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fail_msg("%s:%u: %s", file, line, text);
}

static void put(const char *name, bool locked)
{
	struct mailbox_file file = { .locked = locked };
	char why[MAILBOXES_WHY];

	memset(file.id, name[0] < 'g' ? name[0] : 'f', MAILBOX_ID_SIZE - 1);
	assert_true(password_set(&file, span_text(RIGHT)));
	assert_true(mailboxes_write(scene.conf->mailboxes, "corp.example", name, &file, geteuid(),
				    why));
}

static int set_up(void **state)
{
	char *text, why[300] = "";

	(void)state;
	strcpy(scene.top, "/tmp/test_scram.XXXXXX");
	assert_non_null(mkdtemp(scene.top));
	text = memory_format(
		"method = password-file\nmailboxes = '%s/mailboxes'\ndomain corp.example { }\n"
		"smtp x { listen '127.0.0.1:2525' { tls = none } }\n",
		scene.top);
	scene.conf = conf_parse("t", text, complain, NULL);
	free(text);
	scene.directories = directories_open(scene.conf, why, sizeof(why));
	scene.exchanges = exchanges_open(scene.conf, why, sizeof(why));
	assert_non_null(scene.directories);
	assert_non_null(scene.exchanges);
	directories_start(scene.directories);
	exchanges_start(scene.exchanges);
	scene.auth = auth_new(scene.conf, scene.directories);
	put("alice", false);
	put("bob", true);
	put("carol", false);
	return 0;
}

static int tear_down(void **state)
{
	char *line = memory_format("rm -rf '%s'", scene.top);
	int result = system(line);

	(void)state;
	auth_free(scene.auth);
	exchanges_free(scene.exchanges);
	directories_close(scene.directories);
	conf_free(scene.conf);
	free(line);
	return result;
}

static struct exchange *begin(const char *mechanism)
{
	return exchange_new(scene.exchanges, scene.auth,
			    &(struct exchange_ask){ .service = "pop",
						    .mechanism = mechanism,
						    .default_domain = "corp.example",
						    .client = "192.0.2.1",
						    .session = "s",
						    .tls = true,
						    .end_point = span_text("end:point"),
						    .exporter = span_text("exporter"),
						    .client_ca = "" });
}

static enum exchange_step say(struct exchange *exchange, const char *text, char answer[600],
			      struct auth_answer *verdict)
{
	struct buffer challenge = BUFFER_EMPTY;
	enum exchange_step step = exchange_next(exchange, span_text(text), &challenge, verdict);

	assert_true(span_copy(buffer_span(&challenge), answer, 600));
	buffer_clear(&challenge);
	return step;
}

/* The client's proof (RFC 5802 section 3) for the challenge. */
static void prove(const char *header, const char *bare, const char *challenge, const char *password,
		  char to[1000])
{
	char bound[100], text[2000], proof[64], salt_text[64];
	unsigned char salt[32], salted[32] = { 0 }, key[32] = { 0 }, stored[32] = { 0 },
				signature[32];
	unsigned iterations;
	size_t length;
	int nonce;

	assert_int_equal(
		sscanf(challenge, "r=%*[^,]%n,s=%63[^,],i=%u", &nonce, salt_text, &iterations), 2);
	assert_true(base64_decode(span_text(salt_text), salt, sizeof(salt), &length));
	const gnutls_datum_t secret = { (unsigned char *)password, (unsigned)strlen(password) };
	const gnutls_datum_t salt_datum = { salt, (unsigned)length };
	assert_int_equal(
		gnutls_pbkdf2(GNUTLS_MAC_SHA256, &secret, &salt_datum, iterations, salted, 32), 0);
	mac_sha256(span_make(salted, 32), span_text("Client Key"), key);
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA256, key, 32, stored), 0);
	base64_encode(span_text(header), bound, sizeof(bound));
	length = (size_t)snprintf(to, 1000, "c=%s,%.*s", bound, nonce, challenge);
	snprintf(text, sizeof(text), "%s,%s,%s", bare, challenge, to);
	mac_sha256(span_make(stored, 32), span_text(text), signature);
	for (size_t i = 0; i < 32; i++)
		key[i] ^= signature[i];
	base64_encode(span_make(key, 32), proof, sizeof(proof));
	snprintf(to + length, 1000 - length, ",p=%s", proof);
}

struct attempt {
	const char *mechanism, *header, *bound, *user, *password;
	enum auth_verdict verdict;
	const char *cause;
};

static void attempt(const struct attempt *attempt)
{
	struct exchange *exchange = begin(attempt->mechanism);
	struct auth_answer answer;
	char bare[200], first[300], header[100], challenge[600], final[1000];
	enum exchange_step step;

	snprintf(bare, sizeof(bare), "n=%s,r=nonce", attempt->user);
	snprintf(first, sizeof(first), "%s%s", attempt->header, bare);
	snprintf(header, sizeof(header), "%s%s", attempt->header, attempt->bound);
	step = say(exchange, first, challenge, &answer);
	if (step == EXCHANGE_MORE) {
		prove(header, bare, challenge, attempt->password, final);
		step = say(exchange, final, challenge, &answer);
	}
	if (step == EXCHANGE_MORE) {
		assert_memory_equal(challenge, "v=", 2);
		step = say(exchange, "", challenge, &answer);
	}
	assert_int_equal(step, EXCHANGE_OVER);
	if (answer.verdict != attempt->verdict || !strstr(answer.cause, attempt->cause))
		fail_msg("%s %s%s: %d %s", attempt->mechanism, first, attempt->bound,
			 answer.verdict, answer.cause);
	if (answer.verdict == AUTH_OK)
		assert_string_equal(answer.mailbox.name, "alice");
	exchange_free(exchange);
}

/* A proof that cannot be right, without what it costs to make one. */
static enum auth_verdict guess(const char *user)
{
	struct exchange *exchange = begin("SCRAM-SHA-256");
	char first[300], challenge[600], final[1000];
	struct auth_answer answer;
	int nonce = 0;

	snprintf(first, sizeof(first), "n,,n=%s,r=nonce", user);
	assert_int_equal(say(exchange, first, challenge, &answer), EXCHANGE_MORE);
	(void)sscanf(challenge, "r=%*[^,]%n", &nonce);
	snprintf(final, sizeof(final),
		 "c=biws,%.*s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", nonce, challenge);
	assert_int_equal(say(exchange, final, challenge, &answer), EXCHANGE_OVER);
	exchange_free(exchange);
	return answer.verdict;
}

static void who_gets_in(void **state)
{
	static const struct attempt attempts[] = {
		{ "SCRAM-SHA-256", "n,,", "", "alice@corp.example", RIGHT, AUTH_OK, "" },
		{ "SCRAM-SHA-256", "n,,", "", "alice", RIGHT, AUTH_OK,
		  "" }, /* the default domain's */
		{ "SCRAM-SHA-256", "n,a=alice@corp.example,", "", "alice", RIGHT, AUTH_OK, "" },
		{ "SCRAM-SHA-256", "n,a=carol@corp.example,", "", "alice", RIGHT, AUTH_REJECTED,
		  "another person" },
		{ "SCRAM-SHA-256", "n,,", "", "alice@corp.example", "Wrong", AUTH_REJECTED,
		  "wrong password" },
		{ "SCRAM-SHA-256", "n,,", "", "eve@corp.example", RIGHT, AUTH_REJECTED,
		  "wrong password" },
		{ "SCRAM-SHA-256", "n,,", "", "bob@corp.example", RIGHT, AUTH_REJECTED,
		  "locked by the administrator" },
		{ "SCRAM-SHA-256", "y,,", "", "alice@corp.example", RIGHT, AUTH_REJECTED,
		  "-PLUS was offered" },
		{ "SCRAM-SHA-256-PLUS", "p=tls-exporter,,", "exporter", "alice@corp.example", RIGHT,
		  AUTH_OK, "" },
		{ "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,", "end:point",
		  "alice@corp.example", RIGHT, AUTH_OK, "" },
		{ "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,", "exporter",
		  "alice@corp.example", RIGHT, AUTH_REJECTED, "channel binding" },
		{ "SCRAM-SHA-256-PLUS", "n,,", "", "alice@corp.example", RIGHT, AUTH_REJECTED,
		  "channel binding" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		attempt(&attempts[i]);
}

/* Who guesses is put off after as many wrong proofs, whether the name is somebody's or not. */
static void guessing_tells_nobody_apart(void **state)
{
	static const char *const users[] = { "carol@corp.example", "bob@corp.example",
					     "nobody@corp.example" };
	unsigned refused[3] = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		enum auth_verdict verdict = AUTH_REJECTED;

		while (verdict == AUTH_REJECTED && refused[i] < 100) {
			verdict = guess(users[i]);
			refused[i] += verdict == AUTH_REJECTED;
		}
		assert_int_equal(verdict, AUTH_TEMPORARY);
	}
	assert_int_equal(refused[0], 60);
	assert_in_range(refused[1], 59, 60); /* asked about once before */
	assert_int_equal(refused[2], 60);
}

static void malformed_ends(void **state)
{
	static const char *const firsts[] = { "",           "n",       "n,,",
					      "n,,n=alice", "garbage", "n,,n=alice,r=" };
	struct auth_answer answer;
	char challenge[600];

	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct exchange *exchange = begin("SCRAM-SHA-256");

		assert_int_equal(say(exchange, firsts[i], challenge, &answer), EXCHANGE_OVER);
		assert_int_equal(answer.verdict, AUTH_REJECTED);
		exchange_free(exchange);
	}
}

/* A mailbox file that cannot be read is nobody's fault. */
static void trouble_is_temporary(void **state)
{
	struct exchange *exchange = begin("SCRAM-SHA-256");
	char *path = memory_format("%s/mailboxes/corp.example/carol", scene.top), challenge[600];
	struct auth_answer answer;
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(say(exchange, "n,,n=carol@corp.example,r=x", challenge, &answer),
			 EXCHANGE_OVER);
	assert_int_equal(answer.verdict, AUTH_TEMPORARY);
	exchange_free(exchange);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gets_in),
		cmocka_unit_test(guessing_tells_nobody_apart),
		cmocka_unit_test(malformed_ends),
		cmocka_unit_test(trouble_is_temporary),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
