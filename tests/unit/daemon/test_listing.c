/* SPDX-License-Identifier: ISC */
#include "daemon/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/wire.h"

struct row {
	uint64_t size;
	const char *uid;
};

static int file_of(const void *bytes, size_t length)
{
	int fd = memfd_create("listing", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static size_t put_listing(char *memory, size_t size, uint32_t count, const struct row *rows, size_t rows_count)
{
	struct wire_writer writer;

	wire_writer_init(&writer, memory, size);
	wire_put_u32(&writer, count);
	for (size_t i = 0; i < rows_count; i++) {
		wire_put_u64(&writer, rows[i].size);
		wire_put_text(&writer, rows[i].uid);
	}
	assert_false(writer.failed);
	return writer.used;
}

static void read_back(void **state)
{
	static const struct row rows[] = { { 0, "a" }, { UINT64_MAX, "0123456789abcdef" }, { 10240, "~" } };
	struct listing listing = { 0 };
	char memory[200];

	(void)state;
	for (uint32_t count = 0; count <= 3; count++) {
		size_t length = put_listing(memory, sizeof memory, count, rows, count);
		int fd = file_of(memory, length);

		assert_true(listing_copy(&listing, span_make(memory, length)));
		assert_int_equal(listing.maildrop.count, count);
		listing_clear(&listing);
		assert_true(listing_read(&listing, fd));
		assert_int_equal(close(fd), -1); /* it was closed */
		assert_int_equal(listing.maildrop.count, count);
		for (uint32_t i = 0; i < count; i++) {
			assert_true(listing.maildrop.messages[i].size == rows[i].size);
			assert_string_equal(listing.maildrop.messages[i].uid, rows[i].uid);
		}
		listing_clear(&listing);
		assert_int_equal(listing.maildrop.count, 0);
	}
	listing_clear(&listing); /* twice is fine */
}

static void malformed(void **state)
{
	static const struct row good[] = { { 1, "aa" }, { 2, "bb" } };
	static const struct row nameless[] = { { 1, "aa" }, { 2, "" } };
	struct listing listing;
	char memory[200];
	size_t length = put_listing(memory, sizeof memory, 2, good, 2);

	(void)state;
	for (size_t cut = 0; cut < length; cut++)
		if (listing_read(&listing, file_of(memory, cut)))
			fail_msg("cut to %zu", cut);
	memory[length] = 'x';
	assert_false(listing_read(&listing, file_of(memory, length + 1)));
	length = put_listing(memory, sizeof memory, 1, good, 2);
	assert_false(listing_read(&listing, file_of(memory, length)));
	length = put_listing(memory, sizeof memory, 3, good, 2);
	assert_false(listing_read(&listing, file_of(memory, length)));
	/* A count that would ask for more memory than the file could ever fill. */
	length = put_listing(memory, sizeof memory, UINT32_MAX, good, 2);
	assert_false(listing_read(&listing, file_of(memory, length)));
	length = put_listing(memory, sizeof memory, 2, nameless, 2);
	assert_false(listing_read(&listing, file_of(memory, length)));
}

static void large(void **state)
{
	enum { MANY = 100000 };
	static char memory[MANY * 40 + 4];
	struct wire_writer writer;
	struct listing listing;
	char uid[24];

	(void)state;
	wire_writer_init(&writer, memory, sizeof memory);
	wire_put_u32(&writer, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(uid, sizeof uid, "unique-%u", i);
		wire_put_u64(&writer, i);
		wire_put_text(&writer, uid);
	}
	assert_true(listing_read(&listing, file_of(memory, writer.used)));
	assert_int_equal(listing.maildrop.count, MANY);
	assert_string_equal(listing.maildrop.messages[0].uid, "unique-0");
	assert_string_equal(listing.maildrop.messages[MANY - 1].uid, "unique-99999");
	listing_clear(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_back),
		cmocka_unit_test(malformed),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
