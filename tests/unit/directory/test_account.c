/* SPDX-License-Identifier: ISC */
/* What decides about an account, and the policies that lock it out. */
#include "directory/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "conf/conf.h"
#include "directory/entry.h"
#include "directory/policy.h"

enum { NOW = 1790000000, WINDOW = 30 * 60 * 1000 };

#define FILETIME(unix) (((unix) + INT64_C(11644473600)) * 10000000)

static struct entry *entry_of(const char *const *pairs)
{
	struct entry *entry = entry_new("CN=x");

	for (; pairs[0]; pairs += 2)
		entry_add(entry, pairs[0], span_text(pairs[1]));
	return entry;
}

static void reads(void **state)
{
	static const char *const full[] = { "userAccountControl",
					    "66050",
					    "msDS-User-Account-Control-Computed",
					    "16",
					    "accountExpires",
					    "9223372036854775807",
					    "lockoutTime",
					    "134000000000000000",
					    "pwdLastSet",
					    "133900000000000000",
					    "badPwdCount",
					    "4",
					    "badPasswordTime",
					    "134000000000000001",
					    "msDS-ResultantPSO",
					    "CN=strict,DC=x",
					    NULL };
	static const char *const plain[] = { "pwdChangedTime", "20261126161452Z", NULL };
	static const char *const empty[] = { NULL };
	struct account account;
	struct entry *entry = entry_of(full);

	(void)state;
	account_read(entry, &account);
	entry_free(entry);
	assert_int_equal(account.control, 0x10202);
	assert_int_equal(account.computed, 0x10);
	assert_true(account.expires == INT64_MAX);
	assert_true(account.locked == 134000000000000000);
	assert_true(account.password_set == 133900000000000000);
	assert_int_equal(account.bad_count, 4);
	assert_true(account.bad_time == 134000000000000001);
	assert_string_equal(account.policy, "CN=strict,DC=x");
	entry = entry_of(plain);
	account_read(entry, &account);
	entry_free(entry);
	assert_true(account.password_set == 20261126161452);
	entry = entry_of(empty);
	account_read(entry, &account);
	entry_free(entry);
	assert_int_equal(account.control, ACCOUNT_ABSENT);
	assert_int_equal(account.password_set, ACCOUNT_ABSENT);
	assert_int_equal(account.bad_count, ACCOUNT_ABSENT);
	assert_string_equal(account.policy, "");
}

static void counts_within_the_window(void **state)
{
	static const struct {
		int64_t count, time;
		unsigned wanted;
	} cases[] = {
		{ 3, FILETIME(NOW), 3 },
		{ 3, FILETIME(NOW - 1799), 3 },
		{ 3, FILETIME(NOW - 1800), 0 },
		{ 3, FILETIME(NOW + 100), 3 }, /* clocks differ */
		{ 0, FILETIME(NOW), 0 },
		{ 3, 0, 0 },
		{ 3, ACCOUNT_ABSENT, 0 },
		{ ACCOUNT_ABSENT, FILETIME(NOW), 0 },
		{ INT64_MAX, FILETIME(NOW), 1000000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct account account = { .bad_count = cases[i].count, .bad_time = cases[i].time };

		assert_int_equal(account_bad_passwords(&account, WINDOW, NOW), cases[i].wanted);
	}
}

static const struct conf_schema ad = {
	.active_directory = true,
	.attribute[CONF_ATTRIBUTE_ID] = (char[]){ "objectGUID" },
	.attribute[CONF_ATTRIBUTE_MAIL] = (char[]){ "mail" },
	.attribute[CONF_ATTRIBUTE_ALIAS] = (char[]){ "proxyAddresses" },
	.attribute[CONF_ATTRIBUTE_QUOTA] = (char[]){ "maxStorage" },
};
static const struct conf_schema plain = {
	.attribute[CONF_ATTRIBUTE_ID] = (char[]){ "entryUUID" },
	.attribute[CONF_ATTRIBUTE_MAIL] = (char[]){ "mail" },
	.attribute[CONF_ATTRIBUTE_ALIAS] = (char[]){ "" },
	.attribute[CONF_ATTRIBUTE_QUOTA] = (char[]){ "" },
};

static void asks_for_all_attributes(void **state)
{
	const char *names[ACCOUNT_ATTRIBUTES];
	size_t count = 0;

	(void)state;
	account_attributes(&ad, names);
	while (names[count])
		count++;
	assert_int_equal(count, 16);
	account_attributes(&plain, names);
	for (count = 0; names[count]; count++)
		assert_string_not_equal(names[count], "badPwdCount");
	assert_int_equal(count, 5);
}

static void names_bits(void **state)
{
	static const struct {
		int64_t control;
		const char *text;
	} cases[] = {
		{ 0, "" },
		{ 0x202, "account disabled, normal account" },
		{ 0x10200, "normal account, password never expires" },
		{ 0x800010, "locked out, password expired" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text = BUFFER_EMPTY;

		account_control_text(cases[i].control, &text);
		buffer_add(&text, "", 1);
		assert_string_equal(buffer_bytes(&text), cases[i].text);
		buffer_clear(&text);
	}
}

static void reads_policies(void **state)
{
	static const struct {
		const char *pairs[5];
		bool told;
		unsigned threshold;
		int64_t window;
	} cases[] = {
		{ { "lockoutThreshold", "5", "lockOutObservationWindow", "-18000000000" },
		  true,
		  5,
		  1800000 },
		{ { "msDS-LockoutThreshold", "3", "msDS-LockoutObservationWindow", "-600000000" },
		  true,
		  3,
		  60000 },
		{ { "lockoutThreshold", "0" }, true, 0, 0 },
		{ { "lockoutThreshold", "5", "lockOutObservationWindow", "-9223372036854775808" },
		  true,
		  5,
		  0 },
		{ { "lockoutThreshold", "-5" }, true, 0, 0 },
		{ { "lockoutThreshold", "99999999" }, true, 0, 0 },
		{ { "lockoutThreshold", "five" }, false, 0, 0 },
		{ { "lockOutObservationWindow", "-18000000000" }, false, 0, 0 },
		{ { NULL }, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry *entry = entry_of(cases[i].pairs);
		struct policy policy = { .threshold = 0 };

		assert_int_equal(policy_read(entry, &policy), cases[i].told);
		assert_int_equal(policy.threshold, cases[i].threshold);
		assert_true(policy.window == cases[i].window);
		entry_free(entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(counts_within_the_window),
		cmocka_unit_test(asks_for_all_attributes),
		cmocka_unit_test(names_bits),
		cmocka_unit_test(reads_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
