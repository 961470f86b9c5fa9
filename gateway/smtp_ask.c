/* SPDX-License-Identifier: ISC */
/*
 * Asks and answers. An answer is recorded first; it is used when the call that asked
 * has returned, so that the engine never runs inside itself.
 */
#include "gateway/smtp_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void smtp_answer_free(struct smtp_answer *answer)
{
	if (answer != NULL)
		free(answer->challenge);
	free(answer);
}

static enum smtp_step use_answer(struct smtp_server *server)
{
	static enum smtp_step (*const done[])(struct smtp_server *, const struct smtp_answer *) = {
		[SMTP_ASK_LOGIN] = smtp_login_done,   [SMTP_ASK_EXCHANGE] = smtp_exchange_done,
		[SMTP_ASK_RELEASE] = smtp_release_done, [SMTP_ASK_TURN] = smtp_turn_done,
		[SMTP_ASK_SENDER] = smtp_sender_done, [SMTP_ASK_RECIPIENT] = smtp_recipient_done,
		[SMTP_ASK_SPOOL] = smtp_spool_done,   [SMTP_ASK_COMMIT] = smtp_commit_done,
	};
	enum smtp_ask what = server->pending;
	struct smtp_answer *answer = server->answer;
	enum smtp_step step;

	server->pending = SMTP_ASK_NONE;
	server->answer = NULL;
	step = done[what](server, answer);
	smtp_answer_free(answer);
	return step;
}

void smtp_ask_begin(struct smtp_server *server, enum smtp_ask what)
{
	server->pending = what;
	server->asking = true;
}

enum smtp_step smtp_ask_end(struct smtp_server *server)
{
	server->asking = false;
	if (server->state == SMTP_CLOSED)
		return SMTP_CLOSE;
	return server->answer != NULL ? use_answer(server) : SMTP_WAIT;
}

enum smtp_step smtp_ask_login(struct smtp_server *server, const struct smtp_login *login)
{
	smtp_ask_begin(server, SMTP_ASK_LOGIN);
	server->calls->ask_login(server->owner, login);
	return smtp_ask_end(server);
}

enum smtp_step smtp_ask_exchange(struct smtp_server *server,
				 const struct mechanism_message *message)
{
	smtp_ask_begin(server, SMTP_ASK_EXCHANGE);
	server->calls->ask_exchange(server->owner, message);
	return smtp_ask_end(server);
}

static void ask_transaction(struct smtp_server *server)
{
	const struct smtp_calls *calls = server->calls;
	struct smtp_transaction *transaction = server->transaction;
	struct envelope *envelope = &transaction->envelope;

	if (server->pending == SMTP_ASK_SENDER)
		calls->ask_sender(server->owner, envelope);
	else if (server->pending == SMTP_ASK_RECIPIENT)
		calls->ask_recipient(server->owner, envelope,
				     &envelope->recipients[envelope->count - 1]);
	else if (server->pending == SMTP_ASK_SPOOL)
		calls->ask_spool(server->owner, envelope);
	else
		calls->ask_commit(server->owner, &transaction->delivery);
}

enum smtp_step smtp_ask(struct smtp_server *server, enum smtp_ask what)
{
	smtp_ask_begin(server, what);
	ask_transaction(server);
	return smtp_ask_end(server);
}

/* Kept until the call that asked has returned; a later one is used at once. */
static void keep_answer(struct smtp_server *server, struct smtp_answer *answer)
{
	server->answer = answer;
	if (server->asking)
		return;
	(void)use_answer(server);
	server->detail = span_text("");
}

void smtp_server_challenge(struct smtp_server *server, struct span token)
{
	struct smtp_answer *answer;

	if (server->pending != SMTP_ASK_EXCHANGE || server->answer != NULL)
		return; /* the session ended meanwhile */
	answer = memory_new(sizeof(*answer));
	answer->challenge = mechanism_challenge("334 ", token);
	keep_answer(server, answer);
}

/* A reply whose class contradicts the outcome is not sent: a TEMP never becomes a 5yz. */
static bool code_fits(unsigned code, enum outcome outcome)
{
	unsigned class = outcome == OUTCOME_OK ? 2 : outcome == OUTCOME_TEMP ? 4 : 5;

	return code / 100 == class;
}

void smtp_server_answer(struct smtp_server *server, enum outcome outcome,
			const struct smtp_reply *reply)
{
	struct smtp_answer *answer;

	if (server->pending == SMTP_ASK_NONE || server->answer != NULL)
		return; /* the session ended meanwhile */
	answer = memory_new(sizeof(*answer));
	answer->outcome = outcome;
	if (reply != NULL && reply->code != 0 && code_fits(reply->code, outcome) && reply->status) {
		answer->code = reply->code;
		snprintf(answer->status, sizeof(answer->status), "%s", reply->status);
	}
	if (reply != NULL && reply->text != NULL)
		snprintf(answer->text, sizeof(answer->text), "%s", reply->text);
	keep_answer(server, answer);
}

const struct smtp_words smtp_try_later = { 451, "4.3.0", "Temporary failure, try again later" };

/* The owner's code and status, its text, or both; without a code its text is for a yes only. */
static struct smtp_words choose_words(const struct smtp_answer *answer,
				      const struct smtp_words *own)
{
	struct smtp_words words = *own;

	if (answer->code != 0) {
		words.code = answer->code;
		words.status = answer->status;
	}
	if (answer->text[0] != '\0' && (answer->code != 0 || answer->outcome == OUTCOME_OK))
		words.text = answer->text;
	return words;
}

enum smtp_step smtp_say_yes(struct smtp_server *server, const struct smtp_answer *answer,
			    const char *event, const struct smtp_words *words)
{
	struct smtp_words chosen = choose_words(answer, words);

	smtp_reply_noted(server, event, chosen.code, chosen.status, chosen.text);
	return SMTP_NEXT;
}

enum smtp_step smtp_say_no(struct smtp_server *server, const struct smtp_answer *answer,
			   const struct smtp_words *temporary, const struct smtp_words *permanent)
{
	struct smtp_words chosen =
		choose_words(answer, answer->outcome == OUTCOME_TEMP ? temporary : permanent);

	return smtp_decline(server, chosen.code, chosen.status, chosen.text);
}
