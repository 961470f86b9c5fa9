/* SPDX-License-Identifier: ISC */
#include "routing/expansion_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"

static struct address address_of(const char *text)
{
	struct address address;
	const char *why;

	assert_true(address_parse(span_text(text), &address, &why));
	return address;
}

static struct expansion sample(void)
{
	struct expansion expansion = { .lists_count = 3, .refusals_count = 1 };
	struct expansion_list *lists = memory_array(3, sizeof(*lists));

	lists[0].count = 2;
	lists[0].members = memory_array(2, sizeof(*lists[0].members));
	lists[0].members[0].address = address_of("alice@corp.example");
	lists[0].members[1].address = address_of("\"b b\"@corp.example");
	lists[0].members[1].via = memory_text("lmtp:[192.0.2.1]:24");
	lists[1].sender = memory_text("owner@corp.example");
	lists[1].count = 1;
	lists[1].members = memory_array(1, sizeof(*lists[1].members));
	lists[1].members[0].address = address_of("c@remote.example");
	lists[2].sender = memory_text("");
	lists[2].members = memory_array(0, sizeof(*lists[2].members));
	expansion.lists = lists;
	expansion.refusals = memory_array(1, sizeof(*expansion.refusals));
	expansion.refusals[0].address = address_of("g@corp.example");
	strcpy(expansion.refusals[0].status, "5.7.1");
	strcpy(expansion.refusals[0].text, "not you");
	return expansion;
}

static void assert_sample(const struct expansion *expansion)
{
	const struct expansion_list *lists = expansion->lists;

	assert_int_equal(expansion->lists_count, 3);
	assert_null(lists[0].sender);
	assert_int_equal(lists[0].count, 2);
	assert_string_equal(lists[0].members[0].address.local, "alice");
	assert_null(lists[0].members[0].via);
	assert_string_equal(lists[0].members[1].address.local, "b b");
	assert_string_equal(lists[0].members[1].via, "lmtp:[192.0.2.1]:24");
	assert_string_equal(lists[1].sender, "owner@corp.example");
	assert_string_equal(lists[1].members[0].address.domain, "remote.example");
	assert_string_equal(lists[2].sender, "");
	assert_int_equal(lists[2].count, 0);
	assert_int_equal(expansion->refusals_count, 1);
	assert_string_equal(expansion->refusals[0].address.local, "g");
	assert_string_equal(expansion->refusals[0].status, "5.7.1");
	assert_string_equal(expansion->refusals[0].text, "not you");
}

static void comes_back(void **state)
{
	struct expansion expansion = sample(), again;
	struct buffer octets = BUFFER_EMPTY;
	int fd = expansion_write_file(&expansion);

	(void)state;
	expansion_write(&expansion, &octets);
	assert_true(expansion_read(buffer_span(&octets), &again));
	assert_sample(&again);
	expansion_clear(&again);
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		assert_true(expansion_read_file(fd, &again));
		assert_sample(&again);
		expansion_clear(&again);
	}
	close(fd);
	expansion_clear(&expansion);
	buffer_clear(&octets);
}

/* Every beginning of it is refused, and every octet more. */
static void wants_all_of_it(void **state)
{
	struct expansion expansion = sample(), again;
	struct buffer octets = BUFFER_EMPTY;

	(void)state;
	expansion_write(&expansion, &octets);
	for (size_t length = 0; length < buffer_used(&octets); length++) {
		assert_false(expansion_read(span_make(buffer_bytes(&octets), length), &again));
		assert_null(again.lists);
	}
	buffer_add(&octets, "", 1);
	assert_false(expansion_read(buffer_span(&octets), &again));
	expansion_clear(&expansion);
	buffer_clear(&octets);
}

static bool passes(struct expansion *expansion)
{
	struct buffer octets = BUFFER_EMPTY;
	struct expansion again;
	bool read;

	expansion_write(expansion, &octets);
	read = expansion_read(buffer_span(&octets), &again);
	expansion_clear(&again);
	buffer_clear(&octets);
	return read;
}

/* What could not be used safely is not let through, whoever wrote it. */
static void looks_at_what_is_in_it(void **state)
{
	struct expansion expansion = sample();
	struct expansion_member *member = &expansion.lists[0].members[1];
	struct expansion_refusal *refusal = &expansion.refusals[0];

	(void)state;
	strcpy(refusal->text, "two\r\nlines");
	assert_false(passes(&expansion));
	strcpy(refusal->text, "caf\xc3\xa9");
	assert_true(passes(&expansion));
	strcpy(refusal->status, "2.0.0");
	assert_false(passes(&expansion));
	strcpy(refusal->status, "4.3.0");
	assert_true(passes(&expansion));
	free(member->via);
	member->via = memory_text("two words");
	assert_false(passes(&expansion));
	free(member->via);
	member->via = NULL;
	assert_true(passes(&expansion));
	member->address.domain[0] = '\0';
	assert_false(passes(&expansion));
	expansion_clear(&expansion);
}

static void reads_sealed_files_only(void **state)
{
	struct expansion again;
	int fd = memfd_create("expansion", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\0\0\0\0\0\0\0\0", 8), 8);
	assert_false(expansion_read_file(fd, &again));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	assert_true(expansion_read_file(fd, &again));
	expansion_clear(&again);
	close(fd);
	assert_false(expansion_read_file(-1, &again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(wants_all_of_it),
		cmocka_unit_test(looks_at_what_is_in_it),
		cmocka_unit_test(reads_sealed_files_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
