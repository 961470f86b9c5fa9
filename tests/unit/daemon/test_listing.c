/* SPDX-License-Identifier: ISC */
#include "daemon/listing.h"

#include "tests/unit/store/store_help.h"

#include <sys/mman.h>

#include "base/wire.h"
#include "store_role/maildrop_octets.h"

enum { SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };

struct row {
	uint64_t size;
	const char *uid;
};

static const struct row rows[] = { { 0, "a" }, { UINT64_MAX, "0123456789abcdef" }, { 10240, "~" }, { 7, "d" } };

/* The first `count` rows, and `spare` octets. */
static int file_of(size_t count, size_t spare, int seals)
{
	int fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	for (size_t i = 0; i < count; i++) {
		struct maildrop_entry entry = { .size = rows[i].size };

		strcpy(entry.uid, rows[i].uid);
		assert_int_equal(write(fd, &entry, sizeof entry), sizeof entry);
	}
	assert_int_equal(ftruncate(fd, (off_t)(count * sizeof(struct maildrop_entry) + spare)), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static struct span packet_of(char *memory, size_t size, uint32_t in_file, uint32_t behind, const struct row *at,
			     size_t count)
{
	struct wire_writer writer;

	wire_writer_init(&writer, memory, size);
	wire_put_u64(&writer, 4711);
	wire_put_u32(&writer, in_file);
	wire_put_u32(&writer, behind);
	for (size_t i = 0; i < count; i++) {
		wire_put_u64(&writer, at[i].size);
		wire_put_text(&writer, at[i].uid);
	}
	assert_false(writer.failed);
	return span_make(memory, writer.used);
}

static void read_back(void **state)
{
	struct listing listing = { 0 };
	char memory[200];

	(void)state;
	for (uint32_t count = 0; count <= 4; count++) {
		for (uint32_t mapped = 0; mapped <= count; mapped++) {
			int fd = mapped > 0 ? file_of(mapped, mapped == 2 ? 80 : 0, SEALS) : -1;

			assert_true(listing_read(&listing,
						 packet_of(memory, sizeof memory, mapped, count - mapped,
							   rows + mapped, count - mapped),
						 fd));
			if (fd >= 0)
				assert_int_equal(close(fd), -1); /* it was closed */
			memset(memory, 0xff, sizeof memory);	 /* and nothing points into the packet */
			assert_int_equal(listing.maildrop.count, count);
			assert_int_equal(listing.maildrop.octets, 4711);
			for (uint32_t i = 0; i < count; i++) {
				const struct maildrop_entry *entry =
					listing.maildrop.entry(&listing.maildrop, i + 1);

				assert_true(entry->size == rows[i].size);
				assert_string_equal(entry->uid, rows[i].uid);
			}
			listing_clear(&listing);
			assert_int_equal(listing.maildrop.count, 0);
		}
	}
	listing_clear(&listing); /* twice is fine */
}

static void malformed_packet(void **state)
{
	static const struct row nameless[] = { { 1, "aa" }, { 2, "" } };
	static const struct row long_name[] = {
		{ 1, "0123456789012345678901234567890123456789012345678901234567890123456789012" }
	};
	struct listing listing;
	char memory[200];
	struct span good = packet_of(memory, sizeof memory, 0, 2, rows, 2);

	(void)state;
	for (size_t cut = 0; cut < good.length; cut++)
		if (listing_read(&listing, span_make(good.at, cut), -1))
			fail_msg("cut to %zu", cut);
	assert_false(listing_read(&listing, span_make(memory, good.length + 1), -1));
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 0, 1, rows, 2), -1));
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 0, 3, rows, 2), -1));
	/* A count that would ask for more memory than the packet could ever fill. */
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 0, UINT32_MAX, rows, 2), -1));
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 0, 2, nameless, 2), -1));
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 0, 1, long_name, 1), -1));
}

