/* SPDX-License-Identifier: ISC */
#include "daemon/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/role.h"
#include "io/packet.h"

static int binary = -1;

bool spawn_init(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	/* Out of the way of the child's control channel. */
	binary = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ROLE_CONTROL_FD + 1);
	if (fd >= 0)
		close(fd);
	return binary >= 0;
}

static _Noreturn void child_run(enum role role, const char *conf_name, int control)
{
	const char *const arguments[] = { "posternd", "--role", role_name(role), "-c", conf_name, NULL };

	/* The terminal's signals are for the master, who tells the roles in good order. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (control == ROLE_CONTROL_FD)
		fcntl(control, F_SETFD, 0);
	else if (dup2(control, ROLE_CONTROL_FD) < 0)
		_exit(1);
	fexecve(binary, (char *const *)arguments, environ); /* which does not change them */
	_exit(1);
}

pid_t spawn_role(enum role role, const char *conf_name, int *control)
{
	int ends[2];
	pid_t pid;

	if (!packet_pair(ends))
		return -1;
	pid = fork();
	if (pid == 0)
		child_run(role, conf_name, ends[1]);
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		*control = ends[0];
	return pid;
}

int spawn_memory_file(struct span bytes)
{
	int fd = memfd_create("postern", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < bytes.length) {
		ssize_t count = write(fd, bytes.at + done, bytes.length - done);

		if (count > 0) {
			done += (size_t)count;
			continue;
		}
		close(fd);
		fd = -1;
	}
	return fd;
}
