/* SPDX-License-Identifier: ISC */
/* Jobs between a store and those who send, in a process of its own; the test plays master and
 * relay. */
#include "store_role/queue_jobs.h"

#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "daemon/message_queue.h"
#include "store_role/queue_acts.h"
#include "store_role/store_role.h"
#include "io/packet.h"

enum { PATIENCE_MS = 120000 };

static char memory[PACKET_BODY_MAX];

/* ---- the store's side ---- */

static void on_hop(void *context, const char *server, const struct envelope_recipient *recipient,
		   struct queue_hop *hop)
{
	(void)context;
	(void)server;
	hop->kind = strncmp(recipient->address.domain, "trigger", 7) == 0 ? QUEUE_HOP_TRIGGER
									  : QUEUE_HOP_SMTP;
	snprintf(hop->key, sizeof hop->key, "%s%s",
		 hop->kind == QUEUE_HOP_TRIGGER ? "trigger:" : "", recipient->address.domain);
}

static bool on_limits(void *context, const char *server, struct queue_limits *limits)
{
	(void)context;
	(void)server;
	*limits = (struct queue_limits){ .connections = 100,
					 .connections_per_domain = 10,
					 .messages_per_connection = 1,
					 .recipients = 1000,
					 .retry = { 900 },
					 .retry_count = 1,
					 .expiry = 172800,
					 .local_expiry = 172800 };
	return true;
}

static void on_ready(void *context)
{
	const struct store_role *role = context;

	queue_asks_ready(role->asks);
}

static enum outcome on_report(void *context, const struct queue_message *message, int fd,
			      const struct queue_event *events, size_t count)
{
	(void)context;
	(void)message;
	(void)fd;
	(void)events;
	(void)count;
	return OUTCOME_OK;
}

/* MESSAGE_USAGE with "ID COUNT DOMAIN": so many recipients of that domain. */
static bool handle_add(struct work *work)
{
	struct store_role *role = work->context;
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	struct address address = { .local = "" };
	char id[QUEUE_ID_SIZE], line[128];
	unsigned count;
	int fd = queue_spool(role->queue, &failure);

	snprintf(line, sizeof line, "%.*s", (int)work->length, work->body);
	if (fd < 0 || write(fd, "x\r\n", 3) != 3 ||
	    sscanf(line, "%31s %u %200s", id, &count, address.domain) != 3)
		return false;
	envelope_init(&envelope);
	envelope.has_sender = true;
	for (unsigned i = 0; i < count; i++) {
		snprintf(address.local, sizeof address.local, "a-rather-long-name-of-recipient-%u",
			 i);
		envelope_add(&envelope, &address);
	}
	if (queue_add(role->queue, fd, false, "main", id, &envelope, &failure) != OUTCOME_OK)
		return false;
	envelope_clear(&envelope);
	close(fd);
	store_answer(work, &(struct message_result){ .outcome = OUTCOME_OK }, -1);
	return true;
}

static void *peer_new(void *context)
{
	const struct store_role *role = context;
	struct store_peer *peer = memory_new(sizeof *peer);

	peer->jobs = queue_jobs_new(role->asks);
	return peer;
}

static void peer_closed(void *context, void *own)
{
	(void)context;
	queue_jobs_close(((struct store_peer *)own)->jobs);
}

static void peer_free(void *context, void *own)
{
	(void)context;
	queue_jobs_free(((struct store_peer *)own)->jobs);
	free(own);
}

static void stop(void *context)
{
	queue_asks_stop(((struct store_role *)context)->asks);
}

static void serve(int control, const char *root)
{
	static const struct queue_calls calls = { on_hop, on_limits, on_ready, on_report, NULL, NULL };
	static const struct work_permit permits[] = {
		{ MESSAGE_USAGE, ROLE_RELAY, 0, false, handle_add, 0 },
		{ MESSAGE_TAKE, ROLE_RELAY, 0, false, queue_handle_take, 0 },
		{ MESSAGE_TAKE, ROLE_FRONTEND, 0, false, queue_handle_take, 0 },
		{ MESSAGE_DONE, ROLE_RELAY, 0, false, queue_handle_done, 0 },
		{ 0 },
	};
	static const unsigned threads[] = { 1, 0 };
	struct store_role role = { .store = NULL };
	struct work_plan plan = { .permits = permits,
				  .threads = threads,
				  .context = &role,
				  .peer_new = peer_new,
				  .peer_closed = peer_closed,
				  .peer_free = peer_free,
				  .stop = stop };
	struct role_start begin = { .role = ROLE_STORE, .control = control };
	struct queue_failure failure;
	int code;

	role.asks = queue_asks_new(queue_jobs_answer);
	role.queue = queue_open(root, &calls, &role, &failure);
	if (!role.queue)
		_exit(3);
	queue_asks_start(role.asks, role.queue);
	code = work_serve(&begin, &plan);
	queue_close(role.queue);
	queue_asks_free(role.asks);
	_exit(code);
}

