/* SPDX-License-Identifier: ISC */
#include "relay/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/packet.h"
#include "relay/relay.h"

enum {
	ASK_HOSTS_MS = 90000,
	AWAY_MS = 10000,  /* a resolver that dies is back in a moment */
	DYING_MS = 60000, /* and if it dies of this question again and again? */
	GOOD_LEAST = 1,   /* seconds: one answer serves the jobs that wait for it */
	GOOD_MOST = 3600,
	TROUBLE_SECONDS = 5
};

void lookup_init(struct lookup *lookup, struct relay *relay, const struct message_hosts *ask,
		 void (*done)(void *context), void *context)
{
	*lookup = (struct lookup){ .ask = *ask, .relay = relay, .done = done, .context = context };
}

void lookup_clear(struct lookup *lookup)
{
	if (lookup->asked)
		channel_forget(lookup->asked, lookup->number);
	lookup->asked = NULL;
	free(lookup->body);
	lookup->body = NULL;
}

static struct message_hosts_found *parsed(void)
{
	static struct message_hosts_found found;

	return &found;
}

static void keep(struct lookup *lookup, struct span body, uint32_t seconds)
{
	free(lookup->body);
	lookup->body = memory_text_n(body.at, body.length);
	lookup->length = body.length;
	lookup->since = 0;
	if (seconds < GOOD_LEAST)
		seconds = GOOD_LEAST;
	if (seconds > GOOD_MOST)
		seconds = GOOD_MOST;
	lookup->good_until = clock_ms() + seconds * (int64_t)1000;
}

static void keep_trouble(struct lookup *lookup)
{
	static char memory[2048];
	struct message_hosts_found *found = parsed();
	struct wire_writer writer;

	memset(found, 0, sizeof *found);
	found->outcome = HOSTS_TROUBLE;
	snprintf(found->text, sizeof found->text, "the resolver role does not answer");
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_hosts_found(&writer, found);
	keep(lookup, span_make(memory, writer.used), TROUBLE_SECONDS);
}

static void on_hosts(void *context, enum channel_result result, const struct packet *packet)
{
	struct lookup *lookup = context;

	lookup->asked = NULL;
	if (result == CHANNEL_ANSWERED && message_get_hosts_found(packet->body, parsed()))
		keep(lookup, packet->body,
		     parsed()->outcome == HOSTS_TROUBLE ? TROUBLE_SECONDS : parsed()->good_for);
	else if (result != CHANNEL_LOST)
		keep_trouble(lookup);
	lookup->done(lookup->context);
}

static void lookup_ask(struct lookup *lookup)
{
	char memory[512];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_hosts(&writer, &lookup->ask);
	lookup->asked = lookup->relay->resolver;
	lookup->number = channel_ask(lookup->asked, MESSAGE_HOSTS, span_make(memory, writer.used),
				     -1, ASK_HOSTS_MS, on_hosts, lookup);
}

const struct message_hosts_found *lookup_find(struct lookup *lookup)
{
	int64_t now = clock_ms();

	if (lookup->asked)
		return NULL;
	if (!lookup->body || lookup->good_until <= now) {
		if (!lookup->since)
			lookup->since = now;
		if (now - lookup->since <= (lookup->relay->resolver ? DYING_MS : AWAY_MS)) {
			if (lookup->relay->resolver)
				lookup_ask(lookup);
			return NULL; /* the destination asks again every second */
		}
		keep_trouble(lookup);
	}
	message_get_hosts_found(span_make(lookup->body, lookup->length), parsed());
	return parsed();
}

const struct message_hosts_found *lookup_kept(const struct lookup *lookup)
{
	if (!lookup->body)
		return NULL;
	message_get_hosts_found(span_make(lookup->body, lookup->length), parsed());
	return parsed();
}
