/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/message_store.h"
#include "frontend/smtp_session.h"

enum { LOGGED_MAX = 400, BODY_BATCH = 64 * 1024 };

static const struct smtp_reply disk_full = { 452, "4.3.1", "Insufficient system storage" };

static void on_spool(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result spool = { .outcome = OUTCOME_TEMP };

	session_answered(&smtp->session);
	if (result == CHANNEL_ANSWERED && message_get_result(packet->body, &spool) &&
	    spool.outcome == OUTCOME_OK && packet->fd >= 0) {
		smtp->message.spool = packet->fd;
		smtp_session_answer(smtp, OUTCOME_OK, NULL);
		return;
	}
	if (result == CHANNEL_ANSWERED && packet->fd >= 0)
		close(packet->fd);
	smtp_session_answer(smtp, OUTCOME_TEMP,
			    result == CHANNEL_ANSWERED && spool.flags & MESSAGE_RESULT_FULL
				    ? &disk_full
				    : NULL);
}

void smtp_message_begin(struct smtp_session *smtp)
{
	char memory[1];
	struct wire_writer writer;

	smtp->message.body_failed = false;
	if (!smtp->session.frontend->store) {
		smtp_server_answer(smtp->engine, OUTCOME_TEMP, NULL);
		return;
	}
	if (smtp->session.frontend->spools_count > 0) {
		smtp->message.spool =
			smtp->session.frontend->spools[--smtp->session.frontend->spools_count];
		smtp_server_answer(smtp->engine, OUTCOME_OK, NULL);
		return;
	}
	wire_writer_init(&writer, memory, 0);
	session_ask(&smtp->session, smtp->session.frontend->store, MESSAGE_SPOOL, &writer, -1,
		    ASK_STORE_MS, on_spool);
}

static bool spool_write(struct smtp_session *smtp, const char *bytes, size_t length)
{
	while (length && !smtp->message.body_failed) {
		ssize_t count = write(smtp->message.spool, bytes, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			log_error("smtp.spool", LOG_TEXT("session", smtp->session.id),
				  LOG_TEXT("why", strerror(errno)));
			smtp->message.body_failed = true;
			break;
		}
		bytes += count;
		length -= (size_t)count;
	}
	return !smtp->message.body_failed;
}

static bool spool_flush(struct smtp_session *smtp)
{
	bool written = spool_write(smtp, buffer_bytes(&smtp->message.body),
				   buffer_used(&smtp->message.body));

	buffer_clear(&smtp->message.body);
	return written;
}

bool smtp_message_body(struct smtp_session *smtp, const char *bytes, size_t length)
{
	if (smtp->message.body_failed)
		return false;
	buffer_add(&smtp->message.body, bytes, length);
	return buffer_used(&smtp->message.body) < BODY_BATCH || spool_flush(smtp);
}

void smtp_message_drop(struct smtp_message *message)
{
	if (message->spool >= 0)
		close(message->spool);
	message->spool = -1;
	message->delivered = NULL;
	buffer_clear(&message->body);
}

/* The file that came with an answer, if one did. */
static void spool_keep(struct frontend *frontend, int fd)
{
	if (fd >= 0 && frontend->spools_count < SPOOLS_MAX)
		frontend->spools[frontend->spools_count++] = fd;
	else if (fd >= 0)
		close(fd);
}

static void message_hand_over(struct smtp_session *smtp);

/*
 * A mailbox is full, and nobody has the message yet. It goes to the others; for that one it goes to
 * the queue, where delivery fails and the sender is told. If there are no others the client is.
 */
static void delivered_full(struct smtp_session *smtp, uint64_t which)
{
	char address[ADDRESS_TEXT_SIZE] = "", text[ADDRESS_TEXT_SIZE + 60];
	bool others = false;
	const struct envelope_recipient *full =
		smtp_recipients_full(smtp->message.delivered, which, &others);

	if (full)
		address_text(&full->address, address);
	log_info("quota.refused", LOG_TEXT("session", smtp->session.id),
		 LOG_TEXT("id", smtp->message.label), LOG_TEXT("rcpt", address),
		 LOG_NUMBER("reported", others), LOG_SPAN("to", buffer_span(&smtp->message.to)));
	if (full && others) {
		message_hand_over(smtp);
		return;
	}
	smtp_message_drop(&smtp->message);
	if (!full) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	snprintf(text, sizeof text, "<%s>: mailbox is full, nobody got the message", address);
	smtp_session_answer(smtp, OUTCOME_PERM, &(struct smtp_reply){ 552, "5.2.2", text });
}

static void on_delivered(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result delivered = { .outcome = OUTCOME_TEMP };
	char text[64];

	session_answered(&smtp->session);
	if (result == CHANNEL_ANSWERED)
		spool_keep(smtp->session.frontend, packet->fd);
	if (result != CHANNEL_ANSWERED || !message_get_result(packet->body, &delivered))
		delivered = (struct message_result){ .outcome = OUTCOME_TEMP };
	if (delivered.outcome != OUTCOME_OK && delivered.flags & MESSAGE_RESULT_OVER_QUOTA) {
		delivered_full(smtp, delivered.value);
		return;
	}
	smtp_message_drop(&smtp->message);
	smtp_recipients_forget(&smtp->recipients);
	if (delivered.outcome == OUTCOME_OK) {
		snprintf(text, sizeof text, "Ok: accepted as %s", smtp->message.label);
		smtp_session_answer(smtp, OUTCOME_OK, &(struct smtp_reply){ 250, "2.0.0", text });
	} else {
		bool full = delivered.flags & MESSAGE_RESULT_FULL;

		smtp_session_answer(smtp, OUTCOME_TEMP, full ? &disk_full : NULL);
	}
}

