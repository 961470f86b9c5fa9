/* SPDX-License-Identifier: ISC */
#include "daemon/login.h"

#include <string.h>

#include "base/memory.h"
#include "daemon/frontend.h"

/* What an engine takes as a line is never more than a message may have: that would be malformed. */
_Static_assert(SMTP_AUTH_MAX / 4 * 3 <= MESSAGE_TOKEN_MAX &&
		       POP3_AUTH_MAX / 4 * 3 <= MESSAGE_TOKEN_MAX,
	       "a token fits into its message");
_Static_assert(MESSAGE_TOKEN_MAX + MESSAGE_CERTIFICATE_MAX + 1024 <= PACKET_BODY_MAX,
	       "the first message of an exchange fits into its packet");

void login_mechanisms(const struct conf_methods *methods, struct mechanism list[LOGIN_MECHANISMS])
{
	const unsigned always = MECHANISM_IN_PLAIN | MECHANISM_IN_TLS;
	/* Who has to be bound to a TLS connection needs one. */
	const unsigned bound = methods->binding == CONF_BINDING_REQUIRE ? MECHANISM_IN_TLS : always;
	size_t count = 0;

	if (methods->integrated) {
		list[count++] = (struct mechanism){ "GSSAPI", bound };
		list[count++] = (struct mechanism){ "GSS-SPNEGO", bound };
	}
	/* Who listens could try passwords against what was said, as long as he likes. */
	if (methods->scram) {
		list[count++] = (struct mechanism){ "SCRAM-SHA-256-PLUS", MECHANISM_IN_TLS };
		if (methods->binding != CONF_BINDING_REQUIRE)
			list[count++] = (struct mechanism){
				"SCRAM-SHA-256", methods->basic_without_tls ? always : MECHANISM_IN_TLS
			};
	}
	if (methods->ntlm)
		list[count++] =
			(struct mechanism){ "NTLM",
					    methods->ntlm_without_tls ? bound : MECHANISM_IN_TLS };
	if (methods->certificate)
		list[count++] = (struct mechanism){ "EXTERNAL",
						    MECHANISM_IN_TLS | MECHANISM_WITH_CERTIFICATE };
	list[count] = (struct mechanism){ NULL, 0 };
}

const struct conf_methods *login_methods(const struct conf *conf, uint32_t number,
					 const char **service, const char **default_domain)
{
	if (number < conf->smtps_count) {
		*service = "smtp";
		*default_domain = conf->smtps[number].default_domain;
		return &conf->smtps[number].methods;
	}
	if (number > conf->smtps_count || !conf->pop3.enabled)
		return NULL;
	*service = "pop";
	*default_domain = conf->pop3.default_domain;
	return &conf->pop3.methods;
}

struct connection { /* what TLS knows of it */
	char end_point[STREAM_BINDING_MAX], exporter[STREAM_BINDING_MAX];
	char certificate[MESSAGE_CERTIFICATE_MAX];
};

/* What the directory role has to know once. */
static void describe(const struct session *session, const struct mechanism_message *message,
		     struct connection *connection, struct message_exchange *ask)
{
	struct frontend *frontend = session->frontend;

	ask->server = (uint32_t)(session->port->server - frontend->servers);
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

bool login_ask_exchange(struct session *session, struct login_exchange *exchange,
			const struct mechanism_message *message, channel_answer answer,
			void *context, uint32_t *ask)
{
	static char memory[PACKET_BODY_MAX];
	static struct connection connection;
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
	*ask = channel_ask(session->frontend->directory, MESSAGE_EXCHANGE,
			   span_make(memory, writer.used), -1, ASK_DIRECTORY_MS, answer, context);
	memory_wipe(memory, writer.used);
	return true;
}

bool login_exchange_more(struct login_exchange *exchange, enum channel_result result,
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

bool login_certificate(const struct session *session)
{
	static char memory[MESSAGE_CERTIFICATE_MAX];

	return session->port->server->asks_clients &&
	       stream_certificate(session->stream, memory, sizeof memory) > 0;
}

void login_drop_exchange(struct session *session, struct login_exchange *exchange)
{
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
