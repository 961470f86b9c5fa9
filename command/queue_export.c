/* SPDX-License-Identifier: ISC */
/* `postern queue export ID`: the message as it waits, to standard output. */
#include "command/queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct export
{
	bool good;
};

static bool export_one(void *context, const struct queue_seen *seen)
{
	const struct queue_message *message = seen->message;
	struct export *export = context;
	char octets[65536];
	uint64_t offset = 0;

	while (offset < message->size) {
		size_t wanted = message->size - offset < sizeof octets
					? (size_t)(message->size - offset)
					: sizeof octets;
		ssize_t count = pread(seen->fd, octets, wanted, (off_t)offset);

		if (count <= 0 || fwrite(octets, 1, (size_t)count, stdout) != (size_t)count)
			break;
		offset += (uint64_t)count;
	}
	export->good = offset == message->size && fflush(stdout) == 0;
	if (!export->good)
		fprintf(stderr, "postern: %s was not written whole: %s\n", message->id,
			strerror(errno));
	return export->good;
}

int queue_export(const struct command_options *options, int argc, char **argv)
{
	struct queue_filter filter = { .ids = argv + 1, .ids_count = 1 };
	struct export export = { .good = false };
	size_t count;
	bool good;

	if (argc != 2)
		return COMMAND_USAGE;
	good = queue_walk(options, &filter, export_one, &export, &count);
	return queue_found(good && (count == 0 || export.good), &filter, count);
}
