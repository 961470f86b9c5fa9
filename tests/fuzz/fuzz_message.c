/* SPDX-License-Identifier: ISC */
/*
 * Bodies of messages between roles: the first octet chooses the kind. What is
 * accepted must, written again, be the same octets, so that two roles cannot
 * understand one packet in two ways.
 */
#include "tests/unit/daemon/message_kinds.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct message_kind_row *kind;
	struct wire_writer writer;
	char *room;

	if (size == 0)
		return 0;
	kind = &message_kinds[data[0] % MESSAGE_KINDS];
	room = malloc(size + 8192);
	assert(room);
	wire_writer_init(&writer, room, size + 8192);
	kind->write(&writer);
	wire_writer_init(&writer, room, size + 8192);
	if (kind->again(span_make(data + 1, size - 1), &writer)) {
		assert(!writer.failed && writer.used == size - 1);
		assert(memcmp(room, data + 1, size - 1) == 0);
	}
	free(room);
	return 0;
}
