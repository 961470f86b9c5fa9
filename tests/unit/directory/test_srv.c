/* SPDX-License-Identifier: ISC */
#include "directory/srv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t draw; /* what the next draw gives, modulo its bound */

static uint32_t fixed_draw(uint32_t below)
{
	return below ? draw % below : 0;
}

static void orders(void **state)
{
	struct srv records[] = {
		{ "far", 389, 10, 0 },
		{ "near-small", 389, 0, 10 },
		{ "near-big", 389, 0, 90 },
		{ "last", 389, 20, 0 },
	};

	(void)state;
	draw = 50;
	srv_order(records, 4, fixed_draw);
	assert_string_equal(records[0].host, "near-big");
	assert_string_equal(records[1].host, "near-small");
	assert_string_equal(records[2].host, "far");
	assert_string_equal(records[3].host, "last");
	srv_order(records, 0, fixed_draw);
}

/* One question, two answers: dc1 (priority 0, weight 100, 389) and dc2, names compressed. */
static const unsigned char answer[] = {
	0x12, 0x34, 0x81, 0x80, 0,   1,   0,   2,    0,    0,  0,   0,   5,   '_',  'l',  'd',
	'a',  'p',  4,    '_',  't', 'c', 'p', 1,    'x',  0,  0,   33,  0,   1,    0xc0, 12,
	0,    33,   0,    1,    0,   0,   0,   60,   0,    13, 0,   0,   0,   100,  1,    0x85,
	3,    'd',  'c',  '1',  1,   'x', 0,   0xc0, 12,   0,  33,  0,   1,   0,    0,    0,
	60,   0,    12,   0,    1,   0,   50,  2,    0x7c, 3,  'd', 'c', '2', 0xc0, 23,
};

static void parses(void **state)
{
	struct srv records[SRV_MAX];

	(void)state;
	assert_int_equal(srv_parse(answer, sizeof(answer), records), 2);
	assert_string_equal(records[0].host, "dc1.x");
	assert_int_equal(records[0].port, 389);
	assert_int_equal(records[0].weight, 100);
	assert_string_equal(records[1].host, "dc2.x");
	assert_int_equal(records[1].priority, 1);
	assert_int_equal(records[1].port, 636);
}

static void survives_cuts(void **state)
{
	struct srv records[SRV_MAX];

	(void)state;
	for (size_t length = 0; length < sizeof(answer); length++) {
		unsigned char *copy = malloc(length ? length : 1);

		memcpy(copy, answer, length);
		assert_true(srv_parse(copy, length, records) <= 1);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(parses),
		cmocka_unit_test(survives_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
