/* SPDX-License-Identifier: ISC */
/* The command's end of the control socket. */
#include "command/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "daemon/control.h"

enum { REPLY_MAX = 1 << 20 };

/* -1 with errno. */
static int control_open_socket(const char *run)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/control", run);
	int trouble;

	if (fd >= 0 && length > 0 && (size_t)length < sizeof address.sun_path &&
	    connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	trouble = errno;
	if (fd >= 0)
		close(fd);
	errno = trouble;
	return -1;
}

static int control_connect(const char *run)
{
	int fd = control_open_socket(run), trouble = errno;

	if (fd >= 0)
		return fd;
	fprintf(stderr, "postern: %s/control: %s\n", run, strerror(trouble));
	fputs(trouble == EACCES
		      ? "postern: this needs root\n"
		      : "postern: is posternd running with this configuration (-c FILE)?\n",
	      stderr);
	return -1;
}

/* One that may not be used is one that listens: control_ask says so. */
bool control_is_open(const char *run)
{
	int fd = control_open_socket(run);

	if (fd < 0)
		return errno == EACCES;
	close(fd);
	return true;
}

static bool control_talk(int fd, const char *word, struct buffer *reply)
{
	char line[CONTROL_LINE_MAX + 1];
	int length = snprintf(line, sizeof line, "%s\n", word);
	ssize_t count;

	if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length)
		return false;
	while (buffer_used(reply) < REPLY_MAX &&
	       (count = recv(fd, buffer_reserve(reply, 4096), 4096, 0)) > 0)
		buffer_commit(reply, (size_t)count);
	return buffer_used(reply) > 0;
}

bool control_ask(const struct command_options *options, const char *word, struct buffer *reply)
{
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);
	int fd = conf ? control_connect(conf->run) : -1;
	bool heard = fd >= 0 && control_talk(fd, word, reply);

	conf_free(conf);
	if (fd >= 0)
		close(fd);
	if (heard && buffer_used(reply) >= 3 && memcmp(buffer_bytes(reply), "ok\n", 3) == 0) {
		buffer_consume(reply, 3);
		return true;
	}
	if (fd >= 0)
		fprintf(stderr, "postern: the master answered: %.*s\n", (int)buffer_used(reply),
			heard ? buffer_bytes(reply) : "nothing");
	return false;
}
