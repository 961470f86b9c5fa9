/* SPDX-License-Identifier: ISC */
/*
 * The asking side of packets. Every outstanding ask has a slot; its id is the
 * slot's number and generation, so finding it again costs one array access and an
 * answer that comes too late finds a newer generation and is dropped.
 */
#include "io/channel_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOT_BITS      17
#define SLOT_MASK      ((1u << SLOT_BITS) - 1)
#define SLOTS_MAX      (1u << SLOT_BITS)
#define SLOTS_FIRST    1024
#define PACKETS_A_TURN 64

/* ---- slots ---- */

static uint32_t slot_id(const struct channel *channel, uint32_t number)
{
	return channel->slots[number].generation << SLOT_BITS | number;
}

static struct slot *slot_find(struct channel *channel, uint32_t id)
{
	uint32_t number = id & SLOT_MASK;

	if (id == 0 || number >= channel->slot_count)
		return NULL;
	struct slot *slot = &channel->slots[number];
	return slot->answer && slot->generation == id >> SLOT_BITS ? slot : NULL;
}

static void slots_grow(struct channel *channel)
{
	uint32_t old = channel->slot_count;
	uint32_t count = old ? old * 2 : SLOTS_FIRST;

	channel->slots = memory_grow(channel->slots, count, sizeof(*channel->slots));
	for (uint32_t i = old; i < count; i++)
		channel->slots[i] = (struct slot){ .generation = 1, .next_free = i + 1 };
	channel->slots[count - 1].next_free = SLOT_NONE;
	channel->first_free = old;
	channel->last_free = count - 1;
	channel->slot_count = count;
}

static void slot_release(struct channel *channel, struct slot *slot)
{
	uint32_t number = (uint32_t)(slot - channel->slots);

	/* Generation 0 is left out so that no id is ever 0. */
	uint32_t next = (slot->generation + 1) & (UINT32_MAX >> SLOT_BITS);
	if (slot->deadline != INT64_MAX)
		channel->timed--;
	*slot = (struct slot){ .generation = next ? next : 1, .next_free = SLOT_NONE };
	/* At the end of the free list: generations last longest when slots are used in turn. */
	if (channel->first_free == SLOT_NONE)
		channel->first_free = number;
	else
		channel->slots[channel->last_free].next_free = number;
	channel->last_free = number;
	channel->outstanding--;
}

static struct slot *slot_take(struct channel *channel)
{
	if (channel->first_free == SLOT_NONE) {
		if (channel->slot_count >= SLOTS_MAX)
			return NULL;
		slots_grow(channel);
	}
	struct slot *slot = &channel->slots[channel->first_free];
	channel->first_free = slot->next_free;
	channel->outstanding++;
	return slot;
}

/* The slot is free before the call: the callee may ask again, and get the same memory. */
static void slot_answer(struct channel *channel, struct slot *slot, enum channel_result result,
			const struct packet *packet)
{
	channel_answer answer = slot->answer;
	void *context = slot->context;

	slot_release(channel, slot);
	answer(context, result, packet);
}

/* ---- ends that are not answers ---- */

static void sweep_arm(struct channel *channel)
{
	const struct timeval granularity = { .tv_usec = SWEEP_MS * 1000 };

	if (channel->timed && !channel->freed &&
	    !event_pending(&channel->sweep, EV_TIMEOUT, NULL))
		event_add(&channel->sweep, &granularity);
}

/* Asks made by the callbacks of this very loop wait for the next. */
static void fail_all(struct channel *channel)
{
	uint64_t limit = channel->asked;

	for (uint32_t i = 0; i < channel->slot_count; i++) {
		struct slot *slot = &channel->slots[i];
		if (slot->answer && slot->number <= limit)
			slot_answer(channel, slot, CHANNEL_LOST, NULL);
	}
}

static void channel_enter(struct channel *channel)
{
	channel->depth++;
}

static void channel_leave(struct channel *channel)
{
	if (--channel->depth > 0 || !channel->freed)
		return;
	free(channel->slots);
	free(channel);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
	struct channel *channel = context;
	int64_t now = clock_ms();

	(void)fd;
	(void)what;
	channel_enter(channel);
	for (uint32_t i = 0; i < channel->slot_count && !channel->freed; i++) {
		struct slot *slot = &channel->slots[i];
		if (slot->answer && slot->deadline <= now)
			slot_answer(channel, slot, CHANNEL_TIMEOUT, NULL);
	}
	sweep_arm(channel);
	channel_leave(channel);
}

/* Asks that could not be sent: told now, because channel_ask must not call back. */
static void on_failed(evutil_socket_t fd, short what, void *context)
{
	struct channel *channel = context;
	uint64_t limit = channel->asked;

	(void)fd;
	(void)what;
	channel_enter(channel);
	for (uint32_t i = 0; i < channel->slot_count && !channel->freed; i++) {
		struct slot *slot = &channel->slots[i];
		if (slot->answer && slot->failed && slot->number <= limit)
			slot_answer(channel, slot, CHANNEL_LOST, NULL);
	}
	channel_leave(channel);
}

