/* SPDX-License-Identifier: ISC */
#include "directory/filter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"

static void expands(void **state)
{
	static const struct {
		const char *template;
		const char *expanded;
	} cases[] = {
		{ "(mail=%{address})", "(mail=a\\2a@x)" },
		{ "(&(l=%{local})(d=%{domain}))", "(&(l=a\\2a)(d=x))" },
		{ "(|(uid=%{login})(u=%{user}))", "(|(uid=x\\5ca)(u=a))" },
		{ "(a=100)", "(a=100)" },
		{ "(a=%{user}%{user}%{user})", "(a=aaa)" },
	};
	struct filter_values values = {
		.address = span_text("a*@x"),
		.local = span_text("a*"),
		.domain = span_text("x"),
		.login = span_text("x\\a"),
		.user = span_text("a"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer to = BUFFER_EMPTY;
		const char *why;
		struct filter *filter = filter_new(span_text(cases[i].template), &why);

		assert_non_null(filter);
		filter_expand(filter, &values, &to);
		assert_true(span_is(buffer_span(&to), cases[i].expanded));
		buffer_clear(&to);
		filter_free(filter);
	}
}

static void expands_for_any_name(void **state)
{
	static const char *const names[] = { "al*", "", "al@corp.example" };
	struct buffer to = BUFFER_EMPTY;
	const char *why;
	struct filter *filter = filter_new(span_text("(|(l=%{login})(u=%{user}%{domain}))"), &why);

	(void)state;
	assert_non_null(filter);
	filter_expand_any(filter, names, 3, &to);
	assert_true(span_is(buffer_span(&to), "(|(|(l=al\\2a)(u=al\\2a))(|(l=al@corp.example)"
					      "(u=alcorp.example)))"));
	buffer_clear(&to);
	filter_expand_any(filter, names + 1, 1, &to);
	assert_true(span_is(buffer_span(&to), "(|)"));
	buffer_clear(&to);
	filter_free(filter);
}

static void refuses(void **state)
{
	static const struct {
		const char *template;
		const char *why;
	} cases[] = {
		{ "", "parentheses do not balance" },
		{ "mail=%{address}", "parentheses do not balance" },
		{ "((mail=%{address})", "parentheses do not balance" },
		{ "(mail=%{address}))", "parentheses do not balance" },
		{ "(a=b)(c=d)", "parentheses do not balance" },
		{ "(mail=%s)", "unknown placeholder" },
		{ "(mail=%{adress})", "unknown placeholder" },
		{ "(mail=%{})", "unknown placeholder" },
		{ "(mail=%)", "unknown placeholder" },
		{ "(mail=%{address)", "placeholder without a closing brace" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = NULL;

		assert_null(filter_new(span_text(cases[i].template), &why));
		assert_string_equal(why, cases[i].why);
	}
}

static void caps_pieces(void **state)
{
	struct buffer text = BUFFER_EMPTY;
	const char *why = NULL;

	(void)state;
	buffer_add_text(&text, "(a=");
	for (int i = 0; i < 100; i++)
		buffer_add_text(&text, "%{user}x");
	buffer_add_text(&text, ")");
	assert_null(filter_new(buffer_span(&text), &why));
	assert_string_equal(why, "too many placeholders");
	buffer_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands),
		cmocka_unit_test(expands_for_any_name),
		cmocka_unit_test(refuses),
		cmocka_unit_test(caps_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
