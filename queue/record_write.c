/* SPDX-License-Identifier: ISC */
#include "queue/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const record_states[] = { "waiting", "relayed", "delivered",
				      "failed",  "removed", "expanded" };

/* With a space in front. */
static void add_field(struct buffer *to, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	buffer_add(to, " ", 1);
	if (text == NULL || text[0] == '\0')
		buffer_add(to, "-", 1);
	else if (strcmp(text, "-") == 0)
		buffer_add_text(to, "%2D");
	else
		for (; *text != '\0'; text++) {
			unsigned char c = (unsigned char)*text;
			char escaped[3] = { '%', digits[c >> 4], digits[c & 15] };

			if (c <= 0x20 || c == 0x7f || c == '%')
				buffer_add(to, escaped, 3);
			else
				buffer_add(to, text, 1);
		}
}

static void add_address(struct buffer *to, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	add_field(to, text);
}

static void add_recipient(struct buffer *to, const struct envelope_recipient *recipient)
{
	add_address(to, &recipient->address);
	buffer_add_format(to, " %u", recipient->notify);
	add_field(to, recipient->orcpt);
	add_field(to, recipient->via);
}

void record_envelope(struct buffer *to, const char *id, const char *server, int64_t arrived,
		     const struct envelope *envelope)
{
	buffer_add_text(to, "message 1");
	add_field(to, id);
	add_field(to, server);
	buffer_add_format(to, " %" PRId64 " .\nfrom", arrived);
	add_address(to, &envelope->sender);
	buffer_add_format(to, " %u %u %u %u", (unsigned)envelope->body,
			  (unsigned)envelope->smtputf8, (unsigned)envelope->requiretls,
			  (unsigned)envelope->ret);
	add_field(to, envelope->envid);
	buffer_add_format(to, " %" PRIu64 " .\n", envelope->declared);
	for (size_t i = 0; i < envelope->count; i++) {
		buffer_add_text(to, "to");
		add_recipient(to, &envelope->recipients[i]);
		buffer_add_text(to, envelope->recipients[i].member ? " member .\n" : " .\n");
	}
	if (envelope->identity[0] != '\0') {
		buffer_add_text(to, "by");
		add_field(to, envelope->identity);
		buffer_add_text(to, " .\n");
	}
	buffer_add_format(to, "complete %zu .\n", envelope->count);
}

void record_state(struct buffer *to, size_t number, const struct queue_recipient *recipient)
{
	buffer_add_format(to, "at %zu %s %u %" PRId64, number, record_states[recipient->state],
			  recipient->attempts, recipient->next);
	add_field(to, recipient->status);
	add_field(to, recipient->mta);
	add_field(to, recipient->text);
	buffer_add_text(to, " .\n");
}

void record_same(struct buffer *to, size_t first, size_t last)
{
	buffer_add_format(to, "same %zu %zu .\n", first, last);
}

void record_mark(struct buffer *to, const char *word, size_t number)
{
	buffer_add_format(to, "%s %zu .\n", word, number);
}

void record_more(struct buffer *to, size_t number, const struct envelope_recipient *others,
		 size_t count)
{
	buffer_add_format(to, "more %zu %zu", number, count);
	for (size_t i = 0; i < count; i++)
		add_recipient(to, &others[i]);
	buffer_add_text(to, " .\n");
}

bool record_more_owed(const struct envelope_recipient *recipient,
		      const struct envelope_recipient *others, size_t count)
{
	if (!(recipient->notify & ENVELOPE_NOTIFY_SUCCESS))
		return false;
	for (size_t i = 0; i < count; i++)
		if (others[i].notify & ENVELOPE_NOTIFY_SUCCESS)
			return false;
	return true;
}

void record_via(struct buffer *to, size_t number, const char *via)
{
	buffer_add_format(to, "via %zu", number);
	add_field(to, via);
	buffer_add_text(to, " .\n");
}

void record_held(struct buffer *to, bool held)
{
	buffer_add_text(to, held ? "held .\n" : "unheld .\n");
}

void record_name(const char *id, uint64_t size, char to[RECORD_NAME_SIZE])
{
	snprintf(to, RECORD_NAME_SIZE, "%.*s,S=%" PRIu64, QUEUE_ID_SIZE - 1, id, size);
}
