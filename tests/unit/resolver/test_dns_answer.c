/* SPDX-License-Identifier: ISC */
#include "resolver/dns_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- packets, put together ---- */

static unsigned char packet[4096];
static size_t used;

static void put(const void *bytes, size_t count)
{
	assert_true(used + count <= sizeof packet);
	memcpy(packet + used, bytes, count);
	used += count;
}

static void put_u16(unsigned value)
{
	put((unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value }, 2);
}

static void put_u32(uint32_t value)
{
	put_u16(value >> 16);
	put_u16(value & 0xffff);
}

static void put_name(const char *name)
{
	while (*name) {
		size_t length = strcspn(name, ".");
		unsigned char octet = (unsigned char)length;

		put(&octet, 1);
		put(name, length);
		name += length + (name[length] == '.');
	}
	put("", 1);
}

/* A header with these counts; the question is `name`, at offset 12. */
static void begin(unsigned code, unsigned answers, unsigned authorities, const char *name,
		  unsigned type)
{
	used = 0;
	put_u16(7);
	put_u16(0x8180 | code);
	put_u16(1);
	put_u16(answers);
	put_u16(authorities);
	put_u16(0);
	put_name(name);
	put_u16(type);
	put_u16(1);
}

/* Name (NULL: a pointer to the question's), type, TTL; then the data, whose length is put by
 * end_record. */
static size_t begin_record(const char *name, unsigned type, uint32_t ttl)
{
	if (name)
		put_name(name);
	else
		put_u16(0xc00c);
	put_u16(type);
	put_u16(1);
	put_u32(ttl);
	put_u16(0);
	return used;
}

static void end_record(size_t data)
{
	packet[data - 2] = (unsigned char)((used - data) >> 8);
	packet[data - 1] = (unsigned char)(used - data);
}

static void put_record(const char *name, unsigned type, uint32_t ttl, const void *data,
		       size_t length)
{
	size_t at = begin_record(name, type, ttl);

	put(data, length);
	end_record(at);
}

static void put_alias(const char *name, const char *target, uint32_t ttl)
{
	size_t at = begin_record(name, DNS_CNAME, ttl);

	put_name(target);
	end_record(at);
}

/* From memory of exactly that size, so that a sanitizer sees one octet too many. */
static bool parse_first(size_t length, const char *name, enum dns_type type,
			struct dns_answer *answer)
{
	unsigned char *exact = malloc(length ? length : 1);
	bool good;

	assert_non_null(exact);
	memcpy(exact, packet, length);
	good = dns_answer_parse(span_make(exact, length), name, type, answer);
	free(exact);
	return good;
}

static void parse(const char *name, enum dns_type type, struct dns_answer *answer)
{
	assert_true(parse_first(used, name, type, answer));
}

/* ---- tests ---- */

static void exchanges(void **state)
{
	struct dns_answer answer;
	size_t at;

	(void)state;
	begin(0, 3, 0, "Example.com", DNS_MX);
	at = begin_record(NULL, DNS_MX, 300);
	put_u16(10);
	put("\3MX1", 4);
	put_u16(0xc00c);
	end_record(at);
	at = begin_record(NULL, DNS_MX, 200);
	put_u16(20);
	put_name("a b.example.com");
	end_record(at);
	at = begin_record(NULL, DNS_MX, 400);
	put_u16(0);
	put_name("");
	end_record(at);
	parse("example.com", DNS_MX, &answer);
	assert_int_equal(answer.count, 3);
	assert_string_equal(answer.records[0].name, "mx1.example.com");
	assert_int_equal(answer.records[0].preference, 10);
	assert_null(answer.records[1].name);
	assert_string_equal(answer.records[2].name, "");
	assert_int_equal(answer.ttl, 200);
	assert_false(answer.alias);
	assert_string_equal(answer.canonical, "example.com");
	for (size_t cut = 0; cut < used; cut++) {
		struct dns_answer other;

		assert_false(parse_first(cut, "example.com", DNS_MX, &other));
	}
	dns_answer_clear(&answer);
}

static void aliases(void **state)
{
	struct dns_answer answer;

	(void)state;
	/* In any order; records of others are not looked at. */
	begin(0, 4, 0, "a.example", DNS_A);
	put_record("c.example", DNS_A, 50, "\x0a\0\0\1", 4);
	put_alias("b.example", "c.example", 40);
	put_alias(NULL, "b.example", 30);
	put_record("d.example", DNS_A, 5, "\x0a\0\0\2", 4);
	parse("a.example", DNS_A, &answer);
	assert_int_equal(answer.count, 1);
	assert_memory_equal(answer.records[0].data.at, "\x0a\0\0\1", 4);
	assert_true(answer.alias);
	assert_string_equal(answer.canonical, "c.example");
	assert_int_equal(answer.ttl, 30);
	dns_answer_clear(&answer);
	/* Asked for itself. */
	parse("a.example", DNS_CNAME, &answer);
	assert_int_equal(answer.count, 1);
	assert_false(answer.alias);
	dns_answer_clear(&answer);
	/* Going round. */
	begin(0, 2, 0, "a.example", DNS_A);
	put_alias("a.example", "b.example", 30);
	put_alias("b.example", "a.example", 30);
	parse("a.example", DNS_A, &answer);
	assert_int_equal(answer.count, 0);
	dns_answer_clear(&answer);
	/* To a name that no host has. */
	begin(0, 1, 0, "a.example", DNS_A);
	put_alias("a.example", "b!.example", 30);
	parse("a.example", DNS_A, &answer);
	assert_string_equal(answer.canonical, "");
	dns_answer_clear(&answer);
}

