/* SPDX-License-Identifier: ISC */
/* What the master needs of the machine before it starts anybody. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/master.h"
#include "daemon/parents.h"

/* The descriptor of a directory that is ours alone to write to, made if need be; -1 with errno. */
static int own_directory(int parent, const char *name, mode_t mode)
{
	struct stat status;
	int fd;

	if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
		return -1;
	fd = openat(parent, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (parent == AT_FDCWD ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
	    (status.st_mode & S_IWOTH) == 0)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

/* <run> and the frontends' empty root, which nobody may write to. */
bool run_prepare(const struct conf *conf, char *why, size_t size)
{
	int run = parents_make(conf->run) ? own_directory(AT_FDCWD, conf->run, 0755) : -1;
	int empty = run < 0 ? -1 : own_directory(run, "empty", 0555);
	bool good = empty >= 0 && fchmod(empty, 0555) == 0;

	if (!good && errno == EPERM)
		snprintf(why, size,
			 "run \"%s\", or empty in it, is another user's or open to everybody: correct its "
			 "owner and mode, or name another directory",
			 conf->run);
	else if (!good)
		snprintf(why, size, "run \"%s\" or the directory empty in it cannot be made: %s", conf->run,
			 strerror(errno));
	if (run >= 0)
		close(run);
	if (empty >= 0)
		close(empty);
	return good;
}

/* Locked, so that a second master on the same run directory is told so. The descriptor stays open.
 */
bool pid_file(const struct conf *conf, char *why, size_t size)
{
	char path[4096], text[16];
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, length = snprintf(text, sizeof text, "%d\n", (int)getpid());

	snprintf(path, sizeof path, "%s/posternd.pid", conf->run);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return false;
	}
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		snprintf(why, size,
			 "%s is locked: another posternd runs with this directory: stop it (postern stop), or set another run",
			 path);
		return false;
	}
	if (ftruncate(fd, 0) == 0 && write(fd, text, (size_t)length) == length)
		return true;
	snprintf(why, size, "%s cannot be written: %s", path, strerror(errno));
	return false;
}

/* A connection is a descriptor; the limit a process starts with is a shell's. */
void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("master.descriptors", LOG_TEXT("why", strerror(errno)));
}
