/* SPDX-License-Identifier: ISC */
#include "auth/elsewhere.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "auth/standing.h"

static const unsigned char key[TICKET_KEY_SIZE] = "a key";
static const struct elsewhere sample = {
	.host = "two.corp.example",
	.who = "alice@corp.example",
	.session = "6a0f7c3b01000001",
	.expires = 1800000060,
};

static void goes_and_comes(void **state)
{
	struct elsewhere longest = { .expires = INT64_MAX }, got;
	char bytes[ELSEWHERE_SIZE_MAX];
	size_t length = elsewhere_sign(&sample, key, bytes, sizeof(bytes));

	(void)state;
	assert_true(length > 0);
	assert_true(elsewhere_verify(span_make(bytes, length), key, 1800000059, &got));
	assert_memory_equal(&got, &sample, sizeof(got));
	assert_false(elsewhere_verify(span_make(bytes, length), key, 1800000060, &got));
	memset(longest.host, 'h', sizeof(longest.host) - 1);
	memset(longest.who, 'w', sizeof(longest.who) - 1);
	memset(longest.session, 's', sizeof(longest.session) - 1);
	length = elsewhere_sign(&longest, key, bytes, sizeof(bytes));
	assert_true(length > 0);
	assert_true(elsewhere_verify(span_make(bytes, length), key, 0, &got));
	assert_memory_equal(&got, &longest, sizeof(got));
	assert_int_equal(elsewhere_sign(&longest, key, bytes, length - 1), 0);
}

static void believes_only_its_own(void **state)
{
	static const unsigned char other[TICKET_KEY_SIZE] = "another";
	struct ticket ticket = { .purpose = TICKET_READ, .expires = INT64_MAX };
	struct standing standing = { .id = "5f" };
	struct elsewhere got;
	char bytes[ELSEWHERE_SIZE_MAX];
	size_t length = elsewhere_sign(&sample, key, bytes, sizeof(bytes));

	(void)state;
	assert_false(elsewhere_verify(span_make(bytes, length), other, 0, &got));
	assert_false(elsewhere_verify(span_make(bytes, length - 1), key, 0, &got));
	for (size_t i = 0; i < length; i++) {
		bytes[i] ^= 1;
		assert_false(elsewhere_verify(span_make(bytes, length), key, 0, &got));
		bytes[i] ^= 1;
	}
	/* It opens no mailbox, and what opens one leads nowhere. */
	for (int purpose = TICKET_DELIVER; purpose <= TICKET_ELSEWHERE; purpose++)
		assert_false(ticket_verify(span_make(bytes, length), key,
					   (enum ticket_purpose)purpose, 0, &ticket));
	ticket = (struct ticket){ .purpose = TICKET_ELSEWHERE, .expires = INT64_MAX };
	length = ticket_sign(&ticket, key, bytes, sizeof(bytes));
	assert_true(length > 0);
	assert_false(elsewhere_verify(span_make(bytes, length), key, 0, &got));
	length = standing_sign(&standing, key, bytes, sizeof(bytes));
	assert_false(elsewhere_verify(span_make(bytes, length), key, 0, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_and_comes),
		cmocka_unit_test(believes_only_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
