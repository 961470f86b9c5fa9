/* SPDX-License-Identifier: ISC */
#include "tests/unit/io/peer.h"

#include "io/listen.h"

#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

struct door {
	struct event_base *base;
	struct listener *listener;
	int listening; /* the listener's */
	int fds[200];
	size_t count;
	char address[64];
	bool pause_inside, free_inside;
};

static void on_accepted(void *context, int fd, const char *address)
{
	struct door *door = context;
	int one = 0;
	socklen_t length = sizeof(one);

	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, &length), 0);
	assert_int_not_equal(one, 0);
	door->fds[door->count++] = fd;
	snprintf(door->address, sizeof(door->address), "%s", address);
	if (door->pause_inside)
		listener_pause(door->listener);
	if (door->free_inside) {
		listener_free(door->listener);
		door->listener = NULL;
	}
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	/* The port lies at the same place in both families. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int call_at(int family, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (family == AF_INET)
		(void)connect(fd, (struct sockaddr *)&four, sizeof(four));
	else
		(void)connect(fd, (struct sockaddr *)&six, sizeof(six));
	return fd;
}

static bool six_works(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool works = fd >= 0 && bind(fd, (struct sockaddr *)&six, sizeof(six)) == 0;

	if (fd >= 0)
		close(fd);
	return works;
}

static void door_open(struct door *door, const char *address, uint16_t *port)
{
	char why[200] = "";
	int fd = listen_bind(address, 0, why, sizeof(why));

	assert_string_equal(why, "");
	assert_true(fd >= 0);
	memset(door, 0, sizeof(*door));
	*port = port_of(fd);
	door->base = event_base_new();
	door->listening = fd;
	door->listener = listener_new(door->base, fd, on_accepted, door);
}

static void door_turns(struct door *door, int milliseconds)
{
	int64_t limit = clock_ms() + milliseconds;

	for (int turns = 0; turns < 4 || clock_ms() < limit; turns++) {
		event_base_loop(door->base, EVLOOP_NONBLOCK);
		pause_ms(1);
	}
}

/* Until so many stand before a door that nobody opens: connecting takes the kernel its time. */
static void wait_for_callers(int listening, unsigned count)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	for (int64_t limit = clock_ms() + 180000; clock_ms() < limit; pause_ms(1)) {
		assert_int_equal(getsockopt(listening, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
		if (info.tcpi_unacked >= count) /* of a listening socket: not accepted yet */
			break;
	}
	assert_int_equal(info.tcpi_unacked, count);
}

/* Until so many have come; too long only when they do not. */
static void door_expect(struct door *door, size_t count)
{
	for (int64_t limit = clock_ms() + 180000; door->count < count && clock_ms() < limit;)
		door_turns(door, 1);
	assert_int_equal(door->count, count);
}

static void door_close(struct door *door)
{
	listener_free(door->listener);
	for (size_t i = 0; i < door->count; i++)
		close(door->fds[i]);
	event_base_loop(door->base, EVLOOP_NONBLOCK);
	event_base_free(door->base);
}

static void test_bind_errors(void **state)
{
	char why[200], wanted[200];
	uint16_t port;
	struct door door;

	(void)state;
	door_open(&door, "127.0.0.1", &port);
	assert_int_equal(listen_bind("127.0.0.1", port, why, sizeof(why)), -1);
	snprintf(wanted, sizeof(wanted), "cannot listen on 127.0.0.1:%u: Address already in use",
		 port);
	assert_string_equal(why, wanted);
	assert_int_equal(listen_bind("192.0.2.1", 1025, why, sizeof(why)), -1);
	assert_string_equal(why,
			    "cannot listen on 192.0.2.1:1025: Cannot assign requested address");
	assert_int_equal(listen_bind("mail.test", 1025, why, sizeof(why)), -1);
	assert_string_equal(why, "cannot listen on mail.test:1025: not a numeric IP address");
	assert_int_equal(listen_bind("2001:db8::1", 1025, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "cannot listen on [2001:db8::1]:1025: "));
	door_close(&door);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		int family;
		const char *peer;
	} rows[] = {
		{ "127.0.0.1", AF_INET, "127.0.0.1" },
		{ "*", AF_INET, "127.0.0.1" },
		{ "0.0.0.0", AF_INET, "127.0.0.1" },
		{ "*", AF_INET6, "::1" },
		{ "::1", AF_INET6, "::1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t before = descriptors_open();
		struct door door;
		uint16_t port;

		if (rows[i].family == AF_INET6 && !six_works())
			continue;
		door_open(&door, rows[i].address, &port);
		int fd = call_at(rows[i].family, port);
		door_expect(&door, 1);
		assert_string_equal(door.address, rows[i].peer);
		close(fd);
		door_close(&door);
		assert_int_equal(descriptors_open(), before);
	}
}

static void test_many_pause_free(void **state)
{
	struct door door;
	uint16_t port;
	int fds[100];

	(void)state;
	door_open(&door, "127.0.0.1", &port);
	door.pause_inside = true;
	for (int i = 0; i < 100; i++)
		fds[i] = call_at(AF_INET, port);
	door_expect(&door, 1);
	door_turns(&door, 20);
	assert_int_equal(door.count, 1);
	door.pause_inside = false;
	listener_resume(door.listener);
	door_expect(&door, 100);
	listener_pause(door.listener);
	listener_pause(door.listener);
	door.free_inside = true;
	close(fds[0]);
	fds[0] = call_at(AF_INET, port);
	close(fds[1]);
	fds[1] = call_at(AF_INET, port);
	door_turns(&door, 20);
	assert_int_equal(door.count, 100);
	listener_resume(door.listener);
	door_expect(&door, 101);
	assert_null(door.listener);
	for (int i = 0; i < 100; i++)
		close(fds[i]);
	door_close(&door);
}

/* Out of descriptors: no spinning, and a second later the connection is there. */
static void test_exhaustion(void **state)
{
	struct rlimit old, low;
	struct door door;
	uint16_t port;

	(void)state;
	if (RUNNING_ON_VALGRIND)
		skip(); /* it has limits of its own */
	door_open(&door, "127.0.0.1", &port);
	int fd = call_at(AF_INET, port);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	wait_for_callers(door.listening, 1);
	door_turns(&door, 100);
	assert_int_equal(door.count, 0);
	assert_int_equal(event_base_get_num_events(door.base, EVENT_BASE_COUNT_ADDED), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	door_expect(&door, 1);
	close(fd);
	door_close(&door);
}

/* Two processes on one socket, here two loops: each connection is accepted by one of them. */
static void test_shared(void **state)
{
	struct door one, two;
	char why[200];
	int fds[50];

	(void)state;
	memset(&one, 0, sizeof(one));
	int fd = listen_bind("127.0.0.1", 0, why, sizeof(why));
	assert_true(fd >= 0);
	two = one;
	one.base = event_base_new();
	two.base = event_base_new();
	one.listener = listener_new(one.base, dup(fd), on_accepted, &one);
	two.listener = listener_new(two.base, dup(fd), on_accepted, &two);
	for (int i = 0; i < 50; i++)
		fds[i] = call_at(AF_INET, port_of(fd));
	wait_for_callers(fd, 50);
	close(fd);
	event_base_loop(one.base, EVLOOP_ONCE | EVLOOP_NONBLOCK); /* a turn takes no more than 32 */
	assert_int_equal(one.count, 32);
	door_expect(&two, 18);
	door_turns(&one, 20);
	assert_int_equal(one.count, 32);
	for (int i = 0; i < 50; i++)
		close(fds[i]);
	door_close(&one);
	door_close(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_errors),     cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_many_pause_free), cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
