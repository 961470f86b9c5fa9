/* SPDX-License-Identifier: ISC */
#include "store_role/maildrop_octets.h"

#include <unistd.h>

#include "base/memory.h"
#include "base/wire.h"
#include "mail/maildrop_entry.h"

enum { HEAD_SIZE = 16, ENTRY_MAX = 8 + 4 + MAILDROP_UID_MAX, LENGTH_SIZE = 4 };
enum { LISTED_MAX = (MAILDROP_HANDED_MAX - HEAD_SIZE) / ENTRY_MAX };

size_t maildrop_listing(struct store_maildrop *maildrop, char to[MAILDROP_HANDED_MAX], int *fd)
{
	size_t count = store_maildrop_count(maildrop), in_file = 0;
	struct wire_writer writer;

	*fd = -1;
	if (count > LISTED_MAX) {
		*fd = store_maildrop_listing(maildrop, LISTED_MAX, &in_file);
		if (*fd < 0)
			return 0;
	}
	wire_writer_init(&writer, to, MAILDROP_HANDED_MAX);
	wire_put_u64(&writer, store_maildrop_octets(maildrop));
	wire_put_u32(&writer, (uint32_t)in_file);
	wire_put_u32(&writer, (uint32_t)(count - in_file));
	for (size_t number = in_file + 1; number <= count; number++) {
		wire_put_u64(&writer, store_maildrop_size(maildrop, number));
		wire_put_text(&writer, store_maildrop_uid(maildrop, number));
	}
	if (writer.failed)
		memory_die("a UID is longer than RFC 1939 permits");
	return writer.used;
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
