/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_store.h"
#include "io/packet.h"

enum { RESULT_FRAME = 32 }; /* octets of a result without its texts */

struct outgoing_job *outgoing_job_new(const struct packet *packet, struct channel **store,
				      const unsigned *epoch)
{
	struct outgoing_job *job = memory_new(sizeof *job);
	char server[QUEUE_SERVER_SIZE];

	job->fd = packet->fd;
	job->store = store;
	job->epoch = epoch;
	job->epoch_taken = *epoch;
	envelope_init(&job->envelope);
	/* Without a descriptor, when none was left, it is one too: the store must have it back. */
	if (!message_get_job(packet->body, &job->head) || job->head.handle == 0 ||
	    !message_get_envelope(job->head.envelope, server, &job->envelope) ||
	    job->envelope.count == 0 || job->envelope.count > MESSAGE_RECIPIENTS_MAX) {
		outgoing_job_free(job);
		return NULL;
	}
	job->head.envelope = span_text("");
	job->results = memory_array(job->envelope.count, sizeof *job->results);
	job->decided = memory_array(job->envelope.count, sizeof *job->decided);
	outgoing_body_init(&job->body, job->fd, job->head.size);
	return job;
}

void outgoing_job_free(struct outgoing_job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	outgoing_body_clear(&job->body);
	envelope_clear(&job->envelope);
	free(job->results);
	free(job->decided);
	free(job);
}

bool outgoing_job_stale(const struct outgoing_job *job)
{
	return !*job->store || *job->epoch != job->epoch_taken;
}

/* ---- results ---- */

static const char *const events[] = {
	[QUEUE_OK] = "relay.sent",
	[QUEUE_LATER] = "relay.later",
	[QUEUE_NEVER] = "relay.failed",
	[QUEUE_MOVED] = "relay.moved",
};

static void note_result(const struct outgoing_job *job, size_t recipient,
			const struct outgoing_peer *peer)
{
	const struct queue_result *result = &job->results[recipient];
	char address[ADDRESS_TEXT_SIZE];

	address_text(&job->envelope.recipients[recipient].address, address);
	log_info(events[result->verdict], LOG_TEXT("id", job->head.id), LOG_TEXT("rcpt", address),
		 LOG_TEXT("hop", job->head.key), LOG_TEXT("mta", result->mta),
		 LOG_TEXT("address", peer ? peer->address : ""),
		 LOG_TEXT("tls", peer ? peer->tls : ""),
		 LOG_NUMBER("verified", peer && peer->verified),
		 LOG_NUMBER("delay", clock_unix() - job->head.arrived),
		 LOG_TEXT("status", result->status), LOG_TEXT("reply", result->text));
}

static struct queue_result *decide(struct outgoing_job *job, size_t recipient)
{
	if (recipient >= job->envelope.count || job->decided[recipient])
		return NULL;
	job->decided[recipient] = true;
	job->results[recipient] = (struct queue_result){ .recipient = recipient };
	return &job->results[recipient];
}

/* As the server said it: if it gave a status, it stands in the text. */
static void put_reply(const struct smtp_client_reply *reply, char *to, size_t size)
{
	if (reply->code)
		snprintf(to, size, "smtp; %u %s", reply->code, reply->text);
	else
		snprintf(to, size, "%s", reply->text);
}

void outgoing_job_reply(struct outgoing_job *job, size_t recipient, enum outcome outcome,
			const struct smtp_client_reply *reply, const struct outgoing_peer *peer)
{
	static const enum queue_verdict verdicts[] = {
		[OUTCOME_OK] = QUEUE_OK,
		[OUTCOME_TEMP] = QUEUE_LATER,
		[OUTCOME_PERM] = QUEUE_NEVER,
	};
	struct queue_result *result = decide(job, recipient);

	if (!result)
		return;
	result->verdict = verdicts[outcome];
	result->dsn = outcome == OUTCOME_OK && peer->dsn;
	snprintf(result->status, sizeof result->status, "%s", reply->status);
	snprintf(result->mta, sizeof result->mta, "%s", peer->host);
	put_reply(reply, result->text, sizeof result->text);
	note_result(job, recipient, peer);
}

