/* SPDX-License-Identifier: ISC */
/*
 * Where relayed mail ends: an SMTP server in one thread that takes every message, keeps
 * none, and counts them in a file that others map: one 64-bit number. As cheap as it can
 * be, since it shares the processors with what is measured.
 *
 *	sink PORT FILE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INPUT = 65536, OUTPUT = 8192, LINE = 1024, EVENTS = 64 };

#define GREETING "220 sink.example ESMTP\r\n"
#define HELLO    "250-sink.example\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 DSN\r\n"

struct session {
	int fd;
	bool data, ends;
	unsigned matched; /* of the octets that end a message */
	char line[LINE];
	size_t length; /* of a command that is not yet complete */
	char out[OUTPUT];
	size_t out_length;
};

static volatile uint64_t *counter;

static void say(struct session *session, const char *text)
{
	size_t length = strlen(text);

	if (session->out_length + length > sizeof(session->out)) {
		session->ends = true; /* more commands in one piece than a client of ours sends */
		return;
	}
	memcpy(session->out + session->out_length, text, length);
	session->out_length += length;
}

static bool is(const struct session *session, const char *verb)
{
	return strncasecmp(session->line, verb, strlen(verb)) == 0;
}

static void obey(struct session *session)
{
	session->line[session->length] = '\0';
	if (is(session, "DATA")) {
		session->data = true;
		session->matched = 2; /* as behind a line end */
		say(session, "354 go on\r\n");
	} else if (is(session, "EHLO")) {
		say(session, HELLO);
	} else if (is(session, "QUIT")) {
		say(session, "221 bye\r\n");
		session->ends = true;
	} else if (is(session, "MAIL") || is(session, "RCPT") || is(session, "HELO") ||
		   is(session, "RSET")) {
		say(session, "250 ok\r\n");
	} else {
		say(session, "500 what?\r\n");
	}
}

/* Looks for CRLF "." CRLF; returns how much of the input was the message's. */
static size_t swallow(struct session *session, const char *input, size_t length)
{
	static const char end[] = "\r\n.\r\n";

	for (size_t i = 0; i < length; i++) {
		if (session->matched == 0) {
			const char *next = memchr(input + i, '\r', length - i);

			if (!next)
				return length;
			i = (size_t)(next - input);
		}
		session->matched =
			input[i] == end[session->matched] ? session->matched + 1 : input[i] == '\r';
		if (session->matched == sizeof(end) - 1) {
			session->data = false;
			(*counter)++;
			say(session, "250 taken\r\n");
			return i + 1;
		}
	}
	return length;
}

static size_t collect(struct session *session, const char *input, size_t length)
{
	const char *end = memchr(input, '\n', length);
	size_t count = end ? (size_t)(end - input) + 1 : length;
	size_t room = sizeof(session->line) - 1 - session->length;
	size_t kept = count < room ? count : room;

	memcpy(session->line + session->length, input, kept);
	session->length += kept;
	if (end) {
		obey(session);
		session->length = 0;
	}
	return count;
}

/* False: the session is over. */
static bool work(struct session *session)
{
	static char input[INPUT];
	ssize_t count = read(session->fd, input, sizeof(input));
	size_t used = 0;

	if (count <= 0)
		return count < 0 && errno == EAGAIN;
	while (used < (size_t)count && !session->ends)
		used += session->data ? swallow(session, input + used, (size_t)count - used)
				      : collect(session, input + used, (size_t)count - used);
	if (session->out_length > 0 && send(session->fd, session->out, session->out_length,
					    MSG_NOSIGNAL) != (ssize_t)session->out_length)
		return false;
	session->out_length = 0;
	return !session->ends;
}

static void meet(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct session *session = fd < 0 ? NULL : calloc(1, sizeof(*session));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = session };

	if (!session)
		return;
	session->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (send(fd, GREETING, sizeof(GREETING) - 1, MSG_NOSIGNAL) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		abort();
}

static int open_port(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(port)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0) {
		perror("sink: port");
		exit(1);
	}
	return fd;
}

static void open_counter(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, sizeof(*counter)) < 0) {
		perror(file);
		exit(1);
	}
	counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counter == MAP_FAILED)
		exit(1);
	close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS], event = { .events = EPOLLIN };
	int listener, epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc != 3) {
		fputs("usage: sink PORT FILE\n", stderr);
		return 2;
	}
	open_counter(argv[2]);
	listener = open_port(argv[1]);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct session *session = events[i].data.ptr;

			if (!session) {
				meet(epoll, listener);
			} else if (!work(session)) {
				close(session->fd);
				free(session);
			}
		}
	}
}
