/* SPDX-License-Identifier: ISC */
/*
 * A transaction: what is sent next, and when it may be. Two cursors go through the same
 * steps, one of what comes to be sent and one of which reply comes next; with
 * PIPELINING (RFC 2920) the first runs ahead.
 */
#include "gateway/smtp_client_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK (64u * 1024) /* of a body, that is asked for at once */
/* A message of this size is sent behind its RCPTs without knowing what becomes of them: a turn
 * less, at the price of one body for nobody now and then. */
#define BOLD_MAX (256u * 1024)

void smtp_client_transaction_free(struct smtp_client *client)
{
	if (client->transaction != NULL)
		free(client->transaction->standing);
	free(client->transaction);
	client->transaction = NULL;
}

/* ---- recipients ---- */

void smtp_client_decide(struct smtp_client *client, size_t recipient, enum outcome outcome,
			const struct smtp_client_reply *reply)
{
	static const char classes[] = {
		[OUTCOME_OK] = '2', [OUTCOME_TEMP] = '4', [OUTCOME_PERM] = '5'
	};
	struct smtp_client_transaction *transaction = client->transaction;
	struct smtp_client_reply told = *reply;
	bool accepted = transaction->standing[recipient] == SMTP_RECIPIENT_ACCEPTED;

	/* The code stays what the server said; what it means for the recipient is in the status. */
	told.status[0] = classes[outcome];
	transaction->standing[recipient] = SMTP_RECIPIENT_DECIDED;
	transaction->undecided--;
	if (!client->freed)
		client->calls->result(client->owner, recipient, outcome, &told);
	/* Behind the call: that the server may have the message is asked for in it. */
	transaction->accepted -= accepted;
}

void smtp_client_decide_all(struct smtp_client *client, enum outcome outcome,
			    const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;

	for (size_t i = 0; transaction->undecided > 0; i++) {
		if (transaction->standing[i] == SMTP_RECIPIENT_OPEN ||
		    transaction->standing[i] == SMTP_RECIPIENT_ACCEPTED)
			smtp_client_decide(client, i, outcome, reply);
	}
}

/* ---- cursors ---- */

static struct smtp_client_cursor recipient_from(const struct smtp_client_transaction *transaction,
						size_t recipient)
{
	size_t count = transaction->message.envelope->count;

	while (recipient < count && transaction->standing[recipient] == SMTP_RECIPIENT_UNFIT)
		recipient++;
	if (recipient < count)
		return (struct smtp_client_cursor){ SMTP_STEP_RCPT, recipient };
	return (struct smtp_client_cursor){ SMTP_STEP_DATA, 0 };
}

struct smtp_client_cursor
smtp_client_first_recipient(const struct smtp_client_transaction *transaction)
{
	return recipient_from(transaction, 0);
}

void smtp_client_next_recipient(const struct smtp_client_transaction *transaction,
				struct smtp_client_cursor *cursor)
{
	*cursor = recipient_from(transaction, cursor->recipient + 1);
}

/* ---- the body ---- */

void smtp_client_put_body(struct smtp_client *client, struct span bytes)
{
	struct smtp_client_transaction *transaction = client->transaction;

	transaction->given += bytes.length;
	if (transaction->bdat) {
		smtp_client_write(client, bytes.at, bytes.length);
		return;
	}
	while (bytes.length > 0) {
		struct span run = dot_stuff(&transaction->stuff, &bytes);

		smtp_client_write(client, run.at, run.length);
	}
}

static bool send_body(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;
	uint64_t left = transaction->message.size - transaction->given;

	if (transaction->given < transaction->asked)
		return false;
	if (left == 0) {
		transaction->send.step = SMTP_STEP_END;
		return true;
	}
	left = left < BLOCK ? left : BLOCK;
	transaction->asked += left;
	client->calls->ask_body(client->owner, transaction->given, (size_t)left);
	return true;
}