void outgoing_job_say(struct outgoing_job *job, size_t recipient, enum queue_verdict verdict,
		      const char *status, const char *text)
{
	struct queue_result *result = decide(job, recipient);

	if (!result)
		return;
	result->verdict = verdict;
	snprintf(result->status, sizeof result->status, "%s", status);
	snprintf(result->text, sizeof result->text, "%s", text);
	note_result(job, recipient, NULL);
}

void outgoing_job_say_rest(struct outgoing_job *job, enum queue_verdict verdict, const char *status,
			   const char *text)
{
	for (size_t i = 0; i < job->envelope.count; i++)
		outgoing_job_say(job, i, verdict, status, text);
}

/* ---- the store is told ---- */

static void job_over(struct outgoing_job *job)
{
	if (job->over)
		job->over(job);
	outgoing_job_free(job);
}

static void on_done(void *context, enum channel_result result, const struct packet *packet)
{
	struct outgoing_job *job = context;
	struct message_result done = { .outcome = OUTCOME_OK };

	/* The store takes it up again after a pause: what was delivered may be once more. */
	if (result == CHANNEL_ANSWERED && message_get_result(packet->body, &done) &&
	    done.outcome != OUTCOME_OK)
		log_warning("relay.unwritten", LOG_TEXT("id", job->head.id));
	job_over(job);
}

/* Cut to its share of the packet: what is needed is told, who said it and what as far as it goes.
 */
static void fit_result(struct queue_result *result, size_t share)
{
	size_t room = share > RESULT_FRAME ? share - RESULT_FRAME : 0;

	if (strlen(result->mta) > room / 2)
		result->mta[0] = '\0';
	room -= strlen(result->mta);
	/* Half a host would be another one. */
	if (result->verdict == QUEUE_MOVED && strlen(result->text) > room)
		result->verdict = QUEUE_LATER;
	if (room < sizeof result->text)
		result->text[room] = '\0';
}

static struct span put_results(struct outgoing_job *job, char *memory, size_t size)
{
	struct wire_writer writer;

	wire_writer_init(&writer, memory, size);
	for (size_t i = 0; i < job->envelope.count; i++) {
		struct queue_result *result = &job->results[i];

		result->recipient = i;
		if (!job->decided[i])
			result->verdict = QUEUE_LATER;
		fit_result(result, size / job->envelope.count);
		message_put_queue_result(&writer, result);
	}
	assert(!writer.failed); /* a job has MESSAGE_RECIPIENTS_MAX at most */
	return span_make(memory, writer.used);
}

/* Nothing was tried: it goes back as it came. */
static bool is_untouched(const struct outgoing_job *job)
{
	for (size_t i = 0; i < job->envelope.count; i++)
		if (job->decided[i])
			return false;
	return true;
}

void outgoing_job_done(struct outgoing_job *job, void (*over)(struct outgoing_job *job))
{
	static char results[PACKET_BODY_MAX - 64], memory[PACKET_BODY_MAX];
	struct message_done done = { .handle = job->head.handle,
				     .dead = job->dead,
				     .results = span_text("") };
	struct wire_writer writer;

	job->over = over;
	/* Before the store removes the file: whoever closes it last frees its blocks, waiting for the disk. */
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
	if (outgoing_job_stale(job)) {
		job_over(job);
		return;
	}
	if (!is_untouched(job))
		done.results = put_results(job, results, sizeof results);
	done.count = done.results.length ? (uint32_t)job->envelope.count : 0;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_done(&writer, &done);
	channel_ask(*job->store, MESSAGE_DONE, span_make(memory, writer.used), -1, CHANNEL_FOREVER,
		    on_done, job);
}
