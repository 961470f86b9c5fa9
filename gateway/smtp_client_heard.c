/* SPDX-License-Identifier: ISC */
/* What the replies of a transaction mean for its recipients. */
#include "gateway/smtp_client_private.h"

static bool is_final(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	if (reply->code / 100 != 3)
		return true;
	smtp_client_senseless(client, reply);
	return false;
}

void smtp_client_heard_rset(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	if (reply->code / 100 != 2) {
		/* With what is left of the last transaction this one cannot be trusted. */
		smtp_client_over(client, SMTP_CLIENT_TRY_NEXT, reply);
		return;
	}
	client->dirty = false;
	client->transaction->hear.step = SMTP_STEP_MAIL;
}

void smtp_client_heard_mail(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;

	if (!is_final(client, reply))
		return;
	if (reply->code / 100 == 2)
		client->dirty = true;
	else
		smtp_client_decide_all(client, smtp_client_outcome(reply), reply);
	transaction->hear = smtp_client_first_recipient(transaction);
}

/* RFC 5321 section 4.5.3.1.10: 552 was once what 452 is now, "too many recipients". */
static enum outcome recipient_outcome(const struct smtp_client_reply *reply)
{
	return reply->code == 552 ? OUTCOME_TEMP : smtp_client_outcome(reply);
}

void smtp_client_heard_rcpt(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;
	size_t recipient = transaction->hear.recipient;
	enum outcome outcome = recipient_outcome(reply);

	if (!is_final(client, reply))
		return;
	/* A sender that was refused has decided all of them. */
	if (transaction->standing[recipient] == SMTP_RECIPIENT_OPEN) {
		if (outcome != OUTCOME_OK) {
			smtp_client_decide(client, recipient, outcome, reply);
		} else {
			transaction->standing[recipient] = SMTP_RECIPIENT_ACCEPTED;
			transaction->accepted++;
		}
	}
	smtp_client_next_recipient(transaction, &transaction->hear);
}

void smtp_client_heard_data(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;

	if (reply->code < 300) {
		smtp_client_senseless(client, reply);
	} else if (reply->code >= 400) {
		smtp_client_decide_all(client, smtp_client_outcome(reply), reply);
		transaction->send.step = SMTP_STEP_DONE;
		transaction->hear.step = SMTP_STEP_DONE;
	} else {
		/* RFC 2920 section 3.1: with nobody to send it to, the message is empty. */
		transaction->send.step = transaction->accepted > 0 ? SMTP_STEP_BODY : SMTP_STEP_END;
		transaction->hear.step = SMTP_STEP_END;
	}
}

/* RFC 2033 section 4.2: one reply for each recipient that was accepted, in their order. */
static void heard_lmtp(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;

	while (transaction->standing[transaction->told] != SMTP_RECIPIENT_ACCEPTED)
		transaction->told++;
	smtp_client_decide(client, transaction->told, smtp_client_outcome(reply), reply);
	if (client->owed == 1) /* this one */
		transaction->hear.step = SMTP_STEP_DONE;
}

void smtp_client_heard_end(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;
	bool early = transaction->send.step < SMTP_STEP_DONE;

	if (!is_final(client, reply))
		return;
	/* A chunk may be refused before all of it is there, but not be taken. */
	if (early && reply->code / 100 == 2) {
		smtp_client_senseless(client, reply);
		return;
	}
	/* RFC 3030 section 2: behind a BDAT that failed, only RSET helps. */
	client->dirty = transaction->bdat && reply->code / 100 != 2;
	if (client->profile->lmtp) {
		heard_lmtp(client, reply);
		return;
	}
	smtp_client_decide_all(client, smtp_client_outcome(reply), reply);
	transaction->hear.step = SMTP_STEP_DONE;
}
