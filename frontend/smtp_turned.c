/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_turned.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/message_queue.h"
#include "daemon/outgoing_job.h"
#include "daemon/outgoing_session.h"
#include "frontend/relaying.h"
#include "frontend/smtp_session.h"

struct smtp_turned {
	struct smtp_session *smtp; /* NULL: gone, and an answer of the store is still due */
	struct frontend *frontend;
	struct message_take take;
	char *domains; /* of take, in wire form */
	struct outgoing_way way;
	struct outgoing_session *session; /* NULL: not begun, or over */
	struct outgoing_job *job;         /* being sent, or the first one */
	unsigned messages;
	char refused[QUEUE_ID_SIZE]; /* the first that it put off: when it comes again, that was all */
	size_t stale; /* octets that came behind ATRN, before the client knew our answer */
	bool begun, taking, gone, closing;
};

/* ---- jobs ---- */

/* A frontend that retires waits until the store has written down what was sent. */
static void job_over(struct outgoing_job *job)
{
	struct frontend *frontend = job->holder;

	frontend->sessions_count--;
	frontend_leave_if_done(frontend);
}

static void job_end(struct smtp_turned *turned)
{
	struct outgoing_job *job = turned->job;

	turned->job = NULL;
	if (!job)
		return;
	job->holder = turned->frontend;
	turned->frontend->sessions_count++;
	outgoing_job_done(job, job_over);
}

static void turned_send(struct smtp_turned *turned)
{
	struct outgoing_job *job = turned->job;
	struct smtp_client_message message = { .envelope = &job->envelope };

	if (!outgoing_body_scan(&job->body)) {
		log_error("relay.unreadable", LOG_TEXT("id", job->head.id));
		outgoing_job_say_rest(job, QUEUE_LATER, "4.3.0", "the message could not be read");
		job_end(turned);
		outgoing_session_quit(turned->session);
		return;
	}
	message.size = outgoing_body_size(&job->body);
	message.has_8bit = job->body.has_8bit;
	message.header_utf8 = job->body.header_utf8 && job->envelope.smtputf8;
	outgoing_session_send(turned->session, &message, &job->body);
}

static void first_taken(struct smtp_turned *turned)
{
	struct smtp_session *smtp = turned->smtp;

	if (turned->job) {
		smtp_session_answer(smtp, OUTCOME_OK, NULL);
		return;
	}
	smtp->turned = NULL;
	smtp_turned_free(turned);
	smtp_session_answer(smtp, OUTCOME_TEMP,
			    &(struct smtp_reply){ 453, "4.0.0", "You have no mail" });
}

static void on_taken(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_turned *turned = context;
	struct frontend *frontend = turned->frontend;

	turned->taking = false;
	if (result == CHANNEL_ANSWERED)
		turned->job = outgoing_job_new(packet, &frontend->store,
					       &frontend->store_epoch);
	if (!turned->smtp) { /* nobody is there who could get it */
		smtp_turned_free(turned);
	} else if (!turned->begun && result != CHANNEL_ANSWERED) {
		struct smtp_session *smtp = turned->smtp;

		smtp->turned = NULL;
		smtp_turned_free(turned);
		smtp_session_answer(smtp, OUTCOME_TEMP, NULL);
	} else if (!turned->begun) {
		first_taken(turned);
	} else if (turned->session && turned->job &&
		   strcmp(turned->job->head.id, turned->refused) != 0) {
		turned_send(turned);
	} else if (turned->session) {
		job_end(turned);
		outgoing_session_quit(turned->session);
	}
}

static void turned_take(struct smtp_turned *turned)
{
	static char memory[PACKET_BODY_MAX];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_take(&writer, &turned->take);
	turned->taking = true;
	/* An answer that came too late would be a message that nobody delivers. */
	(void)channel_ask(turned->frontend->store, MESSAGE_TAKE, span_make(memory, writer.used), -1,
			  CHANNEL_FOREVER, on_taken, turned);
}

/* ---- the outgoing session ---- */

static void do_ready(void *owner)
{
	struct smtp_turned *turned = owner;

	if (turned->job)
		turned_send(turned);
	else if (turned->closing || !turned->frontend->store)
		outgoing_session_quit(turned->session);
	else if (!turned->taking)
		turned_take(turned);
}

static void do_result(void *owner, size_t recipient, enum outcome outcome,
		      const struct smtp_client_reply *reply)
{
	struct smtp_turned *turned = owner;
	const struct smtp_client_offer *offer = outgoing_session_offered(turned->session);
	struct outgoing_peer peer = { .host = turned->smtp->session.address,
				      .address = turned->smtp->session.address,
				      .tls = stream_secure(turned->smtp->session.stream) ? "yes"
											 : "",
				      .dsn = offer && offer->dsn };

	if (outcome == OUTCOME_TEMP && turned->refused[0] == '\0')
		(void)span_copy(span_text(turned->job->head.id), turned->refused,
				sizeof turned->refused);
	outgoing_job_reply(turned->job, recipient, outcome, reply, &peer);
}