/* ---- the test's side ---- */

struct scene {
	char root[64];
	pid_t pid;
	int control, peer;
	uint32_t id;
};

static struct packet receive(int fd, enum packet_result wanted)
{
	struct pollfd there = { .fd = fd, .events = POLLIN };
	struct packet packet;

	assert_int_equal(poll(&there, 1, PATIENCE_MS), 1);
	assert_int_equal(packet_receive(fd, memory, &packet), wanted);
	return packet;
}

static uint32_t say(struct scene *scene, int fd, enum message_kind kind,
		    const struct wire_writer *body, int descriptor)
{
	struct packet packet = { .kind = (uint16_t)kind,
				 .id = ++scene->id,
				 .fd = descriptor,
				 .body = span_make(body->at, body->used) };

	assert_int_equal(packet_send(fd, &packet), PACKET_OK);
	return scene->id;
}

static int introduce(struct scene *scene, enum role role)
{
	struct message_peer who = { role, 7, 1 };
	struct wire_writer writer;
	char room[32];
	int ends[2];

	assert_true(packet_pair(ends));
	wire_writer_init(&writer, room, sizeof room);
	message_put_peer(&writer, &who);
	say(scene, scene->control, MESSAGE_PEER, &writer, ends[1]);
	close(ends[1]);
	return ends[0];
}

