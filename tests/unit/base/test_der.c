/* SPDX-License-Identifier: ISC */
#include "base/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void takes(void **state)
{
	static char long_one[3 + 200] = "\x04\x81\xc8";
	static const struct {
		struct span octets;
		bool good;
		unsigned tag;
		size_t length, left;
	} cases[] = {
		{ { "\x04\x02"
		    "ab",
		    4 },
		  true,
		  DER_OCTETS,
		  2,
		  0 },
		{ { "\x30\x00\x04", 3 }, true, DER_SEQUENCE, 0, 1 },
		{ { "\x04\x81\x01"
		    "a",
		    4 },
		  true,
		  DER_OCTETS,
		  1,
		  0 },
		{ { "\x04\x83\x00\x00\x01"
		    "ab",
		    7 },
		  true,
		  DER_OCTETS,
		  1,
		  1 },
		{ { long_one, sizeof(long_one) }, true, DER_OCTETS, 200, 0 },
		{ { long_one, sizeof(long_one) - 1 }, false, 0, 0, 0 },
		{ { "", 0 }, false, 0, 0, 0 },
		{ { "\x04", 1 }, false, 0, 0, 0 },
		{ { "\x04\x03"
		    "ab",
		    4 },
		  false,
		  0,
		  0,
		  0 },
		{ { "\x04\x80"
		    "ab",
		    4 },
		  false,
		  0,
		  0,
		  0 }, /* no length is given */
		{ { "\x04\x84\x00\x00\x00\x01"
		    "a",
		    7 },
		  false,
		  0,
		  0,
		  0 },
		{ { "\x04\x82\x00", 3 }, false, 0, 0, 0 },
		{ { "\x04\x83\xff\xff\xff", 5 }, false, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span rest = cases[i].octets, content;
		unsigned tag = 0;
		bool good = der_take(&rest, &tag, &content);

		if (good != cases[i].good ||
		    (good && (tag != cases[i].tag || content.length != cases[i].length ||
			      rest.length != cases[i].left)))
			fail_msg("case %zu", i);
	}
}

static void wants_a_tag(void **state)
{
	struct span rest = span_make("\x04\x01"
				     "a\x06\x01"
				     "b",
				     6),
		    content;

	(void)state;
	assert_true(der_take_tag(&rest, DER_OCTETS, &content));
	assert_true(span_is(content, "a"));
	assert_false(der_take_tag(&rest, DER_OCTETS, &content));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(takes),
					    cmocka_unit_test(wants_a_tag) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
