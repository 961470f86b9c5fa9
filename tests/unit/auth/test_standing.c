/* SPDX-License-Identifier: ISC */
#include "auth/standing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "directory/directory.h"

static const unsigned char key[TICKET_KEY_SIZE] = "a key";
static const struct standing sample = {
	.directory = 7,
	.id = "5f0c7e1ad6b94ae0a6a1b0a1c2d3e4f5",
	.password_set = 133900000000000000,
	.session = "6a0f7c3b01000001",
};

static void goes_and_comes(void **state)
{
	struct standing longest = { .password_set = ACCOUNT_ABSENT }, got;
	char bytes[STANDING_SIZE_MAX];
	size_t length = standing_sign(&sample, key, bytes, sizeof(bytes));

	(void)state;
	assert_true(length > 0);
	assert_true(standing_verify(span_make(bytes, length), key, &got));
	assert_memory_equal(&got, &sample, sizeof(got));
	memset(longest.id, 'f', sizeof(longest.id) - 1);
	memset(longest.session, 's', sizeof(longest.session) - 1);
	length = standing_sign(&longest, key, bytes, sizeof(bytes));
	assert_true(length > 0);
	assert_true(standing_verify(span_make(bytes, length), key, &got));
	assert_int_equal(got.password_set, ACCOUNT_ABSENT);
	assert_int_equal(standing_sign(&longest, key, bytes, length - 1), 0);
}

static void believes_only_its_own(void **state)
{
	struct ticket ticket = { .purpose = TICKET_READ, .expires = INT64_MAX };
	static const unsigned char other[TICKET_KEY_SIZE] = "another";
	struct standing got;
	char bytes[STANDING_SIZE_MAX];
	size_t length = standing_sign(&sample, key, bytes, sizeof(bytes));

	(void)state;
	assert_false(standing_verify(span_make(bytes, length), other, &got));
	assert_false(standing_verify(span_make(bytes, length - 1), key, &got));
	for (size_t i = 0; i < length; i++) {
		bytes[i] ^= 1;
		assert_false(standing_verify(span_make(bytes, length), key, &got));
		bytes[i] ^= 1;
	}
	/* Nor is one kind of ticket taken for another. */
	assert_false(ticket_verify(span_make(bytes, length), key, TICKET_STANDING, 0, &ticket));
	ticket = (struct ticket){ .purpose = TICKET_READ, .expires = INT64_MAX };
	length = ticket_sign(&ticket, key, bytes, sizeof(bytes));
	assert_true(length > 0);
	assert_false(standing_verify(span_make(bytes, length), key, &got));
}

static void judges(void **state)
{
	static const struct {
		struct directory_again now;
		int64_t then;
		const char *fault; /* NULL = none */
	} cases[] = {
		{ { .there = true, .password_set = 5 }, 5, NULL },
		{ { .there = false }, 5, "the entry is not there any more" },
		{ { .there = true, .password_set = 5, .kind = PERSON_GROUP },
		  5,
		  "not a person's account any more" },
		{ { .there = true, .password_set = 5, .state = PERSON_DISABLED },
		  5,
		  "account disabled" },
		{ { .there = true, .password_set = 5, .state = PERSON_EXPIRED },
		  5,
		  "account expired" },
		{ { .there = true, .password_set = 5, .state = PERSON_LOCKED },
		  5,
		  "account locked out" },
		{ { .there = true, .password_set = 6 }, 5, "the password was changed" },
		{ { .there = true, .password_set = 0 }, 5, "the password must be changed" },
		/* A password that grows too old ends no session that its owner is in. */
		{ { .there = true, .password_set = 5, .state = PERSON_MUST_CHANGE }, 5, NULL },
		/* A controller that has not heard of the change which the login knew of. */
		{ { .there = true, .password_set = 4 }, 5, NULL },
		/* "Never expires", so that 0 was no hindrance. */
		{ { .there = true, .password_set = 0 }, 0, NULL },
		{ { .there = true, .password_set = 5 }, 0, "the password was changed" },
		{ { .there = true, .password_set = ACCOUNT_ABSENT }, 5, NULL },
		{ { .there = true, .password_set = 5 }, ACCOUNT_ABSENT, NULL },
		{ { .there = true, .password_set = 20261126161452 },
		  20261126161451,
		  "the password was changed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct standing standing = { .password_set = cases[i].then };
		const char *fault = standing_fault(&standing, &cases[i].now);

		if (cases[i].fault)
			assert_string_equal(fault, cases[i].fault);
		else
			assert_null(fault);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_and_comes),
		cmocka_unit_test(believes_only_its_own),
		cmocka_unit_test(judges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
