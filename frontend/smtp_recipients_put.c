/* SPDX-License-Identifier: ISC */
/* When the message is there: which of its recipients go into mailboxes now, which into the queue. */
#include "frontend/smtp_recipients.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/message_queue.h"
#include "daemon/route_cache.h"
#include "mail/envelope.h"

const struct envelope_recipient *smtp_recipients_too_big(const struct envelope *envelope,
							 uint64_t size, bool *others)
{
	const struct envelope_recipient *first = NULL;

	*others = false;
	for (size_t i = 0; i < envelope->count; i++) {
		struct route_answer *route = envelope->recipients[i].route;

		if (size > route->size) {
			first = first ? first : &envelope->recipients[i];
			route->queued = route->full = true;
		}
		*others |= !route->full;
	}
	return first;
}

size_t smtp_recipients_put_tickets(struct wire_writer *writer, const struct envelope *envelope)
{
	size_t count = 0;

	for (size_t i = 0; i < envelope->count; i++) {
		const struct route_answer *route = envelope->recipients[i].route;

		if (route->queued)
			continue;
		wire_put_span(writer, span_make(route->ticket, route->ticket_length));
		count++;
	}
	return count;
}

static bool has_list(const struct envelope *envelope)
{
	for (size_t i = 0; i < envelope->count; i++)
		if (((const struct route_answer *)envelope->recipients[i].route)->kind == ROUTE_LIST)
			return true;
	return false;
}

void smtp_recipients_gather(const struct envelope *envelope)
{
	if (!has_list(envelope))
		return;
	for (size_t i = 0; i < envelope->count; i++)
		((struct route_answer *)envelope->recipients[i].route)->queued = true;
}

/* True: orcpt is made here, and the caller's to free. */
static bool make_canonical(struct envelope_recipient *recipient)
{
	const struct route_answer *route = recipient->route;
	const struct address said = recipient->address;
	char orcpt[ENVELOPE_ORCPT_MAX + 1];
	struct address canonical;
	const char *why;

	if (!address_parse(span_text(route_answer_canonical(route)), &canonical, &why) ||
	    !canonical.domain[0])
		return false;
	recipient->address = canonical;
	if (recipient->orcpt || (strcmp(said.local, canonical.local) == 0 &&
				 strcmp(said.domain, canonical.domain) == 0))
		return false;
	envelope_orcpt(&(struct envelope_recipient){ .address = said }, orcpt);
	if (orcpt[0])
		recipient->orcpt = memory_text(orcpt);
	return orcpt[0] != '\0';
}

void smtp_recipients_put_queued(struct wire_writer *writer, const char *server,
				const char *identity, const struct envelope *envelope)
{
	struct envelope queued = *envelope;
	bool *made = memory_array(envelope->count, sizeof *made), canonical = has_list(envelope);

	(void)span_copy(span_text(identity), queued.identity, sizeof queued.identity);
	queued.recipients = memory_array(envelope->count, sizeof *queued.recipients);
	queued.count = 0;
	for (size_t i = 0; i < envelope->count; i++) {
		const struct route_answer *route = envelope->recipients[i].route;

		if (!route->queued)
			continue;
		queued.recipients[queued.count] = envelope->recipients[i];
		if (canonical)
			made[queued.count] = make_canonical(&queued.recipients[queued.count]);
		queued.count++;
	}
	if (queued.count > 0)
		message_put_envelope(writer, server, &queued);
	for (size_t i = 0; i < queued.count; i++)
		if (made[i])
			free(queued.recipients[i].orcpt);
	free(made);
	free(queued.recipients); /* their other texts are the envelope's */
}

const struct envelope_recipient *smtp_recipients_full(const struct envelope *envelope,
						      uint64_t which, bool *others)
{
	const struct envelope_recipient *full = NULL;

	*others = false;
	for (size_t i = 0; i < envelope->count; i++) {
		struct route_answer *route = envelope->recipients[i].route;

		if (!route->queued && which-- == 0) {
			full = &envelope->recipients[i];
			route->queued = route->full = true;
		}
		*others |= !route->full;
	}
	return full;
}
