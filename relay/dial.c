/* SPDX-License-Identifier: ISC */
#include "relay/dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_dial.h"
#include "daemon/message_resolver.h"
#include "io/packet.h"
#include "io/stream.h"
#include "relay/numeric.h"
#include "relay/relay.h"

enum { ASK_TICKET_MS = 10000, ASK_HOSTS_MS = 20000, CONNECT_SECONDS = 8 };

LIST_HEAD(dial_list, dial);

struct dialler { /* a frontend */
	struct relay *relay;
	struct message_peer who;
	struct channel *channel;
	struct dial_list dials;
};

struct dial {
	struct dialler *asker;
	uint32_t id;
	LIST_ENTRY(dial) near;
	char session[SESSION_SIZE];
	char host[256]; /* "" = the ticket was not opened yet */
	unsigned char addresses[DIAL_ADDRESSES_MAX][16];
	size_t count, next;
	struct channel *asked; /* NULL: no question is open */
	uint32_t ask;
	struct stream *stream; /* that is being connected */
	struct message_dialled answer;
};

/* ---- the end of one ---- */

static void dial_free(struct dial *dial)
{
	if (dial->asked)
		channel_forget(dial->asked, dial->ask);
	stream_free(dial->stream);
	LIST_REMOVE(dial, near);
	dial->asker->relay->dials--;
	free(dial);
}

/* fd stays the caller's. */
static void dial_answer(struct dial *dial, enum outcome outcome, int fd)
{
	char memory[sizeof dial->answer + 64];
	struct wire_writer writer;

	dial->answer.outcome = outcome;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_dialled(&writer, &dial->answer);
	channel_hand(dial->asker->channel, MESSAGE_DIAL, dial->id, span_make(memory, writer.used),
		     fd);
	dial_free(dial);
}

static void dial_failed(struct dial *dial, enum outcome outcome, const char *why)
{
	snprintf(dial->answer.text, sizeof dial->answer.text, "%s", why);
	dial_answer(dial, outcome, -1);
}

/* ---- the connection ---- */

static void on_connected(void *owner)
{
	struct dial *dial = owner;

	dial_answer(dial, OUTCOME_OK, stream_descriptor(dial->stream));
}

static void dial_next(struct dial *dial);

static void on_gone(void *owner, const char *why)
{
	struct dial *dial = owner;

	stream_free(dial->stream);
	dial->stream = NULL;
	snprintf(dial->answer.text, sizeof dial->answer.text, "%s", why);
	dial_next(dial);
}

/* To the next address that there is a socket for. */
static void dial_next(struct dial *dial)
{
	static const struct stream_calls calls = { .connected = on_connected, .gone = on_gone };
	struct relay *relay = dial->asker->relay;
	uint16_t port = conf_proxy_port(&relay->conf->proxy);

	while (dial->next < dial->count) {
		const unsigned char *address = dial->addresses[dial->next++];

		numeric_text(address, dial->answer.address);
		dial->stream = stream_connect(relay->base, address, port, NULL, CONNECT_SECONDS,
					      &calls, dial, 0);
		if (dial->stream)
			return;
		snprintf(dial->answer.text, sizeof dial->answer.text, "%s", strerror(errno));
	}
	dial_answer(dial, OUTCOME_TEMP, -1);
}

static void on_hosts(void *context, enum channel_result result, const struct packet *packet)
{
	static struct message_hosts_found found;
	struct dial *dial = context;
	const struct hosts_host *host = &found.hosts[0];

	dial->asked = NULL;
	if (result != CHANNEL_ANSWERED || !message_get_hosts_found(packet->body, &found)) {
		dial_failed(dial, OUTCOME_TEMP, "the resolver role does not answer");
		return;
	}
	if (found.outcome != HOSTS_FOUND || found.count == 0) {
		dial_failed(dial, OUTCOME_TEMP, found.text);
		return;
	}
	while (dial->count < host->addresses_count && dial->count < DIAL_ADDRESSES_MAX) {
		memcpy(dial->addresses[dial->count], host->addresses[dial->count], 16);
		dial->count++;
	}
	snprintf(dial->answer.text, sizeof dial->answer.text, "it has no address");
	dial_next(dial);
}