static void do_sent(void *owner)
{
	struct smtp_turned *turned = owner;

	turned->messages++;
	job_end(turned);
}

static void do_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct smtp_turned *turned = owner;

	(void)end;
	log_info("smtp.turned", LOG_TEXT("session", turned->smtp->session.id),
		 LOG_TEXT("client", turned->smtp->session.address),
		 LOG_NUMBER("messages", turned->messages), LOG_TEXT("end", why->text));
	job_end(turned);
	outgoing_session_free(turned->session);
	turned->session = NULL;
	if (!turned->gone)
		stream_finish(turned->smtp->session.stream);
}

static const struct outgoing_calls calls = {
	.ready = do_ready,
	.result = do_result,
	.sent = do_sent,
	.ended = do_ended,
};

void smtp_turned_begin(struct smtp_session *smtp)
{
	struct smtp_turned *turned = smtp->turned;
	const struct conf_outbound *outbound = &smtp->session.port->server->smtp->outbound;

	log_info("smtp.atrn", LOG_TEXT("session", smtp->session.id),
		 LOG_TEXT("client", smtp->session.address),
		 LOG_TEXT("auth", smtp_server_identity(smtp->engine)));
	turned->begun = true;
	turned->stale = stream_unread(smtp->session.stream);
	turned->way = (struct outgoing_way){
		.base = turned->frontend->base,
		.profile = { .name = outbound->fqdn,
			     .reversed = true,
			     .tls = SMTP_CLIENT_TLS_NEVER },
		.host = smtp->session.address,
		.patience = outbound->idle_timeout,
		.remote = "",
		.server = smtp->session.port->server->name,
		.directory = &turned->frontend->directory,
		.exchanges = &turned->frontend->exchanges,
	};
	turned->session = outgoing_session_new(&turned->way, smtp->session.stream, &calls, turned);
	outgoing_session_connected(turned->session);
}

bool smtp_turned_has_begun(const struct smtp_turned *turned)
{
	return turned && turned->begun;
}

size_t smtp_turned_input(struct smtp_turned *turned, const char *bytes, size_t length)
{
	if (turned->stale > 0) {
		size_t used = turned->stale < length ? turned->stale : length;

		turned->stale -= used;
		return used;
	}
	return turned->session ? outgoing_session_input(turned->session, bytes, length) : length;
}

void smtp_turned_drained(struct smtp_turned *turned)
{
	if (turned->session)
		outgoing_session_drained(turned->session);
}

void smtp_turned_gone(struct smtp_turned *turned, const char *why)
{
	turned->gone = true;
	if (turned->session)
		outgoing_session_gone(turned->session, why);
}

void smtp_turned_shutdown(struct smtp_turned *turned)
{
	turned->closing = true;
}

void smtp_turned_free(struct smtp_turned *turned)
{
	if (!turned)
		return;
	turned->gone = true;
	if (turned->session)
		outgoing_session_cut(turned->session, "the session was ended");
	job_end(turned);
	turned->smtp = NULL;
	if (turned->taking)
		return; /* on_taken comes here again */
	free(turned->domains);
	free(turned);
}

/* ---- ATRN ---- */

/* The domains stand in wire form. */
static struct smtp_turned *turned_new(struct smtp_session *smtp, const struct buffer *domains,
				      uint32_t count)
{
	struct smtp_turned *turned = memory_new(sizeof *turned);

	turned->smtp = smtp;
	turned->frontend = smtp->session.frontend;
	turned->domains = memory_text_n(buffer_bytes(domains), buffer_used(domains));
	turned->take = (struct message_take){
		.count = count,
		.domains = span_make(turned->domains, buffer_used(domains)),
	};
	return turned;
}

void smtp_turned_ask(struct smtp_session *smtp, const char *domains)
{
	struct buffer wanted = BUFFER_EMPTY;
	uint32_t count = relaying_fetch_list(smtp->session.frontend->conf,
					     smtp_server_identity(smtp->engine), domains, &wanted);

	if (count == 0 || !smtp->session.frontend->store) {
		smtp_server_answer(smtp->engine, count ? OUTCOME_TEMP : OUTCOME_PERM, NULL);
	} else {
		smtp->turned = turned_new(smtp, &wanted, count);
		turned_take(smtp->turned);
	}
	buffer_clear(&wanted);
}
