/* SPDX-License-Identifier: ISC */
/* One SMTP connection: a stream on one side, the engine in the middle, the roles on the other. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/frontend.h"
#include "daemon/login_reply.h"
#include "daemon/message_store.h"
#include "daemon/route_cache.h"

enum { LOGGED_MAX = 400, BODY_BATCH = 64 * 1024, TICKETS_MAX = PACKET_BODY_MAX - 1024 };

struct smtp_session {
	struct session session; /* first */
	struct smtp_server *engine;
	bool feeding; /* the engine is taking input */
	struct channel *asked; /* the channel of the outstanding ask */
	uint32_t ask;
	struct login_exchange exchange;
	int spool;	    /* -1 = none */
	struct buffer body; /* not yet in the spool file */
	bool body_failed;
	size_t tickets; /* octets of all accepted recipients' tickets: they must fit into one packet */
	struct envelope_recipient *recipient; /* the one being asked about */
	struct route_answer *route;	      /* its answer so far */
	struct route_answer **routes;	      /* of the recipients accepted in this transaction */
	size_t routes_count;
	uint64_t declared;
	unsigned messages;
	struct buffer to; /* the recipients of the message being delivered, for the log */
	char label[SESSION_SIZE];
};

static const struct stream_calls stream_calls;
static const struct smtp_calls engine_calls;

static struct smtp_session *of(void *owner)
{
	return owner;
}

/* ---- the stream's side ---- */

static void session_pace(struct smtp_session *smtp)
{
	if (smtp->feeding) /* an answer known at once: on_input sees what remains */
		return;
	if (smtp_server_waiting(smtp->engine) || !stream_writable(smtp->session.stream))
		stream_pause(smtp->session.stream);
	else
		stream_resume(smtp->session.stream);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	struct smtp_session *smtp = owner;
	size_t used;

	smtp->feeding = true;
	used = smtp_server_feed(smtp->engine, bytes, length);
	smtp->feeding = false;
	if (smtp_server_waiting(smtp->engine) || !stream_writable(smtp->session.stream))
		stream_pause(smtp->session.stream);
	return used;
}

static void on_drained(void *owner)
{
	session_pace(owner);
}

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct smtp_session *smtp = owner;

	recheck_forget(&smtp->session); /* a login before TLS is forgotten */
	smtp_server_tls_started(smtp->engine, version, cipher,
				login_certificate(&smtp->session));
	/* TLS from the first octet: the greeting was waiting for it. */
	if (smtp->session.port->conf->tls == CONF_TLS_IMPLICIT)
		smtp_server_greet(smtp->engine);
}

static void on_idle(void *owner)
{
	/* While a role is being asked it is we who are slow, and the ask has a deadline. */
	if (!smtp_server_waiting(of(owner)->engine))
		smtp_server_timeout(of(owner)->engine);
}

static void on_gone(void *owner, const char *why)
{
	struct smtp_session *smtp = owner;

	log_debug("smtp.gone", LOG_TEXT("session", smtp->session.id), LOG_TEXT("why", why));
	smtp->session.free(&smtp->session);
}

static void routes_forget(struct smtp_session *smtp)
{
	for (size_t i = 0; i < smtp->routes_count; i++)
		free(smtp->routes[i]);
	free(smtp->routes);
	smtp->routes = NULL;
	smtp->routes_count = 0;
	smtp->tickets = 0;
}

static void smtp_session_free(struct session *session)
{
	struct smtp_session *smtp = (struct smtp_session *)session;

	if (smtp->asked)
		channel_forget(smtp->asked, smtp->ask);
	login_drop_exchange(session, &smtp->exchange);
	smtp_server_free(smtp->engine);
	if (smtp->spool >= 0)
		close(smtp->spool);
	buffer_clear(&smtp->body);
	buffer_clear(&smtp->to);
	routes_forget(smtp);
	free(smtp->route);
	session_free(session);
}

/* daemon/recheck.h */
static void smtp_session_expel(struct session *session)
{
	smtp_server_expel(((struct smtp_session *)session)->engine);
}

static void smtp_session_shutdown(struct session *session)
{
	struct smtp_session *smtp = (struct smtp_session *)session;

	if (smtp_server_idle(smtp->engine))
		smtp_server_refuse(smtp->engine, "Service closing, try again later");
	else
		smtp_server_shutdown(smtp->engine);
}

/* ---- the engine's side ---- */

