/* SPDX-License-Identifier: ISC */
#include "io/listen.h"

#include "base/log.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 32
#define BACKLOG        4096

/* ---- binding ---- */

static int bind_one(const struct sockaddr *address, socklen_t length, bool both_families)
{
	int one = 1, v6only = !both_families;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		goto fail;
	if (address->sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)) < 0)
		goto fail;
	if (bind(fd, address, length) < 0 || listen(fd, BACKLOG) < 0)
		goto fail;
	return fd;
fail:;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int bind_any(uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = bind_one((struct sockaddr *)&six, sizeof(six), true);

	/* Kernels without IPv6 fail at socket(), those with it disabled at bind(). */
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = bind_one((struct sockaddr *)&four, sizeof(four), false);
	return fd;
}

static int bind_numeric(const char *address, uint16_t port, const char **error)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	int result = getaddrinfo(address, service, &hints, &found);
	if (result != 0) {
		*error = "not a numeric IP address";
		return -1;
	}
	int fd = bind_one(found->ai_addr, found->ai_addrlen, false);
	if (fd < 0)
		*error = strerror(errno);
	freeaddrinfo(found);
	return fd;
}

int listen_bind(const char *address, uint16_t port, char *why, size_t size)
{
	const char *error = NULL;
	int fd;

	if (strcmp(address, "*") == 0) {
		fd = bind_any(port);
		error = strerror(errno);
	} else {
		fd = bind_numeric(address, port, &error);
	}
	if (fd < 0) {
		bool six = strchr(address, ':') != NULL;
		snprintf(why, size, "cannot listen on %s%s%s:%u: %s", six ? "[" : "", address,
			 six ? "]" : "", port, error);
	}
	return fd;
}

/* ---- accepting ---- */

struct listener {
	struct event readable;
	struct event retry;
	listener_accepted accepted;
	void *context;
	int fd;
	bool paused;
	bool accepting; /* inside the loop below: its frame still needs the struct */
	bool freed;
};

static void peer_name(const struct sockaddr_storage *peer, char name[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const void *bytes = &four->sin_addr;
	int family = AF_INET;

	if (peer->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		bytes = &six->sin6_addr.s6_addr[12];
	} else if (peer->ss_family == AF_INET6) {
		bytes = &six->sin6_addr;
		family = AF_INET6;
	}
	if (!inet_ntop(family, bytes, name, INET6_ADDRSTRLEN))
		strcpy(name, "unknown");
}

/* Without descriptors or memory the connection stays in the backlog; asking again at once would
 * spin. */
static void rest(struct listener *listener)
{
	const struct timeval second = { .tv_sec = 1 };

	log_warning("listen.exhausted", LOG_TEXT("error", strerror(errno)));
	event_del(&listener->readable);
	event_add(&listener->retry, &second);
}

static bool errno_is_exhaustion(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

/* False: no more this turn. */
static bool accept_one(struct listener *listener)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	socklen_t length = sizeof(peer);
	char name[INET6_ADDRSTRLEN];
	int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno_is_exhaustion())
			rest(listener);
		/* Other processes accept from the same socket: finding nothing is normal. Errors of
		 * the one connection (accept(2)) concern only that. */
		return errno != EAGAIN && !errno_is_exhaustion() && errno != EBADF &&
		       errno != EINVAL;
	}
	peer_name(&peer, name);
	listener->accepted(listener->context, fd, name);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct listener *listener = context;

	(void)fd;
	(void)what;
	listener->accepting = true;
	for (int i = 0; i < ACCEPTS_A_TURN && accept_one(listener); i++) {
		if (listener->paused || listener->freed)
			break;
	}
	listener->accepting = false;
	if (listener->freed)
		free(listener);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct listener *listener = context;

	(void)fd;
	(void)what;
	if (!listener->paused)
		event_add(&listener->readable, NULL);
}

struct listener *listener_new(struct event_base *base, int fd, listener_accepted accepted,
			      void *context)
{
	struct listener *listener = memory_new(sizeof(*listener));
	int one = 1;

	/* Accepted connections inherit it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	listener->fd = fd;
	listener->accepted = accepted;
	listener->context = context;
	(void)evutil_make_socket_nonblocking(fd);
	event_assign(&listener->readable, base, fd, EV_READ | EV_PERSIST, on_readable, listener);
	event_assign(&listener->retry, base, -1, 0, on_retry, listener);
	event_add(&listener->readable, NULL);
	return listener;
}

void listener_pause(struct listener *listener)
{
	listener->paused = true;
	event_del(&listener->readable);
	event_del(&listener->retry);
}

void listener_resume(struct listener *listener)
{
	if (!listener->paused)
		return;
	listener->paused = false;
	event_add(&listener->readable, NULL);
}

void listener_free(struct listener *listener)
{
	if (!listener || listener->freed)
		return;
	event_del(&listener->readable);
	event_del(&listener->retry);
	close(listener->fd);
	listener->freed = true;
	if (!listener->accepting)
		free(listener);
}
