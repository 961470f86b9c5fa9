/* SPDX-License-Identifier: ISC */
/* Users of the roles, and what method local needs of the system. */
#include "conf/conf_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { GROUPS = 64 };

static void check_users(struct conf_machine *machine)
{
	static const char *const roles[] = { "front", "dir", "store", "relay", "resolver", "local" };
	size_t count = machine->conf->method == CONF_METHOD_LOCAL ? 6 : 5;

	for (size_t i = 0; i < count; i++) {
		char *name = memory_format("%s-%s", machine->conf->user_prefix, roles[i]);

		if (!getpwnam(name))
			conf_machine_tell(
				machine, 0, "user_prefix",
				"user \"%s\" does not exist: run useradd --system "
				"--user-group --no-create-home --shell /usr/sbin/nologin %s",
				name, name);
		free(name);
	}
}

/* The role local checks passwords as pam_unix does for a user who may read /etc/shadow. */
static void check_shadow(struct conf_machine *machine)
{
	char *name = memory_format("%s-local", machine->conf->user_prefix);
	const struct passwd *user = geteuid() == 0 ? getpwnam(name) : NULL;
	gid_t groups[GROUPS];
	int count = GROUPS;
	struct stat shadow;
	bool member = false;

	if (user && stat("/etc/shadow", &shadow) == 0) {
		if (getgrouplist(name, user->pw_gid, groups, &count) < 0)
			count = GROUPS;
		for (int i = 0; i < count; i++)
			member |= groups[i] == shadow.st_gid && groups[i] != 0;
		if (!member || !(shadow.st_mode & S_IRGRP))
			conf_machine_tell(machine, 0, "method",
					  "user %s may not read /etc/shadow, so method = \"local\" "
					  "cannot check passwords: run usermod -a -G shadow %s",
					  name, name);
	}
	free(name);
}

static void check_pam(struct conf_machine *machine)
{
	const char *service = machine->conf->pam_service;
	char *path = memory_format("/etc/pam.d/%s", service);

	if (access(path, R_OK) != 0)
		conf_machine_tell(machine, 0, "pam_service",
				  "pam_service \"%s\": %s cannot be read (%s): make install puts "
				  "one there, from conf/postern.pam",
				  service, path, strerror(errno));
	free(path);
}

/* The directory role reads the mailbox files. */
static void check_reader(struct conf_machine *machine)
{
	char *name = memory_format("%s-dir", machine->conf->user_prefix);
	const struct passwd *user = geteuid() == 0 ? getpwnam(name) : NULL;

	if (user)
		conf_machine_way(machine, 0, "mailboxes", machine->conf->mailboxes, user);
	free(name);
}

void conf_machine_users(struct conf_machine *machine)
{
	if (geteuid() == 0)
		check_users(machine);
	if (machine->conf->method != CONF_METHOD_DIRECTORY)
		check_reader(machine);
	if (machine->conf->method != CONF_METHOD_LOCAL)
		return;
	check_shadow(machine);
	check_pam(machine);
}
