/* SPDX-License-Identifier: ISC */
/*
 * The administrator's view of the mailboxes, from a process beside the store that
 * serves: nothing is recovered or locked here, and what is removed is first moved out
 * of everybody's sight.
 */
#include "store/store_private.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DEPTH = 4 }; /* mailbox, folder, cur, file */

#define REMOVED "removed."

static const int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct store *store_visit(const char *root, struct store_failure *failure)
{
	struct store *store = memory_new(sizeof *store);

	failure_clear(failure);
	store->root = memory_text(root);
	store->run_fd = store->id_fd = store->spool_fd = -1;
	store->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->root_fd >= 0)
		store->id_fd = openat(store->root_fd, ".id", directory_flags);
	if (store->id_fd >= 0)
		store->spool_fd = openat(store->root_fd, ".spool", directory_flags);
	if (store->spool_fd >= 0)
		return store;
	failure_errno(failure, errno, "%s has no mailboxes that can be seen", root);
	store_visit_end(store);
	return NULL;
}

void store_visit_end(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){ store->spool_fd, store->id_fd, store->root_fd }[i];

		if (fd >= 0)
			close(fd);
	}
	free(store->root);
	free(store);
}

bool store_visit_names(struct store *store, const char *domain,
		       bool (*each)(void *context, const char *name), void *context)
{
	char component[PATH_COMPONENT_MAX + 1];

	return path_component(domain, component) &&
	       folder_scan(store->root_fd, component, SCAN_FOLDERS, each, context);
}

/* What stands in postern-id; false when there is no such mailbox or it says nothing usable. */
static bool identity_read(struct store *store, const char *domain, const char *name,
			  char id[STORE_ID_SIZE])
{
	char path[PATH_SIZE];
	ssize_t length = -1;
	int parent = openat(store->root_fd, domain, directory_flags), fd;

	snprintf(path, sizeof path, "%s/postern-id", name);
	fd = parent < 0 ? -1 : openat(parent, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, id, STORE_ID_SIZE - 1);
		close(fd);
	}
	if (parent >= 0)
		close(parent);
	id[length > 0 ? length : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	return mailbox_id_valid(id);
}

bool store_visit_identity(struct store *store, const char *domain, const char *name,
			  char id[STORE_ID_SIZE])
{
	char component[PATH_COMPONENT_MAX + 1];

	id[0] = '\0';
	return path_component(domain, component) && identity_read(store, component, name, id);
}

/* By the identity, or where there is none by the name, which then is that of the directory. */
static enum outcome open_visited(struct store *store, const struct store_mailbox *who,
				 struct mailbox *mailbox, char id[STORE_ID_SIZE],
				 struct store_failure *failure)
{
	char domain[PATH_COMPONENT_MAX + 1];
	enum binding binding;

	*mailbox = (struct mailbox)MAILBOX_NONE;
	memcpy(id, who->id, STORE_ID_SIZE);
	if (!path_component(who->domain, domain))
		return failure_say(failure, OUTCOME_PERM, "a domain without a name");
	if (who->id[0])
		return mailbox_open(store, who, false, mailbox, failure);
	if (!who->name[0] || strchr(who->name, '/') || who->name[0] == '.' ||
	    !identity_read(store, domain, who->name, id))
		return OUTCOME_OK;
	binding = mailbox_examine(store, domain, who->name, id, mailbox);
	if (binding == BINDING_TROUBLE)
		return failure_errno(failure, errno, "cannot open %s/%s", domain, who->name);
	return OUTCOME_OK;
}

enum outcome store_visit_usage(struct store *store, const struct store_mailbox *who, bool *exists,
			       struct store_usage *usage, struct store_failure *failure)
{
	struct mailbox mailbox;
	char id[STORE_ID_SIZE];
	enum outcome outcome = open_visited(store, who, &mailbox, id, failure);

	memset(usage, 0, sizeof *usage);
	*exists = outcome == OUTCOME_OK && mailbox.fd >= 0;
	if (*exists && mailbox_count(mailbox.fd, usage) != 0)
		outcome = failure_errno(failure, errno, "cannot count %s", mailbox.path);
	mailbox_close(&mailbox);
	return outcome;
}

enum outcome store_visit_warned(struct store *store, const struct store_mailbox *who, int64_t *when,
				struct store_failure *failure)
{
	struct mailbox mailbox;
	char id[STORE_ID_SIZE];
	enum outcome outcome = open_visited(store, who, &mailbox, id, failure);

