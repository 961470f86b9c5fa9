/* SPDX-License-Identifier: ISC */
#include "frontend/opening.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "frontend/session.h"
#include "io/packet.h"

enum { BUSY_TRIES = 5, BUSY_WAIT_MS = 100 };

struct opening {
	struct frontend *frontend;
	unsigned store_epoch;
	unsigned tries;
	opening_done done;
	void *owner; /* NULL: gone */
	char session[SESSION_SIZE];
	size_t ticket_length;
	char ticket[TICKET_SIZE_MAX];
};

static void opening_ask(struct opening *opening);

void opening_unlock(struct frontend *frontend, unsigned store_epoch, uint32_t handle)
{
	char memory[4];
	struct wire_writer writer;

	if (!frontend->store || frontend->store_epoch != store_epoch)
		return;
	wire_writer_init(&writer, memory, sizeof memory);
	wire_put_u32(&writer, handle);
	channel_tell(frontend->store, MESSAGE_CLOSE, span_make(memory, writer.used), -1);
}

static void opening_end(struct opening *opening, const struct message_handed *handed, int fd)
{
	if (opening->owner)
		opening->done(opening->owner, handed, fd, opening->store_epoch);
	else if (fd >= 0)
		close(fd);
	free(opening);
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	struct opening *opening = context;

	(void)fd;
	(void)what;
	if (opening->owner && opening->frontend->store)
		opening_ask(opening);
	else
		opening_end(opening, NULL, -1);
}

static bool opening_again(struct opening *opening)
{
	static const struct timeval wait = { 0, BUSY_WAIT_MS * 1000 };

	return opening->owner && ++opening->tries < BUSY_TRIES &&
	       event_base_once(opening->frontend->base, -1, EV_TIMEOUT, on_again, opening, &wait) == 0;
}

static void on_answer(void *context, enum channel_result result, const struct packet *packet)
{
	struct opening *opening = context;
	struct message_handed handed = { .result.outcome = OUTCOME_TEMP };
	bool heard = result == CHANNEL_ANSWERED && message_get_handed(packet->body, &handed);
	bool locked = heard && handed.result.outcome == OUTCOME_OK;
	int fd = result == CHANNEL_ANSWERED ? packet->fd : -1;
	/* The descriptor is missing when we have none left. */
	bool there = locked && (fd >= 0 || handed.octets.length > 0);

	if (locked && (!opening->owner || !there))
		opening_unlock(opening->frontend, opening->store_epoch, (uint32_t)handed.result.value);
	if (fd >= 0 && !there) {
		close(fd);
		fd = -1;
	}
	if (heard && handed.result.flags & MESSAGE_RESULT_BUSY && opening_again(opening))
		return;
	opening_end(opening, heard && (there || !locked) ? &handed : NULL, fd);
}

static void opening_ask(struct opening *opening)
{
	struct message_open ask = { .ticket = span_make(opening->ticket, opening->ticket_length) };
	char memory[TICKET_SIZE_MAX + 64];
	struct wire_writer writer;

	memcpy(ask.session, opening->session, sizeof ask.session);
	opening->store_epoch = opening->frontend->store_epoch;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_open(&writer, &ask);
	channel_ask(opening->frontend->store, MESSAGE_OPEN, span_make(memory, writer.used), -1, ASK_OPEN_MS,
		    on_answer, opening);
}

struct opening *opening_start(struct frontend *frontend, const char *session, struct span ticket,
			      opening_done done, void *owner)
{
	struct opening *opening = memory_new(sizeof *opening);

	opening->frontend = frontend;
	opening->done = done;
	opening->owner = owner;
	if (!span_copy(span_text(session), opening->session, sizeof opening->session) ||
	    ticket.length > sizeof opening->ticket)
		memory_die("a ticket longer than tickets are");
	opening->ticket_length = ticket.length;
	memcpy(opening->ticket, ticket.at, ticket.length);
	opening_ask(opening);
	return opening;
}

void opening_abandon(struct opening *opening)
{
	opening->owner = NULL;
}
