/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/ticket.h"
#include "base/wire.h"
#include "io/tls.h"

#include <stdio.h>
#include <string.h>

#define NOW 1795298400

static unsigned char key[TICKET_KEY_SIZE];

static struct ticket sample(void)
{
	return (struct ticket){ .purpose = TICKET_READ,
				.id = "5f0c7e1ad6b94ae0a6a1b0a1c2d3e4f5",
				.domain = "corp.example",
				.name = "alice",
				.quota = UINT64_MAX,
				.warn = 7,
				.expires = NOW + 60,
				.session = "s-1" };
}

static void test_round_trip(void **state)
{
	struct ticket in = sample(), out;
	char bytes[TICKET_SIZE_MAX];

	(void)state;
	size_t length = ticket_sign(&in, key, bytes, sizeof(bytes));
	assert_true(length > 0);
	assert_true(ticket_verify(span_make(bytes, length), key, TICKET_READ, NOW, &out));
	assert_int_equal(out.purpose, TICKET_READ);
	assert_string_equal(out.id, in.id);
	assert_string_equal(out.domain, in.domain);
	assert_string_equal(out.name, in.name);
	assert_string_equal(out.session, in.session);
	assert_true(out.quota == in.quota && out.warn == in.warn && out.expires == in.expires);
}

static void test_longest(void **state)
{
	struct ticket in = { .purpose = TICKET_DELIVER, .expires = INT64_MAX }, out;
	char bytes[TICKET_SIZE_MAX];

	(void)state;
	memset(in.id, 'f', sizeof(in.id) - 1);
	memset(in.domain, 'd', sizeof(in.domain) - 1);
	memset(in.name, 'n', sizeof(in.name) - 1);
	memset(in.session, 's', sizeof(in.session) - 1);
	size_t length = ticket_sign(&in, key, bytes, sizeof(bytes));
	assert_true(length > 0);
	assert_true(ticket_verify(span_make(bytes, length), key, TICKET_DELIVER, NOW, &out));
	assert_string_equal(out.name, in.name);
	for (size_t size = 0; size < length; size++)
		assert_int_equal(ticket_sign(&in, key, bytes, size), 0);
}

static void test_every_bit_counts(void **state)
{
	struct ticket in = sample(), out;
	char bytes[TICKET_SIZE_MAX];
	size_t length = ticket_sign(&in, key, bytes, sizeof(bytes));

	(void)state;
	for (size_t i = 0; i < length * 8; i++) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		assert_false(ticket_verify(span_make(bytes, length), key, TICKET_READ, NOW, &out));
		assert_int_equal(out.id[0], 0);
		bytes[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t cut = 0; cut < length; cut++) {
		assert_false(ticket_verify(span_make(bytes, cut), key, TICKET_READ, NOW, &out));
		assert_false(ticket_verify(span_make(bytes + length - cut, cut), key, TICKET_READ,
					   NOW, &out));
	}
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] ^= 1;
		assert_false(ticket_verify(span_make(bytes, length), key, TICKET_READ, NOW, &out));
		key[i] ^= 1;
	}
	assert_true(ticket_verify(span_make(bytes, length), key, TICKET_READ, NOW, &out));
}

static void test_purpose_and_time(void **state)
{
	static const struct {
		enum ticket_purpose made, wanted;
		int64_t now;
		bool good;
	} rows[] = {
		{ TICKET_READ, TICKET_READ, NOW + 59, true },
		{ TICKET_READ, TICKET_READ, NOW + 60, false },
		{ TICKET_READ, TICKET_READ, NOW + 61, false },
		{ TICKET_READ, TICKET_DELIVER, NOW, false },
		{ TICKET_DELIVER, TICKET_READ, NOW, false },
		{ TICKET_DELIVER, TICKET_DELIVER, NOW, true },
		{ TICKET_DROP, TICKET_DROP, NOW, true },
		{ TICKET_DROP, TICKET_DELIVER, NOW, false },
		{ TICKET_DELIVER, TICKET_DROP, NOW, false },
		{ TICKET_READ, TICKET_DROP, NOW, false },
		{ TICKET_DELIVER, TICKET_DELIVER, INT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ticket in = sample(), out;
		char bytes[TICKET_SIZE_MAX];

		in.purpose = rows[i].made;
		size_t length = ticket_sign(&in, key, bytes, sizeof(bytes));
		assert_int_equal(ticket_verify(span_make(bytes, length), key, rows[i].wanted,
					       rows[i].now, &out),
				 rows[i].good);
	}
}

/* Rightly signed, wrongly formed: the holder of the key may have faults too. */
static void test_strict_form(void **state)
{
	static const struct {
		uint8_t version;
		const char *name;
		size_t name_length;
		bool trailing, good;
	} rows[] = {
		{ 2, "alice", 5, false, true },    { 1, "alice", 5, false, false },
		{ 2, "alice", 5, true, false },    { 2, "ali\0ce", 6, false, false },
		{ 2, "alice\0", 6, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char mac[MAC_SIZE];
		char bytes[TICKET_SIZE_MAX];
		struct wire_writer writer;
		struct ticket out;

		wire_writer_init(&writer, bytes, sizeof(bytes));
		wire_put_u8(&writer, rows[i].version);
		wire_put_u8(&writer, TICKET_READ);
		wire_put_text(&writer, "id");
		wire_put_text(&writer, "corp.example");
		wire_put_span(&writer, span_make(rows[i].name, rows[i].name_length));
		wire_put_u64(&writer, 0);
		wire_put_u64(&writer, 0);
		wire_put_u64(&writer, NOW + 60);
		wire_put_text(&writer, "");
		if (rows[i].trailing)
			wire_put_u8(&writer, 0);
		mac_sha256(span_make(key, sizeof(key)), span_make(bytes, writer.used), mac);
		wire_put_bytes(&writer, mac, 16);
		assert_int_equal(
			ticket_verify(span_make(bytes, writer.used), key, TICKET_READ, NOW, &out),
			rows[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_longest),
		cmocka_unit_test(test_every_bit_counts), cmocka_unit_test(test_purpose_and_time),
		cmocka_unit_test(test_strict_form),
	};

	random_bytes(key, sizeof(key));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
