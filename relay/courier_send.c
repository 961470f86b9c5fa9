/* SPDX-License-Identifier: ISC */
/* What a courier does on its connection: jobs, one after the other, and the end. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "relay/courier.h"
#include "relay/masquerade.h"
#include "relay/tls_reports.h"

enum {
	TRIES_MAX = 3, /* connections that one attempt of a job may break */
	REPLY_TEXT_SIZE = SMTP_CLIENT_TEXT_MAX + 8
};

static bool is_ours(const void *conf, const char *domain)
{
	return conf_find_domain(conf, domain) != NULL;
}

/* ---- a message begins ---- */

static void masquerade(struct courier *courier)
{
	const struct conf_outbound *outbound = courier->destination->outbound;
	const struct conf *conf = courier->destination->relay->conf;
	struct outgoing_job *job = courier->job;
	struct buffer header = BUFFER_EMPTY, changed = BUFFER_EMPTY;

	if (!outbound->masquerade_header || job->body.replaced)
		return;
	if (outgoing_body_header(&job->body, &header) &&
	    masquerade_header(buffer_span(&header), outbound->masquerade, is_ours, conf, &changed))
		outgoing_body_replace(&job->body, &changed, buffer_used(&header));
	buffer_clear(&header);
	buffer_clear(&changed);
}

/* Octets above 127 matter where the server could refuse them, or has not been told of them. */
static bool look_at_octets(struct courier *courier, struct smtp_client_message *message)
{
	struct outgoing_body *body = &courier->job->body;

	if (!outgoing_body_scan(body))
		return false;
	message->has_8bit = body->has_8bit;
	message->header_utf8 = body->header_utf8 && courier->job->envelope.smtputf8;
	return true;
}

static void unreadable(struct courier *courier)
{
	struct outgoing_job *job = courier->job;

	courier->job = NULL;
	log_error("relay.unreadable", LOG_TEXT("id", job->head.id));
	outgoing_job_say_rest(job, QUEUE_LATER, "4.3.0", "the message could not be read");
	relay_job_over(courier->destination->relay, job);
	courier_use(courier);
}

static void send_job(struct courier *courier)
{
	const struct conf_outbound *outbound = courier->destination->outbound;
	struct outgoing_job *job = courier->job;
	struct smtp_client_message message = { .envelope = &job->envelope };

	courier->broken = courier->after_dot = false;
	courier->breaking = (struct smtp_client_reply){ 0 };
	courier->reused = courier->sent > 0;
	if (outbound->masquerade && *outbound->masquerade) {
		if (masquerade_sender(&job->envelope.sender, outbound->masquerade, is_ours,
				      courier->destination->relay->conf, courier->sender))
			message.sender = courier->sender;
		masquerade(courier);
	}
	message.size = outgoing_body_size(&job->body);
	if (!look_at_octets(courier, &message)) {
		unreadable(courier);
		return;
	}
	outgoing_session_send(courier->session, &message, &job->body);
}

void courier_use(struct courier *courier)
{
	unsigned most = courier->destination->outbound->messages_per_connection;

	if (most && courier->sent >= most) {
		courier_leave(courier);
		return;
	}
	courier->job = destination_next(courier->destination);
	if (courier->job) {
		if (courier->state != COURIER_BUSY)
			courier_become(courier, COURIER_BUSY);
		send_job(courier);
	} else if (courier->destination->relay->retiring) {
		courier_leave(courier);
	} else {
		courier_become(courier, COURIER_IDLE);
	}
}

/* ---- what the session says ---- */

static struct outgoing_peer peer_of(const struct courier *courier)
{
	return (struct outgoing_peer){
		.host = courier->host,
		.address = courier->address,
		.tls = outgoing_session_tls(courier->session),
		.verified = outgoing_session_verified(courier->session),
		.dsn = outgoing_session_offered(courier->session)->dsn,
	};
}

static void on_ready(void *owner)
{
	struct courier *courier = owner;

	if (courier->state == COURIER_CONNECTING) {
		courier_note_trouble(courier, false);
		if (!courier->targets[courier->next - 1].plain) /* else its failure was counted */
			courier_count_tls(courier, outgoing_session_tls(courier->session)[0]
							   ? NULL
							   : "starttls-not-supported");
	}
	if (courier->state != COURIER_LEAVING)
		courier_use(courier);
}

