/* SPDX-License-Identifier: ISC */
#include "command/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "command/interrupt.h"

/* By single octets: what follows the line belongs to somebody else. */
static bool read_line(int fd, char secret[SECRET_SIZE])
{
	size_t length = 0;
	char octet;
	ssize_t count;

	while ((count = read(fd, &octet, 1)) != 0) {
		if (count < 0 && errno == EINTR && !interrupt_seen())
			continue;
		if (count < 0 || octet == '\n')
			break;
		if (length + 1 >= SECRET_SIZE)
			return false;
		secret[length++] = octet;
	}
	if (length > 0 && secret[length - 1] == '\r')
		length--;
	secret[length] = '\0';
	return length > 0 && !interrupt_seen();
}

static bool ask_terminal(const char *prompt, char secret[SECRET_SIZE])
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, quiet;
	bool got = false;

	if (fd < 0)
		return false;
	if (tcgetattr(fd, &before) == 0) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		dprintf(fd, "%s: ", prompt);
		(void)tcsetattr(fd, TCSAFLUSH, &quiet);
		got = read_line(fd, secret);
		(void)tcsetattr(fd, TCSAFLUSH, &before);
		dprintf(fd, "\n");
	}
	close(fd);
	return got;
}

bool secret_read(const char *prompt, bool from_stdin, char secret[SECRET_SIZE])
{
	if (from_stdin ? read_line(STDIN_FILENO, secret) : ask_terminal(prompt, secret))
		return true;
	memory_wipe(secret, SECRET_SIZE);
	if (interrupt_seen())
		return false;
	fprintf(stderr, "postern: no password (%s): %s\n", prompt,
		from_stdin ? "standard input has no line"
			   : "type it at a terminal, or give it on standard input with "
			     "--stdin-password");
	return false;
}
