/* SPDX-License-Identifier: ISC */
#include "directory/netlogon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
	"\x17\0\0\0\xfd\x33\0\0"                                                                   \
	"0123456789abcdef"
#define TAIL(version) version "\0\0\0\xff\xff\xff\xff"
/* Offsets: forest 24, its domain the same, host below it, then NetBIOS names and no user. */
#define NAMES                                                                                      \
	"\4corp\7example\0"                                                                        \
	"\xc0\x18"                                                                                 \
	"\3dc1\xc0\x18"                                                                            \
	"\4CORP\0"                                                                                 \
	"\3DC1\0"                                                                                  \
	"\0"
#define BYTES(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static void parses(void **state)
{
	static const struct {
		const char *what;
		struct span value;
		const char *server_site, *client_site, *next_site; /* NULL: refused */
		bool paused;
	} cases[] = {
		{ "plain",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\7Hamburg\0" TAIL("\x05")),
		  "Berlin", "Hamburg", "", false },
		{ "a pointer to the site before",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\xc0\x3a" TAIL("\x05")),
		  "Berlin", "Berlin", "", false },
		{ "no site of ours",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\0" TAIL("\x05")),
		  "Berlin", "", "", false },
		{ "next closest",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\7Hamburg\0"
				   "\4Kiel\0" TAIL("\x15")),
		  "Berlin", "Hamburg", "Kiel", false },
		{ "an address before it",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\7Hamburg\0"
				   "\x10"
				   "aaaaaaaaaaaaaaaa"
				   "\4Kiel\0" TAIL("\x1d")),
		  "Berlin", "Hamburg", "Kiel", false },
		{ "next closest cut off",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\7Hamburg\0"
				   "\4Ki" TAIL("\x15")),
		  "Berlin", "Hamburg", "", false },
		{ "an address cut off",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\7Hamburg\0"
				   "\x10"
				   "aa" TAIL("\x1d")),
		  "Berlin", "Hamburg", "", false },
		{ "paused",
		  BYTES("\x18"
			"\0\0\0\xfd\x33\0\0"
			"0123456789abcdef" NAMES "\1A\0"
			"\1B\0" TAIL("\x05")),
		  "A", "B", "", true },
		{ "unknown user",
		  BYTES("\x19"
			"\0\0\0\xfd\x33\0\0"
			"0123456789abcdef" NAMES "\1A\0"
			"\1B\0" TAIL("\x05")),
		  "A", "B", "", false },
		{ "a site with a dot in its label",
		  BYTES(HEAD NAMES "\3a.b\0"
				   "\1B\0" TAIL("\x05")),
		  "", "B", "", false },
		{ "a site of two labels",
		  BYTES(HEAD NAMES "\1a\1b\0"
				   "\1B\0" TAIL("\x05")),
		  "", "B", "", false },
		{ "a site with a line end",
		  BYTES(HEAD NAMES "\3a\nb\0"
				   "\1B\0" TAIL("\x05")),
		  "", "B", "", false },
		{ "a site that is not UTF-8",
		  BYTES(HEAD NAMES "\2a\xff\0"
				   "\1B\0" TAIL("\x05")),
		  "", "B", "", false },
		{ "a site with an umlaut",
		  BYTES(HEAD NAMES "\7K\xc3\xb6ln-1\0"
				   "\1B\0" TAIL("\x05")),
		  "K\xc3\xb6ln-1", "B", "", false },
		{ "other opcode",
		  BYTES("\x13"
			"\0\0\0\xfd\x33\0\0"
			"0123456789abcdef" NAMES "\1A\0"
			"\1B\0" TAIL("\x05")),
		  NULL, NULL, NULL, false },
		{ "no tokens",
		  BYTES(HEAD NAMES "\6Berlin\0"
				   "\7Hamburg\0"
				   "\5\0\0\0\xff\xff\xff\xfe"),
		  NULL, NULL, NULL, false },
		{ "a pointer to itself",
		  BYTES(HEAD "\xc0\x18"
			     "\0\0\0\0\0\0\0" TAIL("\x05")),
		  NULL, NULL, NULL, false },
		{ "a pointer forwards",
		  BYTES(HEAD "\xc0\x1a"
			     "\1a\0"
			     "\0\0\0\0\0\0" TAIL("\x05")),
		  NULL, NULL, NULL, false },
		{ "a label of 64",
		  BYTES(HEAD "\x40"
			     "aaaaaaaa" TAIL("\x05")),
		  NULL, NULL, NULL, false },
		{ "nothing", BYTES(""), NULL, NULL, NULL, false },
		{ "a head alone", BYTES(HEAD TAIL("\x05")), NULL, NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netlogon netlogon;
		bool good = netlogon_parse(cases[i].value, &netlogon);

		if (good != (cases[i].server_site != NULL))
			fail_msg("%s: %s", cases[i].what, good ? "taken" : "refused");
		if (!good)
			continue;
		assert_string_equal(netlogon.server_site, cases[i].server_site);
		assert_string_equal(netlogon.client_site, cases[i].client_site);
		assert_string_equal(netlogon.next_site, cases[i].next_site);
		assert_string_equal(netlogon.dns_domain, "corp.example");
		assert_string_equal(netlogon.host, "dc1.corp.example");
		assert_string_equal(netlogon.netbios, "CORP");
		assert_int_equal(netlogon.flags, 0x33fd);
		assert_int_equal(netlogon.paused, cases[i].paused);
	}
}