	*when = outcome == OUTCOME_OK && mailbox.fd >= 0 ? warned_when(&mailbox) : 0;
	mailbox_close(&mailbox);
	return outcome;
}

enum outcome store_visit_recount(struct store *store, const struct store_mailbox *who,
				 struct store_failure *failure)
{
	struct mailbox mailbox;
	char id[STORE_ID_SIZE];
	enum outcome outcome = open_visited(store, who, &mailbox, id, failure);

	if (outcome == OUTCOME_OK && mailbox.fd >= 0 &&
	    unlinkat(mailbox.fd, "maildirsize", 0) != 0 && errno != ENOENT)
		outcome = failure_errno(failure, errno, "cannot remove %s/maildirsize",
					mailbox.path);
	mailbox_close(&mailbox);
	return outcome;
}

static bool tree_remove(int parent, const char *name, unsigned depth);

struct removal {
	int directory;
	unsigned depth;
	bool good;
};

static bool remove_entry(void *context, const char *name)
{
	struct removal *removal = context;

	removal->good &= unlinkat(removal->directory, name, 0) == 0 ||
			 (errno == EISDIR && tree_remove(removal->directory, name, removal->depth));
	return true;
}

static bool remove_folder(void *context, const char *name)
{
	struct removal *removal = context;

	/* A file whose kind the file system does not tell was removed before. */
	removal->good &= tree_remove(removal->directory, name, removal->depth) || errno == ENOENT;
	return true;
}

static bool tree_remove(int parent, const char *name, unsigned depth)
{
	struct removal removal = { .depth = depth - 1, .good = depth > 0 };

	removal.directory = openat(parent, name, directory_flags);
	if (removal.directory < 0)
		return false;
	if (removal.good)
		removal.good =
			folder_scan(removal.directory, ".", SCAN_MESSAGES, remove_entry,
				    &removal) &&
			folder_scan(removal.directory, ".", SCAN_DOTTED, remove_entry, &removal) &&
			folder_scan(removal.directory, ".", SCAN_FOLDERS, remove_folder,
				    &removal) &&
			removal.good;
	close(removal.directory);
	return removal.good && unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

/* Also what an earlier removal that was interrupted left. */
static bool sweep_removed(void *context, const char *name)
{
	struct store *store = context;

	if (strncmp(name, REMOVED, strlen(REMOVED)) == 0)
		(void)tree_remove(store->spool_fd, name, TREE_DEPTH);
	return true;
}

bool visit_take_away(struct store *store, const char *path, const char *unique)
{
	char domain[PATH_SIZE];
	struct span name = span_text(path), part;
	int parent, error;
	bool good;

	errno = EINVAL;
	if (!span_cut(&name, '/', &part) || !name.at || !span_copy(part, domain, sizeof domain))
		return false;
	/* The folder's owner, who is not root, may put a link in its place at any moment. */
	parent = openat(store->root_fd, domain, directory_flags);
	good = parent >= 0 && renameat(parent, name.at, store->spool_fd, unique) == 0;
	error = errno;
	if (parent >= 0)
		close(parent);
	errno = error;
	return good;
}

enum outcome store_visit_remove(struct store *store, const struct store_mailbox *who, bool *existed,
				struct store_failure *failure)
{
	char unique[MAILDIR_UID_SIZE + sizeof REMOVED] = REMOVED;
	struct mailbox mailbox;
	char id[STORE_ID_SIZE];
	enum outcome outcome = open_visited(store, who, &mailbox, id, failure);

	*existed = outcome == OUTCOME_OK && mailbox.fd >= 0;
	mailbox_close(&mailbox);
	if (!*existed)
		return outcome;
	maildir_name_unique("rm", unique + strlen(REMOVED));
	if (!visit_take_away(store, mailbox.path, unique))
		return failure_errno(failure, errno, "cannot remove %s", mailbox.path);
	if ((unlinkat(store->id_fd, id, 0) != 0 && errno != ENOENT) || fsync(store->id_fd) != 0 ||
	    fsync(store->spool_fd) != 0 || fsync(store->root_fd) != 0)
		return failure_errno(failure, errno, "%s is removed, but its binding %s is not",
				     mailbox.path, id);
	(void)folder_scan(store->spool_fd, ".", SCAN_FOLDERS, sweep_removed, store);
	return OUTCOME_OK;
}
