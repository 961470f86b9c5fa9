/* SPDX-License-Identifier: ISC */
/* Exchanges as far as no domain is needed: certificates whole, tokens that are none. The rest is
 * tests/scenario/s10. */
#include "auth/exchange.h"

#include "tests/unit/io/people.h"

#include "base/buffer.h"
#include "directory/directories.h"
#include "tests/unit/directory/fake_ldap.h"

static const struct fake_entry alice = {
	"CN=alice,DC=x",
	{ "objectGUID", "A", "objectClass", "user", "mail", "alice@corp.example", "sAMAccountName",
	  "alice", "userAccountControl", "512", "pwdLastSet", "133000000000000000" },
};
static const struct fake_entry disabled = {
	"CN=c,DC=x",
	{ "objectGUID", "C", "objectClass", "user", "mail", "c@corp.example", "userAccountControl",
	  "514" },
};
static const struct fake_entry must_change = {
	"CN=d,DC=x",
	{ "objectGUID", "D", "objectClass", "user", "mail", "d@corp.example", "userAccountControl",
	  "512", "pwdLastSet", "0" },
};
static const struct fake_entry twins[] = {
	{ "CN=one,DC=x", { "objectGUID", "1", "mail", "t@corp.example" } },
	{ "CN=two,DC=x", { "objectGUID", "2", "mail", "t@corp.example" } },
};

struct scene {
	struct fake_ldap *fake;
	struct conf *conf;
	struct directories *directories;
	struct auth *auth;
	struct exchanges *exchanges;
	struct people people;
};

static struct scene scene;

static int open_scene(void **state)
{
	char why[300];

	(void)state;
	scene.fake = fake_new();
	scene.conf = fake_conf(scene.fake, "ad", "");
	scene.directories = directories_open(scene.conf, why, sizeof(why));
	scene.exchanges = exchanges_open(scene.conf, why, sizeof(why));
	assert_non_null(scene.directories);
	assert_non_null(scene.exchanges);
	directories_start(scene.directories);
	scene.auth = auth_new(scene.conf, scene.directories);
	scene.people = people_new();
	return 0;
}

static int close_scene(void **state)
{
	(void)state;
	people_free(&scene.people);
	exchanges_free(scene.exchanges);
	auth_free(scene.auth);
	directories_close(scene.directories);
	conf_free(scene.conf);
	fake_free(scene.fake);
	return 0;
}

static void has(const struct fake_entry *entries, unsigned count)
{
	scene.fake->entries = entries;
	atomic_store(&scene.fake->entries_count, count);
}

static struct exchange *begin(const char *mechanism, struct span certificate, const char *client_ca)
{
	return exchange_new(scene.exchanges, scene.auth,
			    &(struct exchange_ask){
				    .service = "pop",
				    .mechanism = mechanism,
				    .default_domain = "",
				    .client = "192.0.2.1",
				    .session = "s",
				    .tls = true,
				    .certificate = certificate,
				    .client_ca = client_ca,
			    });
}

/* The whole of a login by certificate. */
static enum auth_verdict external(const struct person_wish *wish, const char *authzid,
				  const char *client_ca, struct auth_answer *answer)
{
	struct pem pem = person_new(&scene.people, wish);
	struct buffer challenge = BUFFER_EMPTY;
	struct exchange *exchange =
		begin("EXTERNAL", span_make(pem.certificate.data, pem.certificate.size), client_ca);

	assert_int_equal(exchange_next(exchange, span_text(authzid), &challenge, answer),
			 EXCHANGE_OVER);
	assert_int_equal(buffer_used(&challenge), 0);
	exchange_free(exchange);
	pem_free(&pem);
	return answer->verdict;
}

static const struct person_wish good = { .name = "CN=alice", .upn = "alice@corp.example" };

static void certificates_and_accounts(void **state)
{
	static const struct person_wish issued = { .name = "CN=x", .sid = "S-1-5-21-1-2-3-1103" };
	static const struct person_wish odd = { .name = "CN=x",
						.upn = "alice@corp.example",
						.sid = "rubbish" };
	static const struct person_wish server = { .name = "CN=x",
						   .purpose = GNUTLS_KP_TLS_WWW_SERVER };
	static const struct {
		const struct person_wish *wish;
		const char *authzid;
		const struct fake_entry *entries;
		unsigned count;
		enum auth_verdict verdict;
		const char *cause;
	} cases[] = {
		{ &good, "", &alice, 1, AUTH_OK, "altSecurityIdentities=X509:" },
		{ &good, "alice", &alice, 1, AUTH_OK, "altSecurityIdentities" },
		{ &issued, "", &alice, 1, AUTH_OK, "objectSid=" },
		{ &good, "", NULL, 0, AUTH_REJECTED, "nobody" },
		{ &good, "", &disabled, 1, AUTH_REJECTED, "disabled" },
		{ &good, "", &must_change, 1, AUTH_EXPIRED, "must be changed" },
		{ &good, "", twins, 2, AUTH_REJECTED, "two entries" },
		{ &odd, "", &alice, 1, AUTH_REJECTED, "malformed" },
		{ &server, "", &alice, 1, AUTH_REJECTED, "purpose" },
		{ &good, "a\xff", &alice, 1, AUTH_REJECTED, "malformed authorization identity" },
	};
	struct auth_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		has(cases[i].entries, cases[i].count);
		if (external(cases[i].wish, cases[i].authzid, scene.people.file, &answer) !=
			    cases[i].verdict ||
		    !strstr(answer.cause, cases[i].cause))
			fail_msg("case %zu: %d %s", i, answer.verdict, answer.cause);
		if (cases[i].verdict == AUTH_OK)
			assert_string_equal(answer.who, "alice@corp.example");
	}
}

