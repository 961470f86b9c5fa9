/* SPDX-License-Identifier: ISC */
/* Exchanges in the owner's mechanisms: messages are carried to it and challenges back. */
#include "gateway/smtp_private.h"

#include <stdlib.h>
#include <string.h>

struct mechanism_session smtp_mechanism_session(const struct smtp_server *server)
{
	return (struct mechanism_session){ server->tls != NULL, server->certificate };
}

enum smtp_step smtp_exchange_respond(struct smtp_server *server, struct span response)
{
	struct smtp_exchange *exchange = server->exchange;
	struct mechanism_message message = { .mechanism = exchange->mechanism->name,
					     .first = !exchange->begun,
					     .response = response };

	exchange->begun = true;
	server->state = SMTP_READY;
	return smtp_ask_exchange(server, &message);
}

enum smtp_step smtp_exchange_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	if (answer->challenge == NULL)
		return smtp_login_done(server, answer);
	server->state = SMTP_AUTH;
	server->calls->write(server->owner, answer->challenge, strlen(answer->challenge));
	return SMTP_NEXT;
}

void smtp_exchange_forget(struct smtp_server *server)
{
	if (server->exchange != NULL)
		free(server->exchange->user);
	free(server->exchange);
	server->exchange = NULL;
}

void smtp_exchange_drop(struct smtp_server *server)
{
	bool begun = server->exchange != NULL && server->exchange->begun;

	smtp_exchange_forget(server);
	if (begun)
		server->calls->drop_exchange(server->owner);
}
