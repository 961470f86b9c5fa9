/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/memory.h"
#include "mail/envelope.h"

static void test_add_and_drop(void **state)
{
	struct envelope envelope;
	struct address address = { .domain = "x" };

	(void)state;
	envelope_init(&envelope);
	for (int i = 0; i < 100; i++) {
		struct envelope_recipient *recipient;

		snprintf(address.local, sizeof(address.local), "r%d", i);
		recipient = envelope_add(&envelope, &address);
		assert_null(recipient->orcpt);
		assert_null(recipient->route);
		assert_int_equal(recipient->notify, 0);
		recipient->orcpt = memory_text("rfc822;a");
		if (i % 3 == 0)
			envelope_drop_last(&envelope);
	}
	assert_int_equal(envelope.count, 66);
	assert_string_equal(envelope.recipients[0].address.local, "r1");
	assert_string_equal(envelope.recipients[65].address.local, "r98");
	envelope.has_sender = true;
	envelope_clear(&envelope);
	assert_int_equal(envelope.count, 0);
	assert_null(envelope.recipients);
	assert_false(envelope.has_sender);
	envelope_drop_last(&envelope);
	envelope_clear(&envelope);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_add_and_drop) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