static int setup(void **state)
{
	struct scene *scene = memory_new(sizeof *scene);
	int ends[2];

	strcpy(scene->root, "/tmp/postern-jobs-XXXXXX");
	assert_non_null(mkdtemp(scene->root));
	assert_true(packet_pair(ends));
	scene->pid = fork();
	if (scene->pid == 0) {
		close(ends[0]);
		serve(ends[1], scene->root);
	}
	close(ends[1]);
	scene->control = ends[0];
	assert_int_equal(receive(scene->control, PACKET_OK).kind, MESSAGE_READY);
	scene->peer = introduce(scene, ROLE_RELAY);
	*state = scene;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	struct wire_writer nothing;
	char room[4];
	int status;

	wire_writer_init(&nothing, room, sizeof room);
	say(scene, scene->control, MESSAGE_DRAIN, &nothing, -1);
	assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(scene->control);
	close(scene->peer);
	(void)nftw(scene->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(scene);
	return 0;
}

static uint32_t take(struct scene *scene, int peer, const char *domain)
{
	struct message_take ask = { .count = domain != NULL };
	struct wire_writer writer, domains;
	char room[300], names[200];

	wire_writer_init(&domains, names, sizeof names);
	if (domain)
		wire_put_text(&domains, domain);
	ask.domains = span_make(names, domains.used);
	wire_writer_init(&writer, room, sizeof room);
	message_put_take(&writer, &ask);
	return say(scene, peer, MESSAGE_TAKE, &writer, -1);
}

static void add(struct scene *scene, const char *what)
{
	struct wire_writer writer;
	char room[128];

	wire_writer_init(&writer, room, sizeof room);
	wire_put_bytes(&writer, what, strlen(what));
	say(scene, scene->peer, MESSAGE_USAGE, &writer, -1);
}

/* The next answer, past those to MESSAGE_USAGE. `envelope` is for envelope_clear. */
static struct message_job job_of(int peer, uint32_t id, struct envelope *envelope)
{
	char server[QUEUE_SERVER_SIZE], octets[3];
	struct message_job job;
	struct packet packet;

	do
		packet = receive(peer, PACKET_OK);
	while (packet.kind == MESSAGE_USAGE);
	assert_int_equal(packet.kind, MESSAGE_TAKE);
	assert_int_equal(packet.id, id);
	assert_true(message_get_job(packet.body, &job));
	envelope_init(envelope);
	if (job.handle == 0)
		return job;
	assert_true(message_get_envelope(job.envelope, server, envelope));
	assert_string_equal(server, "main");
	assert_int_equal(job.size, 3);
	assert_int_equal(pread(packet.fd, octets, 3, 0), 3);
	assert_memory_equal(octets, "x\r\n", 3);
	close(packet.fd);
	return job;
}

static struct message_result done(struct scene *scene, uint64_t handle, uint32_t recipients,
				  uint32_t first)
{
	char *results = memory_new(60000), *room = memory_new(PACKET_BODY_MAX);
	struct message_done ask = { .handle = handle, .count = recipients };
	struct message_result result;
	struct wire_writer writer;
	struct packet packet;

	wire_writer_init(&writer, results, 60000);
	for (uint32_t i = 0; i < recipients; i++)
		message_put_queue_result(&writer, &(struct queue_result){ .recipient = first + i });
	ask.results = span_make(results, writer.used);
	wire_writer_init(&writer, room, PACKET_BODY_MAX);
	message_put_done(&writer, &ask);
	assert_false(writer.failed);
	say(scene, scene->peer, MESSAGE_DONE, &writer, -1);
	free(results);
	free(room);
	packet = receive(scene->peer, PACKET_OK);
	assert_int_equal(packet.kind, MESSAGE_DONE);
	assert_true(message_get_result(packet.body, &result));
	return result;
}

/* An ask waits until there is something; what a peer that is gone had taken goes to the next. */
static void waits_and_goes_back(void **state)
{
	struct scene *scene = *state;
	struct envelope envelope;
	struct message_job job;
	uint32_t id = take(scene, scene->peer, NULL);
	int relay;

	add(scene, "one.1 2 example.com");
	job = job_of(scene->peer, id, &envelope);
	assert_string_equal(job.id, "one.1");
	assert_string_equal(job.key, "example.com");
	assert_int_equal(envelope.count, 2);
	envelope_clear(&envelope);
	(void)take(scene, scene->peer, NULL); /* dies with its asker */
	relay = introduce(scene, ROLE_RELAY);
	id = take(scene, relay, NULL);
	close(scene->peer);
	scene->peer = relay;
	job = job_of(relay, id, &envelope);
	assert_string_equal(job.id, "one.1");
	envelope_clear(&envelope);
	assert_int_equal(done(scene, job.handle, 2, 0).outcome, OUTCOME_OK);
	assert_int_equal(done(scene, job.handle, 2, 0).flags, MESSAGE_RESULT_GONE);
	(void)take(scene, relay, NULL); /* nobody answers it; the end does not wait for it */
}

/* More recipients than a packet holds: the others come with the next job. */
static void as_many_as_fit(void **state)
{
	struct scene *scene = *state;
	char domain[200], what[256];
	uint32_t told = 0, jobs = 0;

	memset(domain, 'd', sizeof domain);
	memcpy(domain + 60, ".", 1);
	memcpy(domain + 100, ".example", 9);
	snprintf(what, sizeof what, "many.1 1000 %s", domain);
	add(scene, what);
	for (; told < 1000; jobs++) {
		uint32_t id = take(scene, scene->peer, NULL);
		struct envelope envelope;
		struct message_job job = job_of(scene->peer, id, &envelope);

		assert_true(envelope.count > 0);
		told += (uint32_t)envelope.count;
		assert_int_equal(done(scene, job.handle, (uint32_t)envelope.count, 0).outcome,
				 OUTCOME_OK);
		envelope_clear(&envelope);
	}
	assert_int_equal(told, 1000);
	assert_true(jobs > 1);
}

/* Who talks to strangers gets what waits to be fetched, at once, and nothing else. */
static void by_domain(void **state)
{
	struct scene *scene = *state;
	int frontend = introduce(scene, ROLE_FRONTEND);
	struct envelope envelope;
	uint32_t id;

	add(scene, "t.1 1 trigger.example");
	assert_int_equal(receive(scene->peer, PACKET_OK).kind, MESSAGE_USAGE);
	id = take(scene, frontend, "other.example");
	assert_true(job_of(frontend, id, &envelope).handle == 0);
	id = take(scene, frontend, "trigger.example");
	assert_string_equal(job_of(frontend, id, &envelope).id, "t.1");
	envelope_clear(&envelope);
	(void)take(scene, frontend, NULL);
	assert_int_equal(receive(scene->control, PACKET_OK).kind, MESSAGE_CULPRIT);
	close(frontend);
}

/* A result for somebody who is not in the job is malformed; the job goes back. */
static void foreign_recipient(void **state)
{
	struct scene *scene = *state;
	struct message_done ask = { .count = 1 };
	struct envelope envelope;
	struct wire_writer writer, results;
	char room[600], text[300];
	uint32_t id = take(scene, scene->peer, NULL);
	int relay = introduce(scene, ROLE_RELAY);

	add(scene, "f.1 1 example.com");
	ask.handle = job_of(scene->peer, id, &envelope).handle;
	envelope_clear(&envelope);
	wire_writer_init(&results, text, sizeof text);
	message_put_queue_result(&results, &(struct queue_result){ .recipient = 1 });
	ask.results = span_make(text, results.used);
	wire_writer_init(&writer, room, sizeof room);
	message_put_done(&writer, &ask);
	say(scene, scene->peer, MESSAGE_DONE, &writer, -1);
	assert_int_equal(receive(scene->control, PACKET_OK).kind, MESSAGE_CULPRIT);
	id = take(scene, relay, NULL);
	assert_string_equal(job_of(relay, id, &envelope).id, "f.1");
	envelope_clear(&envelope);
	close(relay);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(waits_and_goes_back),
		ROW(as_many_as_fit),
		ROW(by_domain),
		ROW(foreign_recipient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
