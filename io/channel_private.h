/* SPDX-License-Identifier: ISC */
/* The inside of a channel: channel.c asks and answers, channel_send.c queues and sends. */
#ifndef IO_CHANNEL_PRIVATE_H
#define IO_CHANNEL_PRIVATE_H

#include "io/packet.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#define SLOT_NONE         UINT32_MAX
#define SWEEP_MS          250
#define WAITING_BYTES_MAX (64 * 1024 * 1024)

struct slot {
	channel_answer answer; /* NULL: the slot is free */
	void *context;
	int64_t deadline;
	uint64_t number; /* counts up: tells the asks of one round from those of the next */
	uint32_t generation;
	uint32_t next_free;
	bool failed; /* never sent; its answer is CHANNEL_LOST */
};

struct waiting {
	struct waiting *next;
	struct packet packet; /* body points behind this struct, fd is a duplicate */
};

struct channel {
	struct event readable, writable;
	struct event
		sweep; /* one timer for all deadlines, running while there is one */
	struct event failed; /* made active by hand */
	int fd;              /* -1 after the peer was lost */
	bool freed;          /* memory stays until the outermost call has returned */
	bool answers;        /* the peer asks, we do not */
	bool broken;         /* the peer reads no more; what it had sent may still be read */
	unsigned depth;
	channel_lost lost;
	channel_told told;
	void *context;

	struct slot *slots;
	uint32_t slot_count, first_free, last_free;
	size_t outstanding, timed; /* timed: those of them that have a deadline */
	uint64_t asked;

	struct waiting *queue, **queue_end;
	size_t queue_count, queue_bytes;

	char memory[PACKET_BODY_MAX];
};

void channel_sending_init(struct channel *channel, struct event_base *base);
void channel_sending_clear(
	struct channel *channel); /* forgets what waits, closing its descriptors */
/* Sends now, or queues when the socket is full. False: it will never be sent. */
bool channel_send(struct channel *channel, const struct packet *packet);

#endif
