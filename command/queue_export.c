/* SPDX-License-Identifier: ISC */
/* `postern queue export ID`: the message as it will go out, to standard output. */
#include "command/queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct export
{
	bool found, good;
};

static bool export_one(void *context, const struct queue_message *message, int fd)
{
	struct export *export = context;
	char octets[65536];
	uint64_t offset = 0;

	export->found = true;
	while (offset < message->size) {
		size_t wanted = message->size - offset < sizeof octets
					? (size_t)(message->size - offset)
					: sizeof octets;
		ssize_t count = pread(fd, octets, wanted, (off_t)offset);

		if (count <= 0 || fwrite(octets, 1, (size_t)count, stdout) != (size_t)count)
			break;
		offset += (uint64_t)count;
	}
	export->good = offset == message->size && fflush(stdout) == 0;
	if (!export->good)
		fprintf(stderr, "postern: %s was not written whole: %s\n", message->id,
			strerror(errno));
	return false;
}

int queue_export(const struct command_options *options, int argc, char **argv)
{
	struct queue_filter filter = { .ids = argv + 1, .ids_count = 1 };
	struct export export = { .found = false };

	if (argc != 2)
		return COMMAND_USAGE;
	if (!queue_walk(options, &filter, export_one, &export))
		return COMMAND_FAILED;
	if (!export.found)
		fprintf(stderr, "postern: no such message waits (postern queue list)\n");
	return export.found && export.good ? COMMAND_DONE : COMMAND_FAILED;
}
