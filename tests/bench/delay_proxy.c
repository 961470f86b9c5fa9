/* SPDX-License-Identifier: ISC */
/*
 * A server far away: delay_proxy ADDRESS PORT TO-ADDRESS TO-PORT MILLISECONDS
 *
 * TCP connections to the first are carried to the second; every byte arrives half of the
 * milliseconds late, in each direction, whatever else is on its way, so that a round trip
 * costs them all. A new connection carries nothing during its first round trip, which TCP's
 * own handshake would take. Ends of streams are late, too. One thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE 16384

struct piece {
	struct piece *later; /* the delay is the same for all, so they queue */
	struct direction *direction;
	int64_t due; /* microseconds */
	size_t length;
	bool end;
	char bytes[];
};

struct direction {
	struct pair *pair;
	int from, to;
	bool ended;         /* nothing more will be read */
	bool done;          /* and all of it was written */
	unsigned in_flight; /* pieces */
};

struct pair {
	struct direction out, back;
	int64_t ready; /* when its handshake would be over */
};

static struct sockaddr_in target;
static int64_t delay;
static int poller;
static struct piece *first, *last;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		fail("epoll_ctl");
}

static void quick(int fd)
{
	const int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		perror("TCP_NODELAY");
}

static void pair_open(int client)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!pair || server < 0)
		fail("pair");
	if (connect(server, (struct sockaddr *)&target, sizeof(target)) < 0) {
		close(server);
		close(client);
		free(pair);
		return;
	}
	quick(client);
	quick(server);
	pair->out = (struct direction){ .pair = pair, .from = client, .to = server };
	pair->back = (struct direction){ .pair = pair, .from = server, .to = client };
	pair->ready = now() + 2 * delay;
	watch(client, &pair->out);
	watch(server, &pair->back);
}

static void pair_close_when_done(struct pair *pair)
{
	if (!pair->out.done || !pair->back.done)
		return;
	close(pair->out.from);
	close(pair->back.from);
	free(pair);
}

static void direction_read(struct direction *direction)
{
	struct piece *piece = malloc(sizeof(*piece) + PIECE);
	int64_t at = now();
	ssize_t got;

	if (!piece)
		fail("malloc");
	got = recv(direction->from, piece->bytes, PIECE, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN) {
		free(piece);
		return;
	}
	/* One by one: the bytes begin where a whole assignment would pad. */
	piece->later = NULL;
	piece->direction = direction;
	piece->length = got > 0 ? (size_t)got : 0;
	piece->end = got <= 0;
	if (piece->end) {
		direction->ended = true;
		if (epoll_ctl(poller, EPOLL_CTL_DEL, direction->from, NULL) < 0)
			fail("epoll_ctl");
	}
	piece->due = (at > direction->pair->ready ? at : direction->pair->ready) + delay;
	direction->in_flight++;
	/* Only pieces of a pair's first round trip are ever out of order: find their place. */
	if (!last || last->due <= piece->due) {
		*(last ? &last->later : &first) = piece;
		last = piece;
		return;
	}
	for (struct piece **place = &first;; place = &(*place)->later) {
		if ((*place)->due > piece->due) {
			piece->later = *place;
			*place = piece;
			return;
		}
	}
}

static void write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void piece_arrive(struct piece *piece)
{
	struct direction *direction = piece->direction;

	write_all(direction->to, piece->bytes, piece->length);
	if (piece->end)
		(void)shutdown(direction->to, SHUT_WR);
	direction->in_flight--;
	direction->done = direction->ended && direction->in_flight == 0;
	if (direction->done)
		pair_close_when_done(direction->pair);
	free(piece);
}

static void arrivals(void)
{
	while (first && first->due <= now()) {
		struct piece *piece = first;

		first = piece->later;
		if (!first)
			last = NULL;
		piece_arrive(piece);
	}
}

static int wait_time(void)
{
	int64_t left;

	if (!first)
		return -1;
	left = first->due - now();
	return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

static void run(int listener)
{
	struct epoll_event events[256];

	for (;;) {
		int count = epoll_wait(poller, events, 256, wait_time());

		for (int i = 0; i < count; i++) {
			int client;

			if (events[i].data.ptr) {
				direction_read(events[i].data.ptr);
				continue;
			}
			client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (client >= 0)
				pair_open(client);
		}
		arrivals();
	}
}

static bool read_place(struct sockaddr_in *place, const char *address, const char *port)
{
	place->sin_family = AF_INET;
	place->sin_port = htons((uint16_t)atoi(port));
	return inet_pton(AF_INET, address, &place->sin_addr) == 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = { 0 };
	const int on = 1;
	int listener;

	if (argc != 6 || !read_place(&here, argv[1], argv[2]) ||
	    !read_place(&target, argv[3], argv[4])) {
		fprintf(stderr, "usage: delay_proxy ADDRESS PORT TO-ADDRESS TO-PORT MS\n");
		return 2;
	}
	delay = atoi(argv[5]) * 500;
	poller = epoll_create1(EPOLL_CLOEXEC);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (poller < 0 || listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, 512) < 0)
		fail("listen");
	watch(listener, NULL);
	run(listener);
}
