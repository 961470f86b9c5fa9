/* SPDX-License-Identifier: ISC */
/* MAIL and RCPT: the envelope. */
#include "gateway/smtp_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* "FROM:" or "TO:", then the path. A space before the path is common and harmless. */
static bool cut_prefix(struct span *argument, const char *prefix)
{
	if (!span_starts_nocase(*argument, prefix))
		return false;
	*argument = span_trim(span_skip(*argument, strlen(prefix)));
	return true;
}

static void add_default_domain(const struct smtp_server *server, struct address *address)
{
	const char *domain = server->profile->default_domain;

	if (address->domain[0] != '\0' || address_is_null(address) || domain == NULL)
		return;
	(void)span_copy(span_text(domain), address->domain, sizeof(address->domain));
	ascii_lower_text(address->domain);
}

static enum smtp_step refuse_address(struct smtp_server *server, const char *status,
				     const char *why)
{
	char text[120];

	snprintf(text, sizeof(text), "Bad address: %s", why);
	return smtp_refuse(server, 501, status, text);
}

/* RFC 5321 section 4.1.1.11 asks for EHLO where parameters are used. */
static const struct smtp_words *check_parameters(const struct smtp_server *server, struct span text)
{
	static const struct smtp_words needs_ehlo = { 555, "5.5.4", "Parameters need EHLO" };

	return !server->esmtp && text.length > 0 ? &needs_ehlo : NULL;
}

static const struct smtp_words *check_sender(const struct smtp_server *server,
					     const struct envelope *envelope)
{
	static const struct smtp_words utf8 = { 553, "5.6.7", "Address needs SMTPUTF8" };
	static const struct smtp_words tls = { 555, "5.5.4", "REQUIRETLS needs TLS" };
	static const struct smtp_words size = { 552, "5.3.4", "Message too big" };
	static const struct smtp_words session = { 552, "5.3.4", "Too much mail in this session" };
	const struct smtp_profile *profile = server->profile;
	uint64_t left;

	if (envelope->sender.utf8 && !envelope->smtputf8)
		return &utf8;
	if (envelope->requiretls && server->tls == NULL)
		return &tls;
	if (profile->message_size > 0 && envelope->declared > profile->message_size)
		return &size;
	if (profile->session_size == 0)
		return NULL;
	if (server->session_octets >= profile->session_size)
		return &session;
	left = profile->session_size - server->session_octets;
	return envelope->declared > left ? &session : NULL;
}

static const struct smtp_words *take_sender(const struct smtp_server *server,
					    struct envelope *envelope, struct span parameters)
{
	const struct smtp_words *refusal = check_parameters(server, parameters);

	if (refusal == NULL)
		refusal = smtp_mail_parameters(envelope, parameters);
	return refusal != NULL ? refusal : check_sender(server, envelope);
}

enum smtp_step smtp_step_mail(struct smtp_server *server, struct span argument)
{
	struct smtp_transaction *transaction;
	const struct smtp_words *refusal;
	struct address sender;
	struct span parameters;
	const char *why;

	if (!cut_prefix(&argument, "FROM:"))
		return smtp_refuse(server, 501, "5.5.4", "Syntax: MAIL FROM:<address>");
	if (!address_parse_path(argument, true, &sender, &parameters, &why))
		return refuse_address(server, "5.1.7", why);
	transaction = memory_new(sizeof(*transaction));
	envelope_init(&transaction->envelope);
	add_default_domain(server, &sender);
	transaction->envelope.sender = sender;
	refusal = take_sender(server, &transaction->envelope, parameters);
	if (refusal != NULL) {
		free(transaction);
		return smtp_refuse_words(server, refusal);
	}
	server->transaction = transaction;
	return smtp_ask(server, SMTP_ASK_SENDER);
}

enum smtp_step smtp_sender_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words fine = { 250, "2.1.0", SMTP_SENDER_OK };
	static const struct smtp_words refused = { 550, "5.1.0", "Sender refused" };
	struct envelope *envelope = &server->transaction->envelope;
	char detail[ADDRESS_TEXT_SIZE];
	enum smtp_step step;

	if (answer->outcome == OUTCOME_OK) {
		envelope->has_sender = true;
		server->state = SMTP_MAIL;
		return smtp_say_yes(server, answer, NULL, &fine);
	}
	address_text(&envelope->sender, detail);
	server->detail = span_text(detail);
	step = smtp_say_no(server, answer, &smtp_try_later, &refused);
	server->detail = span_text("");
	smtp_forget_transaction(server, false);
	return step;
}

static const struct smtp_words *take_recipient(const struct smtp_server *server,
					       struct envelope_recipient *recipient,
					       struct span parameters)
{
	static const struct smtp_words utf8 = { 553, "5.6.7", "Address needs SMTPUTF8" };
	const struct envelope *envelope = &server->transaction->envelope;
	const struct smtp_words *refusal = check_parameters(server, parameters);

	if (refusal == NULL)
		refusal = smtp_rcpt_parameters(envelope, recipient, parameters);
	if (refusal == NULL && recipient->address.utf8 && !envelope->smtputf8)
		refusal = &utf8;
	return refusal;
}

enum smtp_step smtp_step_rcpt(struct smtp_server *server, struct span argument)
{
	struct envelope *envelope = &server->transaction->envelope;
	const struct smtp_words *refusal;
	struct address address;
	struct span parameters;
	const char *why;

	if (!cut_prefix(&argument, "TO:"))
		return smtp_refuse(server, 501, "5.5.4", "Syntax: RCPT TO:<address>");
	if (!address_parse_path(argument, false, &address, &parameters, &why))
		return refuse_address(server, "5.1.3", why);
	/* RFC 5321 section 4.5.3.1.10: temporary, the client sends the rest in another one. */
	if (server->profile->recipients > 0 && envelope->count >= server->profile->recipients)
		return smtp_decline(server, 452, "4.5.3", "Too many recipients");
	add_default_domain(server, &address);
	refusal = take_recipient(server, envelope_add(envelope, &address), parameters);
	if (refusal != NULL) {
		envelope_drop_last(envelope);
		return smtp_refuse_words(server, refusal);
	}
	return smtp_ask(server, SMTP_ASK_RECIPIENT);
}

/*
 * Who tries names is cut off; a list with some bad addresses among the good ones is not.
 * One good name does not buy a whole round of guesses: each takes back one refusal.
 */
static enum smtp_step count_refused(struct smtp_server *server)
{
	unsigned limit = server->profile->refused_recipients;

	server->refused++;
	if (limit == 0 || server->refused < limit)
		return SMTP_NEXT;
	return smtp_hang_up(server, 421, "4.7.0",
			    "Too many refused recipients, closing connection");
}

enum smtp_step smtp_recipient_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words fine = { 250, "2.1.5", SMTP_RECIPIENT_OK };
	static const struct smtp_words refused = { 550, "5.1.1", "Recipient refused" };
	struct envelope *envelope = &server->transaction->envelope;
	char detail[ADDRESS_TEXT_SIZE];
	enum smtp_step step;

	if (answer->outcome == OUTCOME_OK) {
		server->state = SMTP_RCPT;
		server->refused -= server->refused > 0;
		return smtp_say_yes(server, answer, NULL, &fine);
	}
	address_text(&envelope->recipients[envelope->count - 1].address, detail);
	envelope_drop_last(envelope);
	server->detail = span_text(detail);
	step = smtp_say_no(server, answer, &smtp_try_later, &refused);
	if (step != SMTP_CLOSE && answer->outcome == OUTCOME_PERM)
		step = count_refused(server);
	server->detail = span_text("");
	return step;
}
