/* SPDX-License-Identifier: ISC */
#include "frontend/recheck.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "frontend/session.h"
#include "io/tls.h"

/* In the list of the second at which it is asked about. */
struct watched {
	struct session *session; /* NULL: gone while the answer was on its way */
	struct watched *next, **place;
	bool asked;
	uint8_t length;
	char ticket[];
};

struct recheck {
	struct frontend *frontend;
	struct event *tick;
	struct watched *seconds[RECHECK_SECONDS];
	unsigned now;
	size_t count;
};

/* An ask on its way. */
struct batch {
	size_t count;
	struct watched *watched[STANDING_BATCH_MAX];
};

_Static_assert(STANDING_SIZE_MAX <= UINT8_MAX, "a ticket's length is one octet");

static void unlink_watched(struct watched *watched)
{
	*watched->place = watched->next;
	if (watched->next)
		watched->next->place = watched->place;
}

static void batch_settle(struct batch *batch, const enum standing_state *states)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct watched *watched = batch->watched[i];
		struct session *session = watched->session;

		watched->asked = false;
		if (!session) {
			free(watched);
		} else if (states && states[i] == STANDING_ENDED) {
			recheck_forget(session);
			log_info("session.ended", LOG_TEXT("session", session->id),
				 LOG_TEXT("client", session->address));
			session->expel(session);
		}
	}
	free(batch);
}

static void on_states(void *context, enum channel_result result, const struct packet *packet)
{
	struct batch *batch = context;
	enum standing_state states[STANDING_BATCH_MAX];

	if (result != CHANNEL_ANSWERED || packet->body.length != batch->count) {
		batch_settle(batch, NULL);
		return;
	}
	for (size_t i = 0; i < batch->count; i++)
		states[i] = (enum standing_state)(unsigned char)packet->body.at[i];
	batch_settle(batch, states);
}

static void batch_ask(struct recheck *recheck, struct batch *batch)
{
	char memory[STANDING_BATCH_MAX * (STANDING_SIZE_MAX + 4) + 16];
	char tickets[STANDING_BATCH_MAX * (STANDING_SIZE_MAX + 4)];
	struct message_recheck ask = { .count = (uint32_t)batch->count };
	struct wire_writer writer;

	wire_writer_init(&writer, tickets, sizeof(tickets));
	for (size_t i = 0; i < batch->count; i++)
		wire_put_span(&writer,
			      span_make(batch->watched[i]->ticket, batch->watched[i]->length));
	ask.tickets = span_make(tickets, writer.used);
	wire_writer_init(&writer, memory, sizeof(memory));
	message_put_recheck(&writer, &ask);
	channel_ask(recheck->frontend->directory, MESSAGE_RECHECK, span_make(memory, writer.used),
		    -1, ASK_DIRECTORY_MS, on_states, batch);
}

/* Those of one second, but for the ones whose last answer is still on its way. */
static void ask_all(struct recheck *recheck, struct watched *first)
{
	struct batch *batch = NULL;

	for (struct watched *watched = first; watched; watched = watched->next) {
		if (watched->asked)
			continue;
		if (!batch)
			batch = memory_new(sizeof(*batch));
		watched->asked = true;
		batch->watched[batch->count++] = watched;
		if (batch->count == STANDING_BATCH_MAX) {
			batch_ask(recheck, batch);
			batch = NULL;
		}
	}
	if (batch)
		batch_ask(recheck, batch);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct recheck *recheck = context;

	(void)fd;
	(void)what;
	recheck->now = (recheck->now + 1) % RECHECK_SECONDS;
	if (recheck->frontend->directory)
		ask_all(recheck, recheck->seconds[recheck->now]);
}

/* Made with the first login; it ticks while there is a session to ask about. */
static struct recheck *recheck_of(struct frontend *frontend)
{
	struct recheck *recheck = frontend->recheck;

	if (recheck)
		return recheck;
	recheck = memory_new(sizeof(*recheck));
	recheck->frontend = frontend;
	recheck->tick = event_new(frontend->base, -1, EV_PERSIST, on_tick, recheck);
	if (!recheck->tick)
		memory_die("no timer");
	frontend->recheck = recheck;
	return recheck;
}

void recheck_watch(struct session *session, struct span standing)
{
	static const struct timeval second = { 1, 0 };
	struct recheck *recheck = recheck_of(session->frontend);
	struct watched *watched, **list;
	uint32_t random;

	recheck_forget(session);
	if (standing.length == 0 || standing.length > STANDING_SIZE_MAX)
		return;
	watched = memory_new(sizeof(*watched) + standing.length);
	watched->session = session;
	watched->length = (uint8_t)standing.length;
	memcpy(watched->ticket, standing.at, standing.length);
	random_bytes(&random, sizeof(random));
	list = &recheck->seconds[random % RECHECK_SECONDS];
	watched->next = *list;
	watched->place = list;
	if (watched->next)
		watched->next->place = &watched->next;
	*list = watched;
	session->watched = watched;
	if (recheck->count++ == 0)
		event_add(recheck->tick, &second);
}

void recheck_forget(struct session *session)
{
	struct recheck *recheck = session->frontend->recheck;
	struct watched *watched = session->watched;

	if (!watched)
		return;
	session->watched = NULL;
	unlink_watched(watched);
	watched->session = NULL;
	if (!watched->asked)
		free(watched); /* else with its batch */
	if (--recheck->count == 0)
		event_del(recheck->tick);
}

struct span recheck_standing(const struct session *session)
{
	const struct watched *watched = session->watched;

	return watched ? span_make(watched->ticket, watched->length) : span_make(NULL, 0);
}