static void texts(void **state)
{
	struct dns_answer answer;

	(void)state;
	begin(0, 2, 0, "_mta-sts.example", DNS_TXT);
	put_record(NULL, DNS_TXT, 60, "\x03v=S\0\x05TSv1;", 11);
	put_record(NULL, DNS_TXT, 60, "", 0);
	parse("_mta-sts.example", DNS_TXT, &answer);
	assert_int_equal(answer.count, 2);
	assert_true(span_is(answer.records[0].data, "v=STSv1;"));
	assert_int_equal(answer.records[1].data.length, 0);
	dns_answer_clear(&answer);
	begin(0, 1, 0, "_mta-sts.example", DNS_TXT);
	put_record(NULL, DNS_TXT, 60, "\x09v=S", 4);
	assert_false(parse_first(used, "_mta-sts.example", DNS_TXT, &answer));
}

static void absence(void **state)
{
	static const struct {
		unsigned code;
		uint32_t ttl, minimum, wanted;
	} rows[] = {
		{ DNS_NXDOMAIN, 300, 60, 60 },
		{ DNS_NOERROR, 30, 60, 30 },
		{ DNS_NOERROR, 0x80000001, 60, 0 },
		{ DNS_NXDOMAIN, 300, 0, 0 },
	};
	struct dns_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t at;

		begin(rows[i].code, 0, 1, "a.example", DNS_MX);
		at = begin_record("example", DNS_SOA, rows[i].ttl);
		put_name("ns.example");
		put_name("x.example");
		for (int j = 0; j < 4; j++)
			put_u32(1000);
		put_u32(rows[i].minimum);
		end_record(at);
		parse("a.example", DNS_MX, &answer);
		assert_int_equal(answer.code, rows[i].code);
		assert_int_equal(answer.count, 0);
		assert_int_equal(answer.ttl, rows[i].wanted);
		dns_answer_clear(&answer);
	}
	begin(DNS_NXDOMAIN, 0, 0, "a.example", DNS_MX);
	parse("a.example", DNS_MX, &answer);
	assert_int_equal(answer.ttl, 60);
}

static void malformed(void **state)
{
	struct dns_answer answer;
	size_t at;

	(void)state;
	begin(0, 1, 0, "a.example", DNS_A);
	put_record(NULL, DNS_A, 60, "\x0a\0\0", 3);
	assert_false(parse_first(used, "a.example", DNS_A, &answer));
	begin(0, 1, 0, "a.example", DNS_AAAA);
	put_record(NULL, DNS_AAAA, 60, "\x0a\0\0\1", 4);
	assert_false(parse_first(used, "a.example", DNS_AAAA, &answer));
	/* A pointer to itself. */
	begin(0, 1, 0, "a.example", DNS_MX);
	at = begin_record(NULL, DNS_MX, 60);
	put_u16(10);
	put_u16(0xc000u | (unsigned)(at + 2));
	end_record(at);
	assert_false(parse_first(used, "a.example", DNS_MX, &answer));
	/* A name that ends behind its record. */
	begin(0, 2, 0, "a.example", DNS_MX);
	at = begin_record(NULL, DNS_MX, 60);
	put_u16(10);
	put("\2m", 2);
	end_record(at);
	put_record(NULL, DNS_MX, 60, "\0\1\0", 3);
	assert_false(parse_first(used, "a.example", DNS_MX, &answer));
	/* A label of a reserved kind, and a name that is too long. */
	begin(0, 1, 0, "a.example", DNS_A);
	put("\x80", 1);
	put_record("x", DNS_A, 60, "\x0a\0\0\1", 4);
	assert_false(parse_first(used, "a.example", DNS_A, &answer));
	begin(0, 1, 0, "a.example", DNS_A);
	for (int i = 0; i < 30; i++)
		put("\x0c"
		    "abcdefghijkl",
		    13);
	put_record("x", DNS_A, 60, "\x0a\0\0\1", 4);
	assert_false(parse_first(used, "a.example", DNS_A, &answer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges), cmocka_unit_test(aliases),   cmocka_unit_test(texts),
		cmocka_unit_test(absence),   cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
