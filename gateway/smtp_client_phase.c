/* SPDX-License-Identifier: ISC */
/* Who hears which reply, how long it may take (RFC 5321 section 4.5.3.2), and what it is called. */
#include "gateway/smtp_client_private.h"

struct listener {
	const char *doing;
	unsigned seconds; /* 0 = the server owes nothing */
	void (*heard)(struct smtp_client *client, const struct smtp_client_reply *reply);
};

static void heard_quit(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	smtp_client_over(client, SMTP_CLIENT_ORDERLY, reply);
}

static const struct listener phases[] = {
	[SMTP_PHASE_NEW] = { "connection", 0, smtp_client_senseless },
	[SMTP_PHASE_GREETING] = { "greeting", 300, smtp_client_heard_greeting },
	[SMTP_PHASE_EHLO] = { "EHLO", 300, smtp_client_heard_ehlo },
	[SMTP_PHASE_HELO] = { "HELO", 300, smtp_client_heard_helo },
	[SMTP_PHASE_STARTTLS] = { "STARTTLS", 300, smtp_client_heard_starttls },
	[SMTP_PHASE_HANDSHAKE] = { "TLS handshake", 0, smtp_client_senseless },
	[SMTP_PHASE_LOGIN] = { "AUTH", 0, smtp_client_senseless },
	[SMTP_PHASE_AUTH] = { "AUTH", 300, smtp_client_heard_auth },
	[SMTP_PHASE_CANCEL] = { "AUTH", 300, smtp_client_heard_cancel },
	[SMTP_PHASE_READY] = { "idle", 0, smtp_client_senseless },
	[SMTP_PHASE_QUIT] = { "QUIT", 300, heard_quit },
	[SMTP_PHASE_CLOSED] = { "end of session", 0, smtp_client_senseless },
};

static const struct listener steps[] = {
	[SMTP_STEP_RSET] = { "RSET", 300, smtp_client_heard_rset },
	[SMTP_STEP_MAIL] = { "MAIL FROM", 300, smtp_client_heard_mail },
	[SMTP_STEP_RCPT] = { "RCPT TO", 300, smtp_client_heard_rcpt },
	[SMTP_STEP_DATA] = { "DATA", 120, smtp_client_heard_data },
	[SMTP_STEP_GO] = { "DATA", 120, smtp_client_senseless },
	[SMTP_STEP_BODY] = { "message body", 180, smtp_client_senseless },
	[SMTP_STEP_END] = { "end of data", 600, smtp_client_heard_end },
	[SMTP_STEP_DONE] = { "end of data", 600, smtp_client_senseless },
};

static const struct listener *next_reply(const struct smtp_client_transaction *transaction)
{
	bool chunk = transaction->bdat && transaction->hear.step == SMTP_STEP_DATA;

	return &steps[chunk ? SMTP_STEP_END : transaction->hear.step];
}

/* What the next reply is about; with none due, what is being sent. */
static const struct listener *listener(const struct smtp_client *client)
{
	const struct smtp_client_transaction *transaction = client->transaction;

	if (transaction == NULL)
		return &phases[client->phase];
	/* While a body is on its way the server owes that it takes it, whatever it answers. */
	if (client->owed == 0 || transaction->send.step == SMTP_STEP_BODY)
		return &steps[transaction->send.step];
	return next_reply(transaction);
}

void smtp_client_dispatch(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	const struct smtp_client_transaction *transaction = client->transaction;

	if (transaction != NULL)
		next_reply(transaction)->heard(client, reply);
	else
		phases[client->phase].heard(client, reply);
}

unsigned smtp_client_seconds(const struct smtp_client *client)
{
	return listener(client)->seconds;
}

bool smtp_client_may_have_it(const struct smtp_client *client)
{
	const struct smtp_client_transaction *transaction = client->transaction;

	return transaction != NULL && transaction->send.step == SMTP_STEP_DONE &&
	       transaction->accepted > 0;
}

const char *smtp_client_doing(const struct smtp_client *client)
{
	/* A chunk may be there before all recipients have their replies. */
	if (smtp_client_may_have_it(client))
		return steps[SMTP_STEP_END].doing;
	return listener(client)->doing;
}
