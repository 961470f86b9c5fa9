/* SPDX-License-Identifier: ISC */
/* The files of messages: where they are, what is behind the message. */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define RECORDS_MAX (256u << 20)

unsigned file_directory_of(const char *id)
{
	return (unsigned)path_hash(span_text(id)) % QUEUE_SPREAD;
}

int place_directory(const struct place *place)
{
	return place->server->directories[file_directory_of(place->id)];
}

int place_open(const struct place *place, int flags)
{
	char name[RECORD_NAME_SIZE];

	record_name(place->id, place->size, name);
	return openat(place_directory(place), name, flags | O_NOFOLLOW | O_CLOEXEC);
}

bool place_remove(const struct place *place)
{
	char name[RECORD_NAME_SIZE];

	record_name(place->id, place->size, name);
	return unlinkat(place_directory(place), name, 0) == 0 || errno == ENOENT;
}

int place_sync(const struct place *place)
{
	const struct stat_id *id = &place->server->ids[file_directory_of(place->id)];

	return sync_directory(place->queue->sync, place_directory(place), (dev_t)id->device,
			      (ino_t)id->inode);
}

static bool is_torn(int fd, off_t size)
{
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

bool file_append(int fd, struct span records)
{
	struct buffer all = BUFFER_EMPTY;
	struct stat status;
	int error = 0;
	ssize_t put;

	if (records.length == 0)
		return true;
	if (fstat(fd, &status) != 0)
		return false;
	if (is_torn(fd, status.st_size))
		buffer_add_text(&all, "\n");
	buffer_add(&all, records.at, records.length);
	put = pwrite(fd, buffer_bytes(&all), buffer_used(&all), status.st_size);
	if (put != (ssize_t)buffer_used(&all)) {
		error = put < 0 ? errno : ENOSPC;
		(void)!ftruncate(fd, status.st_size);
	}
	buffer_clear(&all);
	errno = error;
	return error == 0;
}

/* All that stands behind the message; NULL with errno. */
static char *records_read(int fd, uint64_t size, size_t *length)
{
	struct stat status;
	size_t used = 0;
	ssize_t got = 1;
	char *records;

	errno = EINVAL;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (uint64_t)status.st_size <= size || (uint64_t)status.st_size - size > RECORDS_MAX)
		return NULL;
	*length = (size_t)((uint64_t)status.st_size - size);
	records = memory_new(*length);
	while (used < *length && got > 0) {
		got = pread(fd, records + used, *length - used, (off_t)(size + used));
		used += got > 0 ? (size_t)got : 0;
	}
	if (got >= 0) {
		*length = used;
		return records;
	}
	free(records);
	return NULL;
}

struct queue_message *queue_message_read(int fd, const char *name)
{
	struct queue_message *message = memory_new(sizeof *message);
	char id[QUEUE_ID_SIZE], *records = NULL;
	size_t length;
	bool good = false;

	if (record_name_parse(name, id, &message->size))
		records = records_read(fd, message->size, &length);
	if (records != NULL) {
		errno = EINVAL;
		good = record_read(span_make(records, length), message) &&
		       strcmp(message->id, id) == 0;
	}
	free(records);
	if (good)
		return message;
	queue_message_free(message);
	return NULL;
}

void queue_message_free(struct queue_message *message)
{
	if (message == NULL)
		return;
	envelope_clear(&message->envelope);
	free(message->recipients);
	free(message);
}
