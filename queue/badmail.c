/* SPDX-License-Identifier: ISC */
/* Mail that can be neither delivered nor returned: the message is the last of its files to come. */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/spool.h"

/* Replaces one of that name: a second try after a crash. */
static bool file_put(int directory, const char *id, const char *ending, int from, uint64_t size,
		     const char *text)
{
	char name[QUEUE_ID_SIZE + 8];
	size_t length = text != NULL ? strlen(text) : 0;
	int fd = spool_new_in(directory, false), error;
	bool good;

	if (fd < 0)
		return false;
	snprintf(name, sizeof name, "%.*s.%s", QUEUE_ID_SIZE - 1, id, ending);
	good = text != NULL ? write(fd, text, length) == (ssize_t)length
			    : spool_copy(from, fd, size) == 0;
	good = good && (!links_need_inode(directory) || spool_name(directory, fd) == 0) &&
	       fdatasync(fd) == 0 && (unlinkat(directory, name, 0) == 0 || errno == ENOENT) &&
	       spool_link(fd, directory, name) == 0;
	error = errno;
	spool_forget(directory, fd);
	close(fd);
	errno = error;
	return good;
}

enum outcome queue_badmail(const char *directory, const char *id, int fd, uint64_t size,
			   const char *reason, const char *detail, struct queue_failure *failure)
{
	enum outcome outcome = OUTCOME_OK;
	int at;

	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return queue_failure_errno(failure, errno, "cannot make %s", directory);
	at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0 || !file_put(at, id, "BDR", -1, 0, reason) ||
	    !file_put(at, id, "BDP", -1, 0, detail) || !file_put(at, id, "BAD", fd, size, NULL) ||
	    fsync(at) != 0)
		outcome =
			queue_failure_errno(failure, errno, "cannot put %s into %s", id, directory);
	if (at >= 0)
		close(at);
	return outcome;
}
