/* SPDX-License-Identifier: ISC */
#include "directory_role/directory_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/client_login.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory_role/directory_role.h"
#include "directory_role/exchange_table.h"
#include "daemon/message_client.h"
#include "io/packet.h"

/* A frontend logs in for somebody who has logged in there. NULL: that is over, or not configured. */
static const struct conf_login *login_elsewhere(const struct directory_role *role,
						const struct message_client *ask,
						struct elsewhere *elsewhere)
{
	if (!elsewhere_verify(ask->elsewhere, role->key, clock_unix(), elsewhere) ||
	    !role->conf->proxy.enabled || role->conf->proxy.login.how == CONF_LOGIN_OUT_NONE)
		return NULL;
	return &role->conf->proxy.login;
}

/* NULL: no such section, or none that logs in. */
static const struct conf_login *login_of(const struct conf *conf, const struct message_client *ask)
{
	const struct conf_smtp *server = conf_find_smtp(conf, ask->server);

	for (size_t i = 0; ask->remote[0] && i < conf->remotes_count; i++)
		if (strcmp(conf->remotes[i].name, ask->remote) == 0)
			return conf->remotes[i].login.how != CONF_LOGIN_OUT_NONE
				       ? &conf->remotes[i].login
				       : NULL;
	if (ask->remote[0] || !server || server->outbound.login.how == CONF_LOGIN_OUT_NONE)
		return NULL;
	return &server->outbound.login;
}

static enum outcome begin(struct work *work, const struct message_client *ask,
			  struct client_login_turn *turn, struct buffer *response)
{
	struct directory_role *role = work->context;
	const struct directory_peer *peer = work_own(work);
	bool frontend = work->permit->from == ROLE_FRONTEND;
	struct elsewhere elsewhere = { .who = "" };
	const struct conf_login *conf = frontend ? login_elsewhere(role, ask, &elsewhere)
						 : login_of(role->conf, ask);
	struct client_login *login;
	enum outcome outcome;

	if (!conf) {
		snprintf(turn->text, sizeof turn->text,
			 "no login is configured for this route: reload the gateway");
		return OUTCOME_TEMP;
	}
	outcome = client_login_begin(role->logins,
				     &(struct client_login_ask){ .login = conf,
								 .service = frontend ? "pop" : "smtp",
								 .authzid = elsewhere.who,
								 .host = frontend ? elsewhere.host : ask->host,
								 .mechanisms = ask->mechanisms,
								 .tls = ask->tls > 0,
								 .end_point = ask->end_point,
								 .exporter = ask->exporter },
				     &login, turn, response);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (exchange_table_add(peer->clients, ask->handle, login)) {
		exchange_table_give(peer->clients, ask->handle);
		return OUTCOME_OK;
	}
	client_login_free(login);
	snprintf(turn->text, sizeof turn->text, "a login of that number is under way");
	return OUTCOME_TEMP;
}

static enum outcome go_on(struct work *work, const struct message_client *ask,
			  struct client_login_turn *turn, struct buffer *response)
{
	const struct directory_peer *peer = work_own(work);
	bool busy;
	struct client_login *login = exchange_table_take(peer->clients, ask->handle, &busy);
	enum outcome outcome;

	if (!login) {
		snprintf(turn->text, sizeof turn->text, "the login was forgotten meanwhile");
		return OUTCOME_TEMP;
	}
	outcome = client_login_next(login, ask->challenge, turn, response);
	if (outcome != OUTCOME_OK)
		exchange_table_drop(peer->clients, ask->handle);
	exchange_table_give(peer->clients, ask->handle);
	return outcome;
}

static void forget(const struct directory_peer *peer, const struct message_client *ask)
{
	bool busy;
	struct client_login *login =
		ask->refused ? exchange_table_take(peer->clients, ask->handle, &busy) : NULL;

	if (login) {
		client_login_refused(login);
		exchange_table_give(peer->clients, ask->handle);
	}
	exchange_table_drop(peer->clients, ask->handle);
}

bool directory_client(struct work *work)
{
	const struct directory_peer *peer = work_own(work);
	struct message_client ask;
	struct message_client_turn answer = { 0 };
	struct client_login_turn turn = { 0 };
	struct buffer response = BUFFER_EMPTY;
	struct wire_writer writer;
	char *memory;

	if (!message_get_client(work_body(work), &ask))
		return false;
	if (ask.drop) {
		forget(peer, &ask);
		return true;
	}
	answer.outcome = ask.first ? begin(work, &ask, &turn, &response)
				   : go_on(work, &ask, &turn, &response);
	snprintf(answer.mechanism, sizeof answer.mechanism, "%s",
		 turn.mechanism ? turn.mechanism : "");
	answer.has_response = turn.has_response;
	snprintf(answer.text, sizeof answer.text, "%s", turn.text);
	answer.response = answer.outcome == OUTCOME_OK ? buffer_span(&response) : span_text("");
	if (answer.outcome != OUTCOME_OK)
		log_warning("client.login", LOG_TEXT("host", ask.host),
			    LOG_TEXT("mechanism", answer.mechanism), LOG_TEXT("why", answer.text));
	memory = memory_new(PACKET_BODY_MAX);
	wire_writer_init(&writer, memory, PACKET_BODY_MAX);
	message_put_client_turn(&writer, &answer);
	work_answer(work, &writer, -1);
	memory_wipe(memory, PACKET_BODY_MAX);
	free(memory);
	buffer_wipe(&response);
	return true;
}