/* For the line that says "accepted": whom the message was for, as many as a line holds. */
static void note_recipients(struct smtp_session *smtp, const struct envelope *envelope)
{
	char address[ADDRESS_TEXT_SIZE];

	buffer_clear(&smtp->message.to);
	for (size_t i = 0; i < envelope->count && buffer_used(&smtp->message.to) < LOGGED_MAX;
	     i++) {
		address_text(&envelope->recipients[i].address, address);
		buffer_add_format(&smtp->message.to, "%s%s", i ? "," : "", address);
	}
}

/* Nothing was handed over: at the disk's fault or ours. */
static void message_give_up(struct smtp_session *smtp)
{
	bool full = smtp->message.body_failed;

	smtp_message_drop(&smtp->message);
	smtp_session_answer(smtp, OUTCOME_TEMP, full ? &disk_full : NULL);
}

/* The file, the tickets of mailboxes and the queue's recipients, as they are now. */
static void message_hand_over(struct smtp_session *smtp)
{
	static char memory[PACKET_BODY_MAX], tickets[SMTP_TICKETS_MAX], queued[PACKET_BODY_MAX];
	const struct envelope *envelope = smtp->message.delivered;
	struct message_deliver deliver = {
		.another = smtp->session.frontend->spools_count < SPOOLS_MAX,
	};
	struct wire_writer local, queue, writer;

	wire_writer_init(&local, tickets, sizeof tickets);
	deliver.count = (uint32_t)smtp_recipients_put_tickets(&local, envelope);
	deliver.tickets = span_make(tickets, local.used);
	wire_writer_init(&queue, queued, sizeof queued);
	smtp_recipients_put_queued(&queue, smtp->session.port->server->name,
				   smtp_sender_identity(smtp), envelope);
	deliver.envelope = span_make(queued, queue.used);
	memcpy(deliver.label, smtp->message.label, sizeof deliver.label);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_deliver(&writer, &deliver);
	if (!smtp->session.frontend->store || local.failed || queue.failed || writer.failed)
		message_give_up(smtp);
	else
		session_ask(&smtp->session, smtp->session.frontend->store, MESSAGE_DELIVER, &writer,
			    smtp->message.spool, ASK_STORE_MS, on_delivered);
}

/* Nobody has it: at the fault of the message. */
static void message_refuse(struct smtp_session *smtp, const char *status, const char *text)
{
	smtp_message_drop(&smtp->message);
	smtp_session_answer(smtp, OUTCOME_PERM, &(struct smtp_reply){ 552, status, text });
}

/* Those who take no message of that size; without SIZE= at MAIL it is known only now. */
static void message_fit(struct smtp_session *smtp)
{
	bool others = false;
	const struct envelope_recipient *big =
		smtp_recipients_too_big(smtp->message.delivered, smtp->message.sent, &others);
	char address[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 60];

	if (!big || others) {
		message_hand_over(smtp);
		return;
	}
	address_text(&big->address, address);
	snprintf(text, sizeof text, "<%s>: takes no message of that size, nobody got it", address);
	message_refuse(smtp, "5.2.3", text);
}

static void message_write_out(struct smtp_session *smtp)
{
	if (spool_flush(smtp))
		message_fit(smtp);
	else
		message_give_up(smtp);
}

static bool header_is_whole(struct span text)
{
	return memmem(text.at, text.length, "\r\n\r\n", 4) != NULL;
}

/* The body begins in memory, or has gone to the spool file. */
static void message_check_authors(struct smtp_session *smtp)
{
	char *room = NULL;
	struct span text = buffer_span(&smtp->message.body);

	if (smtp->message.size > text.length) {
		ssize_t got;

		room = memory_new(BODY_BATCH);
		got = pread(smtp->message.spool, room, BODY_BATCH, 0);
		if (got <= 0) {
			free(room);
			message_give_up(smtp);
			return;
		}
		text = span_make(room, (size_t)got);
	}
	smtp_sender_check_authors(smtp, text,
				  smtp->message.size <= text.length || header_is_whole(text),
				  message_write_out);
	free(room);
}

void smtp_message_commit(struct smtp_session *smtp, const struct smtp_delivery *delivery)
{
	snprintf(smtp->message.label, sizeof smtp->message.label, "%.16s.%x", smtp->session.id,
		 ++smtp->message.messages);
	note_recipients(smtp, delivery->envelope);
	smtp->message.delivered = delivery->envelope;
	smtp->message.size = delivery->size;
	smtp->message.sent = delivery->sent;
	smtp_recipients_gather(delivery->envelope);
	if (delivery->sent > smtp_sender_size(smtp))
		message_refuse(smtp, "5.3.4", "Message is larger than you may send");
	else if (smtp_sender_wants_authors(smtp))
		message_check_authors(smtp);
	else
		message_write_out(smtp);
}
