/* SPDX-License-Identifier: ISC */
#include "io/channel_private.h"

#include "base/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void waiting_free(struct waiting *waiting)
{
	if (waiting->packet.fd >= 0)
		close(waiting->packet.fd);
	/* It may have held a password. */
	memory_wipe(waiting, sizeof(*waiting) + waiting->packet.body.length);
	free(waiting);
}

static void queue_pop(struct channel *channel)
{
	struct waiting *first = channel->queue;

	channel->queue = first->next;
	if (!channel->queue)
		channel->queue_end = &channel->queue;
	channel->queue_count--;
	channel->queue_bytes -= first->packet.body.length;
	waiting_free(first);
}

static void queue_clear(struct channel *channel)
{
	while (channel->queue)
		queue_pop(channel);
}

static bool queue_push(struct channel *channel, const struct packet *packet)
{
	int fd = -1;

	if (channel->queue_count >= CHANNEL_WAITING_MAX ||
	    channel->queue_bytes + packet->body.length > WAITING_BYTES_MAX)
		return false;
	if (packet->fd >= 0) {
		fd = fcntl(packet->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return false;
	}
	struct waiting *waiting = memory_new(sizeof(*waiting) + packet->body.length);
	char *body = (char *)(waiting + 1);
	if (packet->body.length)
		memcpy(body, packet->body.at, packet->body.length);
	waiting->packet = *packet;
	waiting->packet.fd = fd;
	waiting->packet.body = span_make(body, packet->body.length);
	*channel->queue_end = waiting;
	channel->queue_end = &waiting->next;
	channel->queue_count++;
	channel->queue_bytes += packet->body.length;
	return true;
}

/*
 * The peer reads no more. That it is gone altogether is found by reading, after
 * the answers it had already sent; until then nothing can be asked.
 */
static void sending_broken(struct channel *channel)
{
	channel->broken = true;
	queue_clear(channel);
	event_del(&channel->writable);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct channel *channel = context;
	enum packet_result result = PACKET_OK;

	(void)fd;
	(void)what;
	while (channel->queue) {
		result = packet_send(channel->fd, &channel->queue->packet);
		if (result != PACKET_OK)
			break;
		queue_pop(channel);
	}
	if (!channel->queue)
		event_del(&channel->writable);
	else if (result != PACKET_AGAIN)
		sending_broken(channel);
}

void channel_sending_init(struct channel *channel, struct event_base *base)
{
	event_assign(&channel->writable, base, channel->fd, EV_WRITE | EV_PERSIST, on_writable,
		     channel);
}

void channel_sending_clear(struct channel *channel)
{
	queue_clear(channel);
	event_del(&channel->writable);
}

bool channel_send(struct channel *channel, const struct packet *packet)
{
	enum packet_result result = PACKET_AGAIN;

	if (channel->fd < 0 || channel->broken)
		return false;
	if (!channel->queue)
		result = packet_send(channel->fd, packet);
	if (result == PACKET_CLOSED)
		sending_broken(channel);
	if (result != PACKET_AGAIN)
		return result == PACKET_OK;
	bool first = !channel->queue;
	if (!queue_push(channel, packet))
		return false;
	if (first)
		event_add(&channel->writable, NULL);
	return true;
}
