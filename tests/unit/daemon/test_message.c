/* SPDX-License-Identifier: ISC */
#include "tests/unit/daemon/message_kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 8192 };

static size_t sample(const struct message_kind_row *kind, char memory[ROOM])
{
	struct wire_writer writer;

	wire_writer_init(&writer, memory, ROOM);
	kind->write(&writer);
	assert_false(writer.failed);
	return writer.used;
}

/* From memory of exactly that size, so that a sanitizer sees one octet too many. */
static bool again(const struct message_kind_row *kind, const char *bytes, size_t length,
		  struct wire_writer *writer, char memory[ROOM])
{
	char *exact = malloc(length ? length : 1);
	bool good;

	assert_non_null(exact);
	memcpy(exact, bytes, length);
	wire_writer_init(writer, memory, ROOM);
	good = kind->again(span_make(exact, length), writer);
	free(exact);
	return good;
}

static void round_trips(void **state)
{
	char first[ROOM], second[ROOM];
	struct wire_writer writer;

	(void)state;
	for (size_t i = 0; i < MESSAGE_KINDS; i++) {
		size_t length = sample(&message_kinds[i], first);

		if (!again(&message_kinds[i], first, length, &writer, second))
			fail_msg("%s", message_kinds[i].name);
		assert_int_equal(writer.used, length);
		assert_memory_equal(first, second, length);
	}
}

static void every_truncation_fails(void **state)
{
	char first[ROOM], second[ROOM];
	struct wire_writer writer;

	(void)state;
	for (size_t i = 0; i < MESSAGE_KINDS; i++) {
		size_t length = sample(&message_kinds[i], first);

		for (size_t cut = 0; cut < length; cut++)
			if (again(&message_kinds[i], first, cut, &writer, second))
				fail_msg("%s cut to %zu of %zu", message_kinds[i].name, cut, length);
		first[length] = 0;
		if (again(&message_kinds[i], first, length + 1, &writer, second))
			fail_msg("%s with an octet too many", message_kinds[i].name);
	}
}

/* Whatever one octet becomes, the body is refused or means exactly what it says. */
static void changed_octets(void **state)
{
	char first[ROOM], second[ROOM];
	struct wire_writer writer;

	(void)state;
	for (size_t i = 0; i < MESSAGE_KINDS; i++) {
		size_t length = sample(&message_kinds[i], first);

		for (size_t at = 0; at < length * 256; at++) {
			char kept = first[at / 256];

			first[at / 256] = (char)(at % 256);
			if (again(&message_kinds[i], first, length, &writer, second) &&
			    (writer.used != length || memcmp(first, second, length) != 0))
				fail_msg("%s octet %zu = %zu", message_kinds[i].name, at / 256, at % 256);
			first[at / 256] = kept;
		}
	}
}

static void peers_have_a_role(void **state)
{
	struct message_peer peer = { ROLE_COUNT - 1, 0, 0 };
	struct wire_writer writer;
	char memory[ROOM];

	(void)state;
	for (int more = 0; more < 2; more++) {
		wire_writer_init(&writer, memory, sizeof memory);
		peer.role += (uint32_t)more;
		message_put_peer(&writer, &peer);
		assert_int_equal(message_get_peer(span_make(memory, writer.used), &peer), more == 0);
	}
}

static void names(void **state)
{
	(void)state;
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		assert_true(strlen(role_name((enum role)role)) > 0);
		/* Only the master stays who it was. */
		assert_int_equal(strlen(role_user((enum role)role)) == 0, role == ROLE_MASTER);
	}
	assert_string_equal(role_name(ROLE_FRONTEND), "frontend");
	assert_string_equal(role_user(ROLE_FRONTEND), "front");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips), cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(changed_octets), cmocka_unit_test(peers_have_a_role),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
