/* SPDX-License-Identifier: ISC */
/* What a link does on its connection: jobs, one after the other, and the end. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "relay/link.h"
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

static void masquerade(struct link *link)
{
	const struct conf_outbound *outbound = link->destination->outbound;
	const struct conf *conf = link->destination->relay->conf;
	struct outgoing_job *job = link->job;
	struct buffer header = BUFFER_EMPTY, changed = BUFFER_EMPTY;

	if (!outbound->masquerade_header || buffer_used(&job->body.head))
		return;
	if (outgoing_body_header(&job->body, &header) &&
	    masquerade_header(buffer_span(&header), outbound->masquerade, is_ours, conf, &changed))
		outgoing_body_replace(&job->body, &changed, buffer_used(&header));
	buffer_clear(&header);
	buffer_clear(&changed);
}

/* Octets above 127 matter where the server could refuse them, or has not been told of them. */
static bool look_at_octets(struct link *link, struct smtp_client_message *message)
{
	struct outgoing_body *body = &link->job->body;

	if (!outgoing_body_scan(body))
		return false;
	message->has_8bit = body->has_8bit;
	message->header_utf8 = body->header_utf8 && link->job->envelope.smtputf8;
	return true;
}

static void unreadable(struct link *link)
{
	struct outgoing_job *job = link->job;

	link->job = NULL;
	log_error("relay.unreadable", LOG_TEXT("id", job->head.id));
	outgoing_job_say_rest(job, QUEUE_LATER, "4.3.0", "the message could not be read");
	relay_job_over(link->destination->relay, job);
	link_use(link);
}

static void send_job(struct link *link)
{
	const struct conf_outbound *outbound = link->destination->outbound;
	struct outgoing_job *job = link->job;
	struct smtp_client_message message = { .envelope = &job->envelope };

	link->broken = link->after_dot = false;
	link->breaking = (struct smtp_client_reply){ 0 };
	link->reused = link->sent > 0;
	if (outbound->masquerade && *outbound->masquerade) {
		if (masquerade_sender(&job->envelope.sender, outbound->masquerade, is_ours,
				      link->destination->relay->conf, link->sender))
			message.sender = link->sender;
		masquerade(link);
	}
	message.size = outgoing_body_size(&job->body);
	if (!look_at_octets(link, &message)) {
		unreadable(link);
		return;
	}
	outgoing_session_send(link->session, &message, &job->body);
}

void link_use(struct link *link)
{
	unsigned most = link->destination->outbound->messages_per_connection;

	if (most && link->sent >= most) {
		link_leave(link);
		return;
	}
	link->job = destination_next(link->destination);
	if (link->job) {
		if (link->state != LINK_BUSY)
			link_become(link, LINK_BUSY);
		send_job(link);
	} else if (link->destination->relay->retiring) {
		link_leave(link);
	} else {
		link_become(link, LINK_IDLE);
	}
}

/* ---- what the session says ---- */

static struct outgoing_peer peer_of(const struct link *link)
{
	return (struct outgoing_peer){
		.host = link->host,
		.address = link->address,
		.tls = outgoing_session_tls(link->session),
		.verified = outgoing_session_verified(link->session),
		.dsn = outgoing_session_offered(link->session)->dsn,
	};
}

static void on_ready(void *owner)
{
	struct link *link = owner;

	if (link->state == LINK_CONNECTING) {
		link_note_trouble(link, false);
		if (!link->targets[link->next - 1].plain) /* else its failure was counted */
			tls_reports_count(link->destination->relay->reports,
					  link->destination->hop.domain, &link->policy,
					  outgoing_session_tls(link->session)[0]
						  ? NULL
						  : "starttls-not-supported");
	}
	if (link->state != LINK_LEAVING)
		link_use(link);
}

/* No answer, or 421: the connection breaks, and its end decides. */
static void on_result(void *owner, size_t recipient, enum outcome outcome,
		      const struct smtp_client_reply *reply)
{
	struct link *link = owner;
	struct outgoing_peer peer = peer_of(link);

	if (outcome == OUTCOME_TEMP && (reply->code == 0 || reply->code == 421)) {
		link->broken = true;
		link->breaking = *reply;
		link->after_dot = reply->code == 0 &&
				  strcmp(outgoing_session_doing(link->session), "end of data") == 0;
		return;
	}
	outgoing_job_reply(link->job, recipient, outcome, reply, &peer);
}

