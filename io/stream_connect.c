/* SPDX-License-Identifier: ISC */
/* Streams that we begin: the connection, its deadline, and why it did not come about. */
#include "io/stream_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct endpoint {
	struct sockaddr_storage address;
	socklen_t length;
};

const char *stream_errno_reason(int error)
{
	switch (error) {
	case ECONNRESET:
		return "connection reset by peer";
	case EPIPE:
		return "closed by peer";
	case ETIMEDOUT:
		return "connection timed out";
	case ECONNREFUSED:
		return "connection refused";
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return "host unreachable";
	case ENETUNREACH:
	case ENETDOWN:
		return "network unreachable";
	case EADDRNOTAVAIL:
	case EINVAL:
	case EAFNOSUPPORT: /* IPv4 from IPv6, or the other way */
		return "no connection possible from the source address";
	case EACCES:
	case EPERM:
		return "connection forbidden by this machine";
	default:
		return "network error";
	}
}

/* IPv4 has sockets of its own: a machine may have IPv6 switched off. */
static struct endpoint endpoint_make(const unsigned char address[16], uint16_t port)
{
	struct endpoint endpoint = { .length = 0 };
	struct in6_addr six;

	memcpy(&six, address, sizeof(six));
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		struct sockaddr_in *four = (struct sockaddr_in *)&endpoint.address;

		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, address + 12, 4);
		endpoint.length = sizeof(*four);
	} else {
		struct sockaddr_in6 *to = (struct sockaddr_in6 *)&endpoint.address;

		to->sin6_family = AF_INET6;
		to->sin6_port = htons(port);
		to->sin6_addr = six;
		endpoint.length = sizeof(*to);
	}
	return endpoint;
}

/* 0, or why there will be no connection. */
static int begin(int fd, const unsigned char address[16], uint16_t port,
		 const unsigned char *source)
{
	struct endpoint peer = endpoint_make(address, port);
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (source) {
		struct endpoint own = endpoint_make(source, 0);

		/* The port is chosen with the connection, so that many may have the same. */
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&own.address, own.length) != 0)
			return errno;
	}
	if (connect(fd, (struct sockaddr *)&peer.address, peer.length) == 0 ||
	    errno == EINPROGRESS || errno == EINTR)
		return 0;
	return errno;
}

struct stream *stream_connect(struct event_base *base, const unsigned char address[16],
			      uint16_t port, const unsigned char *source, unsigned connect_seconds,
			      const struct stream_calls *calls, void *owner, unsigned idle_seconds)
{
	struct endpoint peer = endpoint_make(address, port);
	int fd = socket(peer.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stream *stream;
	int error;

	if (fd < 0)
		return NULL;
	error = begin(fd, address, port, source);
	stream = stream_new(base, fd, calls, owner, idle_seconds);
	stream->layer = LAYER_CONNECTING;
	event_del(&stream->reader);
	stream->reading = false;
	stream_timer_set(stream, (int64_t)connect_seconds * 1000);
	if (error != 0)
		stream->ended = stream_errno_reason(error);
	stream_work_later(stream); /* `gone` comes from the loop, as everything does */
	return stream;
}

void stream_connect_done(struct stream *stream)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		error = errno;
	if (error != 0) {
		stream->ended = stream_errno_reason(error);
		return;
	}
	stream->layer = LAYER_PLAIN;
	stream->heard = clock_ms();
	stream_timer_set(stream, (int64_t)stream->idle_seconds * 1000);
	if (stream->calls->connected)
		stream->calls->connected(stream->owner);
}
