/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_job.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/message_store.h"
#include "io/packet.h"

static struct event_base *base;
static struct channel *store;
static unsigned epoch = 1, overs;
static int far;

static void lost(void *context)
{
	(void)context;
	channel_free(store);
	store = NULL;
}

static int setup(void **state)
{
	int ends[2];

	(void)state;
	base = event_base_new();
	if (!base || !packet_pair(ends))
		return 1;
	store = channel_new(base, ends[0], lost, NULL, NULL);
	far = ends[1];
	overs = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (store)
		lost(NULL);
	if (far >= 0)
		close(far);
	event_base_free(base);
	return 0;
}

static void over(struct outgoing_job *job)
{
	(void)job;
	overs++;
	event_base_loopbreak(base);
}

/* `cut` octets are missing at its end. */
static struct outgoing_job *take(size_t recipients, size_t cut)
{
	static char memory[PACKET_BODY_MAX], carried[PACKET_BODY_MAX];
	struct message_job head = { .handle = 77, .size = 5, .id = "q1", .server = "x" };
	struct packet packet = { .fd = memfd_create("m", MFD_CLOEXEC) };
	struct wire_writer writer;
	struct envelope envelope;
	struct address address;
	const char *why;

	envelope_init(&envelope);
	assert_true(address_parse(span_text("a@example.com"), &address, &why));
	for (size_t i = 0; i < recipients; i++)
		envelope_add(&envelope, &address);
	wire_writer_init(&writer, carried, sizeof carried);
	message_put_envelope(&writer, "x", &envelope);
	head.envelope = span_make(carried, writer.used);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_job(&writer, &head);
	envelope_clear(&envelope);
	packet.body = span_make(memory, writer.used - cut);
	return outgoing_job_new(&packet, &store, &epoch);
}

static struct message_done heard(char memory[PACKET_BODY_MAX], uint32_t *id)
{
	struct message_done done;
	struct packet packet;

	assert_int_equal(packet_receive(far, memory, &packet), PACKET_OK);
	assert_int_equal(packet.kind, MESSAGE_DONE);
	assert_true(message_get_done(packet.body, &done));
	*id = packet.id;
	return done;
}

static void answer(uint32_t id, enum outcome outcome)
{
	struct message_result result = { .outcome = outcome };
	char memory[64];
	struct wire_writer writer;
	struct packet packet = { .kind = MESSAGE_DONE, .id = id, .fd = -1 };

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_result(&writer, &result);
	packet.body = span_make(memory, writer.used);
	assert_int_equal(packet_send(far, &packet), PACKET_OK);
}

static void results_are_told(void **state)
{
	static char memory[PACKET_BODY_MAX];
	static const struct smtp_client_reply no = { 550, "5.1.1", "5.1.1 no such user" };
	static const struct smtp_client_reply lose = { 0, "4.4.2", "connection lost" };
	static const struct smtp_client_reply yes = { 250, "2.0.0", "ok" };
	const struct outgoing_peer peer = { "mx.example.com", "192.0.2.1", "TLSv1.3", true, true };
	struct outgoing_job *job = take(4, 0);
	struct queue_result result;
	struct message_done done;
	struct wire_reader reader;
	uint32_t id;

	(void)state;
	assert_non_null(job);
	outgoing_job_reply(job, 0, OUTCOME_OK, &yes, &peer);
	outgoing_job_reply(job, 1, OUTCOME_PERM, &no, &peer);
	outgoing_job_reply(job, 2, OUTCOME_TEMP, &lose, &peer);
	outgoing_job_reply(job, 0, OUTCOME_PERM, &no, &peer); /* the first word counts */
	outgoing_job_say_rest(job, QUEUE_NEVER, "5.4.6", "loops");
	job->dead = true;
	outgoing_job_done(job, over);
	done = heard(memory, &id);
	assert_int_equal(done.handle, 77);
	assert_int_equal(done.dead, 1);
	assert_int_equal(done.count, 4);
	reader = wire_reader_of(done.results);
	assert_true(message_get_queue_result(&reader, &result));
	assert_int_equal(result.verdict, QUEUE_OK);
	assert_true(result.dsn);
	assert_string_equal(result.mta, "mx.example.com");
	assert_true(message_get_queue_result(&reader, &result));
	assert_int_equal(result.verdict, QUEUE_NEVER);
	assert_string_equal(result.text, "smtp; 550 5.1.1 no such user");
	assert_string_equal(result.status, "5.1.1");
	assert_true(message_get_queue_result(&reader, &result));
	assert_int_equal(result.verdict, QUEUE_LATER);
	assert_string_equal(result.text, "connection lost");
	assert_true(message_get_queue_result(&reader, &result));
	assert_int_equal(result.recipient, 3);
	assert_string_equal(result.text, "loops");
	assert_string_equal(result.mta, "");
	assert_true(wire_done(&reader));
	answer(id, OUTCOME_OK);
	event_base_dispatch(base);
	assert_int_equal(overs, 1);
}

