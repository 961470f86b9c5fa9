/* SPDX-License-Identifier: ISC */
/* What no table of tests/unit/daemon/test_message.c tells: which field is where, and the limits. */
#include "daemon/message_resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "io/packet.h"

static void fields(void **state)
{
	static const struct message_hosts sent = { "a.example", 1, 587, 1, 0 };
	struct message_hosts got;
	struct wire_writer writer;
	char memory[512];

	(void)state;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_hosts(&writer, &sent);
	assert_true(message_get_hosts(span_make(memory, writer.used), &got));
	assert_string_equal(got.domain, "a.example");
	assert_int_equal(got.host, 1);
	assert_int_equal(got.port, 587);
	assert_int_equal(got.dane, 1);
	assert_int_equal(got.mta_sts, 0);
}

static struct message_hosts_found *found_new(uint32_t hosts, uint32_t addresses, uint32_t records)
{
	struct message_hosts_found *found = memory_new(sizeof *found);

	found->count = hosts;
	for (uint32_t i = 0; i < hosts; i++) {
		memset(found->hosts[i].name, 'n', 253);
		found->hosts[i].addresses_count = addresses;
		found->hosts[i].tlsa_count = records;
		for (uint32_t j = 0; j < records; j++)
			found->hosts[i].tlsa[j] = (struct hosts_tlsa){
				3, 1, 1, span_text("0123456789abcdef0123456789abcdef")
			};
	}
	return found;
}

/* All that is permitted fits into one packet, where records are digests. */
static void largest(void **state)
{
	static char memory[PACKET_BODY_MAX];
	struct message_hosts_found *found =
		found_new(HOSTS_MAX, HOSTS_ADDRESSES_MAX, HOSTS_TLSA_MAX);
	struct message_hosts_found *got = memory_new(sizeof *got);
	struct wire_writer writer;

	(void)state;
	found->patterns_count = HOSTS_MAX;
	for (uint32_t i = 0; i < HOSTS_MAX; i++)
		memset(found->patterns[i], 'p', 253);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_hosts_found(&writer, found);
	assert_false(writer.failed);
	assert_true(message_get_hosts_found(span_make(memory, writer.used), got));
	assert_int_equal(got->hosts[HOSTS_MAX - 1].tlsa_count, HOSTS_TLSA_MAX);
	assert_int_equal(got->hosts[HOSTS_MAX - 1].tlsa[HOSTS_TLSA_MAX - 1].data.length, 32);
	free(found);
	free(got);
}

static void over_the_limits(void **state)
{
	static char memory[PACKET_BODY_MAX];
	static const uint32_t rows[][3] = { { HOSTS_MAX, 1, 1 },
					    { 1, HOSTS_ADDRESSES_MAX, 1 },
					    { 1, 1, HOSTS_TLSA_MAX } };
	struct message_hosts_found *got = memory_new(sizeof *got);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct message_hosts_found *found = found_new(rows[i][0], rows[i][1], rows[i][2]);
		struct wire_writer writer;
		size_t used;

		wire_writer_init(&writer, memory, sizeof memory);
		message_put_hosts_found(&writer, found);
		used = writer.used;
		assert_true(message_get_hosts_found(span_make(memory, used), got));
		/* The number that stands at its limit, one higher. */
		for (size_t at = 0; at + 4 <= used; at++)
			if (memcmp(memory + at, &rows[i][i], 4) == 0) {
				memory[at]++;
				assert_false(message_get_hosts_found(span_make(memory, used), got));
				break;
			}
		free(found);
	}
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(largest),
		cmocka_unit_test(over_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
