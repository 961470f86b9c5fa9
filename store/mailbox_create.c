/* SPDX-License-Identifier: ISC */
/*
 * Making a mailbox. It is built whole below .spool, made durable and moved into
 * place, then bound to its owner: a crash leaves an unfinished directory that
 * recovery removes, or a finished one that the next delivery binds.
 */
#include "store/store_private.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whole or not at all: postern-id appears by rename. */
static int identity_write(int directory, const char *id)
{
	char unique[MAILDIR_UID_SIZE + 4] = "tmp/", line[STORE_ID_SIZE + 1];
	int length = snprintf(line, sizeof line, "%s\n", id);
	ssize_t written;
	int fd, error = 0;

	maildir_name_unique("id", unique + 4);
	fd = openat(directory, unique, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	/* A network file system may fail and have made the file: it is removed below all the same.
	 */
	written = fd < 0 ? -1 : write(fd, line, (size_t)length);
	if (written != length)
		error = written < 0 ? errno : ENOSPC;
	else if (fsync(fd) != 0)
		error = errno;
	if (fd >= 0 && close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0 && renameat(directory, unique, directory, "postern-id") != 0)
		error = errno;
	if (error != 0)
		(void)unlinkat(directory, unique, 0);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* tmp, new, cur and postern-id in a directory, durable. */
static int mailbox_complete(const struct mailbox *mailbox, const char *id)
{
	static const char *const parts[] = { "tmp", "new", "cur" };

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (mkdirat(mailbox->fd, parts[i], 0700) != 0 && errno != EEXIST)
			return -1;
	}
	if (identity_write(mailbox->fd, id) != 0)
		return -1;
	return fsync(mailbox->fd);
}

static void unfinished_remove(struct store *store, const char *unique, int fd)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	int error = errno;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		(void)unlinkat(fd, parts[i], AT_REMOVEDIR);
	(void)unlinkat(fd, "postern-id", 0);
	(void)unlinkat(store->spool_fd, unique, AT_REMOVEDIR);
	errno = error;
}

/* Builds below .spool and moves into the domain. EEXIST: somebody made that name meanwhile. */
static int mailbox_build(struct store *store, int parent, const char *name, const char *id)
{
	char unique[MAILDIR_UID_SIZE + 8] = "mailbox.";
	struct mailbox building = MAILBOX_NONE;
	int result = -1;

	maildir_name_unique("id", unique + strlen(unique));
	if (mkdirat(store->spool_fd, unique, 0700) != 0)
		return -1;
	building.fd =
		openat(store->spool_fd, unique, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (building.fd < 0) {
		(void)unlinkat(store->spool_fd, unique, AT_REMOVEDIR);
		return -1;
	}
	if (mailbox_complete(&building, id) == 0)
		result = renameat2(store->spool_fd, unique, parent, name, RENAME_NOREPLACE);
	if (result != 0)
		unfinished_remove(store, unique, building.fd);
	close(building.fd);
	return result == 0 ? fsync(parent) : -1;
}

static int domain_open(struct store *store, const char *domain)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(store->root_fd, domain, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(store->root_fd, domain, 0700) != 0 && errno != EEXIST)
		return -1;
	if (fsync(store->root_fd) != 0)
		return -1;
	return openat(store->root_fd, domain, flags);
}

/* The symbolic link is replaced as a whole: a person has an old binding or the new one. */
static int binding_write(struct store *store, const char *id, const char *path)
{
	char target[PATH_SIZE + 3], unique[MAILDIR_UID_SIZE + 1] = ".";

	snprintf(target, sizeof target, "../%s", path);
	maildir_name_unique("id", unique + 1);
	if (symlinkat(target, store->id_fd, unique) != 0)
		return -1;
	if (renameat(store->id_fd, unique, store->id_fd, id) != 0) {
		int error = errno;

		(void)unlinkat(store->id_fd, unique, 0);
		errno = error;
		return -1;
	}
	return fsync(store->id_fd);
}

static enum binding candidate_take(struct store *store, const char *domain, const char *name,
				   const char *id, struct mailbox *mailbox)
{
	enum binding binding = mailbox_examine(store, domain, name, id, mailbox);
	int parent, result;

	if (binding == BINDING_UNBOUND) {
		log_info("store.adopted", LOG_TEXT("mailbox", mailbox->path), LOG_TEXT("id", id));
		return mailbox_complete(mailbox, id) == 0 ? BINDING_OURS : BINDING_TROUBLE;
	}
	if (binding != BINDING_ABSENT)
		return binding;
	parent = domain_open(store, domain);
	if (parent < 0)
		return BINDING_TROUBLE;
	result = mailbox_build(store, parent, name, id);
	close(parent);
	if (result != 0 && errno != EEXIST)
		return BINDING_TROUBLE;
	return mailbox_examine(store, domain, name, id, mailbox);
}

static enum outcome create_locked(struct store *store, const struct store_mailbox *who,
				  struct mailbox *mailbox, struct store_failure *failure)
{
	char domain[PATH_COMPONENT_MAX + 1], name[MAILDIR_NAME_SIZE];
	enum binding binding = BINDING_OTHER;

	if (!path_component(who->domain, domain))
		return failure_say(failure, OUTCOME_PERM, "a domain without a name");
	for (unsigned i = 0; binding == BINDING_OTHER && mailbox_candidate(who, i, name); i++)
		binding = candidate_take(store, domain, name, who->id, mailbox);
	if (binding == BINDING_OURS && binding_write(store, who->id, mailbox->path) == 0)
		return OUTCOME_OK;
	failure_errno(failure, binding == BINDING_OTHER ? EEXIST : errno,
		      "cannot make the mailbox %s/%s", domain, name);
	mailbox_close(mailbox);
	return OUTCOME_TEMP;
}

enum outcome mailbox_create(struct store *store, const struct store_mailbox *who,
			    struct mailbox *mailbox, struct store_failure *failure)
{
	enum outcome outcome = OUTCOME_OK;
	enum binding binding;

	pthread_mutex_lock(&store->create);
	/* Another thread may have been first, perhaps under the person's other name. */
	binding = mailbox_bound(store, who->id, mailbox);
	if (binding == BINDING_UNBOUND && mailbox_complete(mailbox, who->id) == 0)
		binding = BINDING_OURS;
	if (binding != BINDING_OURS) {
		mailbox_close(mailbox);
		outcome = create_locked(store, who, mailbox, failure);
	}
	pthread_mutex_unlock(&store->create);
	return outcome;
}
