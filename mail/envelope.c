/* SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include <stdio.h>
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

void envelope_orcpt(const struct envelope_recipient *recipient, char to[ENVELOPE_ORCPT_MAX + 1])
{
	char text[ADDRESS_TEXT_SIZE];
	size_t used;

	to[0] = '\0';
	if (recipient->orcpt)
		(void)span_copy(span_text(recipient->orcpt), to, ENVELOPE_ORCPT_MAX + 1);
	if (recipient->orcpt || recipient->address.utf8)
		return;
	address_text(&recipient->address, text);
	used = (size_t)snprintf(to, ENVELOPE_ORCPT_MAX + 1, "rfc822;");
	for (const char *at = text; *at; at++) {
		bool plain = *at > ' ' && *at < 0x7f && *at != '+' && *at != '=';

		if (used + 4 > ENVELOPE_ORCPT_MAX) {
			to[0] = '\0'; /* half an address would be another one */
			return;
		}
		used += (size_t)snprintf(to + used, 4, plain ? "%c" : "+%02X", (unsigned char)*at);
	}
}

void envelope_clear(struct envelope *envelope)
{
	while (envelope->count > 0)
		envelope_drop_last(envelope);
	free(envelope->recipients);
	envelope_init(envelope);
}
