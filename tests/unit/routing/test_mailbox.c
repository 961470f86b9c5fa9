/* SPDX-License-Identifier: ISC */
#include "routing/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "directory/person.h"

static struct conf_domain domains[3] = {
	{ .name = (char[]){ "corp.example" }, .quotas = { .receive = 1000, .receive_given = true }, .is_default = true },
	{ .name = (char[]){ "sales.example" }, .quotas = { .receive = 2000, .receive_given = true } },
	{ .name = (char[]){ "corp-alias.example" }, .alias_of = &domains[0] },
};
static const struct conf conf = { .domains = domains, .domains_count = 3 };

static void finds_the_mailbox(void **state)
{
	static const struct {
		const char *address, *fallback;
		struct quota quota;
		const char *name, *domain; /* NULL: none */
		uint64_t octets;
	} cases[] = {
		{ "Alice@corp.example", "", { QUOTA_ABSENT, 0 }, "alice", "corp.example", 1000 },
		{ "bob@sales.example",
		  "x@corp.example",
		  { QUOTA_ABSENT, 0 },
		  "bob",
		  "sales.example",
		  2000 },
		{ "carol@corp-alias.example", "", { QUOTA_LIMIT, 5 }, "carol", "corp.example", 5 },
		{ "", "dave@corp.example", { QUOTA_NONE, 0 }, "dave", "corp.example", 0 },
		{ "", "", { QUOTA_NONE, 0 }, NULL, NULL, 0 },
		{ "", "dave@elsewhere.example", { QUOTA_NONE, 0 }, NULL, NULL, 0 },
		{ "erin@corp.example", "", { QUOTA_UNREADABLE, 0 }, "erin", "corp.example", 1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct person person = { .id = "abc", .quota = cases[i].quota };
		struct route_mailbox mailbox;

		strcpy(person.address, cases[i].address);
		assert_int_equal(mailbox_of_person(&conf, &person, cases[i].fallback, &mailbox),
				 cases[i].name != NULL);
		assert_string_equal(mailbox.id, cases[i].name ? "abc" : "");
		if (!cases[i].name)
			continue;
		assert_string_equal(mailbox.name, cases[i].name);
		assert_string_equal(mailbox.domain, cases[i].domain);
		assert_int_equal(mailbox.quota, cases[i].octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_the_mailbox) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
