/* SPDX-License-Identifier: ISC */
/*
 * A file of the queue: the message ("x\r\n", three octets) and whatever follows it. What is
 * read, written as it would have been added, and read again, is the same.
 */
#include "queue/record.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(struct buffer *to, const struct queue_message *message)
{
	record_envelope(to, message->id, message->server, message->arrived, &message->envelope);
	record_held(to, message->held);
	for (size_t i = 0; i < message->envelope.count; i++) {
		record_state(to, i, &message->recipients[i]);
		if (message->recipients[i].delay_told)
			record_mark(to, "told", i);
		record_mark(to, message->recipients[i].owed ? "owed" : "paid", i);
	}
}

static struct queue_message *read_as_file(const void *records, size_t length)
{
	int fd = memfd_create("queue", MFD_CLOEXEC);
	struct queue_message *message;

	assert(fd >= 0 && write(fd, "x\r\n", 3) == 3);
	assert(write(fd, records, length) == (ssize_t)length);
	message = queue_message_read(fd, "id,S=3");
	close(fd);
	return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_message *message = read_as_file(data, size), *again;
	struct buffer first = BUFFER_EMPTY, second = BUFFER_EMPTY;

	if (message == NULL)
		return 0;
	write_all(&first, message);
	again = read_as_file(buffer_bytes(&first), buffer_used(&first));
	assert(again != NULL);
	write_all(&second, again);
	assert(span_equal(buffer_span(&first), buffer_span(&second)));
	buffer_clear(&first);
	buffer_clear(&second);
	queue_message_free(message);
	queue_message_free(again);
	return 0;
}
