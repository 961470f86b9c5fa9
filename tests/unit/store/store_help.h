/* SPDX-License-Identifier: ISC */
/* A store in a fresh directory below /tmp, and short words for what the tests do with it. */
#ifndef TESTS_UNIT_STORE_STORE_HELP_H
#define TESTS_UNIT_STORE_STORE_HELP_H

#include "store/store.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SPOOL_FILES = 3 }; /* what is always in .spool: run, state, spread */

struct place {
	char root[64];
	char mail[80];
	char queue[80];
	struct store *store;
};

static inline int place_remove_one(const char *path, const struct stat *status, int kind,
				   struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static inline void place_remove(const char *path)
{
	(void)nftw(path, place_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void place_open(struct place *place)
{
	struct store_failure failure;

	place->store = store_open(place->mail, place->queue, &failure);
	if (place->store == NULL)
		fail_msg("%s", failure.reason);
}

static inline void place_init(struct place *place)
{
	strcpy(place->root, "/tmp/postern-store-XXXXXX");
	assert_non_null(mkdtemp(place->root));
	snprintf(place->mail, sizeof place->mail, "%s/mail", place->root);
	snprintf(place->queue, sizeof place->queue, "%s/queue", place->root);
	place_open(place);
}

static inline void place_close(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
}

static inline void place_reopen(struct place *place)
{
	place_close(place);
	place_open(place);
}

static inline void place_clear(struct place *place)
{
	place_close(place);
	place_remove(place->root);
}

static inline int setup(void **state)
{
	struct place *place = memory_new(sizeof *place);

	place_init(place);
	*state = place;
	return 0;
}

static inline int teardown(void **state)
{
	place_clear(*state);
	free(*state);
	return 0;
}

static inline struct store_mailbox who(const char *id, const char *domain, const char *name,
				       uint64_t quota)
{
	struct store_mailbox mailbox = { .quota = quota };

	snprintf(mailbox.id, sizeof mailbox.id, "%s", id);
	snprintf(mailbox.domain, sizeof mailbox.domain, "%s", domain);
	snprintf(mailbox.name, sizeof mailbox.name, "%s", name);
	return mailbox;
}

static inline enum outcome deliver_bytes(struct store *store, const void *bytes, size_t length,
					 const struct store_mailbox *mailboxes, size_t count,
					 struct store_failure *failure)
{
	int fd = store_spool(store, failure);
	enum outcome outcome;

	if (fd < 0)
		return OUTCOME_TEMP;
	if (write(fd, bytes, length) != (ssize_t)length) {
		close(fd);
		return OUTCOME_TEMP;
	}
	outcome = store_deliver(store, fd, mailboxes, count, "label", failure);
	close(fd);
	return outcome;
}

static inline enum outcome deliver_text(struct store *store, const char *text,
					const struct store_mailbox *mailbox)
{
	struct store_failure failure;

	return deliver_bytes(store, text, strlen(text), mailbox, 1, &failure);
}

static inline struct store_usage usage_of(struct store *store, const struct store_mailbox *mailbox)
{
	struct store_failure failure;
	struct store_usage usage;

	assert_int_equal(store_usage(store, mailbox, &usage, &failure), OUTCOME_OK);
	return usage;
}

static inline size_t files_in(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline size_t files_in(const char *format, ...)
{
	char path[512];
	struct dirent *entry;
	va_list arguments;
	size_t count = 0;
	DIR *directory;

	va_start(arguments, format);
	vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	directory = opendir(path);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (directory != NULL)
		closedir(directory);
	return count;
}

static inline void file_make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static inline bool file_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

/* The whole of message `number`, terminated; to be freed. */
static inline char *message_text(struct store_maildrop *maildrop, size_t number)
{
	struct store_failure failure;
	enum outcome outcome;
	struct stat status;
	char *text;
	int fd = store_maildrop_message(maildrop, number, &outcome, &failure);

	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &status), 0);
	text = memory_new((size_t)status.st_size + 1);
	assert_int_equal(read(fd, text, (size_t)status.st_size), status.st_size);
	close(fd);
	return text;
}

static inline struct store_maildrop *drop_open(struct store *store,
					       const struct store_mailbox *mailbox)
{
	struct store_failure failure;
	struct store_maildrop *maildrop;
	bool busy;

	if (store_maildrop_open(store, mailbox, &maildrop, &busy, &failure) != OUTCOME_OK)
		fail_msg("%s", failure.reason);
	return maildrop;
}

#endif
