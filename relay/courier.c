/* SPDX-License-Identifier: ISC */
#include "relay/courier.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	KEEP_MS = 5000, /* an idle connection, for the next message */
	GOODBYE_SECONDS = 5
};

static void courier_unlist(struct courier *courier)
{
	struct destination *destination = courier->destination;

	if (courier->state == COURIER_IDLE) {
		TAILQ_REMOVE(&destination->idle, courier, near);
		TAILQ_REMOVE(&destination->relay->idle, courier, kept);
	} else if (courier->state == COURIER_LEAVING) {
		destination->leaving--;
	} else {
		TAILQ_REMOVE(&destination->couriers, courier, near);
		destination->couriers_count--;
		destination->connecting -= courier->state == COURIER_CONNECTING;
	}
}

static void courier_list(struct courier *courier, enum courier_state state)
{
	struct destination *destination = courier->destination;

	courier->state = state;
	if (state == COURIER_IDLE) {
		courier->idle_since = clock_ms();
		TAILQ_INSERT_HEAD(&destination->idle, courier, near);
		TAILQ_INSERT_TAIL(&destination->relay->idle, courier, kept);
	} else if (state == COURIER_LEAVING) {
		destination->leaving++;
	} else {
		TAILQ_INSERT_TAIL(&destination->couriers, courier, near);
		destination->couriers_count++;
		destination->connecting += state == COURIER_CONNECTING;
	}
}

struct courier *courier_new(struct destination *destination)
{
	struct relay *relay = destination->relay;
	struct courier *courier = memory_new(sizeof *courier);

	/* Whoever is idle makes room for whoever has something to do. */
	if (relay->couriers >= relay->jobs_max && !TAILQ_EMPTY(&relay->idle))
		courier_leave(TAILQ_FIRST(&relay->idle));
	relay->couriers++;
	courier->destination = destination;
	courier->all_never = true;
	courier_list(courier, COURIER_CONNECTING);
	return courier;
}

void courier_become(struct courier *courier, enum courier_state state)
{
	courier_unlist(courier);
	courier_list(courier, state);
}

void courier_drop_session(struct courier *courier)
{
	outgoing_session_free(courier->session);
	courier->session = NULL;
	free(courier->record_memory);
	courier->record_memory = NULL;
	courier->sent = 0;
}

void courier_free(struct courier *courier)
{
	struct destination *destination = courier->destination;
	struct relay *relay = destination->relay;

	courier_unlist(courier);
	courier_drop_session(courier);
	relay->couriers--;
	free(courier);
	destination_pump(destination);
	relay_leave_if_done(relay);
}

void courier_leave(struct courier *courier)
{
	courier_become(courier, COURIER_LEAVING);
	courier->way.patience = GOODBYE_SECONDS;
	outgoing_session_quit(courier->session);
}

void couriers_cut(struct destination *destination)
{
	struct courier *courier, *next;

	for (courier = TAILQ_FIRST(&destination->couriers); courier; courier = next) {
		next = TAILQ_NEXT(courier, near);
		if (courier->job)
			outgoing_session_cut(courier->session, "the queue is gone");
	}
}

void couriers_tick(struct relay *relay, bool all)
{
	int64_t now = clock_ms();
	struct courier *courier;

	while ((courier = TAILQ_FIRST(&relay->idle)) != NULL &&
	       (all || courier->idle_since + KEEP_MS <= now))
		courier_leave(courier);
}
