/* SPDX-License-Identifier: ISC */
#include "io/packet.h"

#include "base/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PACKET_VERSION     1
#define PACKET_HEADER_SIZE 12
#define SOCKET_BUFFER_SIZE (4 * 1024 * 1024)
#define DESCRIPTORS_SEEN   8 /* more than one is malformed, but those that fit must be closed */
#define CROWDED_TRIES      1000

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(DESCRIPTORS_SEEN * sizeof(int))];
};

/* The FORCE variant passes the limit of net.core but needs root; the other does what is allowed. */
static void socket_enlarge(int fd)
{
	int size = SOCKET_BUFFER_SIZE;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

bool packet_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	socket_enlarge(ends[0]);
	socket_enlarge(ends[1]);
	return true;
}

/* ---- receiving ---- */

/*
 * Takes the first descriptor and closes all others; returns how many there were.
 * They are in the process from the moment of recvmsg, whatever the packet is worth.
 */
static size_t control_take(struct msghdr *message, int *first)
{
	size_t count = 0;

	*first = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t number = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < number; i++, count++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (*first < 0)
				*first = fd;
			else
				close(fd);
		}
	}
	return count;
}

static bool header_parse(const char *header, size_t body_length, struct packet *packet)
{
	struct wire_reader reader;

	wire_reader_init(&reader, header, PACKET_HEADER_SIZE);
	uint32_t first = wire_get_u32(&reader);
	packet->id = wire_get_u32(&reader);
	uint32_t length = wire_get_u32(&reader);
	packet->kind = (uint16_t)first;
	return wire_done(&reader) && first >> 16 == PACKET_VERSION && length == body_length;
}

/*
 * A peer that dies with unread packets of ours leaves ECONNRESET in front of the
 * answers it had already sent; the error is reported once, the answers come after.
 */
static ssize_t receive_once(int fd, struct msghdr *message)
{
	size_t control_size = message->msg_controllen;
	bool reset = false;

	for (;;) {
		message->msg_controllen = control_size;
		ssize_t got = recvmsg(fd, message, MSG_CMSG_CLOEXEC);
		if (got >= 0)
			return got;
		if (errno == ECONNRESET && !reset)
			reset = true;
		else if (errno != EINTR)
			return -1;
	}
}

/* Descriptors cut off although there was room means this process has none left: not the peer's
 * fault. */
static bool control_wrong(const struct msghdr *message, size_t descriptors)
{
	if (descriptors > 1)
		return true;
	return (message->msg_flags & MSG_CTRUNC) && descriptors == 1;
}

enum packet_result packet_receive(int fd, char memory[PACKET_BODY_MAX], struct packet *packet)
{
	char header[PACKET_HEADER_SIZE];
	struct iovec parts[2] = { { header, sizeof(header) }, { memory, PACKET_BODY_MAX } };
	union control control;
	struct msghdr message = { .msg_iov = parts,
				  .msg_iovlen = 2,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	*packet = (struct packet){ .fd = -1 };
	ssize_t got = receive_once(fd, &message);
	if (got < 0)
		return errno == EAGAIN ? PACKET_AGAIN : PACKET_CLOSED;
	size_t descriptors = control_take(&message, &packet->fd);
	if (got == 0 && descriptors == 0)
		return PACKET_CLOSED;
	if (got < PACKET_HEADER_SIZE || (message.msg_flags & MSG_TRUNC) ||
	    control_wrong(&message, descriptors) ||
	    !header_parse(header, (size_t)got - PACKET_HEADER_SIZE, packet)) {
		if (packet->fd >= 0)
			close(packet->fd);
		*packet = (struct packet){ .fd = -1 };
		return PACKET_BAD;
	}
	packet->body = span_make(memory, (size_t)got - PACKET_HEADER_SIZE);
	packet->fd_lost = (message.msg_flags & MSG_CTRUNC) != 0;
	return PACKET_OK;
}

/* ---- sending ---- */

static void header_write(const struct packet *packet, char header[PACKET_HEADER_SIZE])
{
	struct wire_writer writer;

	wire_writer_init(&writer, header, PACKET_HEADER_SIZE);
	wire_put_u32(&writer, (uint32_t)PACKET_VERSION << 16 | packet->kind);
	wire_put_u32(&writer, packet->id);
	wire_put_u32(&writer, (uint32_t)packet->body.length);
}

static void control_write(struct msghdr *message, union control *control, int fd)
{
	memset(control, 0, sizeof(*control));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(sizeof(int));
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
}

/*
 * The kernel caps the descriptors that are under way (ETOOMANYREFS) and, unlike
 * with a full socket, does not wait: a blocking sender waits here instead.
 */
static bool crowded_wait(int fd, unsigned tries)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_NONBLOCK) || tries >= CROWDED_TRIES)
		return false;
	(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return true;
}

static enum packet_result message_send(int fd, const struct msghdr *message)
{
	for (unsigned tries = 0;; tries++) {
		if (sendmsg(fd, message, MSG_NOSIGNAL) >= 0)
			return PACKET_OK;
		switch (errno) {
		case EINTR:
			break;
		case EAGAIN:
			return PACKET_AGAIN;
		case ETOOMANYREFS:
		case ENOBUFS:
		case ENOMEM:
			if (!crowded_wait(fd, tries))
				return PACKET_AGAIN;
			break;
		case EMSGSIZE:
		case EBADF:
			return PACKET_BAD;
		default:
			return PACKET_CLOSED;
		}
	}
}

enum packet_result packet_send(int fd, const struct packet *packet)
{
	char header[PACKET_HEADER_SIZE];
	union control control;
	struct iovec parts[2] = {
		{ header, sizeof(header) },
		{ (void *)(uintptr_t)packet->body.at, packet->body.length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (packet->body.length > PACKET_BODY_MAX)
		return PACKET_BAD;
	header_write(packet, header);
	if (packet->fd >= 0)
		control_write(&message, &control, packet->fd);
	return message_send(fd, &message);
}
