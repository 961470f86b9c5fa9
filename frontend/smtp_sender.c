/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/mail_reply.h"
#include "daemon/message_store.h"
#include "frontend/frontend.h"
#include "frontend/recheck.h"
#include "frontend/smtp_session.h"

static bool logged_in(const struct smtp_session *smtp)
{
	return smtp_server_identity(smtp->engine) && recheck_standing(&smtp->session).length > 0;
}

static void refuse(struct smtp_session *smtp, const struct message_sender_answer *answer)
{
	bool given = answer->code != 0 && answer->status[0];

	smtp_session_answer(
		smtp, answer->outcome,
		given ? &(struct smtp_reply){ answer->code, answer->status, answer->text } : NULL);
}

static void ask(struct smtp_session *smtp, const struct address *address, bool header,
		channel_answer done)
{
	struct frontend *frontend = smtp->session.frontend;
	struct message_sender sender = {
		.standing = recheck_standing(&smtp->session),
		.address = *address,
		.header = header,
		.server = (uint32_t)(smtp->session.port->server->smtp - frontend->conf->smtps),
	};
	char memory[2048];
	struct wire_writer writer;

	if (!frontend->directory) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	memcpy(sender.session, smtp->session.id, sizeof sender.session);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_sender(&writer, &sender);
	session_ask(&smtp->session, frontend->directory, MESSAGE_SENDER, &writer, -1,
		    ASK_DIRECTORY_MS, done);
}

/* False: there was no answer, and the client has been told. */
static bool heard(struct smtp_session *smtp, enum channel_result result,
		  const struct packet *packet, struct message_sender_answer *answer)
{
	session_answered(&smtp->session);
	if (result == CHANNEL_ANSWERED && message_get_sender_answer(packet->body, answer)) {
		if (answer->outcome == OUTCOME_OK)
			return true;
		refuse(smtp, answer);
		return false;
	}
	smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
	return false;
}

/* ---- at MAIL ---- */

static void on_usage(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result usage;

	session_answered(&smtp->session);
	if (result != CHANNEL_ANSWERED || !message_get_result(packet->body, &usage) ||
	    usage.outcome != OUTCOME_OK) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	if (usage.value < smtp->sender.quota) {
		smtp_session_answer(smtp, OUTCOME_OK, NULL);
		return;
	}
	log_info("quota.sender", LOG_TEXT("session", smtp->session.id),
		 LOG_TEXT("id", smtp->sender.identity), LOG_NUMBER("quota", smtp->sender.quota),
		 LOG_NUMBER("used", usage.value));
	smtp_session_answer(smtp, OUTCOME_PERM, &mail_reply_sender_full);
}

static void check_limits(struct smtp_session *smtp)
{
	static const struct smtp_reply big = { 552, "5.3.4",
					       "Message is larger than you may send" };
	struct smtp_sender *sender = &smtp->sender;
	struct wire_writer writer;

	if (sender->declared > sender->size) {
		smtp_session_answer(smtp, OUTCOME_PERM, &big);
		return;
	}
	if (sender->quota == 0 || sender->ticket_length == 0) {
		smtp_session_answer(smtp, OUTCOME_OK, NULL);
		return;
	}
	if (!smtp->session.frontend->store) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	wire_writer_init(&writer, sender->ticket, sender->ticket_length);
	writer.used = sender->ticket_length;
	session_ask(&smtp->session, smtp->session.frontend->store, MESSAGE_USAGE, &writer, -1,
		    ASK_STORE_MS, on_usage);
}

static void keep(struct smtp_sender *sender, const struct message_sender_answer *answer)
{
	address_text(&sender->mail, sender->address);
	sender->known = true;
	sender->until = clock_ms() + (int64_t)answer->good_for * 1000;
	sender->quota = answer->quota;
	sender->size = answer->size;
	sender->recipients = answer->recipients;
	sender->relay = answer->relay;
	memcpy(sender->identity, answer->identity, sizeof sender->identity);
	sender->ticket_length = answer->ticket.length;
	if (answer->ticket.length > 0)
		memcpy(sender->ticket, answer->ticket.at, answer->ticket.length);
}

