/* SPDX-License-Identifier: ISC */
#include "relay/targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Hosts are "PREFERENCE:NAME:LAST LAST...", LAST the last octet of an address. */
static struct message_hosts_found *found_of(const char *text)
{
	struct message_hosts_found *found = calloc(1, sizeof *found);
	struct span rest = span_text(text), host, part;

	assert_non_null(found);
	while (rest.length && span_cut(&rest, ' ', &host)) {
		struct hosts_host *one = &found->hosts[found->count++];
		uint64_t number;

		assert_true(span_cut(&host, ':', &part) && span_number(part, &number));
		one->preference = (uint16_t)number;
		assert_true(span_cut(&host, ':', &part) &&
			    span_copy(part, one->name, sizeof one->name));
		while (host.length && span_cut(&host, ',', &part)) {
			assert_true(span_number(part, &number));
			one->addresses[one->addresses_count++][15] = (unsigned char)number;
		}
	}
	return found;
}

/* 200 and above are ours, odd ones below 100 were in trouble. */
static bool own(void *context, const char *host, const unsigned char address[16], uint16_t port)
{
	(void)context, (void)host, (void)port;
	return address[15] >= 200;
}

static bool troubled(void *context, const unsigned char address[16], uint16_t port)
{
	(void)context, (void)port;
	return address[15] < 100 && address[15] % 2 == 1;
}

static const struct {
	const char *hosts, *order;
	bool loops;
} cases[] = {
	{ "", "", false },
	{ "10:a:2,4 20:b:6", "2 4 6", false },
	{ "10:a:1,2 20:b:4", "2 4 1", false },
	{ "10:a:1 20:b:3", "1 3", false },
	{ "10:a:2 20:us:200 30:c:4", "2", false },
	{ "10:a:2 20:us:200 20:c:4", "2", false },
	{ "10:us:200 20:b:2", "", true },
	{ "10:us:2,200 20:b:4", "", true },
	{ "10:a: 20:b:2", "2", false },
	{ "10:a:2 20:a:2", "2", false },
	{ "10:a:2,4,6,8,10,12,14 20:b:16,18,20,22,24", "2 4 6 8 10 12 14 16 18 20", false },
};

static void order(void **state)
{
	const struct targets_rules rules = { own, troubled, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct message_hosts_found *found = found_of(cases[i].hosts);
		struct target targets[TARGETS_MAX];
		char text[100] = "";
		bool loops;
		size_t count = targets_add(targets, 0, found, 25, 0, &rules, &loops);

		for (size_t j = 0; j < count; j++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u",
				 j ? " " : "", targets[j].address[15]);
		if (strcmp(text, cases[i].order) != 0 || loops != cases[i].loops)
			fail_msg("%s: %s, loops %d", cases[i].hosts, text, loops);
		free(found);
	}
}

static void behind_others(void **state)
{
	const struct targets_rules rules = { own, troubled, NULL };
	struct message_hosts_found *first = found_of("10:a:2"), *second = found_of("0:smart:4");
	struct target targets[TARGETS_MAX];
	bool loops;
	size_t count = targets_add(targets, 0, first, 25, 0, &rules, &loops);

	(void)state;
	count = targets_add(targets, count, second, 587, 1, &rules, &loops);
	assert_int_equal(count, 2);
	assert_string_equal(targets[0].host, "a");
	assert_int_equal(targets[0].port, 25);
	assert_string_equal(targets[1].host, "smart");
	assert_int_equal(targets[1].port, 587);
	assert_int_equal(targets[1].source, 1);
	free(first);
	free(second);
}

/* Equal hosts share the mail; with 200 draws a host that is never first means that none is drawn.
 */
static void equal_hosts(void **state)
{
	const struct targets_rules rules = { own, troubled, NULL };
	struct message_hosts_found *found = found_of("5:z:100 10:a:2 10:b:4 10:c:6 20:d:8");
	struct target targets[TARGETS_MAX];
	unsigned seen[10] = { 0 };
	bool loops;

	(void)state;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(targets_add(targets, 0, found, 25, 0, &rules, &loops), 5);
		assert_int_equal(targets[0].address[15], 100);
		assert_int_equal(targets[4].address[15], 8);
		seen[targets[1].address[15]]++;
	}
	assert_true(seen[2] && seen[4] && seen[6]);
	free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(behind_others),
		cmocka_unit_test(equal_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
