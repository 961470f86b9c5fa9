/* SPDX-License-Identifier: ISC */
#include "relay/masquerade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool ours(const void *context, const char *domain)
{
	return span_is_nocase(span_text(domain), context);
}

static void of_the_sender(void **state)
{
	static const struct {
		const char *sender, *said; /* NULL: as it is */
	} senders[] = {
		{ "alice@corp.example", "alice@example.com" },
		{ "Alice@CORP.example", "Alice@example.com" },
		{ "\"a b\"@corp.example", "\"a b\"@example.com" },
		{ "alice@other.example", NULL },
		{ "alice@sub.corp.example", NULL },
	};
	char to[ADDRESS_TEXT_SIZE];
	struct address address;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
		bool said;

		assert_true(address_parse(span_text(senders[i].sender), &address, &why));
		said = masquerade_sender(&address, "example.com", ours, "corp.example", to);
		assert_int_equal(said, senders[i].said != NULL);
		if (said)
			assert_string_equal(to, senders[i].said);
		assert_false(masquerade_sender(&address, "", ours, "corp.example", to));
	}
	memset(&address, 0, sizeof address);
	assert_false(masquerade_sender(&address, "example.com", ours, "corp.example", to));
}

static const struct {
	const char *header, *changed; /* NULL: nothing to do */
} headers[] = {
	{ "From: Alice <alice@corp.example>\r\nTo: b@corp.example\r\n\r\n",
	  "From: Alice <alice@example.com>\r\nTo: b@corp.example\r\n\r\n" },
	{ "from : alice@CORP.EXAMPLE\r\n\r\n", "from : alice@example.com\r\n\r\n" },
	{ "From: a@corp.example,\r\n b@corp.example (c@corp.example)\r\nSubject: x\r\n\r\n",
	  "From: a@example.com,\r\n b@example.com (c@corp.example)\r\nSubject: x\r\n\r\n" },
	{ "From: \"me @corp.example \\\" <\" <a@corp.example>\r\n\r\n",
	  "From: \"me @corp.example \\\" <\" <a@example.com>\r\n\r\n" },
	{ "From: (x (y@corp.example) z@corp.example) a@corp.example\r\n\r\n",
	  "From: (x (y@corp.example) z@corp.example) a@example.com\r\n\r\n" },
	{ "From: a@corp.example.net\r\n\r\n", NULL },
	{ "From: a@sub.corp.example\r\n\r\n", NULL },
	{ "Reply-To: a@corp.example\r\n From: a@corp.example\r\n\r\n", NULL },
	{ "From: \"a@corp.example", NULL },
	{ "From: a@", NULL },
	{ "\r\n", NULL },
	{ "", NULL },
};

static void of_the_from_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct buffer to = BUFFER_EMPTY;
		const char *expected = headers[i].changed ? headers[i].changed : headers[i].header;
		bool changed = masquerade_header(span_text(headers[i].header), "example.com", ours,
						 "corp.example", &to);

		assert_int_equal(changed, headers[i].changed != NULL);
		if (!span_is(buffer_span(&to), expected))
			fail_msg("%s: %.*s", headers[i].header, (int)buffer_used(&to),
				 buffer_bytes(&to));
		buffer_clear(&to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_sender),
		cmocka_unit_test(of_the_from_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
