/* SPDX-License-Identifier: ISC */
#include "directory/ping.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/tls.h"

enum { DATAGRAM_SIZE = 4096 };

/* Connected, so that only the one who was asked can answer, and a closed port is told. */
static int open_socket(const struct dial_addresses *addresses, uint16_t port)
{
	for (size_t i = 0; i < addresses->count; i++) {
		struct sockaddr_storage address = addresses->address[i];
		socklen_t length = dial_set_port(&address, port);
		int descriptor =
			socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (descriptor < 0)
			continue;
		if (connect(descriptor, (struct sockaddr *)&address, length) == 0)
			return descriptor;
		close(descriptor);
	}
	return -1;
}

static void end(struct ping *ping)
{
	if (ping->socket >= 0)
		close(ping->socket);
	ping->socket = -1;
}

static void begin(struct ping *ping, const char *dns_domain)
{
	char request[NETLOGON_REQUEST_SIZE];
	size_t length;

	ping->answered = false;
	random_bytes(&ping->id, sizeof(ping->id));
	ping->id &= 0x7fffffff; /* RFC 4511 section 4.1.1.1 */
	length = netlogon_request(dns_domain, ping->id, request);
	ping->socket = open_socket(ping->addresses, ping->port);
	ping->sent = clock_us();
	if (ping->socket >= 0 &&
	    (length == 0 || send(ping->socket, request, length, MSG_NOSIGNAL) != (ssize_t)length))
		end(ping);
}

static void hear(struct ping *ping)
{
	char datagram[DATAGRAM_SIZE];
	ssize_t length = recv(ping->socket, datagram, sizeof(datagram), 0);

	if (length < 0) {
		end(ping); /* the port is closed */
	} else if (netlogon_reply(span_make(datagram, (size_t)length), ping->id, &ping->netlogon)) {
		ping->latency = clock_us() - ping->sent;
		ping->answered = true;
		end(ping);
	}
}

void ping_all(struct ping *pings, size_t count, const char *dns_domain, int patience)
{
	struct pollfd *polls = memory_array(count, sizeof(*polls));
	int64_t until = clock_ms() + patience, left;
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		begin(&pings[i], dns_domain);
		open += pings[i].socket >= 0;
	}
	while (open > 0 && (left = until - clock_ms()) > 0) {
		for (size_t i = 0; i < count; i++)
			polls[i] = (struct pollfd){ .fd = pings[i].socket, .events = POLLIN };
		if (poll(polls, count, (int)left) <= 0)
			continue;
		open = 0;
		for (size_t i = 0; i < count; i++) {
			if (pings[i].socket >= 0 && polls[i].revents)
				hear(&pings[i]);
			open += pings[i].socket >= 0;
		}
	}
	for (size_t i = 0; i < count; i++)
		end(&pings[i]);
	free(polls);
}
