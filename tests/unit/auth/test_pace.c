/* SPDX-License-Identifier: ISC */
#include "auth/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct pace after(int64_t elapsed, int times)
{
	struct pace pace = { 0 };

	for (int i = 0; i < times; i++)
		pace_note(&pace, elapsed);
	return pace;
}

static void usual_time(void **state)
{
	static const struct {
		int64_t elapsed;
		int times;
		int64_t least, most;
	} cases[] = {
		{ 0, 0, PACE_FIRST, PACE_FIRST },
		{ 0, 1, PACE_LEAST, PACE_LEAST },
		{ 150, 1, 400, 500 },
		{ 150, 100, 150, 160 },
		{ 5, 100, PACE_LEAST, PACE_LEAST },
		{ 60000, 3, PACE_MOST, PACE_MOST },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pace pace = after(cases[i].elapsed, cases[i].times);

		assert_in_range(pace_usual(&pace), cases[i].least, cases[i].most);
	}
}

/* Whatever a refusal took, it is answered between a full time and a quarter of one more. */
static void hides_what_was_done(void **state)
{
	struct pace pace = after(150, 100);
	int64_t usual = pace_usual(&pace);

	(void)state;
	for (int64_t elapsed = 0; elapsed < 1000; elapsed++)
		for (uint32_t random = 0; random < 200; random += 7) {
			int64_t total = elapsed + pace_hold(&pace, elapsed, random);
			int64_t full = (elapsed / usual + 1) * usual;

			assert_in_range(total, full, full + usual / 4);
		}
	assert_int_equal(pace_hold(&pace, 0, 0), usual);
	assert_true(pace_hold(&pace, 0, UINT32_MAX) >= usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_time),
		cmocka_unit_test(hides_what_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
