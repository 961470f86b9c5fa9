/* SPDX-License-Identifier: ISC */
/* The body of a delivery: linked wherever it can be, copied where it cannot. */
#include "store/store_private.h"

#include <errno.h>
#include <unistd.h>

/* A second body, durable, in the tmp/ of the mailbox that could not have a link. */
static int copy_make(struct source *source, const struct mailbox *mailbox)
{
	int folder = mailbox_folder(mailbox, "tmp");
	int error = 0;

	if (folder < 0)
		return -1;
	if (source->copy >= 0)
		close(source->copy);
	source->copy = spool_new_in(folder, atomic_load(&source->store->named_spool) ||
						    atomic_load(&source->store->name_first));
	if (source->copy < 0)
		error = errno;
	if (error == 0 && spool_copy(source->spool, source->copy, source->octets) != 0)
		error = errno;
	if (error == 0 && fdatasync(source->copy) != 0)
		error = errno;
	if (error != 0 && source->copy >= 0) {
		spool_forget(folder, source->copy);
		close(source->copy);
		source->copy = -1;
	}
	close(folder);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* EMLINK, EXDEV; ENOENT: a nameless file whose only link was taken back cannot be linked again. */
static bool link_needs_copy(int error)
{
	return error == EMLINK || error == EXDEV || error == ENOENT;
}

int source_link(struct source *source, const struct mailbox *mailbox, int directory,
		const char *name)
{
	int folder, result;

	if (spool_link(source->spool, directory, name) == 0)
		return 0;
	if (!link_needs_copy(errno))
		return -1;
	if (source->copy >= 0 && spool_link(source->copy, directory, name) == 0)
		return 0;
	if (copy_make(source, mailbox) != 0)
		return -1;
	result = spool_link(source->copy, directory, name);
	folder = mailbox_folder(mailbox, "tmp");
	if (folder >= 0) {
		int error = errno;

		spool_forget(folder, source->copy);
		close(folder);
		errno = error;
	}
	return result;
}
