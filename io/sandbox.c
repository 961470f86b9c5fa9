/* SPDX-License-Identifier: ISC */
#include "io/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static bool refused(char *why, size_t size, const char *step, const char *what)
{
	snprintf(why, size, "cannot %s %s: %s", step, what, strerror(errno));
	return false;
}

static bool user_find(const char *user, struct passwd *entry, char *memory, size_t memory_size,
		      char *why, size_t size)
{
	struct passwd *found = NULL;
	int error = getpwnam_r(user, entry, memory, memory_size, &found);

	if (found)
		return true;
	snprintf(why, size, "cannot become user %s: %s", user,
		 error ? strerror(error) : "there is no such user");
	return false;
}

static bool root_change(const char *folder, char *why, size_t size)
{
	if (chroot(folder) < 0 || chdir("/") < 0)
		return refused(why, size, "confine to folder", folder);
	return true;
}

/* In addition to those that initgroups has given. */
static bool group_add(const char *name, char *why, size_t size)
{
	gid_t groups[NGROUPS_MAX + 1];
	const struct group *group = getgrnam(name);
	int count = getgroups(NGROUPS_MAX, groups);

	if (!group) {
		snprintf(why, size, "there is no group %s", name);
		return false;
	}
	if (count < 0)
		return refused(why, size, "read the groups besides", name);
	groups[count] = group->gr_gid;
	if (setgroups((size_t)count + 1, groups) < 0)
		return refused(why, size, "join group", name);
	return true;
}

/* Groups before the user: afterwards there is no right left to change them. */
static bool user_become(const struct passwd *entry, char *why, size_t size)
{
	if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return refused(why, size, "become user", entry->pw_name);
	/* What was given up must be out of reach, whatever the system calls said. */
	if (entry->pw_uid != 0 && (setresuid(0, 0, 0) == 0 || setuid(0) == 0 || geteuid() == 0 ||
				   (entry->pw_gid != 0 && setresgid(0, 0, 0) == 0))) {
		snprintf(why, size, "user %s can become root again", entry->pw_name);
		return false;
	}
	return true;
}

static bool give_up_rest(char *why, size_t size)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return refused(why, size, "set", "no_new_privs");
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return refused(why, size, "forbid", "core dumps");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return refused(why, size, "forbid", "tracing by the same user");
	return true;
}

bool sandbox_enter(const char *user, const char *folder, const char *group, char *why, size_t size)
{
	bool root = geteuid() == 0;
	struct passwd entry;
	char memory[4096];

	/* Everything that reads files of the system comes before the change of root. */
	tzset();
	if (root && user) {
		if (!user_find(user, &entry, memory, sizeof(memory), why, size))
			return false;
		if (initgroups(user, entry.pw_gid) < 0)
			return refused(why, size, "set the groups of", user);
		if (group && !group_add(group, why, size))
			return false;
	}
	if (root && folder && *folder && !root_change(folder, why, size))
		return false;
	if (root && user && !user_become(&entry, why, size))
		return false;
	return give_up_rest(why, size);
}
