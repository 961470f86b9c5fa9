/* SPDX-License-Identifier: ISC */
/* Sizes of messages whose names do not tell them. */
#include "store/maildrop_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is measured is remembered by mailbox and unique name: a Maildir file never changes. */
static struct span wire_key(const struct store_maildrop *maildrop,
			    const struct drop_message *message, char key[MESSAGE_PATH_SIZE + 48])
{
	int length = snprintf(key, MESSAGE_PATH_SIZE + 48, "%llx %llx %s",
			      (unsigned long long)maildrop->mailbox.device,
			      (unsigned long long)maildrop->mailbox.inode, message->unique);

	return span_make(key, (size_t)length);
}

static bool wire_remembered(struct store_maildrop *maildrop, struct drop_message *message)
{
	char key[MESSAGE_PATH_SIZE + 48];
	struct wire_size *size;

	pthread_mutex_lock(&maildrop->store->memory);
	size = table_find(maildrop->store->wires, wire_key(maildrop, message, key), clock_ms());
	if (size != NULL) {
		message->wire = size->wire;
		message->octets = size->octets;
	}
	pthread_mutex_unlock(&maildrop->store->memory);
	return size != NULL;
}

static void wire_remember(struct store_maildrop *maildrop, const struct drop_message *message)
{
	struct wire_size *size = memory_new(sizeof *size);
	char key[MESSAGE_PATH_SIZE + 48];

	size->wire = message->wire;
	size->octets = message->octets;
	pthread_mutex_lock(&maildrop->store->memory);
	table_put(maildrop->store->wires, wire_key(maildrop, message, key), size, INT64_MAX);
	pthread_mutex_unlock(&maildrop->store->memory);
}

int maildrop_measure(struct store_maildrop *maildrop, struct drop_message *message)
{
	struct wire_size size;
	int fd, result;

	message->has_octets = message->has_wire = true;
	if (wire_remembered(maildrop, message))
		return 0;
	fd = maildrop_open_file(maildrop, message);
	if (fd < 0) {
		message->gone = errno == ENOENT || errno == ELOOP;
		return message->gone ? 0 : -1;
	}
	result = wire_measure(fd, &size);
	if (result == 0) {
		message->octets = size.octets;
		message->wire = size.wire;
		wire_remember(maildrop, message);
	}
	close(fd);
	return result;
}
