/* SPDX-License-Identifier: ISC */
#include "directory/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* The resolver's settings are per thread: two tries of two seconds instead of half a minute. */
static void resolver_hurry(void)
{
	if (!(_res.options & RES_INIT))
		res_init();
	_res.retrans = 2;
	_res.retry = 2;
}

bool dial_resolve(const char *host, struct dial_addresses *addresses, const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	int error;

	/* AI_ADDRCONFIG would hide a numeric loopback address where nothing else is configured. */
	if (strchr(host, ':') || inet_addr(host) != INADDR_NONE)
		hints.ai_flags = AI_NUMERICHOST;
	resolver_hurry();
	error = getaddrinfo(host, NULL, &hints, &found);
	if (error == EAI_NONAME && hints.ai_flags == AI_ADDRCONFIG) {
		hints.ai_flags = 0;
		error = getaddrinfo(host, NULL, &hints, &found);
	}
	if (error) {
		*why = gai_strerror(error);
		return false;
	}
	addresses->count = 0;
	for (struct addrinfo *a = found; a && addresses->count < DIAL_ADDRESSES_MAX; a = a->ai_next)
		if (a->ai_addrlen <= sizeof(addresses->address[0]))
			memcpy(&addresses->address[addresses->count++], a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	*why = "the name has no address";
	return addresses->count > 0;
}

socklen_t dial_set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET6) {
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
		return sizeof(struct sockaddr_in6);
	}
	((struct sockaddr_in *)address)->sin_port = htons(port);
	return sizeof(struct sockaddr_in);
}

/* Zero or an errno. */
static int wait_connected(int descriptor, int64_t deadline)
{
	int error = 0;
	socklen_t size = sizeof(error);

	for (;;) {
		struct pollfd poll_one = { .fd = descriptor, .events = POLLOUT };
		int64_t left = deadline - clock_ms();
		int ready = left > 0 ? poll(&poll_one, 1, (int)left) : 0;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready < 0 ? errno : ETIMEDOUT;
		return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) ? errno : error;
	}
}

static void socket_tune(int descriptor)
{
	int on = 1, patience = 30 * 1000;

	/* Only comfort: a system without one of them still works. */
	(void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
}

static int connect_one(struct sockaddr_storage address, uint16_t port, int64_t deadline)
{
	socklen_t length = dial_set_port(&address, port);
	int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (descriptor < 0)
		return -1;
	error = connect(descriptor, (struct sockaddr *)&address, length) ? errno : 0;
	if (error == EINPROGRESS)
		error = wait_connected(descriptor, deadline);
	if (!error && fcntl(descriptor, F_SETFL, 0) != 0)
		error = errno;
	if (!error) {
		socket_tune(descriptor);
		return descriptor;
	}
	close(descriptor);
	errno = error;
	return -1;
}

int dial_connect(const struct dial_addresses *addresses, uint16_t port, int64_t deadline)
{
	errno = EADDRNOTAVAIL;
	for (size_t i = 0; i < addresses->count; i++) {
		int64_t now = clock_ms();
		/* One dead address of several must not use up the time of the others. */
		int64_t share = (deadline - now) / (int64_t)(addresses->count - i);
		int descriptor = connect_one(addresses->address[i], port, now + share);

		if (descriptor >= 0)
			return descriptor;
	}
	return -1;
}

bool dial_peer_is_loopback(int descriptor)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t length = sizeof(peer);

	if (getpeername(descriptor, (struct sockaddr *)&peer, &length) != 0)
		return false;
	if (peer.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&peer)->sin6_addr);
	return peer.ss_family == AF_INET &&
	       ntohl(((struct sockaddr_in *)&peer)->sin_addr.s_addr) >> 24 == 127;
}
