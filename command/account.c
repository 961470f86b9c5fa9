/* SPDX-License-Identifier: ISC */
/* Accounts of the system, through the system's own tools (useradd, userdel, chpasswd). */
#include "command/mailbox.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMENT "Postern mailbox"

/* Runs it with `input` on its standard input; false after an explanation. */
static bool run(const char *const *arguments, const char *input)
{
	int pipes[2], status = -1;
	size_t length = input ? strlen(input) : 0;
	pid_t pid;

	if (pipe(pipes) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		static const char *const environment[] = {
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL
		};

		dup2(pipes[0], STDIN_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		environ = (char **)environment;
		execvp(arguments[0], (char *const *)arguments);
		_exit(127);
	}
	close(pipes[0]);
	/* Less than a pipe holds, so it never waits. */
	if (pid > 0 && length > 0 && write(pipes[1], input, length) != (ssize_t)length)
		length = 0;
	close(pipes[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && (!input || length > 0))
		return true;
	fprintf(stderr, "postern: %s failed (exit code %d)\n", arguments[0],
		pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return false;
}

bool account_exists(const char *name, bool *system)
{
	const struct passwd *entry = getpwnam(name);

	*system = entry && entry->pw_uid == 0;
	return entry != NULL;
}

bool account_create(const char *name, const char *address)
{
	char comment[400];
	const char *const arguments[] = { "useradd",    "--no-create-home",
					  "--home-dir", "/nonexistent",
					  "--shell",    "/usr/sbin/nologin",
					  "--comment",  comment,
					  "--",         name,
					  NULL };

	/* passwd(5) has colons between its fields, and commas within this one. */
	snprintf(comment, sizeof comment, COMMENT " %s", address);
	for (char *at = comment; *at; at++)
		if (*at == ':' || *at == ',')
			*at = '_';
	return run(arguments, NULL);
}

bool account_remove(const char *name)
{
	const char *const arguments[] = { "userdel", "--", name, NULL };
	const struct passwd *entry = getpwnam(name);

	if (entry && strncmp(entry->pw_gecos, COMMENT, strlen(COMMENT)) == 0)
		return run(arguments, NULL);
	fprintf(stderr,
		"postern: the account %s was not made by postern: it stays; remove it with userdel "
		"%s\n",
		name, name);
	return false;
}

bool account_set_password(const char *name, const char *password)
{
	static const char *const arguments[] = { "chpasswd", NULL };
	char line[1200];
	bool good;

	if (strchr(password, '\n') || strlen(password) > 1000) {
		fputs("postern: that password is longer than the system takes\n", stderr);
		return false;
	}
	snprintf(line, sizeof line, "%s:%s\n", name, password);
	good = run(arguments, line);
	explicit_bzero(line, sizeof line);
	return good;
}
