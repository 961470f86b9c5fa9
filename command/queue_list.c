/* SPDX-License-Identifier: ISC */
/* `postern queue list` and `show`: messages that wait, why, and until when. */
#include "command/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command/json.h"
#include "queue/record.h"
#include "routing/next_hop.h"

struct listing {
	const struct command_options *options;
	const struct queue_filter *filter;
	bool whole; /* show: all recipients, and the head of the message */
	size_t count;
	uint64_t octets;
};

static void time_text(int64_t when, char to[24])
{
	time_t seconds = (time_t)when;
	struct tm parts;

	strftime(to, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
}

/* What strangers said or chose: none of it reaches the terminal as it is. */
static void print_clean(const char *text)
{
	bool utf8 = utf8_valid(span_text(text));

	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f || (*text & 0x80 && !utf8)
				? '?'
				: *text);
}

/* The next hop by the rules of now; true when it fetches its mail (ETRN, ATRN). */
static bool hop_of(const struct queue_seen *seen, size_t i, char key[QUEUE_KEY_SIZE])
{
	const struct conf_smtp *server = conf_find_smtp(seen->conf, seen->message->server);
	struct next_hop hop;

	key[0] = '\0';
	if (!server && seen->conf->smtps_count > 0)
		server = &seen->conf->smtps[0];
	if (!server)
		return false;
	next_hop_find(seen->conf, server, &seen->message->envelope.recipients[i], &hop);
	next_hop_key(&hop, key, QUEUE_KEY_SIZE);
	return hop.kind == NEXT_HOP_TRIGGER;
}

/* When it is tried again. */
static void next_text(const struct queue_seen *seen, size_t i, bool fetched, char to[24])
{
	const struct queue_recipient *fate = &seen->message->recipients[i];

	if (seen->message->held)
		snprintf(to, 24, "when released");
	else if (fetched)
		snprintf(to, 24, "when asked for");
	else if (fate->next)
		time_text(fate->next, to);
	else
		snprintf(to, 24, "%s", fate->attempts ? "now" : "not tried yet");
}

static const char *state_of(const struct queue_recipient *fate)
{
	return fate->owed ? "report" : record_states[fate->state];
}

static void json_field(const char *name, const char *text, const char *before)
{
	printf("%s\"%s\": ", before, name);
	json_text(stdout, span_text(text));
}

static void json_recipient(const struct queue_seen *seen, size_t i, const char *before)
{
	const struct queue_recipient *fate = &seen->message->recipients[i];
	char address[ADDRESS_TEXT_SIZE], next[24], hop[QUEUE_KEY_SIZE];
	bool fetched = hop_of(seen, i, hop);

	address_text(&seen->message->envelope.recipients[i].address, address);
	next_text(seen, i, fetched, next);
	json_field("address", address, before);
	json_field("state", state_of(fate), ", ");
	json_field("hop", hop, ", ");
	printf(", \"attempts\": %u", fate->attempts);
	if (fate->state == QUEUE_WAITING)
		json_field("next", next, ", ");
	json_field("status", fate->status, ", ");
	json_field("reason", fate->text, ", ");
	json_field("host", fate->mta, ", ");
	printf("}");
}

static void json_message(const struct listing *listing, const struct queue_seen *seen)
{
	const struct queue_message *message = seen->message;
	char sender[ADDRESS_TEXT_SIZE], arrived[24];
	bool first = true;

	address_text(&message->envelope.sender, sender);
	time_text(message->arrived, arrived);
	json_field("id", message->id, listing->count ? ",\n  {" : "\n  {");
	json_field("server", message->server, ", ");
	json_field("arrived", arrived, ", ");
	printf(", \"octets\": %" PRIu64 ", \"held\": %s", message->size,
	       message->held ? "true" : "false");
	json_field("sender", sender, ", ");
	printf(", \"recipients\": [");
	for (size_t i = 0; i < message->envelope.count; i++) {
		if (!listing->whole && !queue_filter_matches_recipient(listing->filter, message, i))
			continue;
		json_recipient(seen, i, first ? "\n    {" : ",\n    {");
		first = false;
	}
	printf("]}");
}

static void text_recipient(const struct queue_seen *seen, size_t i)
{
	const struct queue_recipient *fate = &seen->message->recipients[i];
	char address[ADDRESS_TEXT_SIZE], next[24], hop[QUEUE_KEY_SIZE];
	bool fetched = hop_of(seen, i, hop);

	address_text(&seen->message->envelope.recipients[i].address, address);
	next_text(seen, i, fetched, next);
	printf("    to ");
	print_clean(address);
	if (fate->owed)
		printf(", over; its report is still to be made");
	else if (fate->state != QUEUE_WAITING)
		printf(", %s", record_states[fate->state]);
	else
		printf(", %u attempt%s, next %s", fate->attempts, fate->attempts == 1 ? "" : "s",
		       next);
	putchar('\n');
	if (!fate->text[0])
		return;
	printf("       %s ", fate->status);
	print_clean(fate->text);
	if (fate->mta[0]) {
		printf(" (");
		print_clean(fate->mta);
		putchar(')');
	}
	putchar('\n');
}

static void text_message(const struct listing *listing, const struct queue_seen *seen)
{
	const struct queue_message *message = seen->message;
	char sender[ADDRESS_TEXT_SIZE], arrived[24];

	address_text(&message->envelope.sender, sender);
	time_text(message->arrived, arrived);
	printf("%-26s %s %10" PRIu64 "  from <", message->id, arrived, message->size);
	print_clean(sender);
	printf(">%s\n", message->held ? "  (held)" : "");
	for (size_t i = 0; i < message->envelope.count; i++)
		if (listing->whole || queue_filter_matches_recipient(listing->filter, message, i))
			text_recipient(seen, i);
}

static bool list_one(void *context, const struct queue_seen *seen)
{
	struct listing *listing = context;

	if (listing->options->json)
		json_message(listing, seen);
	else
		text_message(listing, seen);
	listing->count++;
	listing->octets += seen->message->size;
	return !ferror(stdout);
}

static bool list(struct listing *listing)
{
	size_t count;
	bool good;

	if (listing->options->json)
		printf("[");
	good = queue_walk(listing->options, listing->filter, list_one, listing, &count);
	if (listing->options->json)
		printf("%s]\n", listing->count ? "\n" : "");
	return good;
}

int queue_list(const struct command_options *options, int argc, char **argv)
{
	struct queue_filter filter;
	struct listing listing = { .options = options, .filter = &filter };

	if (!queue_filter_take(&filter, argc, argv))
		return COMMAND_USAGE;
	if (!list(&listing))
		return COMMAND_FAILED;
	if (filter.ids_count > 0 && listing.count < (size_t)filter.ids_count)
		return COMMAND_FAILED; /* which ones has been said */
	if (!options->json)
		printf("%zu message%s, %" PRIu64 " octets\n", listing.count,
		       listing.count == 1 ? "" : "s", listing.octets);
	return COMMAND_DONE;
}

int queue_show(const struct command_options *options, int argc, char **argv)
{
	struct queue_filter filter = { .ids = argv + 1, .ids_count = argc - 1 };
	struct listing listing = { .options = options, .filter = &filter, .whole = true };

	if (argc < 2)
		return COMMAND_USAGE;
	return queue_found(list(&listing), &filter, listing.count);
}