/* The administrator's filter holds for a certificate as for a password. */
static void the_filter_for_logins_holds(void **state)
{
	struct auth_answer answer;

	(void)state;
	has(&alice, 1);
	scene.fake->hides = "805306368"; /* sAMAccountType of persons, in the preset's filter */
	assert_int_equal(external(&good, "", scene.people.file, &answer), AUTH_REJECTED);
	assert_non_null(strstr(answer.cause, "login_filter"));
	scene.fake->hides = NULL;
	assert_int_equal(external(&good, "", scene.people.file, &answer), AUTH_OK);
}

static void our_trouble_is_temporary(void **state)
{
	struct auth_answer answer;

	(void)state;
	has(&alice, 1);
	assert_int_equal(external(&good, "", "/nonexistent", &answer), AUTH_TEMPORARY);
	atomic_store(&scene.fake->search_result, LDAP_BUSY);
	assert_int_equal(external(&good, "", scene.people.file, &answer), AUTH_TEMPORARY);
	atomic_store(&scene.fake->search_result, LDAP_SUCCESS);
}

static void tokens_that_are_none(void **state)
{
	static const struct {
		const char *mechanism;
		struct span token;
		enum auth_verdict verdict;
	} cases[] = {
		/* Nobody has a keytab here: whatever the ticket, it is we who cannot open it. */
		{ "GSSAPI", { "rubbish", 7 }, AUTH_TEMPORARY },
		{ "GSS-SPNEGO", { "rubbish", 7 }, AUTH_TEMPORARY },
		{ "DIGEST-MD5", { "", 0 }, AUTH_REJECTED },
		{ "PLAIN", { "\0a\0b", 4 }, AUTH_REJECTED },
		{ "ANONYMOUS", { "me", 2 }, AUTH_REJECTED },
		{ "NTLM", { "NTLMSSP\0\3\0\0\0", 12 }, AUTH_REJECTED },
	};
	struct auth_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct exchange *exchange = begin(cases[i].mechanism, span_text(""), "");
		struct buffer challenge = BUFFER_EMPTY;

		if (exchange_next(exchange, cases[i].token, &challenge, &answer) != EXCHANGE_OVER ||
		    answer.verdict != cases[i].verdict || !answer.cause[0])
			fail_msg("case %zu: %d %s", i, answer.verdict, answer.cause);
		exchange_free(exchange);
	}
}

#define NTLM_3 "NTLMSSP\0\3\0\0\0"
/* AUTHENTICATE of nobody's but "u", and no response of version 2. */
#define FIELD(length, at) length "\0" length "\0" at "\0\0\0"
#define CLAIM                                                                                      \
	NTLM_3 FIELD("\0", "\0") FIELD("\0", "\0") FIELD("\0", "\0") FIELD("\1", "\x40")           \
		FIELD("\0", "\0") FIELD("\0", "\0") "\0\0\0\0u"
#define OCTETS(text)                                                                               \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/* However a claim by NTLM comes, it is read before winbind is asked, or refused. */
static void no_claim_comes_in_beside_the_guard(void **state)
{
	static const struct {
		struct span token;
		const char *cause;
	} cases[] = {
		{ OCTETS(CLAIM), "NTLM of version 1" },
		{ OCTETS("\xa1\x47\x30\x45\xa2\x43\x04\x41" CLAIM), "NTLM of version 1" },
		/* a length that others may read in another way, and a second token */
		{ OCTETS("\xa1\x80\x30\x80\xa2\x43\x04\x41" CLAIM "\0\0\0\0"), "does not have it" },
		{ OCTETS("\xa1\x4d\x30\x4b\xa2\x04\x04\x02zz\xa2\x43\x04\x41" CLAIM),
		  "does not have it" },
		{ OCTETS("\x60\x10" CLAIM), "does not have it" },
	};
	struct auth_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer challenge = BUFFER_EMPTY;
		struct exchange *exchange =
			exchange_new(scene.exchanges, scene.auth,
				     &(struct exchange_ask){ .service = "smtp",
							     .mechanism = "GSS-SPNEGO",
							     .default_domain = "",
							     .client = "192.0.2.1",
							     .session = "s",
							     .client_ca = "",
							     .tls = true,
							     .ntlm = true });

		if (exchange_next(exchange, cases[i].token, &challenge, &answer) != EXCHANGE_OVER ||
		    answer.verdict != AUTH_REJECTED || !strstr(answer.cause, cases[i].cause))
			fail_msg("case %zu: %d %s", i, answer.verdict, answer.cause);
		exchange_free(exchange);
	}
}

static void a_message_has_a_limit(void **state)
{
	static char octets[EXCHANGE_TOKEN_MAX + 1];
	struct exchange *exchange = begin("GSSAPI", span_text(""), "");
	struct buffer challenge = BUFFER_EMPTY;
	struct auth_answer answer;

	(void)state;
	assert_int_equal(
		exchange_next(exchange, span_make(octets, sizeof(octets)), &challenge, &answer),
		EXCHANGE_OVER);
	assert_int_equal(answer.verdict, AUTH_REJECTED);
	assert_string_equal(exchange_session(exchange), "s");
	exchange_free(exchange);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_and_accounts),
		cmocka_unit_test(the_filter_for_logins_holds),
		cmocka_unit_test(our_trouble_is_temporary),
		cmocka_unit_test(tokens_that_are_none),
		cmocka_unit_test(no_claim_comes_in_beside_the_guard),
		cmocka_unit_test(a_message_has_a_limit),
	};

	return cmocka_run_group_tests(tests, open_scene, close_scene);
}
