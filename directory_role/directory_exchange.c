/* SPDX-License-Identifier: ISC */
#include "directory_role/directory_exchange.h"

#include <stdlib.h>

#include "auth/exchange.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory_role/directory_role.h"
#include "directory_role/exchange_table.h"
#include "daemon/login_methods.h"
#include "io/packet.h"

/* What the client's server permits is looked up here, not believed. NULL: it permits no such thing.
 */
static struct exchange *exchange_begin(const struct directory_role *role,
				       const struct message_exchange *message)
{
	struct mechanism list[LOGIN_MECHANISMS];
	struct mechanism_session session = { message->tls, message->certificate.length > 0 };
	const char *service, *default_domain;
	const struct conf_methods *methods =
		login_methods(role->conf, message->server, &service, &default_domain);
	const struct mechanism *mechanism;

	if (!methods)
		return NULL;
	login_mechanisms(methods, list);
	mechanism = mechanism_find(list, span_text(message->mechanism));
	if (!mechanism || !mechanism_usable(mechanism, session))
		return NULL;
	return exchange_new(
		role->exchanges, role->auth,
		&(struct exchange_ask){
			.service = service,
			.mechanism = mechanism->name,
			.default_domain = default_domain,
			.client = message->client,
			.session = message->session,
			.tls = message->tls,
			.bound = methods->binding == CONF_BINDING_REQUIRE,
			.ntlm = methods->ntlm && (message->tls || methods->ntlm_without_tls),
			.end_point = message->end_point,
			.exporter = message->exporter,
			.certificate = message->certificate,
			.client_ca = methods->client_ca,
			.methods = methods,
		});
}

static struct exchange_table *exchanges_of(struct work *work)
{
	return ((struct directory_peer *)work_own(work))->exchanges;
}

/* NULL with *malformed false: it was forgotten meanwhile. */
static struct exchange *exchange_of(struct work *work, const struct message_exchange *message,
				    bool *malformed)
{
	struct exchange_table *table = exchanges_of(work);
	struct exchange *exchange;

	if (!message->first)
		return exchange_table_take(table, message->handle, malformed);
	exchange = exchange_begin(work->context, message);
	*malformed = !exchange || !exchange_table_add(table, message->handle, exchange);
	if (!*malformed)
		return exchange;
	exchange_free(exchange);
	return NULL;
}

static void exchange_advance(struct work *work, const struct message_exchange *message,
			     struct exchange *exchange, struct buffer *challenge,
			     struct auth_answer *answer, struct message_turn *turn)
{
	turn->more = exchange_next(exchange, message->response, challenge, answer) == EXCHANGE_MORE;
	turn->challenge = buffer_span(challenge);
	/* Before the answer: the next message may be here before we are back. */
	if (!turn->more)
		exchange_table_drop(exchanges_of(work), message->handle);
	exchange_table_give(exchanges_of(work), message->handle);
}

bool directory_exchange(struct work *work)
{
	struct message_exchange message;
	struct message_turn turn = { .identity.verdict = AUTH_TEMPORARY };
	struct auth_answer answer = { .verdict = AUTH_TEMPORARY };
	struct buffer challenge = BUFFER_EMPTY;
	struct exchange *exchange;
	struct wire_writer writer;
	char *memory, ticket[TICKET_SIZE_MAX], standing[STANDING_SIZE_MAX],
		session[SESSION_SIZE] = "";
	bool malformed;

	if (!message_get_exchange(work_body(work), &message))
		return false;
	exchange = exchange_of(work, &message, &malformed);
	if (malformed)
		return false;
	if (exchange) {
		span_copy(span_text(exchange_session(exchange)), session, sizeof session);
		exchange_advance(work, &message, exchange, &challenge, &answer, &turn);
	}
	directory_identify(work->context, &answer, session, &turn.identity, ticket, standing);
	memory = memory_new(PACKET_BODY_MAX);
	wire_writer_init(&writer, memory, PACKET_BODY_MAX);
	message_put_turn(&writer, &turn);
	work_answer_later(work, &writer, turn.more ? 0 : answer.hold);
	free(memory);
	buffer_wipe(&challenge);
	return true;
}

bool directory_exchange_drop(struct work *work)
{
	struct span body = work_body(work);
	struct wire_reader reader;
	uint32_t handle;

	wire_reader_init(&reader, body.at, body.length);
	handle = wire_get_u32(&reader);
	if (!wire_done(&reader))
		return false;
	exchange_table_drop(exchanges_of(work), handle);
	return true;
}