/* No answer, or 421: the connection breaks, and its end decides. */
static void on_result(void *owner, size_t recipient, enum outcome outcome,
		      const struct smtp_client_reply *reply)
{
	struct courier *courier = owner;
	struct outgoing_peer peer = peer_of(courier);

	if (outcome == OUTCOME_TEMP && (reply->code == 0 || reply->code == 421)) {
		courier->broken = true;
		courier->breaking = *reply;
		/* Once said of one recipient it holds for the message. */
		courier->after_dot |=
			reply->code == 0 &&
			strcmp(outgoing_session_doing(courier->session), "end of data") == 0;
		return;
	}
	outgoing_job_reply(courier->job, recipient, outcome, reply, &peer);
}

static void job_over(struct courier *courier)
{
	struct outgoing_job *job = courier->job;
	struct outgoing_peer peer = peer_of(courier);

	courier->job = NULL;
	for (size_t i = 0; i < job->envelope.count; i++)
		outgoing_job_reply(job, i, OUTCOME_TEMP, &courier->breaking, &peer);
	relay_job_over(courier->destination->relay, job);
}

static void on_sent(void *owner)
{
	struct courier *courier = owner;

	courier->sent++;
	if (!courier->broken)
		job_over(courier);
}

/* True: the job waits again, for another connection. */
static bool job_again(struct courier *courier)
{
	struct outgoing_job *job = courier->job;

	/* On the last host the message may be what breaks it: that must not count against the hop.
	 */
	if (courier->after_dot || outgoing_job_stale(job) ||
	    courier->destination->relay->draining ||
	    (!courier->reused && courier->next >= courier->targets_count) ||
	    ++job->tries >= TRIES_MAX)
		return false;
	for (size_t i = 0; i < job->envelope.count; i++)
		if (job->decided[i])
			return false;
	courier->job = NULL;
	destination_return(courier->destination, job);
	return true;
}

static void count_failure(struct courier *courier, const struct smtp_client_reply *why)
{
	const char *type = NULL;

	if (outgoing_session_tls_failed(courier->session))
		type = tls_reports_type(courier->policy.kind, why->text);
	else if (courier->policy.tls == SMTP_CLIENT_TLS_MUST &&
		 !outgoing_session_tls(courier->session)[0] &&
		 !outgoing_session_offered(courier->session)->starttls &&
		 outgoing_session_offered(courier->session)->esmtp)
		type = "starttls-not-supported";
	if (type)
		courier_count_tls(courier, type);
}

static void reply_text(const struct smtp_client_reply *reply, char *to, size_t size)
{
	if (reply->code)
		snprintf(to, size, "%u %s", reply->code, reply->text);
	else
		snprintf(to, size, "%s", reply->text);
}

/* The connection never became ready. */
static void not_ready(struct courier *courier, enum smtp_client_end end,
		      const struct smtp_client_reply *why)
{
	struct target *target = &courier->targets[courier->next - 1];
	bool login = outgoing_session_login_failed(courier->session);
	bool tls = outgoing_session_tls_failed(courier->session);
	bool never = end == SMTP_CLIENT_NEVER && !login; /* a wrong password is our trouble */
	char text[REPLY_TEXT_SIZE];

	count_failure(courier, why);
	if (tls && !target->plain && courier->policy.tls == SMTP_CLIENT_TLS_MAY) {
		target->plain = true;
		courier->next--; /* RFC 7435: better without TLS than not at all */
	} else {
		reply_text(why, text, sizeof text);
		courier_failed(courier,
			       tls              ? "4.7.5"
			       : why->status[0] ? why->status
						: "4.4.1",
			       text, never);
		courier_note_trouble(courier, true);
	}
	if (end == SMTP_CLIENT_LATER || login)
		courier->targets_count = courier->next; /* no other host would be better */
	courier_go_on(courier, false);
}

static void on_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct courier *courier = owner;
	struct destination *destination = courier->destination;
	bool again = false;

	log_debug("relay.ended", LOG_TEXT("hop", destination->name), LOG_TEXT("mta", courier->host),
		  LOG_NUMBER("end", end), LOG_NUMBER("code", why->code),
		  LOG_TEXT("why", why->text));
	destination->depth++;
	if (courier->job) {
		if (!courier->broken)
			courier->breaking = *why;
		again = job_again(courier);
		if (!again)
			job_over(courier);
	}
	destination->depth--;
	if (courier->state == COURIER_CONNECTING) {
		not_ready(courier, end, why);
	} else if (again) {
		courier_failed(courier, "4.4.2", why->text, false);
		courier_go_on(courier, courier->reused);
	} else {
		courier_free(courier);
	}
}

const struct outgoing_calls courier_calls = {
	.ready = on_ready,
	.result = on_result,
	.sent = on_sent,
	.ended = on_ended,
};
