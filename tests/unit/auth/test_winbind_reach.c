/* SPDX-License-Identifier: ISC */
/* A failed NTLM login: the domain's answer or our trouble. The real winbind is in
 * tests/scenario/s11. */
#include "auth/winbind_reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct {
	bool there;
	enum winbind_ping ping;
	unsigned asked;
} winbind;

static bool there(void)
{
	return winbind.there;
}

static enum winbind_ping ping(void)
{
	winbind.asked++;
	return winbind.ping;
}

static void decides(void **state)
{
	static const struct {
		bool there;
		enum winbind_ping ping;
		const char *trouble; /* NULL: the refusal stays */
	} cases[] = {
		{ false, WINBIND_PING_REACHED, "start it" },
		{ true, WINBIND_PING_UNREACHED, "no controller" },
		{ true, WINBIND_PING_REACHED, NULL },
		{ true, WINBIND_PING_UNKNOWN, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct winbind_probe probe = { .there = there, .ping = ping };
		const char *trouble;

		winbind.there = cases[i].there;
		winbind.ping = cases[i].ping;
		trouble = winbind_trouble(&probe, 5000);
		if (cases[i].trouble ? !trouble || !strstr(trouble, cases[i].trouble) : !!trouble)
			fail_msg("case %zu: %s", i, trouble ? trouble : "refused");
	}
}

/* Only that it was reached is kept, and for a moment. */
static void remembers_what_was_reached(void **state)
{
	static const struct {
		int64_t at;
		enum winbind_ping ping;
		unsigned asked;
		bool trouble;
	} cases[] = {
		{ 5000, WINBIND_PING_UNREACHED, 1, true },
		{ 5001, WINBIND_PING_UNREACHED, 2, true },
		{ 5002, WINBIND_PING_UNKNOWN, 3, false },
		{ 5003, WINBIND_PING_REACHED, 4, false },
		{ 5004, WINBIND_PING_UNREACHED, 4, false },
		{ 5003 + WINBIND_REACHED_MS - 1, WINBIND_PING_UNREACHED, 4, false },
		{ 5003 + WINBIND_REACHED_MS, WINBIND_PING_UNREACHED, 5, true },
	};
	struct winbind_probe probe = { .there = there, .ping = ping };

	(void)state;
	winbind.there = true;
	winbind.asked = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		winbind.ping = cases[i].ping;
		if (!!winbind_trouble(&probe, cases[i].at) != cases[i].trouble ||
		    winbind.asked != cases[i].asked)
			fail_msg("case %zu: asked %u times", i, winbind.asked);
	}
	/* A winbind that is gone is not hidden by it. */
	winbind.ping = WINBIND_PING_REACHED;
	assert_null(winbind_trouble(&probe, 9000));
	winbind.there = false;
	assert_non_null(winbind_trouble(&probe, 9001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(remembers_what_was_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