static void do_write(void *owner, const char *bytes, size_t length)
{
	stream_write(of(owner)->session.stream, bytes, length);
}

static bool do_writable(void *owner)
{
	return stream_writable(of(owner)->session.stream);
}

static void do_start_tls(void *owner)
{
	stream_start_tls(of(owner)->session.stream, of(owner)->session.port->server->tls);
}

static void do_close(void *owner)
{
	stream_finish(of(owner)->session.stream);
}

static void answer(struct smtp_session *smtp, enum outcome outcome, const struct smtp_reply *reply)
{
	smtp_server_answer(smtp->engine, outcome, reply);
	session_pace(smtp);
}

/* The answer to an ask has come, or will not come. */
static void asked_done(struct smtp_session *smtp)
{
	smtp->asked = NULL;
}

static void ask(struct smtp_session *smtp, struct channel *channel, enum message_kind kind,
		const struct wire_writer *writer, int fd, unsigned deadline, channel_answer done)
{
	smtp->asked = channel;
	smtp->ask = channel_ask(channel, (uint16_t)kind, span_make(writer->at, writer->used), fd, deadline,
				done, smtp);
}

static void login_decide(struct smtp_session *smtp, const struct message_identity *identity)
{
	struct smtp_reply reply = login_reply_smtp(smtp->session.frontend->conf, identity->verdict);

	if (identity->verdict == AUTH_OK || identity->verdict == AUTH_NO_MAILBOX) {
		recheck_watch(&smtp->session, identity->standing);
		smtp_server_identify(smtp->engine, identity->who);
	}
	answer(smtp, login_reply_outcome(identity->verdict), &reply);
}

static void on_login(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_identity identity = { .verdict = AUTH_TEMPORARY };

	asked_done(smtp);
	if (result != CHANNEL_ANSWERED || !message_get_identity(packet->body, &identity))
		identity.verdict = AUTH_TEMPORARY;
	login_decide(smtp, &identity);
}

static void on_exchange(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_turn turn;

	asked_done(smtp);
	if (!login_exchange_more(&smtp->exchange, result, packet, &turn)) {
		login_decide(smtp, &turn.identity);
		return;
	}
	smtp_server_challenge(smtp->engine, turn.challenge);
	session_pace(smtp);
}

static void do_ask_exchange(void *owner, const struct mechanism_message *message)
{
	struct smtp_session *smtp = owner;

	if (login_ask_exchange(&smtp->session, &smtp->exchange, message, on_exchange, smtp, &smtp->ask))
		smtp->asked = smtp->session.frontend->directory;
	else
		smtp_server_answer(smtp->engine, OUTCOME_TEMP, NULL);
}

static void do_drop_exchange(void *owner)
{
	struct smtp_session *smtp = owner;

	if (smtp->asked)
		channel_forget(smtp->asked, smtp->ask);
	asked_done(smtp);
	login_drop_exchange(&smtp->session, &smtp->exchange);
}

static void do_ask_login(void *owner, const struct smtp_login *login)
{
	struct smtp_session *smtp = owner;
	struct message_login message;

	if (!smtp->session.frontend->directory) {
		smtp_server_answer(smtp->engine, OUTCOME_TEMP, NULL);
	} else if (!session_login(&smtp->session, "smtp", login->user, login->authzid, login->password,
				  smtp->session.port->server->smtp->default_domain, &message)) {
		smtp_server_answer(smtp->engine, OUTCOME_PERM, NULL);
	} else {
		smtp->asked = smtp->session.frontend->directory;
		smtp->ask = session_ask_login(&smtp->session, &message, on_login, smtp);
	}
	memory_wipe(&message, sizeof message);
}

static void do_ask_sender(void *owner, const struct envelope *envelope)
{
	struct smtp_session *smtp = owner;

	smtp->declared = envelope->declared;
	routes_forget(smtp);
	smtp_server_answer(smtp->engine, OUTCOME_OK, NULL);
}

static void recipient_accept(struct smtp_session *smtp)
{
	size_t need = smtp->route->ticket_length + sizeof(uint32_t);

	if (smtp->tickets + need > TICKETS_MAX) {
		answer(smtp, OUTCOME_TEMP,
		       &(struct smtp_reply){ 452, "4.5.3", "Too many recipients; send the rest separately" });
		return;
	}
	smtp->tickets += need;
	smtp->recipient->route = smtp->route;
	smtp->routes = memory_grow(smtp->routes, smtp->routes_count + 1, sizeof *smtp->routes);
	smtp->routes[smtp->routes_count++] = smtp->route;
	smtp->route = NULL;
	answer(smtp, OUTCOME_OK, NULL);
}

