/* SPDX-License-Identifier: ISC */
#include "relay/link.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	KEEP_MS = 5000, /* an idle connection, for the next message */
	GOODBYE_SECONDS = 5
};

static void link_unlist(struct link *link)
{
	struct destination *destination = link->destination;

	if (link->state == LINK_IDLE) {
		TAILQ_REMOVE(&destination->idle, link, near);
		TAILQ_REMOVE(&destination->relay->idle, link, kept);
	} else if (link->state == LINK_LEAVING) {
		destination->leaving--;
	} else {
		TAILQ_REMOVE(&destination->links, link, near);
		destination->links_count--;
		destination->connecting -= link->state == LINK_CONNECTING;
	}
}

static void link_list(struct link *link, enum link_state state)
{
	struct destination *destination = link->destination;

	link->state = state;
	if (state == LINK_IDLE) {
		link->idle_since = clock_ms();
		TAILQ_INSERT_HEAD(&destination->idle, link, near);
		TAILQ_INSERT_TAIL(&destination->relay->idle, link, kept);
	} else if (state == LINK_LEAVING) {
		destination->leaving++;
	} else {
		TAILQ_INSERT_TAIL(&destination->links, link, near);
		destination->links_count++;
		destination->connecting += state == LINK_CONNECTING;
	}
}

struct link *link_new(struct destination *destination)
{
	struct relay *relay = destination->relay;
	struct link *link = memory_new(sizeof *link);

	/* Whoever is idle makes room for whoever has something to do. */
	if (relay->links >= relay->jobs_max && !TAILQ_EMPTY(&relay->idle))
		link_leave(TAILQ_FIRST(&relay->idle));
	relay->links++;
	link->destination = destination;
	link->all_never = true;
	link_list(link, LINK_CONNECTING);
	return link;
}

void link_become(struct link *link, enum link_state state)
{
	link_unlist(link);
	link_list(link, state);
}

void link_drop_session(struct link *link)
{
	outgoing_session_free(link->session);
	link->session = NULL;
	free(link->record_memory);
	link->record_memory = NULL;
	link->sent = 0;
}

void link_free(struct link *link)
{
	struct destination *destination = link->destination;
	struct relay *relay = destination->relay;

	link_unlist(link);
	link_drop_session(link);
	relay->links--;
	free(link);
	destination_pump(destination);
	relay_leave_if_done(relay);
}

void link_leave(struct link *link)
{
	link_become(link, LINK_LEAVING);
	link->way.patience = GOODBYE_SECONDS;
	outgoing_session_quit(link->session);
}

void links_cut(struct destination *destination)
{
	struct link *link, *next;

	for (link = TAILQ_FIRST(&destination->links); link; link = next) {
		next = TAILQ_NEXT(link, near);
		if (link->job)
			outgoing_session_cut(link->session, "the queue is gone");
	}
}

void links_tick(struct relay *relay, bool all)
{
	int64_t now = clock_ms();
	struct link *link;

	while ((link = TAILQ_FIRST(&relay->idle)) != NULL &&
	       (all || link->idle_since + KEEP_MS <= now))
		link_leave(link);
}