/* RFC 2033 section 4.2 leaves open what a server says to an end of data for nobody. */
static void end_without_recipients(struct smtp_client *client)
{
	smtp_client_write(client, ".\r\n", 3);
	client->quit_wanted = true;
	client->owed = 0;
}

static bool send_end(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;

	transaction->send.step = SMTP_STEP_DONE;
	if (transaction->bdat)
		return true;
	if (client->profile->lmtp && transaction->accepted == 0) {
		end_without_recipients(client);
		return true;
	}
	smtp_client_command(client, transaction->stuff.inside ? "\r\n.\r\n" : ".\r\n");
	if (client->profile->lmtp)
		client->owed = transaction->accepted;
	return true;
}

/* ---- commands ---- */

static void send_data(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;
	char line[48];

	if (!transaction->bdat) {
		smtp_client_command(client, "DATA\r\n");
		transaction->send.step = SMTP_STEP_GO;
		return;
	}
	snprintf(line, sizeof(line), "BDAT %" PRIu64 " LAST\r\n", transaction->message.size);
	smtp_client_command(client, line);
	transaction->send.step = SMTP_STEP_BODY;
}

static void send_command(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;

	switch (transaction->send.step) {
	case SMTP_STEP_RSET:
		smtp_client_command(client, "RSET\r\n");
		transaction->send.step = SMTP_STEP_MAIL;
		break;
	case SMTP_STEP_MAIL:
		smtp_client_put_mail(client);
		transaction->send = smtp_client_first_recipient(transaction);
		break;
	case SMTP_STEP_RCPT:
		smtp_client_put_rcpt(client, transaction->send.recipient);
		smtp_client_next_recipient(transaction, &transaction->send);
		break;
	default:
		send_data(client);
		break;
	}
}

static bool may_send(const struct smtp_client *client)
{
	const struct smtp_client_transaction *transaction = client->transaction;

	if (transaction->undecided == 0)
		return false;
	if (client->owed == 0)
		return transaction->send.step < SMTP_STEP_DATA || transaction->accepted > 0;
	if (!client->offer.pipelining)
		return false;
	return transaction->send.step < SMTP_STEP_DATA || !transaction->bdat ||
	       transaction->message.size <= BOLD_MAX;
}

/* ---- the whole ---- */

static void begin(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;

	transaction->begun = true;
	/* LMTP has a reply for each recipient, and BDAT one for each chunk: DATA is clear. */
	transaction->bdat = client->offer.chunking && !client->profile->lmtp;
	transaction->send.step = client->dirty ? SMTP_STEP_RSET : SMTP_STEP_MAIL;
	transaction->hear = transaction->send;
	smtp_client_fit(client);
}

static void finish(struct smtp_client *client)
{
	smtp_client_transaction_free(client);
	smtp_client_become_ready(client);
	client->calls->sent(client->owner);
}

static bool is_over(const struct smtp_client *client)
{
	const struct smtp_client_transaction *transaction = client->transaction;

	return transaction->undecided == 0 && client->owed == 0 &&
	       transaction->send.step != SMTP_STEP_BODY && transaction->send.step != SMTP_STEP_END;
}

static void give_up_unreadable(struct smtp_client *client)
{
	struct smtp_client_reply why =
		smtp_client_words("4.3.0", "the message cannot be read from the queue now");

	smtp_client_over(client, SMTP_CLIENT_ORDERLY, &why);
}

bool smtp_client_transact(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;

	if (client->phase != SMTP_PHASE_TRANSACTION)
		return false;
	if (!transaction->begun)
		begin(client);
	else if (is_over(client))
		finish(client);
	else if (transaction->unreadable)
		give_up_unreadable(client);
	else if (transaction->send.step == SMTP_STEP_BODY)
		return send_body(client);
	else if (transaction->send.step == SMTP_STEP_END)
		return send_end(client);
	else if (transaction->send.step < SMTP_STEP_GO && may_send(client))
		send_command(client);
	else
		return false;
	return true;
}
