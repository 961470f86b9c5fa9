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
	uint32_t status;
	unsigned asked;
} winbind;

static bool there(void)
{
	return winbind.there;
}

static enum winbind_ping ping(uint32_t *status)
{
	winbind.asked++;
	*status = winbind.status;
	return winbind.ping;
}

static void decides(void **state)
{
	static const struct {
		bool there;
		enum winbind_ping ping;
		uint32_t status;
		const char *trouble; /* NULL: the refusal stays */
	} cases[] = {
		{ false, WINBIND_PING_STATUS, 0, "start it" },
		{ true, WINBIND_PING_SILENT, 0, "restart it" },
		{ true, WINBIND_PING_UNKNOWN, 0, NULL },
		{ true, WINBIND_PING_STATUS, 0, NULL },
		{ true, WINBIND_PING_STATUS, 0xc000005e, "no controller" },
		{ true, WINBIND_PING_STATUS, 0xc00000b5, "no controller" },
		{ true, WINBIND_PING_STATUS, 0xc0000233, "no controller" },
		{ true, WINBIND_PING_STATUS, 0xc002001b, "no controller" },
		{ true, WINBIND_PING_STATUS, 0xc000018d, "no controller" },
		/* ACCESS_DENIED, WRONG_PASSWORD, NO_SUCH_DOMAIN, NOT_SUPPORTED */
		{ true, WINBIND_PING_STATUS, 0xc0000022, NULL },
		{ true, WINBIND_PING_STATUS, 0xc000006a, NULL },
		{ true, WINBIND_PING_STATUS, 0xc00000df, NULL },
		{ true, WINBIND_PING_STATUS, 0xc00000bb, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct winbind_probe probe = { .there = there, .ping = ping };
		const char *trouble;

		winbind.there = cases[i].there;
		winbind.ping = cases[i].ping;
		winbind.status = cases[i].status;
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
		uint32_t status;
		unsigned asked;
		bool trouble;
	} cases[] = {
		{ 5000, 0xc000005e, 1, true },
		{ 5001, 0xc000005e, 2, true },
		{ 5002, 0xc0000022, 3, false }, /* nobody knows: not kept */
		{ 5003, 0, 4, false },
		{ 5004, 0xc000005e, 4, false },
		{ 5003 + WINBIND_REACHED_MS - 1, 0xc000005e, 4, false },
		{ 5003 + WINBIND_REACHED_MS, 0xc000005e, 5, true },
	};
	struct winbind_probe probe = { .there = there, .ping = ping };

	(void)state;
	winbind.there = true;
	winbind.ping = WINBIND_PING_STATUS;
	winbind.asked = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		winbind.status = cases[i].status;
		if (!!winbind_trouble(&probe, cases[i].at) != cases[i].trouble ||
		    winbind.asked != cases[i].asked)
			fail_msg("case %zu: asked %u times", i, winbind.asked);
	}
	/* A winbind that is gone is not hidden by it. */
	winbind.status = 0;
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
