/* SPDX-License-Identifier: ISC */
#include "domain/keytab_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

enum { AES128 = 17, AES256 = 18, RC4 = 23 };
#define GW "GW$@CORP.EXAMPLE"

static struct keytab_key key(const char *principal, unsigned version, int enctype, int64_t made)
{
	struct keytab_key result = { .version = version, .enctype = enctype, .made = made };

	snprintf(result.principal, sizeof(result.principal), "%s", principal);
	return result;
}

static void tells_newest_and_computer(void **state)
{
	struct keytab_key keys[] = { key("smtp/gw.corp.example@CORP.EXAMPLE", 9, AES256, 0),
				     key("odd/x$@CORP.EXAMPLE", 1, AES256, 0),
				     key(GW, 2, AES256, 0), key(GW, 3, AES128, 0) };
	struct keytab keytab = { keys, 4 };

	(void)state;
	assert_int_equal(keytab_newest(&keytab, GW), 3);
	assert_int_equal(keytab_newest(&keytab, NULL), 9);
	assert_int_equal(keytab_newest(&keytab, "nobody@X"), 0);
	assert_string_equal(keytab_computer(&keytab), GW);
	keytab.count = 1;
	assert_null(keytab_computer(&keytab));
}

static void knows_strength(void **state)
{
	struct keytab_key weak = key(GW, 1, RC4, 0), strong = key(GW, 1, AES128, 0);
	char name[64];

	(void)state;
	assert_false(keytab_is_strong(&weak));
	assert_true(keytab_is_strong(&strong));
	keytab_enctype_name(AES256, name, sizeof(name));
	assert_string_equal(name, "aes256-cts-hmac-sha1-96");
	keytab_enctype_name(7777, name, sizeof(name));
	assert_string_equal(name, "enctype 7777");
}

/* Number 1 was replaced at 100, 2 at 200, 3 now at 300; the file has only 3 and 4 left. */
static void puts_back_what_tickets_need(void **state)
{
	static const struct {
		int64_t since;
		size_t count;
		bool wanted[4];
	} rows[] = {
		{ 0, 2, { true, true, false, false } },
		{ 100, 2, { true, true, false, false } },
		{ 101, 1, { false, true, false, false } },
		{ 201, 0, { false, false, false, false } },
	};
	struct keytab_key old[] = { key(GW, 1, AES256, 50), key(GW, 2, AES256, 100),
				    key(GW, 3, AES256, 200),
				    key("host/lone@CORP.EXAMPLE", 1, AES256, 50) };
	struct keytab_key fresh[] = { key(GW, 3, AES256, 200), key(GW, 4, AES256, 300) };
	struct keytab before = { old, 4 }, after = { fresh, 2 };
	bool wanted[4];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(keytab_dropped(&before, &after, rows[i].since, wanted),
				 rows[i].count);
		assert_memory_equal(wanted, rows[i].wanted, sizeof(wanted));
	}
}

/* A keytab by hand: one record of GW$ with the number, made long ago. */
static void write_keytab(const char *path, unsigned first, unsigned count)
{
	static const unsigned char head[] = { 0x05, 0x02 };
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(head, sizeof(head), 1, file), 1);
	for (unsigned i = 0; i < count; i++) {
		unsigned char record[] = { 0,
					   0,
					   0,
					   66,
					   0,
					   1,
					   0,
					   12,
					   'C',
					   'O',
					   'R',
					   'P',
					   '.',
					   'E',
					   'X',
					   'A',
					   'M',
					   'P',
					   'L',
					   'E',
					   0,
					   3,
					   'G',
					   'W',
					   '$',
					   0,
					   0,
					   0,
					   1, /* name type */
					   0x7f,
					   0,
					   0,
					   (unsigned char)i, /* made */
					   (unsigned char)(first + i),
					   0,
					   AES256,
					   0,
					   32 };
		static const unsigned char secret[32] = { 1 };

		/* Everything behind the length field. */
		record[3] = (unsigned char)(sizeof(record) - 4 + sizeof(secret));
		assert_int_equal(fwrite(record, sizeof(record), 1, file), 1);
		assert_int_equal(fwrite(secret, sizeof(secret), 1, file), 1);
	}
	fclose(file);
}

static void holds_and_puts_back(void **state)
{
	char path[] = "/tmp/postern-keytab-XXXXXX", why[200] = "";
	int fd = mkstemp(path);
	struct keytab_hold *hold;
	struct keytab keytab;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_keytab(path, 1, 3);
	hold = keytab_hold(path, why, sizeof(why));
	assert_non_null(hold);
	write_keytab(path, 3, 2);
	assert_int_equal(keytab_put_back(hold, 0, why, sizeof(why)), 2);
	assert_true(keytab_read(path, &keytab, why, sizeof(why)));
	assert_int_equal(keytab.count, 4);
	assert_int_equal(keytab_newest(&keytab, GW), 4);
	keytab_clear(&keytab);
	assert_int_equal(keytab_put_back(hold, 0, why, sizeof(why)), 0);
	keytab_hold_free(hold);
	assert_int_equal(truncate(path, 2), 0);
	assert_false(keytab_read(path, &keytab, why, sizeof(why)));
	assert_non_null(strstr(why, path));
	unlink(path);
	assert_null(keytab_hold(path, why, sizeof(why)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_newest_and_computer),
		cmocka_unit_test(knows_strength),
		cmocka_unit_test(puts_back_what_tickets_need),
		cmocka_unit_test(holds_and_puts_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
