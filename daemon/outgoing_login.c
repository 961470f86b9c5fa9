/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_login.h"

#include "base/memory.h"
#include "daemon/message_client.h"
#include "io/packet.h"
#include "io/stream.h"

enum { ASK_CLIENT_MS = 60000 }; /* a token may have to be fetched */

static const char AWAY[] = "the login could not be made: the directory role does not answer";

void outgoing_login_init(struct outgoing_login *login, outgoing_login_turn turn, void *context)
{
	*login = (struct outgoing_login){ .turn = turn, .context = context };
}

static void on_turn(void *context, enum channel_result result, const struct packet *packet)
{
	struct outgoing_login *login = context;
	struct message_client_turn turn;

	login->asked = NULL;
	if (result != CHANNEL_ANSWERED || !message_get_client_turn(packet->body, &turn))
		login->turn(login->context, OUTCOME_TEMP, "", false, span_text(""), AWAY);
	else
		login->turn(login->context, turn.outcome, turn.mechanism, turn.has_response,
			    turn.response, turn.text);
	if (result == CHANNEL_ANSWERED) /* the channel's memory, which stays */
		memory_wipe((char *)packet->body.at, packet->body.length);
}

static void put_first(struct message_client *client, const struct outgoing_way *way,
		      const struct stream *stream, const struct smtp_client_offer *offer,
		      char bindings[2][STREAM_BINDING_MAX])
{
	span_copy(span_text(way->remote), client->remote, sizeof client->remote);
	span_copy(span_text(way->server), client->server, sizeof client->server);
	client->elsewhere = way->elsewhere;
	span_copy(span_text(way->host), client->host, sizeof client->host);
	span_copy(span_text(offer->mechanisms), client->mechanisms, sizeof client->mechanisms);
	if (!stream_secure(stream))
		return;
	client->tls = stream_verified(stream) ? 2 : 1;
	client->end_point =
		span_make(bindings[0], stream_binding(stream, STREAM_END_POINT, bindings[0]));
	client->exporter =
		span_make(bindings[1], stream_binding(stream, STREAM_EXPORTER, bindings[1]));
}

static void login_ask(struct outgoing_login *login, const struct message_client *client)
{
	static char memory[PACKET_BODY_MAX];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_client(&writer, client);
	login->asked = *login->directory;
	login->ask = channel_ask(login->asked, MESSAGE_CLIENT, span_make(memory, writer.used), -1,
				 ASK_CLIENT_MS, on_turn, login);
}

void outgoing_login_ask(struct outgoing_login *login, const struct outgoing_way *way,
			const struct stream *stream, bool first,
			const struct smtp_client_offer *offer, struct span challenge)
{
	struct message_client client = { .first = first, .challenge = challenge };
	char bindings[2][STREAM_BINDING_MAX];

	login->directory = way->directory;
	login->under_way = true;
	if (!*login->directory) {
		login->turn(login->context, OUTCOME_TEMP, "", false, span_text(""), AWAY);
		return;
	}
	if (first) {
		login->handle = ++*way->exchanges;
		put_first(&client, way, stream, offer, bindings);
	}
	client.handle = login->handle;
	login_ask(login, &client);
}

bool outgoing_login_under_way(const struct outgoing_login *login)
{
	return login->under_way;
}

void outgoing_login_drop(struct outgoing_login *login, bool refused)
{
	struct message_client client = { .handle = login->handle, .drop = 1, .refused = refused };
	char memory[512];
	struct wire_writer writer;

	if (login->asked)
		channel_forget(login->asked, login->ask);
	login->asked = NULL;
	if (!login->under_way || !login->directory || !*login->directory)
		return;
	login->under_way = false;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_client(&writer, &client);
	channel_tell(*login->directory, MESSAGE_CLIENT, span_make(memory, writer.used), -1);
}
