/* SPDX-License-Identifier: ISC */
/*
 * Finding a mailbox by the identity of its owner. The binding <root>/.id/<id> is
 * believed only when the directory it leads to says the same in `postern-id`.
 */
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool mailbox_id_valid(const char *id)
{
	size_t length = strspn(id, "0123456789abcdef-");

	return length > 0 && length < STORE_ID_SIZE && id[length] == '\0';
}

void mailbox_close(struct mailbox *mailbox)
{
	if (mailbox->fd >= 0)
		close(mailbox->fd);
	mailbox->fd = -1;
}

int mailbox_folder(const struct mailbox *mailbox, const char *folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(mailbox->fd, folder, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(mailbox->fd, folder, 0700) != 0 && errno != EEXIST)
		return -1;
	if (fsync(mailbox->fd) != 0)
		return -1;
	return openat(mailbox->fd, folder, flags);
}

/* Names come from strangers' addresses: no symbolic link is followed on the way. */
static int directory_below(struct store *store, const char *domain, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int parent = openat(store->root_fd, domain, flags);
	int fd, error;

	if (parent < 0)
		return -1;
	fd = openat(parent, name, flags);
	error = errno;
	close(parent);
	errno = error;
	return fd;
}

static enum binding binding_read(int directory, const char *id)
{
	char text[STORE_ID_SIZE + 1];
	int fd = openat(directory, "postern-id", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t got;
	int error;

	if (fd < 0)
		return errno == ENOENT ? BINDING_UNBOUND : BINDING_TROUBLE;
	got = read(fd, text, sizeof text - 1);
	error = errno;
	close(fd);
	errno = error;
	if (got < 0)
		return BINDING_TROUBLE;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, id) == 0 ? BINDING_OURS : BINDING_OTHER;
}

enum binding mailbox_examine(struct store *store, const char *domain, const char *name,
			     const char *id, struct mailbox *mailbox)
{
	enum binding binding;
	struct stat status;
	int error;

	snprintf(mailbox->path, sizeof mailbox->path, "%s/%s", domain, name);
	mailbox->fd = directory_below(store, domain, name);
	if (mailbox->fd < 0)
		return errno == ENOENT ? BINDING_ABSENT : BINDING_TROUBLE;
	binding =
		fstat(mailbox->fd, &status) == 0 ? binding_read(mailbox->fd, id) : BINDING_TROUBLE;
	mailbox->device = status.st_dev;
	mailbox->inode = status.st_ino;
	if (binding == BINDING_OURS || binding == BINDING_UNBOUND)
		return binding;
	error = errno;
	mailbox_close(mailbox);
	errno = error;
	return binding;
}

bool mailbox_candidate(const struct store_mailbox *who, unsigned number,
		       char name[MAILDIR_NAME_SIZE])
{
	char base[PATH_COMPONENT_MAX + 1];

	/* The plain name, then with the front of the identity, then with all of it, which no other
	 * has; PATH_COMPONENT_MAX, a point and that stay below NAME_MAX only when cut there. */
	if (number > 2 || !path_component(who->name, base))
		return false;
	if (number == 0)
		snprintf(name, MAILDIR_NAME_SIZE, "%s", base);
	else if (number == 1)
		snprintf(name, MAILDIR_NAME_SIZE, "%s.%.8s", base, who->id);
	else
		snprintf(name, MAILDIR_NAME_SIZE, "%.190s.%s", base, who->id);
	return true;
}

enum binding mailbox_bound(struct store *store, const char *id, struct mailbox *mailbox)
{
	char target[PATH_SIZE];
	ssize_t length = readlinkat(store->id_fd, id, target, sizeof target - 1);
	char *slash;

	if (length < 0)
		return errno == ENOENT ? BINDING_ABSENT : BINDING_TROUBLE;
	target[length] = '\0';
	slash = strncmp(target, "../", 3) == 0 ? strchr(target + 3, '/') : NULL;
	if (slash == NULL || strchr(slash + 1, '/') != NULL)
		return BINDING_OTHER;
	*slash = '\0';
	return mailbox_examine(store, target + 3, slash + 1, id, mailbox);
}

/* Where mailbox_create would put it, without making anything: adopted in effect, not yet on disk.
 */
static enum binding mailbox_would_be(struct store *store, const struct store_mailbox *who,
				     const char *domain, struct mailbox *mailbox)
{
	enum binding binding = BINDING_OTHER;
	char name[MAILDIR_NAME_SIZE];

	for (unsigned i = 0; binding == BINDING_OTHER && mailbox_candidate(who, i, name); i++)
		binding = mailbox_examine(store, domain, name, who->id, mailbox);
	return binding;
}

enum outcome mailbox_open(struct store *store, const struct store_mailbox *who, bool create,
			  struct mailbox *mailbox, struct store_failure *failure)
{
	char domain[PATH_COMPONENT_MAX + 1], name[PATH_COMPONENT_MAX + 1];
	enum binding binding;

	*mailbox = (struct mailbox)MAILBOX_NONE;
	if (!mailbox_id_valid(who->id) || !path_component(who->domain, domain) ||
	    !path_component(who->name, name))
		return failure_say(failure, OUTCOME_PERM,
				   "no mailbox can have this identity or name");
	binding = mailbox_bound(store, who->id, mailbox);
	if (binding == BINDING_OURS || (binding == BINDING_UNBOUND && !create))
		return OUTCOME_OK;
	if (binding == BINDING_TROUBLE)
		return failure_errno(failure, errno, "cannot open the mailbox of %s", who->id);
	/* The binding is missing, or what it leads to says otherwise: go by the name. */
	mailbox_close(mailbox);
	if (create)
		return mailbox_create(store, who, mailbox, failure);
	if (mailbox_would_be(store, who, domain, mailbox) == BINDING_TROUBLE)
		return failure_errno(failure, errno, "cannot open %s/%s", domain, name);
	return OUTCOME_OK;
}
