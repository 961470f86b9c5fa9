/* SPDX-License-Identifier: ISC */
#include "auth/login_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void takes_apart(void **state)
{
	static const struct {
		const char *text;
		bool good;
		enum login_form form;
		const char *user, *domain;
	} cases[] = {
		{ "alice", true, LOGIN_BARE, "alice", "" },
		{ "Alice.Smith", true, LOGIN_BARE, "Alice.Smith", "" },
		{ "CORP\\alice", true, LOGIN_DOWN_LEVEL, "alice", "corp" },
		{ "corp.example\\al@ice", true, LOGIN_DOWN_LEVEL, "al@ice", "corp.example" },
		{ "alice@Corp.Example", true, LOGIN_ADDRESS, "alice", "corp.example" },
		{ "a@b@corp.example", true, LOGIN_ADDRESS, "a@b", "corp.example" },
		{ "j\xc3\xb6rg", true, LOGIN_BARE, "j\xc3\xb6rg", "" },
		{ "*)(uid=*", true, LOGIN_BARE, "*)(uid=*", "" },
		{ "with space", true, LOGIN_BARE, "with space", "" },
		{ "", false, 0, "", "" },
		{ "@corp.example", false, 0, "", "" },
		{ "alice@", false, 0, "", "" },
		{ "\\alice", false, 0, "", "" },
		{ "CORP\\", false, 0, "", "" },
		{ "al\nice", false, 0, "", "" },
		{ "al\x7fice", false, 0, "", "" },
		{ "al\xff", false, 0, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login_name name;
		const char *why;

		assert_int_equal(login_name_parse(span_text(cases[i].text), &name, &why),
				 cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(name.form, cases[i].form);
		assert_string_equal(name.user, cases[i].user);
		assert_string_equal(name.domain, cases[i].domain);
	}
}

static void refuses_nul_and_length(void **state)
{
	struct login_name name;
	const char *why;
	char text[2000];

	(void)state;
	assert_false(login_name_parse(span_make("ali\0ce", 6), &name, &why));
	memset(text, 'a', sizeof(text));
	assert_true(login_name_parse(span_make(text, 256), &name, &why));
	assert_false(login_name_parse(span_make(text, 257), &name, &why));
	assert_false(login_name_parse(span_make(text, sizeof(text)), &name, &why));
	text[1000] = '@';
	assert_false(login_name_parse(span_make(text, sizeof(text)), &name, &why));
	text[10] = '\\';
	assert_false(login_name_parse(span_make(text, sizeof(text)), &name, &why));
}

static void gives_forms(void **state)
{
	static const struct login_place home = { "corp.example", "corp.example", false };
	static const struct login_place sales = { "sales.example", "corp.example", true };
	static const struct login_place foreign = { "", "corp.example", false };
	static const struct login_place alias = { "corp.test", "corp.example", false };
	static const struct login_place plain = { "corp.example", "", false };
	static const struct {
		const char *text;
		const struct login_place *place;
		const char *forms[LOGIN_TRIES_MAX + 1];
	} cases[] = {
		{ "bob", &home, { "bob", "bob@corp.example" } },
		{ "bob", &sales, { "bob@sales.example", "bob" } },
		{ "bob", &foreign, { "bob" } },
		{ "bob@corp.example", &home, { "bob@corp.example", "bob" } },
		{ "bob@corp.example", &plain, { "bob@corp.example" } },
		{ "bob@sales.example", &sales, { "bob@sales.example" } },
		{ "bob@corp-alias.example",
		  &home,
		  { "bob@corp.example", "bob@corp-alias.example" } },
		{ "bob@corp.example", &alias, { "bob@corp.test", "bob@corp.example", "bob" } },
		{ "bob@other.suffix", &foreign, { "bob@other.suffix" } },
		{ "CORP\\bob", &foreign, { "bob" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct login_try tries[LOGIN_TRIES_MAX];
		struct login_name name;
		const char *why;

		assert_true(login_name_parse(span_text(cases[i].text), &name, &why));
		size_t count = login_name_tries(&name, cases[i].place, tries);

		for (size_t j = 0; j < count; j++) {
			assert_non_null(cases[i].forms[j]);
			assert_string_equal(tries[j].login, cases[i].forms[j]);
		}
		assert_null(cases[i].forms[count]);
		assert_string_equal(tries[0].user, "bob");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_apart),
		cmocka_unit_test(refuses_nul_and_length),
		cmocka_unit_test(gives_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
