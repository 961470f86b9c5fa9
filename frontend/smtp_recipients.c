/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_recipients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/message_queue.h"
#include "daemon/message_store.h"
#include "daemon/mail_reply.h"
#include "frontend/relaying.h"
#include "daemon/route_cache.h"
#include "frontend/recheck.h"
#include "frontend/smtp_session.h"

void smtp_recipients_forget(struct smtp_recipients *recipients)
{
	for (size_t i = 0; i < recipients->routes_count; i++)
		free(recipients->routes[i]);
	free(recipients->routes);
	recipients->routes = NULL;
	recipients->routes_count = 0;
	recipients->tickets = 0;
}

void smtp_recipients_clear(struct smtp_recipients *recipients)
{
	smtp_recipients_forget(recipients);
	free(recipients->route);
	recipients->route = NULL;
}

/* In the packet that hands the message over: a ticket, or an entry of the queue's envelope. */
static size_t recipient_octets(const struct envelope_recipient *recipient,
			       const struct route_answer *route)
{
	size_t ticket = route->ticket_length + sizeof(uint32_t);
	size_t local = strlen(recipient->address.local), domain = strlen(recipient->address.domain);
	size_t canonical = strlen(route_answer_canonical(route));
	/* Beside a list under its canonical address, with an ORCPT that is made of what was said. */
	size_t entry = (2 * local + domain > canonical ? 2 * local + domain : canonical) +
		       (recipient->orcpt ? strlen(recipient->orcpt) : 3 * local + domain + 8) +
		       strlen(route_answer_via(route)) + 32;

	return ticket > entry ? ticket : entry;
}

/*
 * Who wants to hear of a success is told by the queue, which delivers to our mailboxes too and
 * writes the report.
 */
static bool goes_to_queue(const struct smtp_recipients *all)
{
	return all->route->kind == ROUTE_REMOTE || all->route->kind == ROUTE_LIST ||
	       (all->recipient->notify & ENVELOPE_NOTIFY_SUCCESS && !all->null_sender);
}

static void recipient_accept(struct smtp_session *smtp)
{
	struct smtp_recipients *all = &smtp->recipients;
	size_t need = recipient_octets(all->recipient, all->route);

	if (all->tickets + need > SMTP_TICKETS_MAX) {
		smtp_session_answer(
			smtp, OUTCOME_TEMP,
			&(struct smtp_reply){ 452, "4.5.3",
					      "Too many recipients; send the rest separately" });
		return;
	}
	all->tickets += need;
	all->route->queued = goes_to_queue(all);
	if (route_answer_via(all->route)[0] && !all->recipient->via)
		all->recipient->via = memory_text(route_answer_via(all->route));
	all->recipient->route = all->route;
	all->routes = memory_grow(all->routes, all->routes_count + 1, sizeof *all->routes);
	all->routes[all->routes_count++] = all->route;
	all->route = NULL;
	smtp_session_answer(smtp, OUTCOME_OK, NULL);
}

static void recipient_full(struct smtp_session *smtp, uint64_t used)
{
	char address[ADDRESS_TEXT_SIZE], text[MAIL_REPLY_SIZE];
	struct smtp_reply reply;

	address_text(&smtp->recipients.recipient->address, address);
	log_info("quota.refused", LOG_TEXT("session", smtp->session.id), LOG_TEXT("rcpt", address),
		 LOG_NUMBER("quota", smtp->recipients.route->quota), LOG_NUMBER("used", used),
		 LOG_NUMBER("declared", smtp->recipients.declared));
	reply = mail_reply_recipient_full(address, text);
	smtp_session_answer(smtp, OUTCOME_PERM, &reply);
}

static void on_usage(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result usage;
	uint64_t need = smtp->recipients.declared ? smtp->recipients.declared : 1;

	session_answered(&smtp->session);
	if (result != CHANNEL_ANSWERED || !message_get_result(packet->body, &usage) ||
	    usage.outcome != OUTCOME_OK) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	if (usage.value >= smtp->recipients.route->quota ||
	    need > smtp->recipients.route->quota - usage.value)
		recipient_full(smtp, usage.value);
	else
		recipient_accept(smtp);
}

static void recipient_check_quota(struct smtp_session *smtp)
{
	struct wire_writer writer;

	if (smtp->recipients.route->quota == 0) {
		recipient_accept(smtp);
		return;
	}
	if (!smtp->session.frontend->store) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	wire_writer_init(&writer, smtp->recipients.route->ticket,
			 smtp->recipients.route->ticket_length);
	writer.used = smtp->recipients.route->ticket_length;
	session_ask(&smtp->session, smtp->session.frontend->store, MESSAGE_USAGE, &writer, -1,
		    ASK_STORE_MS, on_usage);
}