static void job_over(struct link *link)
{
	struct outgoing_job *job = link->job;
	struct outgoing_peer peer = peer_of(link);

	link->job = NULL;
	for (size_t i = 0; i < job->envelope.count; i++)
		outgoing_job_reply(job, i, OUTCOME_TEMP, &link->breaking, &peer);
	relay_job_over(link->destination->relay, job);
}

static void on_sent(void *owner)
{
	struct link *link = owner;

	link->sent++;
	if (!link->broken)
		job_over(link);
}

/* True: the job waits again, for another connection. */
static bool job_again(struct link *link)
{
	struct outgoing_job *job = link->job;

	/* On the last host the message may be what breaks it: that must not count against the hop.
	 */
	if (link->after_dot || outgoing_job_stale(job) || link->destination->relay->draining ||
	    (!link->reused && link->next >= link->targets_count) || ++job->tries >= TRIES_MAX)
		return false;
	for (size_t i = 0; i < job->envelope.count; i++)
		if (job->decided[i])
			return false;
	link->job = NULL;
	destination_return(link->destination, job);
	return true;
}

static void count_failure(struct link *link, const struct smtp_client_reply *why)
{
	const char *type = NULL;

	if (outgoing_session_tls_failed(link->session))
		type = tls_reports_type(link->policy.kind, why->text);
	else if (link->policy.tls == SMTP_CLIENT_TLS_MUST &&
		 !outgoing_session_tls(link->session)[0] &&
		 !outgoing_session_offered(link->session)->starttls &&
		 outgoing_session_offered(link->session)->esmtp)
		type = "starttls-not-supported";
	if (type)
		tls_reports_count(link->destination->relay->reports, link->destination->hop.domain,
				  &link->policy, type);
}

static void reply_text(const struct smtp_client_reply *reply, char *to, size_t size)
{
	if (reply->code)
		snprintf(to, size, "%u %s", reply->code, reply->text);
	else
		snprintf(to, size, "%s", reply->text);
}

/* The connection never became ready. */
static void not_ready(struct link *link, enum smtp_client_end end,
		      const struct smtp_client_reply *why)
{
	struct target *target = &link->targets[link->next - 1];
	bool login = outgoing_session_login_failed(link->session);
	bool never = end == SMTP_CLIENT_NEVER && !login; /* a wrong password is our trouble */
	char text[REPLY_TEXT_SIZE];

	count_failure(link, why);
	if (outgoing_session_tls_failed(link->session) && !target->plain &&
	    link->policy.tls == SMTP_CLIENT_TLS_MAY) {
		target->plain = true;
		link->next--; /* RFC 7435: better without TLS than not at all */
	} else {
		reply_text(why, text, sizeof text);
		link_failed(link, why->status[0] ? why->status : "4.4.1", text, never);
		link_note_trouble(link, true);
	}
	if (end == SMTP_CLIENT_LATER || login)
		link->targets_count = link->next; /* no other host would be better */
	link_go_on(link, false);
}

static void on_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct link *link = owner;
	struct destination *destination = link->destination;
	bool again = false;

	log_debug("relay.ended", LOG_TEXT("hop", destination->name), LOG_TEXT("mta", link->host),
		  LOG_NUMBER("end", end), LOG_NUMBER("code", why->code),
		  LOG_TEXT("why", why->text));
	destination->depth++;
	if (link->job) {
		if (!link->broken)
			link->breaking = *why;
		again = job_again(link);
		if (!again)
			job_over(link);
	}
	destination->depth--;
	if (link->state == LINK_CONNECTING) {
		not_ready(link, end, why);
	} else if (again) {
		link_failed(link, "4.4.2", why->text, false);
		link_go_on(link, link->reused);
	} else {
		link_free(link);
	}
}

const struct outgoing_calls link_calls = {
	.ready = on_ready,
	.result = on_result,
	.sent = on_sent,
	.ended = on_ended,
};
