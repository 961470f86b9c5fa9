/* SPDX-License-Identifier: ISC */
#include "directory/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void keeps_values(void **state)
{
	struct entry *entry = entry_new("CN=a");
	struct span value;

	(void)state;
	assert_true(entry_add(entry, "mail", span_text("a@x")));
	assert_true(entry_add(entry, "MAIL", span_make("b\0c", 3)));
	assert_string_equal(entry_dn(entry), "CN=a");
	assert_true(entry_value(entry, "Mail", 0, &value));
	assert_true(span_is(value, "a@x"));
	assert_true(entry_value(entry, "mail", 1, &value));
	assert_int_equal(value.length, 3);
	assert_true(span_has_nul(value));
	assert_false(entry_value(entry, "mail", 2, &value));
	assert_false(entry_value(entry, "mai", 0, &value));
	assert_false(entry_value(entry, "", 0, &value));
	assert_true(entry_has(entry, "mail", "A@X"));
	assert_false(entry_has(entry, "mail", "b"));
	entry_free(entry);
	entry_free(NULL);
}

/* An attribute that is full must not hide the one behind it: that may say "disabled". */
static void caps_each_attribute(void **state)
{
	struct entry *entry = entry_new("");
	struct span value;

	(void)state;
	for (size_t i = 0; i < ENTRY_VALUES_MAX; i++)
		assert_true(entry_add(entry, "proxyAddresses", span_text("x")));
	assert_false(entry_add(entry, "proxyAddresses", span_text("x")));
	assert_true(entry_add(entry, "userAccountControl", span_text("514")));
	assert_true(entry_value(entry, "userAccountControl", 0, &value));
	assert_true(span_is(value, "514"));
	entry_free(entry);
}

static void caps_attributes(void **state)
{
	struct entry *entry = entry_new("");
	char name[16];

	(void)state;
	for (unsigned i = 0; i < ENTRY_ATTRIBUTES_MAX; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		assert_true(entry_add(entry, name, span_text("x")));
	}
	assert_false(entry_add(entry, "more", span_text("x")));
	assert_true(entry_add(entry, "a0", span_text("y")));
	entry_free(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_values),
		cmocka_unit_test(caps_each_attribute),
		cmocka_unit_test(caps_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
