/* SPDX-License-Identifier: ISC */
#include "conf/conf_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

/* As that user, groups and all; access(2) goes by the real one. */
static int become_and_try(const struct passwd *user, const char *path, int mode)
{
	if (initgroups(user->pw_name, user->pw_gid) < 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return 2;
	return access(path, mode) == 0 || errno != EACCES ? 0 : 1;
}

/*
 * The kernel is asked, in a process of that user: modes of every directory above, groups and
 * access control lists count, and nobody knows them as well.
 */
bool conf_user_may(const struct passwd *user, const char *path, int mode)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(become_and_try(user, path, mode));
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return true;
	return pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 1;
}