static void on_sender(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_sender_answer answer;

	smtp->sender.known = false;
	if (!heard(smtp, result, packet, &answer))
		return;
	keep(&smtp->sender, &answer);
	check_limits(smtp);
}

void smtp_sender_ask(struct smtp_session *smtp, const struct envelope *envelope)
{
	char address[ADDRESS_TEXT_SIZE];

	smtp->sender.mail = envelope->sender;
	smtp->sender.declared = envelope->declared;
	if (!logged_in(smtp)) {
		smtp_sender_forget(smtp);
		smtp_session_answer(smtp, OUTCOME_OK, NULL);
		return;
	}
	address_text(&envelope->sender, address);
	if (smtp->sender.known && clock_ms() < smtp->sender.until &&
	    strcmp(smtp->sender.address, address) == 0)
		check_limits(smtp);
	else
		ask(smtp, &smtp->sender.mail, false, on_sender);
}

/* ---- at the end of the data ---- */

static void authors_end(struct smtp_session *smtp)
{
	free(smtp->sender.authors);
	smtp->sender.authors = NULL;
}

static void ask_author(struct smtp_session *smtp);

static void on_author(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_sender_answer answer;

	if (!heard(smtp, result, packet, &answer)) {
		authors_end(smtp);
		smtp_message_drop(&smtp->message);
		return;
	}
	ask_author(smtp);
}

/* The sender of the envelope was asked about already. */
static bool is_sender(const struct smtp_session *smtp, const struct address *author)
{
	const struct address *sender = &smtp->sender.mail;

	return strcmp(author->local, sender->local) == 0 &&
	       span_is_nocase(span_text(author->domain), sender->domain);
}

static void ask_author(struct smtp_session *smtp)
{
	struct authors *authors = smtp->sender.authors;

	while (smtp->sender.next < authors->count &&
	       is_sender(smtp, &authors->at[smtp->sender.next]))
		smtp->sender.next++;
	if (smtp->sender.next < authors->count) {
		ask(smtp, &authors->at[smtp->sender.next++], true, on_author);
		return;
	}
	authors_end(smtp);
	smtp->sender.then(smtp);
}

bool smtp_sender_wants_authors(const struct smtp_session *smtp)
{
	return smtp->session.port->server->smtp->send_as != CONF_SEND_AS_ANY && logged_in(smtp);
}

void smtp_sender_check_authors(struct smtp_session *smtp, struct span header, bool whole,
			       smtp_sender_then then)
{
	static const struct smtp_reply unreadable = {
		550, "5.7.1",
		"The From field cannot be read, so nobody can tell whether it is yours"
	};
	struct authors *authors = memory_new(sizeof *authors);

	authors_read(header, whole, authors);
	smtp->sender.authors = authors;
	smtp->sender.next = 0;
	smtp->sender.then = then;
	if (authors->why) {
		bool refused = smtp->session.port->server->smtp->send_as == CONF_SEND_AS_OWN;

		log_info("policy.send_as", LOG_TEXT("session", smtp->session.id),
			 LOG_TEXT("id", smtp->sender.identity), LOG_TEXT("field", "From"),
			 LOG_NUMBER("refused", refused), LOG_TEXT("cause", authors->why));
		if (refused) {
			authors_end(smtp);
			smtp_message_drop(&smtp->message);
			smtp_session_answer(smtp, OUTCOME_PERM, &unreadable);
			return;
		}
	}
	ask_author(smtp);
}

/* ---- what is known ---- */

uint64_t smtp_sender_size(const struct smtp_session *smtp)
{
	return smtp->sender.known ? smtp->sender.size : UINT64_MAX;
}

uint32_t smtp_sender_recipients(const struct smtp_session *smtp)
{
	return smtp->sender.known ? smtp->sender.recipients : 0;
}

enum sender_relay smtp_sender_relay(const struct smtp_session *smtp)
{
	return smtp->sender.known ? smtp->sender.relay : SENDER_RELAY_NO;
}

const char *smtp_sender_identity(const struct smtp_session *smtp)
{
	return smtp->sender.known ? smtp->sender.identity : "";
}

void smtp_sender_forget(struct smtp_session *smtp)
{
	smtp->sender.known = false;
	authors_end(smtp);
}
