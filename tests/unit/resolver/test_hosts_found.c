/* SPDX-License-Identifier: ISC */
/* What an answer is made of: hosts with addresses, doubts, policies, seconds. */
#include "resolver/hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "resolver/sts_policies.h"

struct row {
	const char *name;
	bool host, implicit;
	const char *hosts; /* a letter each: a addresses, d doubt, n neither */
	uint32_t ttl;
	enum hosts_outcome outcome;
	uint32_t count, good_for;
	const char *text;
};

static struct message_hosts_found *make(struct hosts_job *job, const struct row *row)
{
	*job = (struct hosts_job){ .ask = { .domain = "x.example", .host = row->host },
				   .implicit = row->implicit,
				   .ttl = row->ttl,
				   .hosts_count = strlen(row->hosts),
				   .hosts = memory_array(HOSTS_MAX, sizeof *job->hosts) };
	for (size_t i = 0; i < job->hosts_count; i++) {
		snprintf(job->hosts[i].host.name, sizeof job->hosts[i].host.name, "m%zu.x.example",
			 i);
		job->hosts[i].host.addresses_count = row->hosts[i] == 'a';
		job->hosts[i].addresses_doubt = row->hosts[i] == 'd';
	}
	return hosts_found_make(job);
}

static void outcomes(void **state)
{
	static const struct row rows[] = {
		{ "all", false, false, "aa", 300, HOSTS_FOUND, 2, 300, "" },
		{ "one is gone", false, false, "an", 7200, HOSTS_FOUND, 1, 3600, "" },
		{ "one in doubt", false, false, "ad", 300, HOSTS_FOUND, 1, 30, "" },
		{ "none", false, false, "nn", 0, HOSTS_NONE, 0, 5, "do not exist" },
		{ "doubt is no proof", false, false, "nd", 300, HOSTS_TROUBLE, 0, 30,
		  "do not answer" },
		{ "implicit", false, true, "n", 300, HOSTS_NONE, 0, 300, "neither" },
		{ "a host", true, false, "n", 300, HOSTS_NONE, 0, 300, "no host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hosts_job *job = memory_new(sizeof *job);
		struct message_hosts_found *found;

		found = make(job, &rows[i]);
		if (found->outcome != rows[i].outcome || found->count != rows[i].count ||
		    found->good_for != rows[i].good_for || !strstr(found->text, rows[i].text))
			fail_msg("%s: %d %u %u %s", rows[i].name, found->outcome, found->count,
				 found->good_for, found->text);
		free(found);
		free(job->hosts);
		free(job);
	}
}

static void shuffled(void **state)
{
	static const uint16_t preferences[] = { 5, 10, 10, 10, 20 };
	struct message_hosts_found *found = memory_new(sizeof *found);
	unsigned first[5] = { 0 };

	(void)state;
	for (unsigned turn = 0; turn < 2000; turn++) {
		found->count = 5;
		for (uint32_t i = 0; i < 5; i++) {
			found->hosts[i].preference = preferences[i];
			found->hosts[i].name[0] = (char)('0' + i);
		}
		hosts_found_shuffle(found);
		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(found->hosts[i].preference, preferences[i]);
		assert_int_equal(found->hosts[0].name[0], '0');
		assert_int_equal(found->hosts[4].name[0], '4');
		first[found->hosts[1].name[0] - '0']++;
	}
	for (unsigned i = 1; i < 4; i++) /* 667 expected; 8 standard deviations are 169 */
		assert_in_range(first[i], 480, 860);
	free(found);
}

static void policy_of(struct sts_kept *policy, enum sts_mode mode, size_t count, const char *last)
{
	*policy = (struct sts_kept){ .rules = { .mode = mode, .count = count },
				     .id = "7",
				     .holders = 1 };
	for (size_t i = 0; i < count; i++)
		policy->rules.patterns[i] =
			i + 1 == count ? memory_text(last) : memory_format("other%zu.example", i);
}

static void with_policies(void **state)
{
	static const struct row row = { "", false, false, "a", 300, HOSTS_FOUND, 1, 300, "" };
	static const struct {
		enum sts_mode mode;
		size_t count;
		enum hosts_policy policy;
		uint32_t patterns;
	} rows[] = {
		{ STS_NONE, 0, HOSTS_POLICY_NONE, 0 },
		{ STS_TESTING, 3, HOSTS_POLICY_TESTING, 3 },
		{ STS_ENFORCE, HOSTS_MAX, HOSTS_POLICY_ENFORCE, HOSTS_MAX },
		{ STS_ENFORCE, HOSTS_MAX + 1, HOSTS_POLICY_ENFORCE, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hosts_job *job = memory_new(sizeof *job);
		struct message_hosts_found *found;
		struct sts_kept policy;

		free(make(job, &row));
		policy_of(&policy, rows[i].mode, rows[i].count, "*.x.example");
		job->policy = &policy;
		found = hosts_found_make(job);
		assert_int_equal(found->policy, rows[i].policy);
		assert_int_equal(found->patterns_count, rows[i].patterns);
		if (rows[i].patterns)
			assert_string_equal(found->patterns[rows[i].patterns - 1], "*.x.example");
		sts_policy_clear(&policy.rules);
		free(found);
		free(job->hosts);
		free(job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes),
		cmocka_unit_test(shuffled),
		cmocka_unit_test(with_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
