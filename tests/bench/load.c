/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define IDLE_OPENING     256   /* connections that wait for their greeting at once */
#define PORTS_PER_SOURCE 20000 /* of the 28,000 ephemeral ones */
#define STALLED_MS       30000
#define ERRORS_SHOWN     5
#define READ_SIZE        (256 * 1024)

double load_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void load_send(struct load_session *session, const char *format, ...)
{
	size_t room = sizeof(session->out) - session->out_length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(session->out + session->out_length, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room) {
		fprintf(stderr, "load: too many recipients for one packet\n");
		abort();
	}
	session->out_length += (size_t)length;
}

bool load_begin(struct load *load)
{
	const struct load_options *options = load->options;

	if (options->total && load->begun >= options->total)
		return false;
	if (options->seconds > 0 && load_clock() - load->started >= options->seconds)
		return false;
	load->begun++;
	return true;
}

/* --- counting what was delivered --- */

static uint64_t delivered;

static int count_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	const char *name = path + walk->base;

	(void)status;
	if (type == FTW_F && walk->base >= 5 &&
	    (memcmp(name - 5, "/new/", 5) == 0 || memcmp(name - 5, "/cur/", 5) == 0))
		delivered++;
	return 0;
}

static uint64_t count_delivered(const char *root)
{
	delivered = 0;
	(void)nftw(root, count_file, 16, FTW_PHYS);
	return delivered;
}

/* --- sessions --- */

static void watch(struct load *load, struct load_session *session, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = session };

	if (epoll_ctl(load->epoll, operation, session->fd, &event) < 0) {
		perror("epoll_ctl");
		abort();
	}
}

/* One address has ports for some 28,000 connections only. */
static void choose_source(const struct load *load, const struct load_session *session)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int on = 1;

	if (load->options->sessions <= PORTS_PER_SOURCE)
		return;
	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + session->slot / PORTS_PER_SOURCE);
	if (setsockopt(session->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
	    bind(session->fd, (struct sockaddr *)&source, sizeof(source)) < 0)
		perror("bind");
}

static void session_failed(struct load *load, struct load_session *session, const char *line,
			   size_t length)
{
	if (load->errors++ < ERRORS_SHOWN)
		fprintf(stderr, "load: slot %u user u%u state %d: %.*s\n", session->slot,
			session->user, session->state, (int)length, line);
}

static void session_close(struct load *load, struct load_session *session)
{
	close(session->fd);
	session->fd = -1;
	load->active--;
}

static void session_open(struct load *load, struct load_session *session)
{
	const struct sockaddr_in *server = &load->options->server;

	session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (session->fd < 0) {
		perror("socket");
		exit(1);
	}
	session->state = 0;
	session->out_length = session->body_length = session->sent = 0;
	session->partial_length = 0;
	session->done = session->count = 0;
	session->waits_writable = false;
	load->active++;
	choose_source(load, session);
	if (connect(session->fd, (const struct sockaddr *)server, sizeof(*server)) < 0 &&
	    errno != EINPROGRESS) {
		session_failed(load, session, strerror(errno), strlen(strerror(errno)));
		session_close(load, session);
		return;
	}
	watch(load, session, EPOLL_CTL_ADD, EPOLLIN);
}

static bool may_open(struct load *load)
{
	/* smtp counts messages, which begin inside the session */
	if (load->protocol == &load_smtp) {
		bool more = load_begin(load);

		load->begun -= more;
		return more;
	}
	return load_begin(load);
}

static void session_ended(struct load *load, struct load_session *session)
{
	session_close(load, session);
	session->turns++;
	if (load->errors == 0 && may_open(load))
		session_open(load, session);
}

static bool session_flush(struct load *load, struct load_session *session)
{
	size_t total = session->out_length + session->body_length;
	size_t from_out = session->sent < session->out_length ? session->sent : session->out_length;
	struct iovec parts[2] = { { session->out + from_out, session->out_length - from_out },
				  { (char *)session->body + (session->sent - from_out),
				    session->body_length - (session->sent - from_out) } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = session->body_length ? 2 : 1 };
	ssize_t sent;

	if (session->sent == total)
		return true;
	sent = sendmsg(session->fd, &message, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN)
		return false;
	session->sent += sent > 0 ? (size_t)sent : 0;
	if (session->sent == total)
		session->out_length = session->body_length = session->sent = 0;
	if ((session->out_length != 0) != session->waits_writable) {
		session->waits_writable = !session->waits_writable;
		watch(load, session, EPOLL_CTL_MOD,
		      EPOLLIN | (session->waits_writable ? EPOLLOUT : 0));
	}
	return true;
}

