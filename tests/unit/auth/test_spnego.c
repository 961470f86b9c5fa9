/* SPDX-License-Identifier: ISC */
#include "auth/spnego.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* NegTokenInit with one mechanism and a token; NegTokenResp with state, mechanism, token. */
#define SPNEGO "\x06\x06\x2b\x06\x01\x05\x05\x02"
#define KRB5   "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define MECHS  "\xa0\x0d\x30\x0b" KRB5
#define OCTETS(text)                                                                               \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static void finds_what_is_inside(void **state)
{
	static const struct {
		struct span token;
		const char *inner;
	} cases[] = {
		{ OCTETS("\x60\x22" SPNEGO "\xa0\x18\x30\x16" MECHS "\xa2\x05\x04\x03"
			 "abc"),
		  "abc" },
		{ OCTETS("\x60\x1b" SPNEGO "\xa0\x11\x30\x0f" MECHS), "" }, /* no token */
		{ OCTETS("\xa1\x0d\x30\x0b\xa0\x03\x0a\x01\x01\xa2\x04\x04\x02"
			 "de"),
		  "de" },
		{ OCTETS("\x60\x25" KRB5 "\xa0\x18\x30\x16" MECHS "\xa2\x05\x04\x03"
			 "abc"),
		  "" },
		{ OCTETS("\x60\x22" SPNEGO "\xa1\x18\x30\x16" MECHS "\xa2\x05\x04\x03"
			 "abc"),
		  "" },
		{ OCTETS("\x60\x22" SPNEGO "\xa0\x18\x30\x16" MECHS "\xa2\x05\x05\x03"
			 "abc"),
		  "" },
		{ OCTETS("\xa1\x0d\x31\x0b\xa0\x03\x0a\x01\x01\xa2\x04\x04\x02"
			 "de"),
		  "" },
		{ OCTETS("NTLMSSP"), "" },
		{ OCTETS(""), "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!span_is(spnego_inner(cases[i].token), cases[i].inner))
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_is_inside) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
