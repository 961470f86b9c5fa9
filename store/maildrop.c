/* SPDX-License-Identifier: ISC */
/*
 * A mailbox as POP3 sees it: a list that stays as it was at login. Other programs
 * may rename or remove files under it; then the directories are read once more.
 */
#include "store/store_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "store/maildrop_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLOCK_TICK_NS 20000000 /* file times may be this much behind */

static int message_open(const struct store_maildrop *maildrop, const struct drop_message *message)
{
	char path[MESSAGE_PATH_SIZE];

	drop_message_path(message, path);
	return openat(maildrop->mailbox.fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

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

/* The name does not tell the size on the wire: count. Gone meanwhile: not in this maildrop. */
static int message_measure(struct store_maildrop *maildrop, struct drop_message *message)
{
	struct wire_size size;
	int fd, result;

	message->has_octets = message->has_wire = true;
	if (wire_remembered(maildrop, message))
		return 0;
	fd = message_open(maildrop, message);
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

static int maildrop_read(struct store_maildrop *maildrop)
{
	bool gone = false;

	clock_gettime(CLOCK_REALTIME, &maildrop->read_at);
	if (drop_list_read(&maildrop->list, maildrop->mailbox.fd) != 0)
		return -1;
	for (size_t i = 0; i < maildrop->list.count; i++) {
		struct drop_message *message = &maildrop->list.messages[i];

		if (!message->has_wire && message_measure(maildrop, message) != 0)
			return -1;
		gone = gone || message->gone;
	}
	if (gone)
		drop_list_remove_gone(&maildrop->list);
	return 0;
}

enum outcome store_maildrop_open(struct store *store, const struct store_mailbox *who,
				 struct store_maildrop **to, bool *busy,
				 struct store_failure *failure)
{
	struct store_maildrop *maildrop;
	struct mailbox mailbox;
	enum outcome outcome;

	failure_clear(failure);
	*to = NULL;
	*busy = false;
	outcome = mailbox_open(store, who, true, &mailbox, failure);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (!drop_lock_take(store, &mailbox)) {
		*busy = true;
		failure_say(failure, OUTCOME_TEMP, "%s is open in another session", mailbox.path);
		mailbox_close(&mailbox);
		return OUTCOME_TEMP;
	}
	maildrop = memory_new(sizeof *maildrop);
	maildrop->store = store;
	maildrop->mailbox = mailbox;
	maildrop->quota = who->quota;
	if (maildrop_read(maildrop) != 0) {
		failure_errno(failure, errno, "cannot read %s", mailbox.path);
		store_maildrop_close(maildrop);
		return OUTCOME_TEMP;
	}
	*to = maildrop;
	return OUTCOME_OK;
}

void store_maildrop_close(struct store_maildrop *maildrop)
{
	if (maildrop == NULL)
		return;
	drop_lock_release(maildrop->store, maildrop->mailbox.device, maildrop->mailbox.inode);
	mailbox_close(&maildrop->mailbox);
	drop_list_clear(&maildrop->list);
	drop_list_clear(&maildrop->later);
	free(maildrop);
}

size_t store_maildrop_count(const struct store_maildrop *maildrop)
{
	return maildrop->list.count;
}

struct drop_message *maildrop_at(const struct store_maildrop *maildrop, size_t number)
{
	return number >= 1 && number <= maildrop->list.count ? &maildrop->list.messages[number - 1]
							     : NULL;
}

uint64_t store_maildrop_size(const struct store_maildrop *maildrop, size_t number)
{
	const struct drop_message *message = maildrop_at(maildrop, number);

	return message != NULL ? message->wire : 0;
}

const char *store_maildrop_uid(const struct store_maildrop *maildrop, size_t number)
{
	const struct drop_message *message = maildrop_at(maildrop, number);

	return message != NULL ? message->uid : "";
}

/* Directory times tell whether reading again can bring anything: a lost message costs no scan. */
static bool maildrop_changed(const struct store_maildrop *maildrop)
{
	static const char *const folders[] = { "new", "cur" };
	struct timespec since = maildrop->read_at;
	struct stat status;

	since.tv_nsec -= CLOCK_TICK_NS;
	if (since.tv_nsec < 0) {
		since.tv_nsec += 1000000000;
		since.tv_sec--;
	}
	for (size_t i = 0; i < 2; i++) {
		if (fstatat(maildrop->mailbox.fd, folders[i], &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		    status.st_mtim.tv_sec > since.tv_sec ||
		    (status.st_mtim.tv_sec == since.tv_sec &&
		     status.st_mtim.tv_nsec >= since.tv_nsec))
			return true;
	}
	return false;
}

bool maildrop_refresh(struct store_maildrop *maildrop)
{
	struct drop_list fresh;

	if (!maildrop_changed(maildrop))
		return true;
	clock_gettime(CLOCK_REALTIME, &maildrop->read_at);
	if (drop_list_read(&fresh, maildrop->mailbox.fd) != 0)
		return false;
	for (size_t i = 0; i < maildrop->list.count; i++) {
		struct drop_message *message = &maildrop->list.messages[i];
		const struct drop_message *found = drop_list_find(&fresh, message);

		message->gone = found == NULL;
		message->suffix = found != NULL ? found->suffix : "";
		message->in_cur = found != NULL && found->in_cur;
	}
	drop_list_clear(&maildrop->later);
	maildrop->later = fresh;
	return true;
}

static int message_open_again(struct store_maildrop *maildrop, struct drop_message *message)
{
	int fd = message_open(maildrop, message);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (!maildrop_refresh(maildrop))
		return -1;
	errno = ENOENT;
	return message->gone ? -1 : message_open(maildrop, message);
}

/* As POP3 sends it: the file itself when its lines end in CRLF already. */
static int message_for_wire(struct store_maildrop *maildrop, const struct drop_message *message,
			    int fd)
{
	struct stat status;
	int converted, error;

	if (fstat(fd, &status) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	if ((uint64_t)status.st_size == message->wire)
		return fd;
	converted = wire_convert(maildrop->store, fd, message->wire);
	error = errno;
	close(fd);
	errno = error;
	return converted;
}

int store_maildrop_message(struct store_maildrop *maildrop, size_t number, enum outcome *outcome,
			   struct store_failure *failure)
{
	struct drop_message *message = maildrop_at(maildrop, number);
	int fd;

	failure_clear(failure);
	*outcome = OUTCOME_OK;
	if (message == NULL) {
		*outcome = failure_say(failure, OUTCOME_PERM, "no message %zu", number);
		return -1;
	}
	fd = message_open_again(maildrop, message);
	if (fd < 0 && errno == ENOENT) {
		*outcome = failure_say(failure, OUTCOME_PERM, "%s: message %s is gone",
				       maildrop->mailbox.path, message->unique);
		return -1;
	}
	if (fd >= 0)
		fd = message_for_wire(maildrop, message, fd);
	if (fd < 0)
		*outcome = failure_errno(failure, errno, "cannot read message %s in %s",
					 message->unique, maildrop->mailbox.path);
	return fd;
}
