/* SPDX-License-Identifier: ISC */
#include "gateway/smtp_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gateway/smtp_client_private.h"

struct smtp_client *smtp_client_new(const struct smtp_client_profile *profile,
				    const struct smtp_client_calls *calls, void *owner)
{
	struct smtp_client *client = memory_new(sizeof(*client));

	client->profile = profile;
	client->calls = calls;
	client->owner = owner;
	client->secure = profile->secure;
	return client;
}

static void release(struct smtp_client *client)
{
	smtp_client_transaction_free(client);
	buffer_wipe(&client->response);
	buffer_clear(&client->input);
	buffer_clear(&client->line);
	free(client->lost);
	free(client->refusal);
	free(client);
}

void smtp_client_free(struct smtp_client *client)
{
	if (client == NULL)
		return;
	client->freed = true;
	client->phase = SMTP_PHASE_CLOSED;
	if (client->depth == 0)
		release(client);
}

/* ---- the end ---- */

void smtp_client_over(struct smtp_client *client, enum smtp_client_end end,
		      const struct smtp_client_reply *why)
{
	if (client->phase == SMTP_PHASE_CLOSED)
		return;
	client->phase = SMTP_PHASE_CLOSED;
	if (client->transaction != NULL)
		smtp_client_decide_all(client, OUTCOME_TEMP, why);
	if (!client->freed)
		client->calls->ended(client->owner, end, why);
}

void smtp_client_give_up(struct smtp_client *client, enum smtp_client_end end,
			 const struct smtp_client_reply *why)
{
	smtp_client_write(client, "QUIT\r\n", 6);
	smtp_client_over(client, end, why);
}

/* The message may have arrived: whoever reads the report should know. */
static struct smtp_client_reply lost_words(const struct smtp_client *client)
{
	char *text =
		memory_format("%s%s", client->lost,
			      smtp_client_may_have_it(client)
				      ? ", after all of the message was sent: it may have been "
					"delivered all the same"
				      : "");
	struct smtp_client_reply reply = smtp_client_words("4.4.2", text);

	free(text);
	return reply;
}

static void end_lost(struct smtp_client *client)
{
	struct smtp_client_reply why = lost_words(client);
	bool idle = client->phase == SMTP_PHASE_READY || client->phase == SMTP_PHASE_QUIT;

	smtp_client_over(client, idle ? SMTP_CLIENT_ORDERLY : SMTP_CLIENT_TRY_NEXT, &why);
}

static void send_quit(struct smtp_client *client)
{
	client->phase = SMTP_PHASE_QUIT;
	smtp_client_command(client, "QUIT\r\n");
}

void smtp_client_become_ready(struct smtp_client *client)
{
	client->phase = SMTP_PHASE_READY;
	client->announce = true;
}

static bool announce_ready(struct smtp_client *client)
{
	if (client->phase != SMTP_PHASE_READY)
		return false;
	if (client->quit_wanted) {
		send_quit(client);
	} else if (client->announce) {
		client->announce = false;
		client->calls->ready(client->owner);
	} else {
		return false;
	}
	return true;
}

/* ---- turns ---- */

/* One thing. False: there is none to be done now. */
static bool turn(struct smtp_client *client)
{
	if (client->phase == SMTP_PHASE_CLOSED)
		return false;
	if (client->lost != NULL) {
		end_lost(client);
		return true;
	}
	/* A server that says goodbye behind its last answer is heard before it gets more to do. */
	return smtp_client_hear(client) || smtp_client_refuse(client) || announce_ready(client) ||
	       smtp_client_transact(client);
}

static void enter(struct smtp_client *client)
{
	client->depth++;
}

static void be_patient(struct smtp_client *client)
{
	unsigned seconds = smtp_client_seconds(client);

	if (client->phase == SMTP_PHASE_CLOSED || (!client->moved && seconds == client->patience))
		return;
	client->moved = false;
	client->patience = seconds;
	client->calls->patience(client->owner, seconds);
}

