/* SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include <stdlib.h>

#include "base/memory.h"

#define FIRST_ROOM 1 /* most messages have one recipient */

void envelope_init(struct envelope *envelope)
{
	*envelope = (struct envelope){ 0 };
}

struct envelope_recipient *envelope_add(struct envelope *envelope, const struct address *address)
{
	struct envelope_recipient *recipient;

	if (envelope->count == envelope->room) {
		envelope->room = envelope->room == 0 ? FIRST_ROOM : envelope->room * 2;
		envelope->recipients = memory_grow(envelope->recipients, envelope->room,
						   sizeof(*envelope->recipients));
	}
	recipient = &envelope->recipients[envelope->count++];
	*recipient = (struct envelope_recipient){ .address = *address };
	return recipient;
}

void envelope_drop_last(struct envelope *envelope)
{
	struct envelope_recipient *last;

	if (envelope->count == 0)
		return;
	last = &envelope->recipients[--envelope->count];
	free(last->orcpt);
	free(last->via);
}

void envelope_clear(struct envelope *envelope)
{
	while (envelope->count > 0)
		envelope_drop_last(envelope);
	free(envelope->recipients);
	envelope_init(envelope);
}
