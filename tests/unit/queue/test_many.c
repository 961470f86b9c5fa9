/* SPDX-License-Identifier: ISC */
/* Many messages, many threads. QUEUE_MANY=1000000 for more than a hundred thousand. */
#include "tests/unit/queue/queue_help.h"

#include <malloc.h>

/* Known without files: what memory and the schedule make of them. */
static void know(struct scene *scene, unsigned number)
{
	char id[QUEUE_ID_SIZE];
	struct queue_recipient recipient = { 0 };
	struct queue_message content = { .envelope.count = 1, .recipients = &recipient };
	struct queue_hop hop = { .kind = QUEUE_HOP_SMTP };
	uint32_t message;
	uint16_t server;

	assert_non_null(server_find(scene->queue, "main", &server));
	snprintf(id, sizeof id, "%08x00%06x.1", (unsigned)scene_clock(), number);
	snprintf(hop.key, sizeof hop.key, "domain%u.example", number % 100);
	recipient.next = scene_clock() + 1 + number % 1000;
	queue_lock(scene->queue);
	message = index_add(scene->queue, server, id, 1000, scene_clock());
	assert_true(message != 0);
	legs_match(scene->queue, message, &content, &hop);
	queue_unlock(scene->queue);
}

/* An octet count of what a message costs in memory; it must not grow with their number. */
static void memory_of_each(void **state)
{
	struct scene *scene = *state;
	const char *wanted = getenv("QUEUE_MANY");
	unsigned many = wanted ? (unsigned)atoi(wanted) : 100000;
	struct mallinfo2 before, after;
	size_t each;

	know(scene, 0);
	before = mallinfo2();
	for (unsigned i = 1; i < many; i++)
		know(scene, i);
	after = mallinfo2();
	each = (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / many;
	print_message("%u messages, %zu octets each\n", many, each);
	assert_int_equal(messages_of(scene), many);
	assert_true(each <= 120);
	/* All of them come due, and none twice. */
	later(scene, 2000);
	queue_lock(scene->queue);
	hops_wake(scene->queue);
	queue_unlock(scene->queue);
	assert_null(take(scene)); /* there is no file: each is found gone */
	assert_int_equal(messages_of(scene), 0);
}

enum { ADDERS = 4, TAKERS = 4, EACH = 100 };

static atomic_size_t sent, added;
static unsigned char seen[ADDERS * EACH * 2];

static void *add_many(void *of)
{
	struct scene *scene = of;
	unsigned thread = (unsigned)atomic_fetch_add(&added, 1);
	char id[QUEUE_ID_SIZE], to[80];

	for (unsigned i = 0; i < EACH; i++) {
		snprintf(id, sizeof id, "%u.x", thread * EACH + i);
		snprintf(to, sizeof to, "x@d%u.example y@d%u.example", i % 7, i % 7 + 10);
		add(scene, id, to);
	}
	return NULL;
}

static void *take_many(void *of)
{
	struct scene *scene = of;

	while (atomic_load(&sent) < ADDERS * EACH * 2) {
		struct queue_job *job = take(scene);
		size_t place;

		if (job == NULL) {
			usleep(500);
			continue;
		}
		place = (size_t)atoi(job->message->id) * 2 + job->which[0];
		if (rand() % 8 == 0) {
			queue_give_back(scene->queue, &job->handle, 1);
			queue_job_free(job);
			continue;
		}
		if (__atomic_fetch_add(&seen[place], 1, __ATOMIC_SEQ_CST) != 0)
			abort(); /* sent twice */
		end_job(scene, job, QUEUE_OK, false);
		atomic_fetch_add(&sent, 1);
	}
	return NULL;
}

static void threads(void **state)
{
	struct scene *scene = *state;
	pthread_t ids[ADDERS + TAKERS];
	struct queue_totals totals;

	for (size_t i = 0; i < ADDERS + TAKERS; i++)
		assert_int_equal(
			pthread_create(&ids[i], NULL, i < ADDERS ? add_many : take_many, scene), 0);
	for (unsigned i = 0; i < 20; i++) {
		later(scene, 10);
		queue_rules_changed(scene->queue);
		(void)queue_release(scene->queue, "d3.example");
		(void)queue_act(scene->queue, "7.x", QUEUE_RETRY, NULL);
		usleep(10000);
	}
	for (size_t i = 0; i < ADDERS + TAKERS; i++)
		pthread_join(ids[i], NULL);
	for (size_t i = 0; i < sizeof seen; i++)
		assert_int_equal(seen[i], 1);
	queue_total(scene->queue, &totals);
	assert_int_equal(totals.messages, 0);
	assert_int_equal(totals.jobs, 0);
	assert_int_equal(totals.hops, 0);
	scene_reopen(scene);
	assert_int_equal(messages_of(scene), 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = { ROW(memory_of_each), ROW(threads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
