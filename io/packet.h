/* SPDX-License-Identifier: ISC */
/*
 * Packets between roles over SOCK_SEQPACKET socket pairs: one message, one
 * packet, at most one descriptor with it. An asker matches answers by id.
 * Bodies are written and read with base/wire.h. A packet that is too short, too
 * long, or of an unknown version fails the channel: its peer is not to be trusted.
 */
#ifndef IO_PACKET_H
#define IO_PACKET_H

#include "base/span.h"

#define PACKET_BODY_MAX 65000

struct packet {
	uint16_t kind;
	uint32_t id;  /* chosen by the asker, repeated in the answer; 0 = no answer wanted */
	int fd;       /* -1 = none; the receiver owns it */
	bool fd_lost; /* received: one came that this process had no number left for */
	struct span body;
};

enum packet_result {
	PACKET_OK,
	PACKET_AGAIN,  /* non-blocking and nothing there, or no room */
	PACKET_CLOSED, /* the peer is gone */
	PACKET_BAD     /* malformed: cut the peer off */
};

bool packet_pair(int ends[2]); /* close-on-exec, blocking, with large buffers */
/* memory holds the body until the next receive. Waits if fd is blocking. A process that has no descriptors left gets
 * the packet with fd -1. */
enum packet_result packet_receive(int fd, char memory[PACKET_BODY_MAX], struct packet *packet);
/* Does not close packet->fd. */
enum packet_result packet_send(int fd, const struct packet *packet);

/* ---- the asking side, on a loop ---- */

struct event_base;
struct channel;

enum channel_result { CHANNEL_ANSWERED, CHANNEL_TIMEOUT, CHANNEL_LOST };

/* packet is NULL unless ANSWERED; its body is valid during the call, its fd becomes the callee's. */
typedef void (*channel_answer)(void *context, enum channel_result result, const struct packet *packet);
typedef void (*channel_lost)(void *context);
typedef void (*channel_told)(void *context, const struct packet *packet); /* packets nobody asked for */

/* lost is called once when the peer is gone, after every outstanding ask got CHANNEL_LOST. */
struct channel *channel_new(struct event_base *base, int fd, channel_lost lost, channel_told told, void *context);
/* Closes; outstanding asks, and those made while this runs, get CHANNEL_LOST. Safe inside any call of its own. */
void channel_free(struct channel *channel);
/*
 * Sends kind and body (a descriptor too if fd >= 0; it is duplicated, the caller keeps his) and calls answer
 * exactly once, never from inside channel_ask. Returns a handle for channel_forget. When the socket is full the
 * packet waits in memory, at most `CHANNEL_WAITING_MAX` of them; above that the answer is CHANNEL_LOST.
 */
#define CHANNEL_WAITING_MAX 20000
#define CHANNEL_FOREVER     UINT32_MAX /* a deadline that never comes */
uint32_t channel_ask(struct channel *channel, uint16_t kind, struct span body, int fd, unsigned deadline_ms,
		     channel_answer answer, void *context);
/*
 * The answering side: from now on every packet, with an id too, goes to `told`; nothing can be asked over this
 * channel. channel_reply answers one of them, by its kind and id.
 */
void channel_answers(struct channel *channel);
void channel_reply(struct channel *channel, uint16_t kind, uint32_t id, struct span body);
/* The same with a descriptor, if fd >= 0: it is duplicated, the caller keeps his. */
void channel_hand(struct channel *channel, uint16_t kind, uint32_t id, struct span body, int fd);
void channel_tell(struct channel *channel, uint16_t kind, struct span body, int fd); /* no answer */
/* The asker goes away: its answer, when it comes, is dropped and a descriptor in it closed. */
void channel_forget(struct channel *channel, uint32_t ask);
size_t channel_outstanding(const struct channel *channel);

#endif