static void peer_lost(struct channel *channel)
{
	if (channel->fd < 0)
		return;
	event_del(&channel->readable);
	channel_sending_clear(channel);
	close(channel->fd);
	channel->fd = -1;
	fail_all(channel);
	if (!channel->freed && channel->lost)
		channel->lost(channel->context);
}

/* ---- answers ---- */

static void packet_drop(const struct packet *packet)
{
	if (packet->fd >= 0)
		close(packet->fd);
}

static void packet_dispatch(struct channel *channel, const struct packet *packet)
{
	if ((packet->id == 0 || channel->answers) && channel->told) {
		channel->told(channel->context, packet);
		return;
	}
	struct slot *slot = slot_find(channel, packet->id);
	if (slot && !slot->failed)
		slot_answer(channel, slot, CHANNEL_ANSWERED, packet);
	else
		packet_drop(packet);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct channel *channel = context;
	enum packet_result result = PACKET_OK;

	(void)fd;
	(void)what;
	channel_enter(channel);
	for (int i = 0; i < PACKETS_A_TURN && !channel->freed && channel->fd >= 0; i++) {
		struct packet packet;

		result = packet_receive(channel->fd, channel->memory, &packet);
		if (result != PACKET_OK)
			break;
		packet_dispatch(channel, &packet);
	}
	if (!channel->freed && (result == PACKET_CLOSED || result == PACKET_BAD))
		peer_lost(channel);
	channel_leave(channel);
}

/* ---- the public side ---- */

struct channel *channel_new(struct event_base *base, int fd, channel_lost lost, channel_told told,
			    void *context)
{
	struct channel *channel = memory_new(sizeof(*channel));

	channel->fd = fd;
	channel->lost = lost;
	channel->told = told;
	channel->context = context;
	channel->first_free = SLOT_NONE;
	channel->queue_end = &channel->queue;
	(void)evutil_make_socket_nonblocking(fd);
	event_assign(&channel->readable, base, fd, EV_READ | EV_PERSIST, on_readable, channel);
	event_assign(&channel->sweep, base, -1, 0, on_sweep, channel);
	event_assign(&channel->failed, base, -1, 0, on_failed, channel);
	channel_sending_init(channel, base);
	event_add(&channel->readable, NULL);
	return channel;
}

void channel_free(struct channel *channel)
{
	if (!channel || channel->freed)
		return;
	channel_enter(channel);
	channel->freed = true;
	event_del(&channel->readable);
	event_del(&channel->sweep);
	event_del(&channel->failed);
	channel_sending_clear(channel);
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	while (channel->outstanding)
		fail_all(channel);
	channel_leave(channel);
}

uint32_t channel_ask(struct channel *channel, uint16_t kind, struct span body, int fd,
		     unsigned deadline_ms, channel_answer answer, void *context)
{
	assert(answer && !channel->answers);
	struct slot *slot = slot_take(channel);
	/* More asks than slots: there are fewer sessions than that, so the caller is at fault. */
	if (!slot)
		memory_die("channel: too many asks outstanding");
	slot->answer = answer;
	slot->context = context;
	slot->number = ++channel->asked;
	slot->deadline = deadline_ms == CHANNEL_FOREVER ? INT64_MAX : clock_ms() + deadline_ms;
	if (slot->deadline != INT64_MAX)
		channel->timed++;
	uint32_t id = slot_id(channel, (uint32_t)(slot - channel->slots));
	struct packet packet = { .kind = kind, .id = id, .fd = fd, .body = body };
	if (!channel_send(channel, &packet)) {
		slot->failed = true;
		if (!channel->freed) /* else channel_free is looking for it */
			event_active(&channel->failed, EV_TIMEOUT, 0);
	}
	sweep_arm(channel);
	return id;
}

void channel_answers(struct channel *channel)
{
	channel->answers = true;
}

void channel_reply(struct channel *channel, uint16_t kind, uint32_t id, struct span body)
{
	channel_hand(channel, kind, id, body, -1);
}

void channel_hand(struct channel *channel, uint16_t kind, uint32_t id, struct span body, int fd)
{
	struct packet packet = { .kind = kind, .id = id, .fd = fd, .body = body };

	(void)channel_send(channel, &packet);
}

void channel_tell(struct channel *channel, uint16_t kind, struct span body, int fd)
{
	struct packet packet = { .kind = kind, .id = 0, .fd = fd, .body = body };

	(void)channel_send(channel, &packet);
}

void channel_forget(struct channel *channel, uint32_t ask)
{
	struct slot *slot = slot_find(channel, ask);

	if (slot)
		slot_release(channel, slot);
}

size_t channel_outstanding(const struct channel *channel)
{
	return channel->outstanding;
}
