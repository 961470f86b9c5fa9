/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/master.h"

static int syslog_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int trouble = errno;

		close(fd);
		errno = trouble;
		return -1;
	}
	return fd;
}

bool logfile_open(const struct conf *conf, char *why, size_t size)
{
	static int first = -1; /* what descriptor 2 was at the start; roles do not inherit it */
	bool is_syslog = conf->log.to == CONF_LOG_SYSLOG;
	int fd;

	if (first < 0)
		first = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (conf->log.to == CONF_LOG_STDERR)
		fd = fcntl(first, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else if (conf->log.to == CONF_LOG_FILE)
		fd = open(conf->log.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	else
		fd = syslog_connect();
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
		snprintf(why, size, "the log %s cannot be opened: %s", is_syslog ? "/dev/log" : conf->log.file,
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	log_open("master", (enum log_level)conf->log.level, is_syslog ? LOG_FORM_SYSLOG : LOG_FORM_LINE);
	return true;
}
