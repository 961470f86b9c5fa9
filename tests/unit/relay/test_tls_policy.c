/* SPDX-License-Identifier: ISC */
#include "relay/tls_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NO_DANE, PLAIN_HOST, SECURE, TLSA, UNUSABLE, TROUBLE };
enum { NO_STS, TESTING, ENFORCE, ENFORCE_OTHER };

static const struct policy_case {
	const char *name;
	enum conf_tls_out conf;
	int dane, sts;
	bool mx, requiretls;
	/* What is expected. */
	bool usable, never;
	const char *status;
	enum smtp_client_tls tls;
	enum tls_demand demand;
	enum tls_policy_kind kind;
} cases[] = {
	/* clang-format off */
	{ "nothing known", CONF_TLS_OUT_MAY, PLAIN_HOST, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_NONE },
	{ "none", CONF_TLS_OUT_NONE, TLSA, ENFORCE, true, false,
	  true, false, "", SMTP_CLIENT_TLS_NEVER, TLS_ANY, TLS_POLICY_NONE },
	{ "none and REQUIRETLS", CONF_TLS_OUT_NONE, TLSA, ENFORCE, true, true,
	  false, true, "5.7.30", SMTP_CLIENT_TLS_NEVER, TLS_ANY, TLS_POLICY_NONE },
	{ "encrypt", CONF_TLS_OUT_ENCRYPT, PLAIN_HOST, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_ANY, TLS_POLICY_NONE },
	{ "verify", CONF_TLS_OUT_VERIFY, PLAIN_HOST, NO_STS, false, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_NAMED, TLS_POLICY_NONE },
	{ "secure without TLSA", CONF_TLS_OUT_MAY, SECURE, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_NONE },
	{ "TLSA", CONF_TLS_OUT_MAY, TLSA, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_DANE, TLS_POLICY_DANE },
	{ "TLSA, DANE switched off", CONF_TLS_OUT_MAY, NO_DANE, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_NONE },
	{ "TLSA and verify: DANE says who vouches", CONF_TLS_OUT_VERIFY, TLSA, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_DANE, TLS_POLICY_DANE },
	{ "TLSA that nobody can use", CONF_TLS_OUT_MAY, UNUSABLE, NO_STS, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_ANY, TLS_POLICY_DANE },
	{ "TLSA lookup failed", CONF_TLS_OUT_MAY, TROUBLE, ENFORCE, true, false,
	  false, false, "4.7.5", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_DANE },
	{ "enforce", CONF_TLS_OUT_MAY, PLAIN_HOST, ENFORCE, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_NAMED, TLS_POLICY_STS },
	{ "enforce, another host", CONF_TLS_OUT_MAY, PLAIN_HOST, ENFORCE_OTHER, true, false,
	  false, false, "4.7.5", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_STS },
	{ "DANE before enforce", CONF_TLS_OUT_MAY, TLSA, ENFORCE_OTHER, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_DANE, TLS_POLICY_DANE },
	{ "testing", CONF_TLS_OUT_MAY, PLAIN_HOST, TESTING, true, false,
	  true, false, "", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_STS },
	{ "a policy is about MX hosts", CONF_TLS_OUT_MAY, PLAIN_HOST, ENFORCE_OTHER, false, false,
	  true, false, "", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_NONE },
	{ "REQUIRETLS, nobody vouches for the MX", CONF_TLS_OUT_MAY, PLAIN_HOST, NO_STS, true, true,
	  false, true, "5.7.30", SMTP_CLIENT_TLS_MAY, TLS_ANY, TLS_POLICY_NONE },
	{ "REQUIRETLS, a host of the configuration", CONF_TLS_OUT_MAY, PLAIN_HOST, NO_STS, false, true,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_NAMED, TLS_POLICY_NONE },
	{ "REQUIRETLS and a policy", CONF_TLS_OUT_MAY, PLAIN_HOST, TESTING, true, true,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_NAMED, TLS_POLICY_STS },
	{ "REQUIRETLS and DNSSEC", CONF_TLS_OUT_MAY, TLSA, NO_STS, true, true,
	  true, false, "", SMTP_CLIENT_TLS_MUST, TLS_DANE, TLS_POLICY_DANE },
	/* clang-format on */
};

static void fill(const struct policy_case *one, struct message_hosts_found *found)
{
	struct hosts_host *host = &found->hosts[0];

	memset(found, 0, sizeof *found);
	found->count = 1;
	strcpy(host->name, "mx.example.com");
	found->mx_secure = host->secure = one->dane != PLAIN_HOST;
	host->tlsa_count = one->dane == TLSA || one->dane == NO_DANE;
	host->unusable = one->dane == UNUSABLE;
	host->tlsa_trouble = one->dane == TROUBLE;
	found->policy = one->sts == NO_STS    ? HOSTS_POLICY_NONE
			: one->sts == TESTING ? HOSTS_POLICY_TESTING
					      : HOSTS_POLICY_ENFORCE;
	found->patterns_count = 1;
	strcpy(found->patterns[0],
	       one->sts == ENFORCE_OTHER ? "mail.example.com" : "*.example.com");
}

static void decides(void **state)
{
	struct message_hosts_found *found = malloc(sizeof *found);

	(void)state;
	assert_non_null(found);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct policy_case *one = &cases[i];
		struct tls_policy_ask ask = { .tls = one->conf,
					      .dane = one->dane != NO_DANE,
					      .mta_sts = true,
					      .requiretls = one->requiretls,
					      .mx = one->mx,
					      .found = found,
					      .host = &found->hosts[0] };
		struct tls_policy policy;

		fill(one, found);
		tls_policy_decide(&ask, &policy);
		if (policy.usable != one->usable || policy.never != one->never ||
		    policy.tls != one->tls || policy.demand != one->demand ||
		    policy.kind != one->kind ||
		    strcmp(policy.status ? policy.status : "", one->status) != 0)
			fail_msg("%s: usable %d never %d status %s tls %d demand %d kind %d",
				 one->name, policy.usable, policy.never,
				 policy.status ? policy.status : "", policy.tls, policy.demand,
				 policy.kind);
	}
	free(found);
}

static void an_address_of_the_configuration(void **state)
{
	struct tls_policy_ask ask = { .tls = CONF_TLS_OUT_VERIFY, .dane = true, .mta_sts = true };
	struct tls_policy policy;

	(void)state;
	tls_policy_decide(&ask, &policy);
	assert_true(policy.usable);
	assert_int_equal(policy.tls, SMTP_CLIENT_TLS_MUST);
	assert_int_equal(policy.demand, TLS_NAMED);
}

/* RFC 8461 section 4.1: a wildcard stands for one label, the leftmost. */
static void patterns(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool matches;
	} pairs[] = {
		{ "mail.example.com", "MAIL.example.com", true },
		{ "mail.example.com", "mail.example.com.example", false },
		{ "*.example.com", "mx1.example.com", true },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", "a.b.example.com", false },
		{ "*.example.com", ".example.com", false },
		{ "*", "example", false },
		{ "", "", true },
	};
	struct message_hosts_found *found = calloc(1, sizeof *found);

	(void)state;
	assert_non_null(found);
	assert_false(tls_policy_matches(found, "mail.example.com"));
	found->patterns_count = 2;
	strcpy(found->patterns[0], "other.example");
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		strcpy(found->patterns[1], pairs[i].pattern);
		if (tls_policy_matches(found, pairs[i].host) != pairs[i].matches)
			fail_msg("%s, %s", pairs[i].pattern, pairs[i].host);
	}
	free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(an_address_of_the_configuration),
		cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
