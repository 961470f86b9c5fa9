/* SPDX-License-Identifier: ISC */
#include "mail/pickup_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mail/mailboxes.h"
#include "mail/text.h"

#define EXCERPT_MAX 60

bool pickup_fail(struct pickup_reading *head, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(head->why, PICKUP_REASON_SIZE, format, arguments);
	va_end(arguments);
	return false;
}

/* ": " and where, cut and clean. */
bool pickup_fail_at(struct pickup_reading *head, unsigned line, const char *name, const char *what,
		    struct span at)
{
	struct buffer clean = BUFFER_EMPTY;
	struct span shown;

	text_add_line(&clean, text_cut(at, EXCERPT_MAX));
	shown = span_trim(buffer_span(&clean));
	pickup_fail(head, "line %u, %s: %s, at \"%.*s\"", line, name, what, (int)shown.length,
		    shown.at);
	buffer_clear(&clean);
	return false;
}

/* ---- addresses ---- */

static bool complete(struct pickup_reading *head, struct address *address, unsigned line,
		     const char *name, struct span at)
{
	const char *domain = head->rules->default_domain;

	if (address->domain[0] != '\0')
		return true;
	if (domain[0] == '\0')
		return pickup_fail_at(head, line, name, "an address without a domain", at);
	return span_copy(span_text(domain), address->domain, sizeof(address->domain));
}

static bool known(const struct envelope *envelope, const struct address *address)
{
	for (size_t i = 0; i < envelope->count; i++) {
		const struct address *other = &envelope->recipients[i].address;

		if (strcmp(other->local, address->local) == 0 &&
		    strcmp(other->domain, address->domain) == 0)
			return true;
	}
	return false;
}

static bool add_recipient(struct pickup_reading *head, const struct address *address)
{
	if (known(head->envelope, address))
		return true;
	if (head->envelope->count == PICKUP_RECIPIENTS_MAX)
		return pickup_fail(
			head,
			"there are more than %d recipients: send the message in several files",
			PICKUP_RECIPIENTS_MAX);
	(void)envelope_add(head->envelope, address);
	head->envelope->smtputf8 |= address->utf8;
	return true;
}

static bool add_list(struct pickup_reading *head, const struct pickup_destination *from)
{
	struct mailboxes list;
	struct address address;

	mailboxes_init(&list, from->body);
	while (mailboxes_next(&list, &address)) {
		if (!complete(head, &address, from->line, from->name, list.at) ||
		    !add_recipient(head, &address))
			return false;
	}
	if (list.why != NULL)
		return pickup_fail_at(head, from->line, from->name, list.why, list.at);
	return true;
}

static bool set_sender(struct pickup_reading *head, struct span body, unsigned line,
		       const char *name)
{
	struct mailboxes list;

	mailboxes_init(&list, body);
	if (!mailboxes_next(&list, &head->envelope->sender))
		return pickup_fail_at(head, line, name, list.why != NULL ? list.why : "no address",
				      list.at);
	if (!complete(head, &head->envelope->sender, line, name, list.at))
		return false;
	head->envelope->has_sender = true;
	head->envelope->smtputf8 |= head->envelope->sender.utf8;
	return true;
}

/* ---- the lines in front ---- */

/* An address alone, with "<" and ">" or without. */
static bool x_address(struct pickup_reading *head, const struct field *field, bool null_ok,
		      struct address *address)
{
	struct span text = field->body, rest = span_text("");
	const char *why = "";
	bool good;

	while (text.length > 0 && strchr("\r\n", text.at[text.length - 1]) != NULL)
		text.length--;
	text = span_trim(text);
	good = text.length > 0 && text.at[0] == '<'
		       ? address_parse_path(text, null_ok, address, &rest, &why) && rest.length == 0
		       : address_parse(text, address, &why);
	if (!good)
		return pickup_fail_at(head, head->line, null_ok ? "x-sender" : "x-receiver",
				      why[0] != '\0' ? why : "text stands behind the address",
				      text);
	return (null_ok && address_is_null(address)) ||
	       complete(head, address, head->line, null_ok ? "x-sender" : "x-receiver", text);
}

bool pickup_x_sender(struct pickup_reading *head, const struct field *field)
{
	if (head->x_sender)
		return pickup_fail(head, "line %u: there is an x-sender already", head->line);
	if (!x_address(head, field, true, &head->envelope->sender))
		return false;
	head->x_sender = true;
	head->envelope->has_sender = true;
	head->envelope->smtputf8 |= head->envelope->sender.utf8;
	return true;
}

bool pickup_x_receiver(struct pickup_reading *head, const struct field *field)
{
	struct address address;

	head->x_receiver = true;
	return x_address(head, field, false, &address) && add_recipient(head, &address);
}

bool pickup_set_envelope(struct pickup_reading *head)
{
	const struct pickup_destination *destinations =
		(const void *)buffer_span(&head->destinations).at;
	size_t count = buffer_used(&head->destinations) / sizeof(*destinations);

	if (!head->x_sender && head->sender.at != NULL &&
	    !set_sender(head, head->sender, head->sender_line, "Sender"))
		return false;
	if (!head->envelope->has_sender && head->from.at != NULL &&
	    !set_sender(head, head->from, head->from_line, "From"))
		return false;
	if (!head->envelope->has_sender)
		return pickup_fail(
			head,
			"there is neither an x-sender line at the beginning nor a From field");
	for (size_t i = 0; !head->x_receiver && i < count; i++) {
		if (!add_list(head, &destinations[i]))
			return false;
	}
	if (head->envelope->count == 0)
		return pickup_fail(
			head,
			"there are no recipients: neither x-receiver lines at the beginning nor "
			"addresses in To, Cc or Bcc");
	if (head->received > head->rules->hops)
		return pickup_fail(head,
				   "the message goes round in a circle: it has %u Received fields",
				   head->received);
	return true;
}
