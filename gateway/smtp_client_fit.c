/* SPDX-License-Identifier: ISC */
/*
 * Can this server be sent this message? What it did not offer cannot be used, and
 * nothing is converted: a converted message has lost its signatures.
 */
#include "gateway/smtp_client_private.h"

struct unfitness {
	const char *status, *text;
};

static bool text_is_utf8(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text > 127)
			return true;
	}
	return false;
}

static bool header_needs_utf8(const struct smtp_client_message *message)
{
	if (message->header_utf8)
		return true;
	return message->sender != NULL ? text_is_utf8(message->sender)
				       : message->envelope->sender.utf8;
}

static const struct unfitness *check_content(const struct smtp_client_offer *offer, bool lmtp,
					     const struct smtp_client_message *message)
{
	static const struct unfitness size = { "5.3.4", "the message is bigger than the next "
							"server takes" };
	static const struct unfitness eight = { "5.6.3", "the message has 8-bit content, and the "
							 "next server takes 7-bit content only" };
	static const struct unfitness binary = { "5.6.3", "the message has binary content, and "
							  "the next server takes text only" };

	if (offer->size_max > 0 && message->size > offer->size_max)
		return &size;
	if (message->envelope->body == ENVELOPE_BODY_BINARYMIME)
		return offer->binarymime && offer->chunking && !lmtp ? NULL : &binary;
	return message->has_8bit && !offer->eightbitmime ? &eight : NULL;
}

static const struct unfitness utf8_lacks = {
	"5.6.7", "the message has an address or header in UTF-8, and the next server does not "
		 "offer SMTPUTF8"
};

static const struct unfitness *check_message(const struct smtp_client *client,
					     const struct smtp_client_message *message)
{
	static const struct unfitness requiretls = { "5.7.30", "the sender demands REQUIRETLS, "
							       "and the next server does not "
							       "offer it" };
	const struct smtp_client_offer *offer = &client->offer;

	if (message->envelope->requiretls && !(client->secure && offer->requiretls))
		return &requiretls;
	if (header_needs_utf8(message) && !offer->smtputf8)
		return &utf8_lacks;
	return check_content(offer, client->profile->lmtp, message);
}

static void decide_unfit(struct smtp_client *client, size_t recipient,
			 const struct unfitness *unfitness)
{
	struct smtp_client_reply reply = smtp_client_words(unfitness->status, unfitness->text);

	smtp_client_decide(client, recipient, OUTCOME_PERM, &reply);
	client->transaction->standing[recipient] = SMTP_RECIPIENT_UNFIT;
}

void smtp_client_fit(struct smtp_client *client)
{
	struct smtp_client_transaction *transaction = client->transaction;
	const struct smtp_client_message *message = &transaction->message;
	const struct envelope *envelope = message->envelope;
	const struct unfitness *unfitness = check_message(client, message);
	bool utf8 = header_needs_utf8(message) || envelope->smtputf8;

	for (size_t i = 0; i < envelope->count; i++) {
		bool needs = envelope->recipients[i].address.utf8;

		if (unfitness != NULL)
			decide_unfit(client, i, unfitness);
		else if (needs && !client->offer.smtputf8)
			decide_unfit(client, i, &utf8_lacks);
		utf8 |= needs;
	}
	transaction->utf8 = utf8 && client->offer.smtputf8;
}
