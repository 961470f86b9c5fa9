/* SPDX-License-Identifier: ISC */
#include "resolver/mail_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void ascii(void **state)
{
	static const struct {
		const char *domain, *wanted; /* NULL: no name of a domain */
	} rows[] = {
		{ "Example.COM", "example.com" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
		  "xn--bcher-kva.example" },
		{ "fa\xc3\x9f.example", "xn--fa-hia.example" }, /* not "fass": IDNA2008 */
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "localhost", "localhost" },
		{ "a..b", NULL },
		{ "a.", NULL },
		{ "", NULL },
		{ "a b.example", NULL },
		{ "[192.0.2.1]", NULL },
		{ "\xe2\x98\x83.example", NULL }, /* a snowman is no letter */
		{ "\xff.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char name[DNS_NAME_SIZE] = "";
		bool good = mail_name_ascii(rows[i].domain, name);

		if (good != (rows[i].wanted != NULL) || (good && strcmp(name, rows[i].wanted) != 0))
			fail_msg("%s: %d %s", rows[i].domain, good, name);
	}
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *reverse; /* NULL: no address */
	} rows[] = {
		{ "192.0.2.1", "1.2.0.192.in-addr.arpa" },
		{ "[192.0.2.1]", "1.2.0.192.in-addr.arpa" },
		{ "::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa" },
		{ "2001:db8::1",
		  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
		{ "[IPv6:2001:db8::1]",
		  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
		{ "192.0.2", NULL },
		{ "mail.example", NULL },
		{ "", NULL },
		{ "[", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		unsigned char address[16];
		char name[DNS_NAME_SIZE] = "";
		bool good = mail_name_address(rows[i].text, address);

		if (good)
			mail_name_reverse(address, name);
		if (good != (rows[i].reverse != NULL) ||
		    (good && strcmp(name, rows[i].reverse) != 0))
			fail_msg("%s: %d %s", rows[i].text, good, name);
	}
}

static void from_records(void **state)
{
	unsigned char address[16];

	(void)state;
	mail_name_from_record(span_make("\xc0\0\2\1", 4), address);
	assert_memory_equal(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
	assert_true(mail_name_is_ipv4(address));
	mail_name_from_record(span_make("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16), address);
	assert_int_equal(address[0], 0x20);
	assert_false(mail_name_is_ipv4(address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii),
		cmocka_unit_test(addresses),
		cmocka_unit_test(from_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
