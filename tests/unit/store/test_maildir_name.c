/* SPDX-License-Identifier: ISC */
#include "store/maildir_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
	static const struct {
		const char *name, *unique;
		bool message, has_octets, has_wire;
		uint64_t octets, wire, seconds, microseconds, counter;
	} rows[] = {
		{ "1700000000.M12P34Q5.mx,S=10,W=12:2,S", "1700000000.M12P34Q5.mx", true, true,
		  true, 10, 12, 1700000000, 12, 5 },
		{ "1700000000.M12P34Q5.mx,W=12,S=10", "1700000000.M12P34Q5.mx", true, true, true,
		  10, 12, 1700000000, 12, 5 },
		{ "1700000000.P34Q5.mx,S=10,L=a.b_c~d", "1700000000.P34Q5.mx", true, true, false,
		  10, 0, 1700000000, 0, 5 },
		{ "1700000000.12345_7.mx:2,RS", "1700000000.12345_7.mx", true, false, false, 0, 0,
		  1700000000, 0, 0 },
		{ "1700000000.V801I23M77P9.mx,S=1", "1700000000.V801I23M77P9.mx", true, true, false,
		  1, 0, 1700000000, 77, 0 },
		{ "1.mx:2,S=5", "1.mx", true, false, false, 0, 0, 1, 0, 0 },
		{ "1.mx,S=5x", "1.mx", true, false, false, 0, 0, 1, 0, 0 },
		{ "1.mx,S=99999999999999999999999", "1.mx", true, false, false, 0, 0, 1, 0, 0 },
		{ "1.mx,S=", "1.mx", true, false, false, 0, 0, 1, 0, 0 },
		{ "12345", "12345", true, false, false, 0, 0, 0, 0, 0 },
		{ "letter", "letter", true, false, false, 0, 0, 0, 0, 0 },
		{ ",S=3", "", true, true, false, 3, 0, 0, 0, 0 },
		{ ".hidden", "", false, false, false, 0, 0, 0, 0, 0 },
		{ "", "", false, false, false, 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct maildir_name name;

		assert_int_equal(maildir_name_parse(span_text(rows[i].name), &name),
				 rows[i].message);
		if (!rows[i].message)
			continue;
		assert_true(span_is(name.unique, rows[i].unique));
		assert_int_equal(name.has_octets, rows[i].has_octets);
		assert_int_equal(name.has_wire, rows[i].has_wire);
		if (name.has_octets)
			assert_int_equal(name.octets, rows[i].octets);
		if (name.has_wire)
			assert_int_equal(name.wire, rows[i].wire);
		assert_int_equal(name.seconds, rows[i].seconds);
		assert_int_equal(name.microseconds, rows[i].microseconds);
		assert_int_equal(name.counter, rows[i].counter);
	}
}

static void uids(void **state)
{
	char uid[MAILDIR_UID_SIZE], again[MAILDIR_UID_SIZE], name[200];

	(void)state;
	maildir_name_uid(span_text("1700000000.M12P34Q5.mx"), uid);
	assert_string_equal(uid, "1700000000.M12P34Q5.mx");
	memset(name, 'a', sizeof name);
	maildir_name_uid(span_make(name, 70), uid);
	assert_int_equal(strlen(uid), 70);
	maildir_name_uid(span_make(name, 71), uid);
	assert_int_equal(strlen(uid), 32);
	maildir_name_uid(span_make(name, 72), again);
	assert_string_not_equal(uid, again);
	maildir_name_uid(span_text("with blank"), uid);
	assert_int_equal(strlen(uid), 32);
	maildir_name_uid(span_text("with blank"), again);
	assert_string_equal(uid, again);
	maildir_name_uid(span_text(""), uid);
	/* The offset basis of FNV-1a: uids must stay the same from one release to the next. */
	assert_string_equal(uid, "6c62272e07bb014262b821756295c58d");
	maildir_name_uid(span_text("a b"), uid);
	assert_int_equal(strlen(uid), 32);
}

static void unique_names(void **state)
{
	char a[MAILDIR_UID_SIZE], b[MAILDIR_UID_SIZE], host[MAILDIR_HOST_SIZE];
	struct maildir_name name;

	(void)state;
	maildir_host("a/very:odd,host=name.with.far.too.many.letters", host);
	assert_string_equal(host, "a_very_odd_host_name");
	maildir_name_unique(host, a);
	maildir_name_unique(host, b);
	assert_string_not_equal(a, b);
	assert_true(strlen(a) < MAILDIR_UID_SIZE - 1);
	assert_true(maildir_name_parse(span_text(a), &name));
	assert_true(span_is(name.unique, a));
	assert_true(name.seconds > 1600000000 && name.counter > 0);
	maildir_host("", host);
	assert_string_equal(host, "localhost");
}

static void components(void **state)
{
	static const struct {
		const char *name, *component;
	} rows[] = {
		{ "alice", "alice" },
		{ ".", "%2E" },
		{ "..", "%2E." },
		{ "../x", "%2E.%2Fx" },
		{ "a/b", "a%2Fb" },
		{ "a.b", "a.b" },
		{ ".id", "%2Eid" },
		{ "50%", "50%25" },
		{ "a\nb\x7f", "a%0Ab%7F" },
		{ "j\xc3\xbcrgen", "j\xc3\xbcrgen" },
		{ "\"quoted name\"", "\"quoted name\"" },
	};
	char to[PATH_COMPONENT_MAX + 1], other[PATH_COMPONENT_MAX + 1], name[256];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(path_component(rows[i].name, to));
		assert_string_equal(to, rows[i].component);
	}
	assert_false(path_component("", to));
	for (size_t length = 1; length < sizeof name; length++) {
		for (const char *c = "a/."; *c != '\0'; c++) {
			memset(name, *c, length);
			name[length] = '\0';
			assert_true(path_component(name, to));
			assert_true(strlen(to) > 0 && strlen(to) <= PATH_COMPONENT_MAX);
			assert_null(strchr(to, '/'));
			assert_true(to[0] != '.');
		}
	}
	memset(name, 'a', 255);
	name[255] = '\0';
	assert_true(path_component(name, to));
	name[254] = 'b';
	assert_true(path_component(name, other));
	assert_string_not_equal(to, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(uids),
		cmocka_unit_test(unique_names),
		cmocka_unit_test(components),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
