/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "mail/mailboxes.h"

struct list {
	const char *body;
	const char *addresses; /* with a blank behind each */
	const char *why;       /* the beginning; NULL = nothing is wrong */
};
static const struct list lists[] = {
	{ "", "", NULL },
	{ " \r\n\t", "", NULL },
	{ "a@x.test", "a@x.test ", NULL },
	{ "a@x.test, b@y.test,c@z.test", "a@x.test b@y.test c@z.test ", NULL },
	{ ",, a@x.test,,\r\n ,b@y.test ,", "a@x.test b@y.test ", NULL },
	{ "<a@x.test>", "a@x.test ", NULL },
	{ "Alice A. <a@x.test>, \"B, b\" <b@y.test>", "a@x.test b@y.test ", NULL },
	{ "\"a \\\" , <z@z.test>\" <a@x.test>", "a@x.test ", NULL },
	{ "=?utf-8?Q?J=C3=BC?= <j@x.test>", "j@x.test ", NULL },
	{ "J\xc3\xbcrgen <j\xc3\xbc@x.test>", "j\xc3\xbc@x.test ", NULL },
	{ "(to) a@x.test (Alice (A.) \\) , b@y.test)", "a@x.test ", NULL },
	{ "a (x) @ (y)\r\n x (z) . test", "a@x.test ", NULL },
	{ "Alice\r\n <a@x.test>,\r\n\tb@y.test\r\n", "a@x.test b@y.test ", NULL },
	{ "\"a b\"@x.test", "\"a b\"@x.test ", NULL },
	{ "<\"a@b\"@x.test>", "\"a@b\"@x.test ", NULL },
	{ "a@[192.0.2.1]", "a@[192.0.2.1] ", NULL },
	{ "alice, <bob>", "alice bob ", NULL },
	{ "<@h.test,@i.test:a@x.test>", "a@x.test ", NULL },
	{ "undisclosed-recipients:;", "", NULL },
	{ "Team One: a@x.test, B <b@y.test>;, c@z.test", "a@x.test b@y.test c@z.test ", NULL },
	{ "A: a@x.test; B: b@y.test;", "a@x.test b@y.test ", NULL },
	{ "a@x.test b@y.test", "", "a name without an address" },
	{ "Alice Adams", "", "a name without an address" },
	{ "Alice <a@x.test", "", "a \"<\" has no \">\"" },
	{ "a@x.test, Alice <>", "a@x.test ", "bad local part" },
	{ "<a@x.test> b", "", "text stands behind" },
	{ "<a@x.test> <b@y.test>", "", "text stands behind" },
	{ "a@x.test; b@y.test", "", "a \";\" without a group" },
	{ "<a@x.test>; b@y.test", "", "a \";\" without a group" },
	{ "a@x.test,;", "a@x.test ", "a \";\" without a group" },
	{ "A: a@x.test", "a@x.test ", "a group has no \";\"" },
	{ "A: B: a@x.test;;", "", "a group inside a group" },
	{ ": a@x.test;", "", "a group without a name" },
	{ "\"a@x.test", "", "a quoted text has no" },
	{ "(a@x.test", "", "a comment has no" },
	{ "a@[192.0.2.1", "", "a \"[\" has no" },
	{ "a@[1]", "", "bad address literal" },
	{ "a>", "", "a \">\" without" },
	{ "a@b@c", "", "unexpected character" },
	{ "a..b@x.test", "", "" },
	{ "@x.test", "", "bad local part" },
	{ "a\\b@x.test", "", "a character that cannot" },
	{ "a@-x.test", "", "bad domain" },
};

static void check(const struct list *row, size_t i)
{
	struct buffer out = BUFFER_EMPTY;
	struct mailboxes list;
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	mailboxes_init(&list, span_text(row->body));
	while (mailboxes_next(&list, &address)) {
		address_text(&address, text);
		buffer_add_format(&out, "%s ", text);
	}
	if (!span_is(buffer_span(&out), row->addresses) ||
	    (list.why != NULL) != (row->why != NULL) ||
	    (row->why != NULL && strncmp(list.why, row->why, strlen(row->why)) != 0))
		fail_msg("row %zu: \"%s\": %.*s, %s", i, row->body, (int)buffer_used(&out),
			 buffer_span(&out).at, list.why != NULL ? list.why : "good");
	buffer_clear(&out);
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		check(&lists[i], i);
}

static void test_depth(void **state)
{
	char text[200];
	struct mailboxes list;
	struct address address;

	(void)state;
	memset(text, '(', sizeof(text));
	mailboxes_init(&list, span_make(text, sizeof(text)));
	assert_false(mailboxes_next(&list, &address));
	assert_string_equal(list.why, "comments are nested too deeply");
	/* A name may be longer than any address. */
	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 10; i++) {
		struct buffer out = BUFFER_EMPTY;

		for (unsigned k = 0; k < i; k++)
			buffer_add(&out, text, sizeof(text));
		buffer_add_text(&out, " <a@x.test>");
		mailboxes_init(&list, buffer_span(&out));
		assert_true(mailboxes_next(&list, &address));
		assert_string_equal(address.local, "a");
		buffer_clear(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
