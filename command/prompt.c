/* SPDX-License-Identifier: ISC */
/* Passwords and questions at the terminal. */
#include "command/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"

enum { SECRET_MAX = 1024 };

static struct termios terminal_before;
static int terminal = -1;

/* ^C must not leave a terminal without echo behind. */
static void terminal_restore(int number)
{
	if (terminal >= 0)
		(void)tcsetattr(terminal, TCSANOW, &terminal_before);
	if (number != 0) {
		signal(number, SIG_DFL);
		(void)raise(number);
	}
}

/* One line, octet by octet: nothing of it stays in a buffer. False at the end or when it is too
 * long. */
static bool read_line(int fd, char *to, size_t size)
{
	size_t used = 0;
	char octet = '\0';
	ssize_t got;

	while ((got = read(fd, &octet, 1)) == 1 && octet != '\n' && used + 1 < size)
		to[used++] = octet;
	to[used] = '\0';
	if (used > 0 && to[used - 1] == '\r')
		to[used - 1] = '\0';
	return octet == '\n' || (got == 0 && used > 0);
}

static bool ask_hidden(const char *question, char *to, size_t size)
{
	struct termios quiet;
	bool good;

	terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0 || tcgetattr(terminal, &terminal_before) != 0) {
		fputs("postern: no terminal to ask for the password at: give it with --stdin\n",
		      stderr);
		return false;
	}
	signal(SIGINT, terminal_restore);
	signal(SIGTERM, terminal_restore);
	quiet = terminal_before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(terminal, TCSAFLUSH, &quiet);
	dprintf(terminal, "%s: ", question);
	good = read_line(terminal, to, size);
	terminal_restore(0);
	dprintf(terminal, "\n");
	close(terminal);
	terminal = -1;
	return good;
}

bool password_ask(const char *question, bool from_stdin, bool twice, char *to, size_t size)
{
	char again[SECRET_MAX];
	bool same;

	if (from_stdin) {
		if (read_line(STDIN_FILENO, to, size))
			return true;
		fputs("postern: no password on standard input\n", stderr);
		return false;
	}
	if (!ask_hidden(question, to, size))
		return false;
	if (!twice)
		return true;
	same = ask_hidden("The same again", again, sizeof again) && strcmp(to, again) == 0;
	memory_wipe(again, sizeof again);
	if (!same)
		fputs("postern: the two passwords are not the same: nothing was changed\n", stderr);
	return same;
}

bool confirm(const char *question)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return false;
	printf("%s [yes/no] ", question);
	fflush(stdout);
	return read_line(STDIN_FILENO, answer, sizeof answer) && strcmp(answer, "yes") == 0;
}