/* What many servers say at length fits all the same. */
static void many_long_replies(void **state)
{
	static char memory[PACKET_BODY_MAX];
	static const size_t counts[] = { 1, 100, 300, MESSAGE_RECIPIENTS_MAX };
	const struct outgoing_peer peer = { .host = "mx.example.com", .address = "", .tls = "" };
	struct smtp_client_reply reply = { 450, "4.200.200", "" };

	(void)state;
	memset(reply.text, 'x', sizeof reply.text - 1);
	for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
		struct outgoing_job *job = take(counts[n], 0);
		struct message_done done;
		struct wire_reader reader;
		uint32_t id;

		assert_non_null(job);
		for (size_t i = 0; i < counts[n]; i++)
			outgoing_job_reply(job, i, OUTCOME_TEMP, &reply, &peer);
		outgoing_job_done(job, over);
		done = heard(memory, &id);
		assert_int_equal(done.count, counts[n]);
		reader = wire_reader_of(done.results);
		for (size_t i = 0; i < counts[n]; i++) {
			struct queue_result result;

			assert_true(message_get_queue_result(&reader, &result));
			assert_int_equal(result.recipient, i);
			assert_int_equal(result.verdict, QUEUE_LATER);
			assert_true(strlen(result.text) >= 16);
		}
		answer(id, OUTCOME_OK);
		event_base_dispatch(base);
		assert_int_equal(overs, n + 1);
	}
}

/* A next hop is whole or none. */
static void hops_are_not_cut(void **state)
{
	static char memory[PACKET_BODY_MAX];
	char host[200] = "";
	struct outgoing_job *job = take(500, 0);
	struct message_done done;
	struct wire_reader reader;
	uint32_t id;

	(void)state;
	assert_non_null(job);
	memset(host, 'h', sizeof host - 1);
	for (size_t i = 0; i < 500; i++)
		outgoing_job_say(job, i, QUEUE_MOVED, "2.1.5", i % 2 ? host : "mail2.corp.example");
	outgoing_job_done(job, over);
	done = heard(memory, &id);
	assert_int_equal(done.count, 500);
	reader = wire_reader_of(done.results);
	for (size_t i = 0; i < 500; i++) {
		struct queue_result result;

		assert_true(message_get_queue_result(&reader, &result));
		assert_int_equal(result.verdict, i % 2 ? QUEUE_LATER : QUEUE_MOVED);
		if (i % 2 == 0)
			assert_string_equal(result.text, "mail2.corp.example");
	}
	answer(id, OUTCOME_OK);
	event_base_dispatch(base);
	assert_int_equal(overs, 1);
}

static void what_was_not_tried_goes_back(void **state)
{
	static char memory[PACKET_BODY_MAX];
	struct outgoing_job *job = take(2, 0);
	uint32_t id;

	(void)state;
	outgoing_job_done(job, over);
	assert_int_equal(heard(memory, &id).count, 0);
	answer(id, OUTCOME_OK);
	event_base_dispatch(base);
	assert_int_equal(overs, 1);
}

static void the_store_is_gone(void **state)
{
	static char memory[PACKET_BODY_MAX];
	struct outgoing_job *job = take(1, 0), *late = take(1, 0);
	uint32_t id;

	(void)state;
	outgoing_job_say(job, 0, QUEUE_OK, "2.0.0", "x");
	outgoing_job_done(job, over);
	assert_int_equal(heard(memory, &id).count, 1);
	close(far);
	far = -1;
	event_base_dispatch(base);
	assert_int_equal(overs, 1);
	assert_true(outgoing_job_stale(late));
	outgoing_job_done(late, over);
	assert_int_equal(overs, 2);
}

static void the_store_cannot_write(void **state)
{
	static char memory[PACKET_BODY_MAX];
	struct outgoing_job *job = take(1, 0);
	uint32_t id;

	(void)state;
	outgoing_job_say(job, 0, QUEUE_OK, "2.0.0", "x");
	outgoing_job_done(job, over);
	assert_int_equal(heard(memory, &id).count, 1);
	answer(id, OUTCOME_TEMP);
	event_base_dispatch(base);
	assert_int_equal(overs, 1);
}

static void malformed(void **state)
{
	(void)state;
	assert_null(take(0, 0));
	for (size_t cut = 1; cut < 100; cut++)
		assert_null(take(1, cut));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(results_are_told),
		CASE(many_long_replies),
		CASE(what_was_not_tried_goes_back),
		CASE(the_store_is_gone),
		CASE(the_store_cannot_write),
		CASE(malformed),
		CASE(hops_are_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