static void leave(struct smtp_client *client)
{
	if (client->depth == 1) {
		while (turn(client))
			;
		be_patient(client);
	}
	if (--client->depth == 0 && client->freed)
		release(client);
}

void smtp_client_write(struct smtp_client *client, const char *bytes, size_t length)
{
	client->moved = true;
	if (!client->freed && length > 0)
		client->calls->write(client->owner, bytes, length);
}

void smtp_client_command(struct smtp_client *client, const char *line)
{
	client->owed++;
	smtp_client_write(client, line, strlen(line));
}

/* ---- entries ---- */

void smtp_client_connected(struct smtp_client *client)
{
	if (client->phase != SMTP_PHASE_NEW)
		return;
	enter(client);
	client->phase = SMTP_PHASE_GREETING;
	client->owed = 1;
	leave(client);
}

void smtp_client_feed(struct smtp_client *client, const char *bytes, size_t length)
{
	/* RFC 3207 section 5: nothing that came in plain is used after the handshake. */
	if (client->phase == SMTP_PHASE_CLOSED || client->phase == SMTP_PHASE_HANDSHAKE)
		return;
	enter(client);
	buffer_add(&client->input, bytes, length);
	leave(client);
}

void smtp_client_secured(struct smtp_client *client)
{
	if (client->phase != SMTP_PHASE_HANDSHAKE)
		return;
	enter(client);
	client->secure = true;
	smtp_client_hello(client);
	leave(client);
}

void smtp_client_respond(struct smtp_client *client, enum outcome outcome, const char *mechanism,
			 bool has_response, struct span response, const char *text)
{
	if (client->phase != SMTP_PHASE_LOGIN || client->refusal != NULL)
		return;
	enter(client);
	if (outcome == OUTCOME_OK)
		smtp_client_take_response(client, mechanism, has_response, response);
	else
		smtp_client_take_refusal(client, outcome, text);
	leave(client);
}

void smtp_client_quit(struct smtp_client *client)
{
	if (client->phase == SMTP_PHASE_CLOSED || client->phase == SMTP_PHASE_QUIT)
		return;
	enter(client);
	client->quit_wanted = true;
	leave(client);
}

void smtp_client_lost(struct smtp_client *client, const char *why)
{
	if (client->phase == SMTP_PHASE_CLOSED || client->lost != NULL)
		return;
	enter(client);
	client->lost = memory_text(why);
	leave(client);
}

void smtp_client_send(struct smtp_client *client, const struct smtp_client_message *message)
{
	struct smtp_client_transaction *transaction;

	if (client->phase == SMTP_PHASE_CLOSED)
		return;
	assert(client->phase == SMTP_PHASE_READY && client->transaction == NULL);
	enter(client);
	transaction = memory_new(sizeof(*transaction));
	transaction->message = *message;
	transaction->undecided = message->envelope->count;
	transaction->standing = memory_array(transaction->undecided + 1, 1);
	client->transaction = transaction;
	client->phase = SMTP_PHASE_TRANSACTION;
	client->announce = false;
	leave(client);
}

void smtp_client_body(struct smtp_client *client, const char *bytes, size_t length)
{
	struct smtp_client_transaction *transaction = client->transaction;

	if (client->phase != SMTP_PHASE_TRANSACTION || transaction->send.step != SMTP_STEP_BODY)
		return;
	assert(length <= transaction->asked - transaction->given);
	enter(client);
	smtp_client_put_body(client, span_make(bytes, length));
	leave(client);
}

void smtp_client_body_failed(struct smtp_client *client)
{
	if (client->phase != SMTP_PHASE_TRANSACTION)
		return;
	enter(client);
	client->transaction->unreadable = true;
	leave(client);
}

const struct smtp_client_offer *smtp_client_offered(const struct smtp_client *client)
{
	return &client->offer;
}