static void malformed_file(void **state)
{
	static const struct {
		size_t there, spare;
		int seals;
		uint32_t said;
	} cases[] = {
		{ 2, 0, SEALS, 3 },		    /* entries behind the end */
		{ 2, 79, SEALS, 3 },		    /* half of one */
		{ 2, 0, SEALS, UINT32_MAX },	    /* far behind the end */
		{ 2, 0, SEALS, 0 },		    /* a file that nothing is said of */
		{ 2, 0, 0, 2 },			    /* it might change */
		{ 2, 0, F_SEAL_WRITE, 2 },	    /* it might end */
		{ 2, 0, F_SEAL_SHRINK, 2 },	    /* it might change */
		{ 2, 0, F_SEAL_FUTURE_WRITE, 2 },
	};
	struct listing listing;
	char memory[200];
	int pipes[2];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fd = file_of(cases[i].there, cases[i].spare, cases[i].seals);

		if (listing_read(&listing, packet_of(memory, sizeof memory, cases[i].said, 1, rows, 1), fd))
			fail_msg("case %zu", i);
		assert_int_equal(close(fd), -1);
	}
	/* The descriptor was lost on the way, or is not a file at all. */
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 2, 1, rows, 1), -1));
	assert_int_equal(pipe(pipes), 0);
	assert_false(listing_read(&listing, packet_of(memory, sizeof memory, 2, 1, rows, 1), pipes[0]));
	close(pipes[1]);
}

static void mailbox_add(const struct place *place, unsigned from, unsigned to)
{
	char path[512];

	for (unsigned i = from; i < to; i++) {
		snprintf(path, sizeof path, "%s/corp.example/alice/cur/%u.M%uP1Q1.host,S=4,W=%u:2,S", place->mail,
			 1700000000 + i, i, i + 1);
		file_make(path, "a\r\n");
	}
}

static void listed_as_it_is(struct place *place, const struct store_mailbox *to, bool file)
{
	static char memory[MAILDROP_HANDED_MAX];
	struct store_maildrop *maildrop = drop_open(place->store, to);
	struct listing listing;
	uint64_t octets = 0;
	size_t length;
	int fd;

	length = maildrop_listing(maildrop, memory, &fd);
	assert_true(length > 0 && length <= MAILDROP_HANDED_MAX);
	assert_int_equal(fd >= 0, file);
	if (fd >= 0)
		assert_int_equal(fcntl(fd, F_GET_SEALS), SEALS | F_SEAL_SEAL);
	assert_true(listing_read(&listing, span_make(memory, length), fd));
	assert_int_equal(listing.maildrop.count, store_maildrop_count(maildrop));
	for (size_t i = 1; i <= listing.maildrop.count; i++) {
		const struct maildrop_entry *entry = listing.maildrop.entry(&listing.maildrop, i);

		assert_true(entry->size == store_maildrop_size(maildrop, i));
		assert_string_equal(entry->uid, store_maildrop_uid(maildrop, i));
		octets += entry->size;
	}
	assert_int_equal(listing.maildrop.octets, octets);
	store_maildrop_close(maildrop);
	/* What the frontend maps stays, whatever becomes of the maildrop. */
	if (listing.maildrop.count > 0)
		assert_int_equal(listing.maildrop.entry(&listing.maildrop, 1)->size, 1);
	listing_clear(&listing);
}

/* What the store hands over is what the frontend reads, at every size, and after more has come. */
static void from_store(void **state)
{
	static const struct {
		unsigned messages;
		bool file;
	} sizes[] = { { 0, false }, { 1, false }, { 700, false }, { 1500, true }, { 1501, true }, { 2500, true } };
	struct place *place = *state;
	struct store_mailbox to = who("0a0a0a0a1111", "corp.example", "alice", 0);

	store_maildrop_close(drop_open(place->store, &to));
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		mailbox_add(place, i > 0 ? sizes[i - 1].messages : 0, sizes[i].messages);
		listed_as_it_is(place, &to, sizes[i].file);
		listed_as_it_is(place, &to, sizes[i].file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_back),
		cmocka_unit_test(malformed_packet),
		cmocka_unit_test(malformed_file),
		cmocka_unit_test_setup_teardown(from_store, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
