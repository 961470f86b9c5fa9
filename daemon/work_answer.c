/* SPDX-License-Identifier: ISC */
#include "daemon/work_answer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/held.h"
#include "daemon/work_peer.h"
#include "daemon/work_wake.h"
#include "io/packet.h"

enum { WORK_AGAIN_MS = 20 };

static struct {
	struct held *held; /* to be sent later; under work_lock. Only the main thread takes them */
	bool ending;       /* under work_lock */
} later;

void work_answers_begin(void)
{
	later.held = held_new();
}

void work_answer(struct work *work, const struct wire_writer *writer, int fd)
{
	struct packet packet = { .kind = (uint16_t)work->permit->kind, .id = work->id, .fd = fd };

	if (work->id == 0)
		return;
	if (writer->failed)
		memory_die("an answer did not fit into its packet");
	packet.body = span_make(writer->at, writer->used);
	if (!work_peer_send(work->peer, &packet) && work_peer_is_first(&work->peer->unheard))
		log_warning("work.unheard", LOG_TEXT("peer", role_name(work->peer->who.role)),
			    LOG_NUMBER("index", work->peer->who.index),
			    LOG_NUMBER("kind", packet.kind));
}

void work_answer_later(struct work *work, const struct wire_writer *writer, unsigned hold)
{
	struct held_answer answer = { .owner = work->peer,
				      .due = clock_ms() + hold,
				      .kind = (uint16_t)work->permit->kind,
				      .id = work->id };
	bool held = false;

	pthread_mutex_lock(&work_lock);
	if (hold > 0 && work->id != 0 && !writer->failed && !later.ending)
		held = held_add(later.held, &answer, span_make(writer->at, writer->used));
	if (held)
		work->peer->held++;
	pthread_mutex_unlock(&work_lock);
	if (held)
		work_wake(); /* it may be due before what the main thread waits for */
	else
		work_answer(work, writer, -1);
}

/* One that the peer has no room for comes again soon: the main thread waits for nobody. */
static void answer_send(struct held_answer *answer)
{
	struct work_peer *peer = answer->owner;
	struct packet packet = { .kind = answer->kind,
				 .id = answer->id,
				 .fd = -1,
				 .body = span_make(answer->body, answer->length) };
	enum packet_result result = peer->closed ? PACKET_CLOSED : packet_send(peer->fd, &packet);
	bool again;

	pthread_mutex_lock(&work_lock);
	answer->due = clock_ms() + WORK_AGAIN_MS;
	again = result == PACKET_AGAIN && !later.ending &&
		held_add(later.held, answer, packet.body);
	if (!again)
		work_peer_release(peer);
	pthread_mutex_unlock(&work_lock);
	free(answer);
}

void work_answers_send(int64_t now)
{
	struct held_answer *answer;

	do {
		pthread_mutex_lock(&work_lock);
		answer = held_take(later.held, now);
		pthread_mutex_unlock(&work_lock);
		if (answer)
			answer_send(answer);
	} while (answer);
}

int work_answers_wait(void)
{
	int wait;

	pthread_mutex_lock(&work_lock);
	wait = held_wait(later.held, clock_ms());
	pthread_mutex_unlock(&work_lock);
	return wait;
}

void work_answers_hurry(void)
{
	pthread_mutex_lock(&work_lock);
	later.ending = true;
	pthread_mutex_unlock(&work_lock);
}

void work_answers_end(void)
{
	work_answers_send(INT64_MAX);
	held_free(later.held);
}