static void ask_hosts(struct dial *dial)
{
	struct relay *relay = dial->asker->relay;
	struct message_hosts hosts = { .host = 1, .port = conf_proxy_port(&relay->conf->proxy) };
	char memory[512];
	struct wire_writer writer;

	if (!relay->resolver) {
		dial_failed(dial, OUTCOME_TEMP, "the resolver role is away");
		return;
	}
	memcpy(hosts.domain, dial->host, sizeof hosts.domain);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_hosts(&writer, &hosts);
	dial->asked = relay->resolver;
	dial->ask = channel_ask(dial->asked, MESSAGE_HOSTS, span_make(memory, writer.used), -1,
				ASK_HOSTS_MS, on_hosts, dial);
}

/* ---- where to ---- */

static size_t dials_of_host(const struct dial *dial)
{
	const struct dial *other;
	size_t count = 0;

	LIST_FOREACH(other, &dial->asker->dials, near)
	count += strcmp(other->host, dial->host) == 0;
	return count;
}

static void on_ticket(void *context, enum channel_result result, const struct packet *packet)
{
	struct dial *dial = context;
	struct message_dial_host host;

	dial->asked = NULL;
	if (result != CHANNEL_ANSWERED || !message_get_dial_host(packet->body, &host)) {
		dial_failed(dial, OUTCOME_TEMP, "the directory role does not answer");
		return;
	}
	if (host.outcome != OUTCOME_OK) {
		log_warning("relay.no_ticket", LOG_TEXT("session", dial->session),
			    LOG_NUMBER("frontend", dial->asker->who.index),
			    LOG_TEXT("why", host.text));
		dial_failed(dial, host.outcome, host.text);
		return;
	}
	memcpy(dial->host, host.host, sizeof dial->host);
	if (dials_of_host(dial) > DIALS_OF_HOST_MAX) {
		dial_failed(dial, OUTCOME_TEMP, "too many connections to it are being made");
	} else if (numeric_parse(dial->host, dial->addresses[0])) {
		dial->count = 1;
		dial_next(dial);
	} else {
		ask_hosts(dial);
	}
}

static void ask_ticket(struct dial *dial, const struct message_dial *body)
{
	struct relay *relay = dial->asker->relay;
	char memory[ELSEWHERE_SIZE_MAX + 64];
	struct wire_writer writer;

	if (!relay->directory) {
		dial_failed(dial, OUTCOME_TEMP, "the directory role is away");
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_dial(&writer, body);
	dial->asked = relay->directory;
	dial->ask = channel_ask(dial->asked, MESSAGE_ELSEWHERE, span_make(memory, writer.used), -1,
				ASK_TICKET_MS, on_ticket, dial);
}

static void dial_begin(struct dialler *asker, uint32_t id, const struct message_dial *body)
{
	struct dial *dial = memory_new(sizeof *dial);

	dial->asker = asker;
	dial->id = id;
	memcpy(dial->session, body->session, sizeof dial->session);
	LIST_INSERT_HEAD(&asker->dials, dial, near);
	if (++asker->relay->dials > DIALS_MAX)
		dial_failed(dial, OUTCOME_TEMP, "too many connections are being made");
	else if (asker->relay->retiring)
		dial_failed(dial, OUTCOME_TEMP, "the relay is leaving");
	else
		ask_ticket(dial, body);
}

/* ---- who asks ---- */

static void dialler_free(struct dialler *asker)
{
	struct dial *dial;

	while ((dial = LIST_FIRST(&asker->dials)) != NULL)
		dial_free(dial);
	channel_free(asker->channel);
	free(asker);
}

static void on_lost(void *context)
{
	dialler_free(context);
}

/* Who sends anything else is not heard any more. */
static void on_told(void *context, const struct packet *packet)
{
	struct dialler *asker = context;
	struct message_dial body;

	if (packet->kind == MESSAGE_DIAL && packet->id != 0 && packet->fd < 0 && !packet->fd_lost &&
	    asker->relay->conf->proxy.enabled && message_get_dial(packet->body, &body)) {
		dial_begin(asker, packet->id, &body);
		return;
	}
	if (packet->fd >= 0)
		close(packet->fd);
	log_error("relay.culprit", LOG_TEXT("peer", role_name((enum role)asker->who.role)),
		  LOG_NUMBER("index", asker->who.index), LOG_NUMBER("kind", packet->kind));
	dialler_free(asker);
}

void dial_take_frontend(struct relay *relay, const struct message_peer *peer, int fd)
{
	struct dialler *asker = memory_new(sizeof *asker);

	asker->relay = relay;
	asker->who = *peer;
	LIST_INIT(&asker->dials);
	asker->channel = channel_new(relay->base, fd, on_lost, on_told, asker);
	channel_answers(asker->channel);
}