static void recipient_full(struct smtp_session *smtp, uint64_t used)
{
	char address[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 40];

	address_text(&smtp->recipient->address, address);
	log_info("quota.refused", LOG_TEXT("session", smtp->session.id), LOG_TEXT("rcpt", address),
		 LOG_NUMBER("quota", smtp->route->quota), LOG_NUMBER("used", used),
		 LOG_NUMBER("declared", smtp->declared));
	snprintf(text, sizeof text, "<%s>: mailbox is full", address);
	answer(smtp, OUTCOME_PERM, &(struct smtp_reply){ 552, "5.2.2", text });
}

static void on_usage(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result usage;
	uint64_t need = smtp->declared ? smtp->declared : 1;

	asked_done(smtp);
	if (result != CHANNEL_ANSWERED || !message_get_result(packet->body, &usage) ||
	    usage.outcome != OUTCOME_OK) {
		answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	if (usage.value >= smtp->route->quota || need > smtp->route->quota - usage.value)
		recipient_full(smtp, usage.value);
	else
		recipient_accept(smtp);
}

static void recipient_check_quota(struct smtp_session *smtp)
{
	struct wire_writer writer;

	if (smtp->route->quota == 0) {
		recipient_accept(smtp);
		return;
	}
	if (!smtp->session.frontend->store) {
		answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	wire_writer_init(&writer, smtp->route->ticket, smtp->route->ticket_length);
	writer.used = smtp->route->ticket_length;
	ask(smtp, smtp->session.frontend->store, MESSAGE_USAGE, &writer, -1, ASK_STORE_MS, on_usage);
}

/* smtp->route is set: what does it mean for this session? */
static void recipient_decide(struct smtp_session *smtp)
{
	const struct route_answer *route = smtp->route;

	if (route->kind == ROUTE_MAILBOX && route->outcome == OUTCOME_OK) {
		recipient_check_quota(smtp);
	} else if (route->kind == ROUTE_REMOTE && smtp_server_identity(smtp->engine)) {
		answer(smtp, OUTCOME_PERM,
		       &(struct smtp_reply){ 550, "5.7.1", "This server delivers to its own domains only" });
	} else if (route->kind == ROUTE_REMOTE) {
		answer(smtp, OUTCOME_PERM, &(struct smtp_reply){ 550, "5.7.1", "Relaying denied" });
	} else {
		answer(smtp, route->outcome == OUTCOME_OK ? OUTCOME_TEMP : route->outcome,
		       &(struct smtp_reply){ route->code, route->status, route->text });
	}
}

static void on_route(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_route route;

	asked_done(smtp);
	if (result != CHANNEL_ANSWERED || !message_get_route(packet->body, &route)) {
		answer(smtp, OUTCOME_TEMP, NULL);
		return;
	}
	route_cache_put(smtp->session.frontend->routes, &smtp->recipient->address, &route);
	smtp->route = route_answer_new(&route);
	recipient_decide(smtp);
}

static void do_ask_recipient(void *owner, struct envelope *envelope, struct envelope_recipient *recipient)
{
	struct smtp_session *smtp = owner;
	struct frontend *frontend = smtp->session.frontend;
	const struct route_answer *known = route_cache_find(frontend->routes, &recipient->address);
	struct message_resolve resolve = { .address = recipient->address };
	char memory[1024];
	struct wire_writer writer;

	(void)envelope;
	free(smtp->route);
	smtp->route = NULL;
	smtp->recipient = recipient;
	if (known) {
		smtp->route = route_answer_copy(known);
		recipient_decide(smtp);
		return;
	}
	if (!frontend->directory) {
		smtp_server_answer(smtp->engine, OUTCOME_TEMP, NULL);
		return;
	}
	memcpy(resolve.session, smtp->session.id, sizeof resolve.session);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_resolve(&writer, &resolve);
	ask(smtp, frontend->directory, MESSAGE_RESOLVE, &writer, -1, ASK_DIRECTORY_MS, on_route);
}

static void on_spool(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result spool = { .outcome = OUTCOME_TEMP };

	asked_done(smtp);
	if (result == CHANNEL_ANSWERED && message_get_result(packet->body, &spool) &&
	    spool.outcome == OUTCOME_OK && packet->fd >= 0) {
		smtp->spool = packet->fd;
		answer(smtp, OUTCOME_OK, NULL);
		return;
	}
	if (result == CHANNEL_ANSWERED && packet->fd >= 0)
		close(packet->fd);
	if (result == CHANNEL_ANSWERED && spool.flags & MESSAGE_RESULT_FULL)
		answer(smtp, OUTCOME_TEMP, &(struct smtp_reply){ 452, "4.3.1", "Insufficient system storage" });
	else
		answer(smtp, OUTCOME_TEMP, NULL);
}

static void do_ask_spool(void *owner, const struct envelope *envelope)
{
	struct smtp_session *smtp = owner;
	char memory[1];
	struct wire_writer writer;

	(void)envelope;
	smtp->body_failed = false;
	if (!smtp->session.frontend->store) {
		smtp_server_answer(smtp->engine, OUTCOME_TEMP, NULL);
		return;
	}
	if (smtp->session.frontend->spools_count > 0) {
		smtp->spool = smtp->session.frontend->spools[--smtp->session.frontend->spools_count];
		smtp_server_answer(smtp->engine, OUTCOME_OK, NULL);
		return;
	}
	wire_writer_init(&writer, memory, 0);
	ask(smtp, smtp->session.frontend->store, MESSAGE_SPOOL, &writer, -1, ASK_STORE_MS, on_spool);
}

static bool spool_write(struct smtp_session *smtp, const char *bytes, size_t length)
{
	while (length && !smtp->body_failed) {
		ssize_t count = write(smtp->spool, bytes, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			log_error("smtp.spool", LOG_TEXT("session", smtp->session.id),
				  LOG_TEXT("why", strerror(errno)));
			smtp->body_failed = true;
			break;
		}
		bytes += count;
		length -= (size_t)count;
	}
	return !smtp->body_failed;
}

static bool spool_flush(struct smtp_session *smtp)
{
	bool written = spool_write(smtp, buffer_bytes(&smtp->body), buffer_used(&smtp->body));

	buffer_clear(&smtp->body);
	return written;
}

static bool do_body(void *owner, const char *bytes, size_t length)
{
	struct smtp_session *smtp = owner;

	if (smtp->body_failed)
		return false;
	buffer_add(&smtp->body, bytes, length);
	return buffer_used(&smtp->body) < BODY_BATCH || spool_flush(smtp);
}

static void spool_drop(struct smtp_session *smtp)
{
	if (smtp->spool >= 0)
		close(smtp->spool);
	smtp->spool = -1;
	buffer_clear(&smtp->body);
}

/* The file that came with an answer, if one did. */
static void spool_keep(struct frontend *frontend, int fd)
{
	if (fd >= 0 && frontend->spools_count < SPOOLS_MAX)
		frontend->spools[frontend->spools_count++] = fd;
	else if (fd >= 0)
		close(fd);
}

static void on_delivered(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result delivered = { .outcome = OUTCOME_TEMP };
	char text[64];

	asked_done(smtp);
	spool_drop(smtp);
	if (result == CHANNEL_ANSWERED)
		spool_keep(smtp->session.frontend, packet->fd);
	if (result != CHANNEL_ANSWERED || !message_get_result(packet->body, &delivered))
		delivered = (struct message_result){ .outcome = OUTCOME_TEMP };
	if (delivered.outcome == OUTCOME_OK) {
		snprintf(text, sizeof text, "Ok: delivered as %s", smtp->label);
		answer(smtp, OUTCOME_OK, &(struct smtp_reply){ 250, "2.0.0", text });
	} else if (delivered.flags & MESSAGE_RESULT_OVER_QUOTA) {
		answer(smtp, OUTCOME_PERM, &(struct smtp_reply){ 552, "5.2.2", "A recipient's mailbox is full" });
	} else if (delivered.flags & MESSAGE_RESULT_FULL) {
		answer(smtp, OUTCOME_TEMP, &(struct smtp_reply){ 452, "4.3.1", "Insufficient system storage" });
	} else {
		answer(smtp, OUTCOME_TEMP, NULL);
	}
}

/* For the line that says "accepted": whom the message was for, as many as a line holds. */
static void note_recipients(struct smtp_session *smtp, const struct envelope *envelope)
{
	char address[ADDRESS_TEXT_SIZE];

	buffer_clear(&smtp->to);
	for (size_t i = 0; i < envelope->count && buffer_used(&smtp->to) < LOGGED_MAX; i++) {
		address_text(&envelope->recipients[i].address, address);
		buffer_add_format(&smtp->to, "%s%s", i ? "," : "", address);
	}
}

static void put_tickets(struct wire_writer *writer, const struct envelope *envelope)
{
	for (size_t i = 0; i < envelope->count; i++) {
		const struct route_answer *route = envelope->recipients[i].route;

		wire_put_span(writer, span_make(route->ticket, route->ticket_length));
	}
}

static void do_ask_commit(void *owner, const struct smtp_delivery *delivery)
{
	static char memory[PACKET_BODY_MAX], tickets[TICKETS_MAX];
	struct smtp_session *smtp = owner;
	struct message_deliver deliver = {
		.count = (uint32_t)delivery->envelope->count,
		.another = smtp->session.frontend->spools_count < SPOOLS_MAX,
	};
	struct wire_writer writer;

	snprintf(smtp->label, sizeof smtp->label, "%.16s.%x", smtp->session.id, ++smtp->messages);
	note_recipients(smtp, delivery->envelope);
	wire_writer_init(&writer, tickets, sizeof tickets);
	put_tickets(&writer, delivery->envelope);
	routes_forget(smtp);
	deliver.tickets = span_make(tickets, writer.used);
	memcpy(deliver.label, smtp->label, sizeof deliver.label);
	if (!spool_flush(smtp) || !smtp->session.frontend->store || writer.failed) {
		bool full = smtp->body_failed;

		spool_drop(smtp);
		smtp_server_answer(smtp->engine, OUTCOME_TEMP,
				   full ? &(struct smtp_reply){ 452, "4.3.1", "Insufficient system storage" }
					: NULL);
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_deliver(&writer, &deliver);
	ask(smtp, smtp->session.frontend->store, MESSAGE_DELIVER, &writer, smtp->spool, ASK_STORE_MS,
	    on_delivered);
}

static void do_discard(void *owner)
{
	spool_drop(owner);
	routes_forget(owner);
}

static void do_note(void *owner, const char *event, const char *detail, const char *reply)
{
	struct smtp_session *smtp = owner;

	if (strcmp(event, "smtp.accepted") != 0) {
		log_info(event, LOG_TEXT("session", smtp->session.id), LOG_TEXT("client", smtp->session.address),
			 LOG_TEXT("detail", detail), LOG_TEXT("reply", reply));
		return;
	}
	log_info(event, LOG_TEXT("session", smtp->session.id), LOG_TEXT("id", smtp->label),
		 LOG_TEXT("client", smtp->session.address), LOG_TEXT("detail", detail),
		 LOG_SPAN("to", buffer_span(&smtp->to)),
		 LOG_TEXT("auth", smtp_server_identity(smtp->engine)), LOG_TEXT("reply", reply));
	buffer_clear(&smtp->to);
}

static const struct stream_calls stream_calls = {
	.input = on_input,
	.drained = on_drained,
	.secured = on_secured,
	.idle = on_idle,
	.gone = on_gone,
};

static const struct smtp_calls engine_calls = {
	.write = do_write,
	.start_tls = do_start_tls,
	.close = do_close,
	.ask_login = do_ask_login,
	.ask_exchange = do_ask_exchange,
	.drop_exchange = do_drop_exchange,
	.ask_sender = do_ask_sender,
	.ask_recipient = do_ask_recipient,
	.ask_spool = do_ask_spool,
	.ask_commit = do_ask_commit,
	.body = do_body,
	.discard = do_discard,
	.note = do_note,
	.writable = do_writable,
};

void smtp_session_start(struct port *port, int fd, const char *address, const char *refuse)
{
	struct smtp_session *smtp = memory_new(sizeof *smtp);

	smtp->spool = -1;
	smtp->session.free = smtp_session_free;
	smtp->session.shutdown = smtp_session_shutdown;
	smtp->session.expel = smtp_session_expel;
	session_init(&smtp->session, port, fd, address, !refuse, &stream_calls);
	smtp->engine = smtp_server_new(&port->smtp, &engine_calls, smtp, address, smtp->session.id);
	if (refuse && port->conf->tls == CONF_TLS_IMPLICIT)
		stream_finish(smtp->session.stream); /* no handshake for somebody who may not stay */
	else if (refuse)
		smtp_server_refuse(smtp->engine, refuse);
	else if (port->conf->tls == CONF_TLS_IMPLICIT)
		stream_start_tls(smtp->session.stream, port->server->tls);
	else
		smtp_server_greet(smtp->engine);
}