static void recipient_relay(struct smtp_session *smtp)
{
	const struct smtp_recipients *all = &smtp->recipients;
	struct relay_client client;

	smtp_session_client(smtp, &client);
	switch (relaying_decide(smtp->session.frontend->conf, smtp->session.port->server->smtp,
				&client, all->recipient->address.domain)) {
	case RELAYING_YES:
		recipient_accept(smtp);
		return;
	case RELAYING_NAMES:
		smtp_names_ask(smtp, recipient_relay);
		return;
	case RELAYING_LATER:
		smtp_session_answer(smtp, OUTCOME_TEMP, &mail_reply_later);
		return;
	case RELAYING_NO:
		smtp_session_answer(smtp, OUTCOME_PERM, client.identity ? &mail_reply_own : &mail_reply_denied);
	}
}

static void recipient_too_big(struct smtp_session *smtp)
{
	char address[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 60];

	address_text(&smtp->recipients.recipient->address, address);
	snprintf(text, sizeof text, "<%s>: takes no message of that size", address);
	smtp_session_answer(smtp, OUTCOME_PERM, &(struct smtp_reply){ 552, "5.2.3", text });
}

/* smtp->recipients.route is set: what does it mean for this session? */
static void recipient_decide(struct smtp_session *smtp)
{
	const struct route_answer *route = smtp->recipients.route;

	if (route->outcome == OUTCOME_OK && smtp->recipients.declared > route->size) {
		recipient_too_big(smtp);
	} else if (route->kind == ROUTE_MAILBOX && route->outcome == OUTCOME_OK) {
		recipient_check_quota(smtp);
	} else if ((route->kind == ROUTE_REMOTE && route_answer_via(route)[0]) ||
		   (route->kind == ROUTE_LIST && route->outcome == OUTCOME_OK)) {
		recipient_accept(smtp); /* one of our domains: no question of relaying */
	} else if (route->kind == ROUTE_REMOTE) {
		recipient_relay(smtp);
	} else {
		smtp_session_answer(
			smtp, route->outcome == OUTCOME_OK ? OUTCOME_TEMP : route->outcome,
			&(struct smtp_reply){ route->code, route->status, route->text });
	}
}

static void on_route(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_route route;

	session_answered(&smtp->session);
	if (result != CHANNEL_ANSWERED || !message_get_route(packet->body, &route)) {
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	route_cache_put(smtp->session.frontend->routes, &smtp->recipients.recipient->address,
			&route);
	smtp->recipients.route = route_answer_new(&route);
	recipient_decide(smtp);
}

static void ask_directory(struct smtp_session *smtp, const struct envelope *envelope)
{
	struct frontend *frontend = smtp->session.frontend;
	struct message_resolve resolve = {
		.address = smtp->recipients.recipient->address,
		.standing = recheck_standing(&smtp->session),
		.sender = envelope->sender,
		.size = smtp->recipients.declared,
	};
	char memory[2048];
	struct wire_writer writer;

	if (!frontend->directory) {
		smtp_server_answer(smtp->engine, OUTCOME_TEMP, NULL);
		return;
	}
	memcpy(resolve.session, smtp->session.id, sizeof resolve.session);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_resolve(&writer, &resolve);
	session_ask(&smtp->session, frontend->directory, MESSAGE_RESOLVE, &writer, -1,
		    ASK_DIRECTORY_MS, on_route);
}

void smtp_recipient_ask(struct smtp_session *smtp, const struct envelope *envelope,
			struct envelope_recipient *recipient)
{
	static const struct smtp_reply many = {
		452, "4.5.3", "More recipients than you may send to; send the rest separately"
	};
	uint32_t most = smtp_sender_recipients(smtp);
	struct frontend *frontend = smtp->session.frontend;
	const struct route_answer *known = route_cache_find(frontend->routes, &recipient->address);

	free(smtp->recipients.route);
	smtp->recipients.route = NULL;
	smtp->recipients.recipient = recipient;
	if (most > 0 && smtp->recipients.routes_count >= most) {
		smtp_session_answer(smtp, OUTCOME_TEMP, &many);
	} else if (known) {
		smtp->recipients.route = route_answer_copy(known);
		recipient_decide(smtp);
	} else {
		ask_directory(smtp, envelope);
	}
}
