/* SPDX-License-Identifier: ISC */
#include "store/drop_known.h"

#include "base/memory.h"
#include "mail/maildrop_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE 800 /* entries written at once */

static void listing_drop(struct drop_known *known)
{
	if (known->listing >= 0)
		close(known->listing);
	known->listing = -1;
	known->listed = known->listing_octets = 0;
}

void drop_known_clear(struct drop_known *known)
{
	int error = errno;

	listing_drop(known);
	drop_list_clear(&known->list);
	*known = (struct drop_known)DROP_KNOWN_NOTHING;
	errno = error;
}

void drop_known_shrink(struct drop_known *known)
{
	struct drop_list *list = &known->list;

	if (list->count == 0 || list->size - list->count <= list->count / 4 + 16)
		return;
	list->messages = memory_grow(list->messages, list->count, sizeof *list->messages);
	list->size = list->count;
}

size_t drop_known_memory(const struct drop_known *known)
{
	return sizeof *known + drop_list_memory(&known->list) + known->listing_octets;
}

void drop_known_sum(struct drop_known *known)
{
	known->octets = 0;
	for (size_t i = 0; i < known->list.count; i++)
		known->octets += known->list.messages[i].wire;
}

void drop_known_remove_gone(struct drop_known *known)
{
	size_t first = drop_list_remove_gone(&known->list);

	if (known->listed > first)
		known->listed = first;
	drop_known_sum(known);
}

static bool write_whole(int to, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t put = write(to, at, length);

		if (put <= 0) {
			errno = put == 0 ? ENOSPC : errno;
			return false;
		}
		at += put;
		length -= (size_t)put;
	}
	return true;
}

static bool entries_write(const struct drop_list *list, int to)
{
	struct maildrop_entry *entries = memory_array(PIECE, sizeof *entries);
	size_t used = 0;
	bool written = true;

	for (size_t i = 0; written && i < list->count; i++) {
		entries[used] = (struct maildrop_entry){ .size = list->messages[i].wire };
		if (!span_copy(span_text(list->messages[i].uid), entries[used].uid,
			       MAILDROP_UID_MAX + 1))
			memory_die("a UID is longer than RFC 1939 permits");
		if (++used == PIECE || i + 1 == list->count) {
			written = write_whole(to, entries, used * sizeof *entries);
			used = 0;
		}
	}
	free(entries);
	return written;
}

int drop_known_list(struct drop_known *known, size_t behind)
{
	int fd, error;

	if (known->listing >= 0 && known->list.count - known->listed <= behind)
		return 0;
	listing_drop(known);
	fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	/* A frontend maps it for as long as it likes: it must not change or end under it, nor by
	 * it. */
	if (!entries_write(&known->list, fd) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	known->listing = fd;
	known->listed = known->list.count;
	known->listing_octets = known->listed * sizeof(struct maildrop_entry);
	return 0;
}
