/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "mail/authors.h"

struct message {
	const char *text;
	bool cut;            /* it goes on behind this */
	const char *authors; /* with a blank behind each */
	bool unreadable;
};
static const struct message messages[] = {
	{ "From: a@x.test\r\n\r\nbody", false, "a@x.test ", false },
	{ "from : A <A@X.Test>\r\nTo: b@y.test\r\n\r\n", false, "A@x.test ", false },
	{ "From: a@x.test,\r\n B <b@y.test>\r\nSender: c@z.test\r\n\r\n", false,
	  "a@x.test b@y.test c@z.test ", false },
	{ "From: a@x.test\r\nSender: a@x.test\r\n\r\n", false, "a@x.test ", false },
	{ "From: a@x.test\r\nFrom: b@y.test\r\n\r\n", false, "a@x.test b@y.test ", false },
	{ "Subject: x\r\n\r\nFrom: a@x.test\r\n", false, "", false },
	{ "Subject: x\r\n", false, "", false },
	{ "", false, "", false },
	{ "From: Group: a@x.test, b@y.test;\r\n\r\n", false, "a@x.test b@y.test ", false },
	{ "From: \"a@x.test\" <b@y.test>\r\n\r\n", false, "b@y.test ", false },
	{ "From: a@x.test b@y.test\r\n\r\n", false, "", true },
	{ "From: a@x.test\r\nno field at all\r\nFrom: b@y.test\r\n\r\n", false, "a@x.test ", true },
	{ "From: a@x.test\r\nSubject: ", true, "a@x.test ", true },
	{ "From: a@x.test\r\n\r\nbody that goes on", true, "a@x.test ", true },
	{ "From: a@0.test,a@1.test,a@2.test,a@3.test,a@4.test,a@5.test,a@6.test,a@7.test,a@8.test,"
	  "a@9.test,b@0.test,b@1.test,b@2.test,b@3.test,b@4.test,b@5.test,b@6.test,b@7.test,"
	  "b@8.test,b@9.test,c@x.test\r\n\r\n",
	  false, NULL, true },
};

static void reads(void **state)
{
	struct authors authors;

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		const struct message *message = &messages[i];
		struct buffer text = BUFFER_EMPTY;
		char address[ADDRESS_TEXT_SIZE];

		authors_read(span_text(message->text), !message->cut, &authors);
		for (size_t j = 0; j < authors.count; j++) {
			address_text(&authors.at[j], address);
			buffer_add_format(&text, "%s ", address);
		}
		buffer_add(&text, "", 1);
		if (message->authors)
			assert_string_equal(buffer_bytes(&text), message->authors);
		if ((authors.why != NULL) != message->unreadable)
			fail_msg("%s: %s", message->text, authors.why ? authors.why : "readable");
		buffer_clear(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
