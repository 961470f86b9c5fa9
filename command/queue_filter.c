/* SPDX-License-Identifier: ISC */
/* Which messages an administrator means. */
#include <fnmatch.h>
#include <getopt.h>
#include <string.h>
#include <time.h>

#include "base/span.h"
#include "command/queue.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

bool queue_age(const char *text, int64_t *seconds)
{
	size_t length = strlen(text);
	int64_t unit = 1;
	uint64_t number;

	if (length == 0)
		return false;
	switch (text[length - 1]) {
	case 'm':
		unit = MINUTE;
		break;
	case 'h':
		unit = HOUR;
		break;
	case 'd':
		unit = DAY;
		break;
	case 's':
		break;
	default:
		length++;
	}
	if (!span_number(span_make(text, length - 1), &number) || number == 0 || number > 1000000)
		return false;
	*seconds = (int64_t)number * unit;
	return true;
}

/* The options that take a text, or an age. */
static bool take_option(struct queue_filter *filter, int option, const char *text)
{
	switch (option) {
	case 's':
		filter->sender = text;
		return true;
	case 'r':
		filter->recipient = text;
		return true;
	case 'd':
		filter->domain = text;
		return true;
	case 'w':
		filter->reason = text;
		return true;
	case 'v':
		filter->server = text;
		return true;
	case 'o':
		return queue_age(text, &filter->older);
	case 'n':
		return queue_age(text, &filter->newer);
	case 'h':
		filter->held = true;
		return true;
	default:
		return false;
	}
}

bool queue_filter_take(struct queue_filter *filter, int argc, char **argv)
{
	static const struct option long_options[] = { { "sender", required_argument, NULL, 's' },
						      { "recipient", required_argument, NULL, 'r' },
						      { "domain", required_argument, NULL, 'd' },
						      { "reason", required_argument, NULL, 'w' },
						      { "server", required_argument, NULL, 'v' },
						      { "older", required_argument, NULL, 'o' },
						      { "newer", required_argument, NULL, 'n' },
						      { "held", no_argument, NULL, 'h' },
						      { 0 } };
	int option;

	*filter = (struct queue_filter){ 0 };
	optind = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(filter, option, optarg))
			return false;
	filter->ids = argv + optind;
	filter->ids_count = argc - optind;
	return true;
}

bool queue_filter_empty(const struct queue_filter *filter)
{
	return filter->ids_count == 0 && !filter->sender && !filter->recipient && !filter->domain &&
	       !filter->reason && !filter->server && !filter->older && !filter->newer &&
	       !filter->held;
}

static bool glob(const char *pattern, const char *text)
{
	return !pattern || fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

bool queue_filter_matches_recipient(const struct queue_filter *filter,
				    const struct queue_message *message, size_t recipient)
{
	const struct address *address = &message->envelope.recipients[recipient].address;
	const struct queue_recipient *fate = &message->recipients[recipient];
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	return (fate->state == QUEUE_WAITING || fate->owed) && glob(filter->recipient, text) &&
	       glob(filter->domain, address->domain) &&
	       (!filter->reason || strcasestr(fate->text, filter->reason) ||
		strcasestr(fate->status, filter->reason));
}

static bool names_id(const struct queue_filter *filter, const char *id)
{
	bool named = filter->ids_count == 0;

	for (int i = 0; i < filter->ids_count; i++) {
		if (strcmp(filter->ids[i], id) != 0)
			continue;
		named = true;
		if (filter->met)
			filter->met[i] = true;
	}
	return named;
}

bool queue_filter_matches(const struct queue_filter *filter, const struct queue_message *message)
{
	int64_t age = (int64_t)time(NULL) - message->arrived;
	char sender[ADDRESS_TEXT_SIZE];

	address_text(&message->envelope.sender, sender);
	if (!names_id(filter, message->id) || !glob(filter->sender, sender) ||
	    (filter->held && !message->held) ||
	    (filter->server && strcmp(filter->server, message->server) != 0) ||
	    (filter->older && age < filter->older) || (filter->newer && age >= filter->newer))
		return false;
	for (size_t i = 0; i < message->envelope.count; i++)
		if (queue_filter_matches_recipient(filter, message, i))
			return true;
	return false;
}