/* Gives each complete line to the protocol; keeps the rest. False when the session is over. */
static bool session_lines(struct load *load, struct load_session *session, const char *data,
			  size_t length)
{
	const char *end = data + length;
	const char *feed;

	while ((feed = memchr(data, '\n', (size_t)(end - data)))) {
		size_t line = (size_t)(feed - data);

		line -= line > 0 && data[line - 1] == '\r';
		switch (load->protocol->line(load, session, data, line)) {
		case LOAD_GO:
			break;
		case LOAD_BAD:
			session_failed(load, session, data, line);
			/* fall through */
		case LOAD_END:
			session_ended(load, session);
			return false;
		}
		data = feed + 1;
	}
	session->partial_length = (size_t)(end - data);
	if (session->partial_length > sizeof(session->partial)) {
		session_failed(load, session, "line too long", 13);
		session_ended(load, session);
		return false;
	}
	memcpy(session->partial, data, session->partial_length);
	return true;
}

static void session_readable(struct load *load, struct load_session *session)
{
	static char data[LOAD_LINE_SIZE + READ_SIZE];
	size_t kept = session->partial_length;
	ssize_t got;

	memcpy(data, session->partial, kept);
	got = recv(session->fd, data + kept, READ_SIZE, 0);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		const char *why = got < 0 ? strerror(errno) : "connection closed by the server";

		session_failed(load, session, why, strlen(why));
		session_ended(load, session);
		return;
	}
	if (session_lines(load, session, data, kept + (size_t)got) &&
	    !session_flush(load, session)) {
		session_failed(load, session, "write failed", 12);
		session_ended(load, session);
	}
}

/* --- the run --- */

static void open_more(struct load *load)
{
	bool idle = load->protocol == &load_pop3_idle;

	while (load->opened < load->options->sessions &&
	       (!idle || load->opened - load->held < IDLE_OPENING) && load->errors == 0 &&
	       may_open(load)) {
		struct load_session *session = &load->sessions[load->opened];

		session->slot = load->opened++;
		session_open(load, session);
	}
}

static bool holds_all(const struct load *load)
{
	return load->protocol == &load_pop3_idle && load->held == load->options->sessions;
}

static void loop(struct load *load)
{
	struct epoll_event events[256];

	open_more(load);
	while (load->active > 0 && !holds_all(load)) {
		int count = epoll_wait(load->epoll, events, 256, STALLED_MS);

		if (count == 0) {
			fprintf(stderr, "load: nothing happened for %d ms, %u sessions open\n",
				STALLED_MS, load->active);
			load->errors += load->active;
			return;
		}
		for (int i = 0; i < count; i++) {
			struct load_session *session = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				(void)session_flush(load, session);
			if (events[i].events & ~(uint32_t)EPOLLOUT)
				session_readable(load, session);
		}
		open_more(load);
		if (load->protocol == &load_pop3_idle && load->errors)
			return;
	}
}

/* All connections still open and silent after the command that measured? */
static void check_held(struct load *load)
{
	for (unsigned i = 0; i < load->opened; i++) {
		char byte;

		if (recv(load->sessions[i].fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN)
			session_failed(load, &load->sessions[i], "not held", 8);
	}
}

static void wait_delivered(struct load *load, uint64_t before)
{
	uint64_t wanted = before + load->finished * load->options->recipients;
	double patience = load_clock() + 60;
	struct timespec nap = { 0, 50 * 1000 * 1000 };
	uint64_t have;

	while ((have = count_delivered(load->options->delivered_in)) < wanted) {
		if (load_clock() > patience) {
			fprintf(stderr, "load: %llu of %llu messages delivered\n",
				(unsigned long long)(have - before),
				(unsigned long long)(wanted - before));
			load->errors += wanted - have;
			return;
		}
		nanosleep(&nap, NULL);
	}
}

bool load_run(struct load *load, struct load_times *times)
{
	const struct load_options *options = load->options;
	uint64_t before = options->delivered_in ? count_delivered(options->delivered_in) : 0;

	load->started = load_clock();
	loop(load);
	times->accepted = load_clock() - load->started;
	if (options->delivered_in)
		wait_delivered(load, before);
	times->complete = load_clock() - load->started;
	if (load->protocol == &load_pop3_idle && load->errors == 0) {
		if (options->run && system(options->run) != 0)
			load->errors++;
		check_held(load);
	}
	return load->errors == 0 && load->finished > 0;
}
