/* SPDX-License-Identifier: ISC */
/* MAIL and RCPT with the parameters that the message has and the server offers. */
#include "gateway/smtp_client_private.h"

#include <inttypes.h>
#include "mail/command.h"

static void send_line(struct smtp_client *client, struct buffer *line)
{
	buffer_add(line, "\r\n", 3); /* with the NUL of a text */
	smtp_client_command(client, buffer_bytes(line));
	buffer_clear(line);
}

static void put_body_parameter(const struct smtp_client *client, struct buffer *line)
{
	const struct smtp_client_message *message = &client->transaction->message;
	enum envelope_body body = message->envelope->body;

	if (body == ENVELOPE_BODY_BINARYMIME)
		buffer_add_text(line, " BODY=BINARYMIME");
	else if (client->offer.eightbitmime &&
		 (message->has_8bit || body == ENVELOPE_BODY_8BITMIME))
		buffer_add_text(line, " BODY=8BITMIME");
}

/* RFC 3461 section 4: what the sender asked for is asked for again. */
static void put_dsn_parameters(const struct envelope *envelope, struct buffer *line)
{
	if (envelope->ret != ENVELOPE_RET_NONE)
		buffer_add_text(line,
				envelope->ret == ENVELOPE_RET_FULL ? " RET=FULL" : " RET=HDRS");
	if (envelope->envid[0] != '\0')
		buffer_add_format(line, " ENVID=%s", envelope->envid);
}

void smtp_client_put_mail(struct smtp_client *client)
{
	const struct smtp_client_transaction *transaction = client->transaction;
	const struct smtp_client_message *message = &transaction->message;
	const struct envelope *envelope = message->envelope;
	struct buffer line = BUFFER_EMPTY;
	char sender[ADDRESS_TEXT_SIZE];

	address_text(&envelope->sender, sender);
	buffer_add_format(&line, "MAIL FROM:<%s>",
			  message->sender != NULL ? message->sender : sender);
	if (client->offer.size)
		buffer_add_format(&line, " SIZE=%" PRIu64, message->size);
	put_body_parameter(client, &line);
	if (transaction->utf8)
		buffer_add_text(&line, " SMTPUTF8");
	if (client->offer.dsn)
		put_dsn_parameters(envelope, &line);
	if (envelope->requiretls)
		buffer_add_text(&line, " REQUIRETLS");
	send_line(client, &line);
}

static void put_notify(unsigned notify, struct buffer *line)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ ENVELOPE_NOTIFY_NEVER, "NEVER" },
		{ ENVELOPE_NOTIFY_SUCCESS, "SUCCESS" },
		{ ENVELOPE_NOTIFY_FAILURE, "FAILURE" },
		{ ENVELOPE_NOTIFY_DELAY, "DELAY" },
	};
	const char *separator = " NOTIFY=";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(notify & names[i].bit))
			continue;
		buffer_add_format(line, "%s%s", separator, names[i].name);
		separator = ",";
	}
}

/* RFC 6533 section 3: UTF-8 in an original address may stand where SMTPUTF8 is used only. */
static bool orcpt_fits(const char *orcpt, bool utf8)
{
	return orcpt != NULL && orcpt_valid(span_text(orcpt), utf8);
}

void smtp_client_put_rcpt(struct smtp_client *client, size_t recipient)
{
	const struct smtp_client_transaction *transaction = client->transaction;
	const struct envelope_recipient *to = &transaction->message.envelope->recipients[recipient];
	struct buffer line = BUFFER_EMPTY;
	char address[ADDRESS_TEXT_SIZE];

	address_text(&to->address, address);
	buffer_add_format(&line, "RCPT TO:<%s>", address);
	if (client->offer.dsn) {
		put_notify(to->notify, &line);
		if (orcpt_fits(to->orcpt, transaction->utf8))
			buffer_add_format(&line, " ORCPT=%s", to->orcpt);
	}
	send_line(client, &line);
}
