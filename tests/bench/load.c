/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <errno.h>
#include <netinet/tcp.h>
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

	if (load->options->source == 0)
		return;
	source.sin_addr.s_addr =
		htonl(INADDR_LOOPBACK + load->options->source + session->slot / PORTS_PER_SOURCE);
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
	if (session->tls)
		load_tls_close(load, session);
	close(session->fd);
	session->fd = -1;
	load->active--;
}

static void session_open(struct load *load, struct load_session *session)
{
	const struct sockaddr_in *server = &load->options->server;
	const int on = 1;

	session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (session->fd < 0 ||
	    setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
		perror("socket");
		exit(1);
	}
	session->state = 0;
	session->out_length = session->body_length = session->sent = 0;
	session->partial_length = 0;
	session->done = session->count = 0;
	session->waits_writable = load->options->tls == LOAD_IMPLICIT;
	load->active++;
	choose_source(load, session);
	if (connect(session->fd, (const struct sockaddr *)server, sizeof(*server)) < 0 &&
	    errno != EINPROGRESS) {
		session_failed(load, session, strerror(errno), strlen(strerror(errno)));
		session_close(load, session);
		return;
	}
	/* The client's hello goes as soon as there is a connection. */
	watch(load, session, EPOLL_CTL_ADD, EPOLLIN | (session->waits_writable ? EPOLLOUT : 0));
	if (session->waits_writable && !load_tls_start(load, session))
		session_failed(load, session, "no TLS session", 14);
}

static bool may_open(struct load *load)
{
	if (load->protocol->counts_inside) {
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

static bool flush_plain(struct load_session *session, bool *complete)
{
	size_t total = session->out_length + session->body_length;
	size_t from_out = session->sent < session->out_length ? session->sent : session->out_length;
	struct iovec parts[2] = { { session->out + from_out, session->out_length - from_out },
				  { (char *)session->body + (session->sent - from_out),
				    session->body_length - (session->sent - from_out) } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = session->body_length ? 2 : 1 };
	ssize_t sent = sendmsg(session->fd, &message, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN)
		return false;
	session->sent += sent > 0 ? (size_t)sent : 0;
	*complete = session->sent == total;
	return true;
}

static void want_writable(struct load *load, struct load_session *session, bool wanted)
{
	if (wanted == session->waits_writable)
		return;
	session->waits_writable = wanted;
	watch(load, session, EPOLL_CTL_MOD, EPOLLIN | (wanted ? EPOLLOUT : 0));
}

static bool session_flush(struct load *load, struct load_session *session)
{
	bool complete = session->out_length + session->body_length == 0;

	if (session->handshaking) {
		want_writable(load, session, true);
		return true;
	}
	if (!complete &&
	    !(session->tls ? load_tls_flush(session, &complete) : flush_plain(session, &complete)))
		return false;
	if (complete)
		session->out_length = session->body_length = session->sent = 0;
	want_writable(load, session, !complete);
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

static void session_broke(struct load *load, struct load_session *session, const char *why)
{
	session_failed(load, session, why, strlen(why));
	session_ended(load, session);
}

/* False when the session is over. */
static bool session_take(struct load *load, struct load_session *session)
{
	static char data[LOAD_LINE_SIZE + READ_SIZE];
	size_t kept = session->partial_length;
	ssize_t got;

	memcpy(data, session->partial, kept);
	got = session->tls ? load_tls_receive(session, data + kept, READ_SIZE)
			   : recv(session->fd, data + kept, READ_SIZE, 0);
	if (got < 0 && errno == EAGAIN)
		return true;
	if (got <= 0) {
		session_broke(load, session,
			      got < 0 ? strerror(errno) : "connection closed by the server");
		return false;
	}
	if (!session_lines(load, session, data, kept + (size_t)got))
		return false;
	if (session_flush(load, session))
		return true;
	session_broke(load, session, "write failed");
	return false;
}

static bool session_shake(struct load *load, struct load_session *session)
{
	if (!load_tls_handshake(load, session)) {
		session_broke(load, session, load_tls_error(session));
		return false;
	}
	if (session->handshaking) {
		want_writable(load, session, gnutls_record_get_direction(session->tls) == 1);
		return true;
	}
	return session_flush(load, session);
}

static void session_event(struct load *load, struct load_session *session, uint32_t events)
{
	if (session->handshaking) {
		if (!session_shake(load, session) || session->handshaking)
			return;
	} else if ((events & EPOLLOUT) && !session_flush(load, session)) {
		session_broke(load, session, "write failed");
		return;
	}
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	while (session_take(load, session) && session->tls && !session->handshaking &&
	       load_tls_pending(session))
		;
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

			if (session->fd >= 0)
				session_event(load, session, events[i].events);
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
		struct load_session *session = &load->sessions[i];
		char byte;

		if (session->fd < 0)
			continue;
		if (recv(session->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN) {
			session_failed(load, session, "not held", 8);
			load->held--;
		}
	}
}

static void wait_delivered(struct load *load, uint64_t before, double *when)
{
	uint64_t wanted = before + load->finished * load->options->recipients;
	double patience = load_clock() + 60;
	struct timespec nap = { 0, 50 * 1000 * 1000 };
	uint64_t have;

	for (;;) {
		/* Looking takes its time, too: what it found was there when it began. */
		*when = load_clock();
		have = load_count_delivered(load->options->delivered_in);
		if (have >= wanted)
			return;
		if (*when > patience) {
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
	uint64_t before = options->delivered_in ? load_count_delivered(options->delivered_in) : 0;
	double complete;

	load->started = load_clock();
	loop(load);
	complete = load_clock();
	times->accepted = complete - load->started;
	if (options->delivered_in)
		wait_delivered(load, before, &complete);
	times->complete = complete - load->started;
	if (load->protocol == &load_pop3_idle) {
		if (load->held_all ? !load->held_all(load)
				   : options->run && system(options->run) != 0)
			load->errors++;
		check_held(load);
	}
	return load->errors == 0 && load->finished > 0;
}
