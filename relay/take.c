/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "daemon/message_queue.h"
#include "io/packet.h"
#include "relay/destination.h"
#include "relay/local.h"
#include "relay/relay.h"

#include <unistd.h>

static void job_unreadable(struct relay *relay, struct outgoing_job *job)
{
	outgoing_job_say_rest(job, QUEUE_LATER, "4.3.0", "no descriptor was left for the message");
	relay_job_over(relay, job);
}

static void job_begin(struct relay *relay, struct outgoing_job *job)
{
	relay->jobs++;
	job->holder = relay;
	if (relay->retiring) /* taken back: whoever comes after us sends it */
		relay_job_over(relay, job);
	else if (job->head.kind == QUEUE_HOP_LOCAL)
		local_place(relay, job);
	else if (job->fd < 0)
		job_unreadable(relay, job);
	else
		destination_give(relay, job);
}

static void on_job(void *context, enum channel_result result, const struct packet *packet)
{
	struct relay *relay = context;
	struct outgoing_job *job;

	relay->takes--;
	if (result != CHANNEL_ANSWERED)
		return;
	job = outgoing_job_new(packet, &relay->store, &relay->store_epoch);
	if (job)
		job_begin(relay, job);
	else
		log_error("relay.bad_job", LOG_NUMBER("octets", packet->body.length));
	relay_take(relay);
}

void relay_take(struct relay *relay)
{
	static const struct message_take any = { .count = 0, .domains = { "", 0 } };
	char memory[64];
	struct wire_writer writer;

	if (relay->retiring || !relay->store || relay->takes + relay->jobs >= relay->jobs_max)
		return;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_take(&writer, &any);
	while (relay->takes + relay->jobs < relay->jobs_max) {
		relay->takes++;
		channel_ask(relay->store, MESSAGE_TAKE, span_make(memory, writer.used), -1,
			    CHANNEL_FOREVER, on_job, relay);
	}
}

/* Whoever left before would find the job given back, and sent again by the next one. */
static void on_told(struct outgoing_job *job)
{
	struct relay *relay = job->holder;

	relay->untold--;
	relay_leave_if_done(relay);
}

void relay_job_over(struct relay *relay, struct outgoing_job *job)
{
	relay->jobs--;
	relay->untold++;
	job->holder = relay;
	outgoing_job_done(job, on_told);
	relay_take(relay);
	relay_leave_if_done(relay);
}