/* Names that grow by pointers: 255 octets are the end. */
static void limits_names(void **state)
{
	char grown[512];
	struct netlogon netlogon;
	size_t used = 24;

	(void)state;
	memset(grown, 0, sizeof(grown));
	grown[0] = 0x17;
	for (int i = 0; i < 5; i++) {
		grown[used] = 63;
		memset(grown + used + 1, 'a', 63);
		used += 64;
	}
	used += 1 + 7;
	grown[used] = 5;
	memset(grown + used + 4, 0xff, 4);
	assert_false(netlogon_parse(span_make(grown, used + 8), &netlogon));
}

static const char value[] = HEAD NAMES "\6Berlin\0"
				       "\7Hamburg\0" TAIL("\x05");

/* A SearchResultEntry of message 7 with that value. */
static size_t make_reply(char *to)
{
	static const char head[] = "\x30\0\2\1\7\x64\0\4\0\x30\0\x30\0\4\10netlogon\x31\0\4\0";
	size_t length = sizeof(value) - 1, used = sizeof(head) - 1;

	memcpy(to, head, used);
	memcpy(to + used, value, length);
	to[used - 1] = (char)length;
	to[used - 3] = (char)(length + 2);
	to[12] = (char)(used - 13 + length);
	to[10] = (char)(used - 11 + length);
	to[6] = (char)(used - 7 + length);
	to[1] = (char)(used - 2 + length);
	return used + length;
}

static void reads_replies(void **state)
{
	char reply[256];
	size_t length = make_reply(reply);
	struct netlogon netlogon;

	(void)state;
	assert_in_range(length, 100, 127); /* the lengths above have one octet */
	assert_true(netlogon_reply(span_make(reply, length), 7, &netlogon));
	assert_string_equal(netlogon.client_site, "Hamburg");
	assert_false(netlogon_reply(span_make(reply, length), 8, &netlogon));
	reply[5] = 0x65; /* SearchResultDone: nothing there */
	assert_false(netlogon_reply(span_make(reply, length), 7, &netlogon));
}

static void survives_cuts(void **state)
{
	char reply[256];
	size_t whole = make_reply(reply);
	struct netlogon netlogon;

	(void)state;
	for (size_t length = 0; length < whole; length++) {
		char *copy = malloc(length ? length : 1);

		memcpy(copy, reply, length);
		assert_false(netlogon_reply(span_make(copy, length), 7, &netlogon));
		free(copy);
	}
}

/* As the example of MS-ADTS 6.3.3.3 asks, with the version of this module. */
static void asks(void **state)
{
	static const char wanted[] = "\x30\x4e\2\1\7\x63\x49\4\0\xa\1\0\xa\1\0\2\1\0\2\1\0\1\1\0"
				     "\xa0\x2a\xa3\x19\4\11"
				     "DnsDomain"
				     "\4\14"
				     "corp.example"
				     "\xa3\xd\4\5NtVer\4\4\x16\0\0\0"
				     "\x30\xa\4\10netlogon";
	char request[NETLOGON_REQUEST_SIZE], longest[NETLOGON_REQUEST_SIZE];
	size_t length = netlogon_request("corp.example", 7, request);

	(void)state;
	assert_int_equal(length, sizeof(wanted) - 1);
	assert_memory_equal(request, wanted, length);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(netlogon_request(longest, 7, request), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),        cmocka_unit_test(limits_names),
		cmocka_unit_test(reads_replies), cmocka_unit_test(survives_cuts),
		cmocka_unit_test(asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
