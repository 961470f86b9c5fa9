/* SPDX-License-Identifier: ISC */
#include "daemon/maildrop_octets.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/wire.h"

enum { ENTRY_MAX = 128, LENGTH_SIZE = 4 };

static void listing_write(const struct store_maildrop *maildrop, struct buffer *text)
{
	uint32_t count = (uint32_t)store_maildrop_count(maildrop);

	for (uint32_t i = 0; i <= count; i++) {
		struct wire_writer writer;

		wire_writer_init(&writer, buffer_reserve(text, ENTRY_MAX), ENTRY_MAX);
		if (i == 0) {
			wire_put_u32(&writer, count);
		} else {
			wire_put_u64(&writer, store_maildrop_size(maildrop, i));
			wire_put_text(&writer, store_maildrop_uid(maildrop, i));
		}
		if (writer.failed)
			memory_die("a UID is longer than RFC 1939 permits");
		buffer_commit(text, writer.used);
	}
}

static int listing_file(const struct buffer *text)
{
	int fd = memfd_create("listing", MFD_CLOEXEC);

	for (size_t done = 0; fd >= 0 && done < buffer_used(text);) {
		ssize_t written = write(fd, buffer_bytes(text) + done, buffer_used(text) - done);

		if (written > 0) {
			done += (size_t)written;
			continue;
		}
		close(fd);
		fd = -1;
	}
	return fd;
}

bool maildrop_listing(const struct store_maildrop *maildrop, struct buffer *text, struct message_handed *handed,
		      int *fd)
{
	listing_write(maildrop, text);
	if (buffer_used(text) <= MAILDROP_HANDED_MAX) {
		handed->octets = span_make(buffer_bytes(text), buffer_used(text));
		return true;
	}
	*fd = listing_file(text);
	return *fd >= 0;
}

/* False: it does not fit, is not as large as it was, or cannot be had. */
static bool message_read(struct store_maildrop *maildrop, uint32_t number, char *to, size_t room)
{
	uint64_t size = store_maildrop_size(maildrop, number);
	struct store_failure failure;
	enum outcome outcome;
	ssize_t got;
	int fd;

	if (size >= room) /* room for one octet more shows whether the file ends there */
		return false;
	fd = store_maildrop_message(maildrop, number, &outcome, &failure);
	if (fd < 0)
		return false;
	got = pread(fd, to, size + 1, 0);
	close(fd);
	return got >= 0 && (uint64_t)got == size;
}

size_t maildrop_read_ahead(struct store_maildrop *maildrop, uint32_t number, uint32_t wanted,
			   char to[MAILDROP_HANDED_MAX])
{
	size_t count = store_maildrop_count(maildrop), used = 0;

	for (; wanted > 0 && number <= count; wanted--, number++) {
		char *length = to + used, *text = length + LENGTH_SIZE;
		struct wire_writer writer;

		if (MAILDROP_HANDED_MAX - used <= LENGTH_SIZE ||
		    !message_read(maildrop, number, text, MAILDROP_HANDED_MAX - used - LENGTH_SIZE))
			break;
		wire_writer_init(&writer, length, LENGTH_SIZE);
		wire_put_u32(&writer, (uint32_t)store_maildrop_size(maildrop, number));
		used += LENGTH_SIZE + store_maildrop_size(maildrop, number);
	}
	return used;
}
