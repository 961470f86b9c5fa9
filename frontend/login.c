/* SPDX-License-Identifier: ISC */
#include "frontend/login.h"

#include <string.h>

#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/login_methods.h"
#include "frontend/session.h"

/* What an engine takes as a line is never more than a message may have: that would be malformed. */
_Static_assert(SMTP_AUTH_MAX / 4 * 3 <= MESSAGE_TOKEN_MAX &&
		       POP3_AUTH_MAX / 4 * 3 <= MESSAGE_TOKEN_MAX,
	       "a token fits into its message");
_Static_assert(MESSAGE_TOKEN_MAX + MESSAGE_CERTIFICATE_MAX + 1024 <= PACKET_BODY_MAX,
	       "the first message of an exchange fits into its packet");

static void on_identity(void *context, enum channel_result result, const struct packet *packet)
{
	struct session *session = context;
	struct message_identity identity = { .verdict = AUTH_TEMPORARY };

	session_answered(session);
	if (result != CHANNEL_ANSWERED || !message_get_identity(packet->body, &identity))
		identity.verdict = AUTH_TEMPORARY;
	session->decide(session, &identity);
}

static uint32_t server_number(const struct session *session)
{
	return (uint32_t)(session->port->server - session->frontend->servers);
}

static bool login_fill(const struct session *session, const char *user, const char *authzid,
		       const char *password, struct message_login *login)
{
	const char *service, *default_domain;

	memset(login, 0, sizeof *login);
	login->server = server_number(session);
	if (!login_methods(session->frontend->conf, login->server, &service, &default_domain))
		memory_die("a session of no server");
	return span_copy(span_text(service), login->service, sizeof login->service) &&
	       span_copy(span_text(user), login->user, sizeof login->user) &&
	       span_copy(span_text(authzid), login->authzid, sizeof login->authzid) &&
	       span_copy(span_text(password), login->password, sizeof login->password) &&
	       span_copy(span_text(default_domain), login->default_domain,
			 sizeof login->default_domain) &&
	       span_copy(span_text(session->address), login->client, sizeof login->client) &&
	       span_copy(span_text(session->id), login->session, sizeof login->session);
}

enum outcome login_ask(struct session *session, const char *user, const char *authzid,
		       const char *password)
{
	struct message_login login;
	char memory[sizeof login + 64];
	struct wire_writer writer;
	bool filled;

	if (!session->frontend->directory)
		return OUTCOME_TEMP;
	filled = login_fill(session, user, authzid, password, &login);
	if (filled) {
		wire_writer_init(&writer, memory, sizeof memory);
		message_put_login(&writer, &login);
		session_ask(session, session->frontend->directory, MESSAGE_LOGIN, &writer, -1,
			    ASK_DIRECTORY_MS, on_identity);
		memory_wipe(memory, sizeof memory);
	}
	memory_wipe(&login, sizeof login);
	return filled ? OUTCOME_OK : OUTCOME_PERM;
}

/* What came; a turn with AUTH_TEMPORARY when there was no answer. True: another response is wanted.
 */
static bool exchange_more(struct login_exchange *exchange, enum channel_result result,
			  const struct packet *packet, struct message_turn *turn)
{
	if (result != CHANNEL_ANSWERED || !message_get_turn(packet->body, turn)) {
		memset(turn, 0, sizeof *turn);
		turn->identity.verdict = AUTH_TEMPORARY;
	}
	/* After a timeout the directory role still has it; it forgets by itself. */
	exchange->begun = turn->more;
	return turn->more;
}

static void on_turn(void *context, enum channel_result result, const struct packet *packet)
{
	struct session *session = context;
	struct message_turn turn;

	session_answered(session);
	if (exchange_more(&session->exchange, result, packet, &turn))
		session->challenge(session, turn.challenge);
	else
		session->decide(session, &turn.identity);
}

struct connection { /* what TLS knows of it */
	char end_point[STREAM_BINDING_MAX], exporter[STREAM_BINDING_MAX];
	char certificate[MESSAGE_CERTIFICATE_MAX];
};

/* What the directory role has to know once. */
static void describe(const struct session *session, const struct mechanism_message *message,
		     struct connection *connection, struct message_exchange *ask)
{
	ask->server = server_number(session);
	ask->tls = stream_secure(session->stream);
	ask->end_point =
		span_make(connection->end_point,
			  stream_binding(session->stream, STREAM_END_POINT, connection->end_point));
	ask->exporter =
		span_make(connection->exporter,
			  stream_binding(session->stream, STREAM_EXPORTER, connection->exporter));
	ask->certificate = span_make(connection->certificate,
				     stream_certificate(session->stream, connection->certificate,
							sizeof connection->certificate));
	if (!span_copy(span_text(message->mechanism), ask->mechanism, sizeof ask->mechanism))
		memory_die("a mechanism's name is longer than its message");
	memcpy(ask->client, session->address, sizeof session->address);
	memcpy(ask->session, session->id, sizeof ask->session);
}

bool login_ask_exchange(struct session *session, const struct mechanism_message *message)
{
	static char memory[PACKET_BODY_MAX];
	static struct connection connection;
	struct login_exchange *exchange = &session->exchange;
	struct message_exchange body = { .first = message->first, .response = message->response };
	struct wire_writer writer;

	if (!session->frontend->directory)
		return false;
	if (message->first) {
		exchange->begun = true;
		exchange->handle = ++session->frontend->exchanges;
		describe(session, message, &connection, &body);
	}
	body.handle = exchange->handle;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_exchange(&writer, &body);
	session_ask(session, session->frontend->directory, MESSAGE_EXCHANGE, &writer, -1,
		    ASK_DIRECTORY_MS, on_turn);
	memory_wipe(memory, writer.used);
	return true;
}

void login_drop_exchange(struct session *session)
{
	struct login_exchange *exchange = &session->exchange;
	char memory[4];
	struct wire_writer writer;

	if (!exchange->begun)
		return;
	exchange->begun = false;
	if (!session->frontend->directory)
		return;
	wire_writer_init(&writer, memory, sizeof memory);
	wire_put_u32(&writer, exchange->handle);
	channel_tell(session->frontend->directory, MESSAGE_EXCHANGE_DROP,
		     span_make(memory, writer.used), -1);
}

bool login_certificate(const struct session *session)
{
	static char memory[MESSAGE_CERTIFICATE_MAX];

	return session->port->server->asks_clients &&
	       stream_certificate(session->stream, memory, sizeof memory) > 0;
}
