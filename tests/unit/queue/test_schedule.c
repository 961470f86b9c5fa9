/* SPDX-License-Identifier: ISC */
/* When what goes: retries, dead hops, fairness, limits, notices, expiry, triggers, holds. */
#include "tests/unit/queue/queue_help.h"

static void retry_times(void **state)
{
	static const unsigned pauses[] = { 900, 1800, 3600, 14400, 14400, 14400 };
	struct scene *scene = *state;

	scene->limits.delay_notice = 0; /* while one is made the message does not go */
	queue_rules_changed(scene->queue);
	add(scene, "a.1", "x@example.com");
	for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
		assert_string_equal(next(scene, QUEUE_LATER, false), "a.1");
		later(scene, pauses[i] - 1);
		assert_string_equal(next(scene, QUEUE_OK, false), "");
		later(scene, 1);
		if (i == 2)
			scene_reopen(scene); /* a restart forgets no time */
	}
	assert_string_equal(next(scene, QUEUE_OK, false), "a.1");
}

/* One that is put off alone delays no other; a hop that is dead delays all of its own. */
static void dead_hop(void **state)
{
	struct scene *scene = *state;

	add(scene, "d.1", "x@dead.example");
	add(scene, "d.2", "x@dead.example");
	add(scene, "d.3", "x@live.example");
	assert_string_equal(next(scene, QUEUE_LATER, true), "d.1");
	assert_string_equal(next(scene, QUEUE_OK, false), "d.3");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	add(scene, "d.4", "x@dead.example");
	later(scene, 899);
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	later(scene, 1);
	/* One try, until it answers; then the second pause. */
	assert_string_not_equal(next(scene, QUEUE_LATER, true), "");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	later(scene, 1799);
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	later(scene, 1);
	for (int i = 0; i < 3; i++)
		assert_string_not_equal(next(scene, QUEUE_OK, false), "");
	assert_int_equal(messages_of(scene), 0);
	/* It begins anew after a success. */
	add(scene, "d.5", "x@dead.example");
	assert_string_equal(next(scene, QUEUE_LATER, true), "d.5");
	later(scene, 900);
	assert_string_equal(next(scene, QUEUE_OK, false), "d.5");
}

static void greylisted(void **state)
{
	struct scene *scene = *state;

	add(scene, "g.1", "x@grey.example");
	add(scene, "g.2", "x@grey.example");
	assert_string_equal(next(scene, QUEUE_LATER, false), "g.1");
	assert_string_equal(next(scene, QUEUE_OK, false), "g.2");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
}

/* Many that find it dead at once have found it dead once. */
static void dead_together(void **state)
{
	struct scene *scene = *state;
	struct queue_job *jobs[3];
	char id[QUEUE_ID_SIZE];

	for (unsigned i = 0; i < 45; i++) {
		snprintf(id, sizeof id, "t.%u", i);
		add(scene, id, "x@dead.example");
	}
	for (size_t i = 0; i < 3; i++)
		assert_non_null(jobs[i] = take(scene));
	for (size_t i = 0; i < 3; i++)
		end_job(scene, jobs[i], QUEUE_LATER, true);
	later(scene, 900);
	assert_non_null(jobs[0] = take(scene));
	assert_null(take(scene)); /* it is tried with one */
	end_job(scene, jobs[0], QUEUE_OK, false);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(jobs[i] = take(scene));
	assert_null(take(scene));
	for (size_t i = 0; i < 3; i++)
		end_job(scene, jobs[i], QUEUE_OK, false);
}

/* A hop with a thousand waiting and one with two: they take turns. */
static void fair(void **state)
{
	struct scene *scene = *state;
	struct queue_job *jobs[5];
	char id[QUEUE_ID_SIZE];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "many.%u", i);
		add(scene, id, "x@many.example");
	}
	add(scene, "few.1", "x@few.example");
	add(scene, "third.1", "x@third.example");
	assert_int_equal(add_to(scene, "other", "other.1", "x@many.example"), OUTCOME_OK);
	for (size_t i = 0; i < 5; i++)
		assert_non_null(jobs[i] = take(scene));
	for (size_t hop = 0; hop < 4; hop++) {
		static const char *const first[] = { "many", "few.1", "third.1", "other.1" };
		size_t seen = 0;

		for (size_t i = 0; i < 5; i++)
			seen += strncmp(jobs[i]->message->id, first[hop], strlen(first[hop])) == 0;
		assert_int_equal(seen, hop == 0 ? 2 : 1);
	}
	for (size_t i = 0; i < 5; i++)
		end_job(scene, jobs[i], QUEUE_OK, false);
}

static size_t take_all(struct scene *scene, struct queue_job *jobs[], size_t most)
{
	size_t count = 0;

	while (count < most && (jobs[count] = take(scene)) != NULL)
		count++;
	return count;
}

static void limits(void **state)
{
	static const struct {
		unsigned all, each, messages;
		size_t waiting, in_flight; /* for two hops that wait alike */
	} cases[] = {
		{ 1000, 100, 20, 1, 2 },  { 1000, 100, 20, 20, 2 }, { 1000, 100, 20, 21, 4 },
		{ 1000, 3, 20, 100, 6 },  { 4, 100, 1, 50, 4 },     { 1000, 100, 0, 40, 4 },
		{ 1000, 100, 1, 30, 60 },
	};
	struct scene *scene = *state;
	struct queue_job *jobs[100];
	char id[QUEUE_ID_SIZE];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t count;

		scene->limits.connections = cases[i].all;
		scene->limits.connections_per_domain = cases[i].each;
		scene->limits.messages_per_connection = cases[i].messages;
		queue_rules_changed(scene->queue);
		for (size_t n = 0; n < cases[i].waiting; n++)
			for (int hop = 0; hop < 2; hop++) {
				snprintf(id, sizeof id, "l.%zu.%zu.%d", i, n, hop);
				add(scene, id, hop ? "x@one.example" : "x@two.example");
			}
		count = take_all(scene, jobs, 100);
		if (count != cases[i].in_flight)
			fail_msg("case %zu: %zu", i, count);
		do
			for (size_t n = 0; n < count; n++)
				end_job(scene, jobs[n], QUEUE_OK, false);
		while ((count = take_all(scene, jobs, 100)) > 0);
		assert_int_equal(messages_of(scene), 0);
	}
}

/* A job that ends where a server has as many as it may makes way for another hop's, and that is said. */
static void limit_ends(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;

	scene->limits.connections = 1;
	queue_rules_changed(scene->queue);
	add(scene, "e.1", "x@one.example");
	add(scene, "e.2", "x@two.example");
	job = take(scene);
	assert_non_null(job);
	assert_null(take(scene));
	atomic_store(&scene->ready, 0);
	end_job(scene, job, QUEUE_OK, false);
	assert_true(atomic_load(&scene->ready) > 0);
	assert_string_not_equal(next(scene, QUEUE_OK, false), "");
	assert_int_equal(messages_of(scene), 0);
}

static void notice_and_expiry(void **state)
{
	struct scene *scene = *state;
	struct queue_message *message;

	add(scene, "n.1", "x@example.com y@example.org");
	assert_string_equal(next(scene, QUEUE_LATER, false), "n.1");
	assert_string_equal(next(scene, QUEUE_LATER, false), "n.1");
	later(scene, 43199);
	assert_int_equal(reports_of(scene), 0);
	later(scene, 1);
	WAIT_FOR(reports_of(scene) == 1);
	assert_int_equal(scene->events_count, 2);
	assert_int_equal(scene->events[0].what, QUEUE_DELAYED);
	scene_reopen(scene); /* it is not told twice */
	later(scene, 100000);
	message = on_disk(scene, "n.1");
	assert_true(message->recipients[0].delay_told && message->recipients[1].delay_told);
	queue_message_free(message);
	assert_int_equal(reports_of(scene), 1);
	later(scene, 29600);
	WAIT_FOR(reports_of(scene) == 2);
	WAIT_FOR(messages_of(scene) == 0);
	assert_int_equal(scene->events_count, 4);
	assert_int_equal(scene->events[2].what, QUEUE_FAILURE);
	assert_null(on_disk(scene, "n.1"));
	assert_null(take(scene));
}

/* What is for a mailbox of ours has times of its own, also in one message. */
static void local_times(void **state)
{
	struct scene *scene = *state;

	add(scene, "l.1", "x@corp.example y@example.org");
	later(scene, 1000);
	WAIT_FOR(reports_of(scene) == 1);
	assert_int_equal(scene->events[0].what, QUEUE_DELAYED);
	assert_int_equal(scene->events[0].recipient, 0);
	later(scene, 1000);
	WAIT_FOR(reports_of(scene) == 2);
	assert_int_equal(scene->events[1].what, QUEUE_FAILURE);
	assert_int_equal(scene->events[1].recipient, 0);
	WAIT_FOR(strcmp(next(scene, QUEUE_OK, false), "l.1") == 0);
	assert_int_equal(messages_of(scene), 0);
}

static void no_notice(void **state)
{
	struct scene *scene = *state;

	scene->limits.delay_notice = 0;
	queue_rules_changed(scene->queue);
	add(scene, "z.1", "x@example.org");
	later(scene, 172800);
	WAIT_FOR(reports_of(scene) == 1);
	assert_int_equal(scene->events[0].what, QUEUE_FAILURE);
}

/* While it is under way nothing expires; when it comes back, it does. */
static void under_way(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;

	add(scene, "w.1", "x@example.org");
	job = take(scene);
	later(scene, 200000);
	queue_wake(scene->queue);
	assert_int_equal(reports_of(scene), 0);
	end_job(scene, job, QUEUE_LATER, false);
	WAIT_FOR(messages_of(scene) == 0);
	assert_int_equal(scene->events[0].what, QUEUE_FAILURE);
}

/* A report that cannot be made now is made later, without another try to send. */
static void owed(void **state)
{
	struct scene *scene = *state;
	struct queue_message *message;

	scene->report = OUTCOME_TEMP;
	add(scene, "o.1", "x@example.org y@example.org!S");
	assert_string_equal(next(scene, QUEUE_NEVER, false), "o.1");
	assert_int_equal(reports_of(scene), 1);
	message = on_disk(scene, "o.1");
	assert_int_equal(message->recipients[0].state, QUEUE_FAILED);
	assert_true(message->recipients[0].owed && message->recipients[1].owed);
	queue_message_free(message);
	scene_reopen(scene);
	assert_null(take(scene));
	scene->report = OUTCOME_OK;
	later(scene, 900);
	WAIT_FOR(messages_of(scene) == 0);
	assert_int_equal(reports_of(scene), 2);
	assert_int_equal(scene->events[3].what, QUEUE_FAILURE);
	assert_null(on_disk(scene, "o.1"));
}

static void success(void **state)
{
	static const struct {
		const char *recipient;
		bool dsn;
		int what; /* -1: nobody is told */
	} cases[] = {
		{ "x@example.com", false, -1 },
		{ "x@example.com!F", false, -1 },
		{ "x@example.com!S", true, -1 },
		{ "x@example.com!S", false, QUEUE_HANDED_ON },
		{ "x@corp.example!S", false, QUEUE_SUCCESS },
		{ "x@corp.example!S", true, QUEUE_SUCCESS },
	};
	struct scene *scene = *state;
	char id[QUEUE_ID_SIZE];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct queue_result result = result_make(0, QUEUE_OK);
		struct queue_failure failure;
		struct queue_job *job;
		size_t before = reports_of(scene);

		snprintf(id, sizeof id, "s.%zu", i);
		add(scene, id, cases[i].recipient);
		job = take(scene);
		result.dsn = cases[i].dsn;
		assert_int_equal(queue_done(scene->queue, job->handle, &result, 1, false, &failure),
				 OUTCOME_OK);
		queue_job_free(job);
		assert_int_equal(reports_of(scene), before + (cases[i].what >= 0));
		if (cases[i].what >= 0)
			assert_int_equal(scene->events[before].what, cases[i].what);
		assert_int_equal(messages_of(scene), 0);
	}
}

static void trigger(void **state)
{
	static const char *const key[] = { "trigger:trigger.example", NULL };
	static const char *const other[] = { "trigger:example", "example", NULL };
	struct scene *scene = *state;
	struct queue_job *job;

	add(scene, "t.1", "x@trigger.example");
	add(scene, "t.2", "x@trigger.example");
	add(scene, "t.3", "x@trigger2.example");
	assert_null(take(scene));
	assert_null(queue_take(scene->queue, other));
	job = queue_take(scene->queue, key); /* ATRN */
	assert_string_equal(job->message->id, "t.1");
	assert_int_equal(job->hop.kind, QUEUE_HOP_TRIGGER);
	end_job(scene, job, QUEUE_OK, false);
	assert_null(take(scene));
	add(scene, "t.4", "x@trigger.example");
	assert_int_equal(queue_release(scene->queue, key[0]), 2); /* ETRN */
	add(scene, "t.5", "x@trigger.example");
	assert_string_equal(next(scene, QUEUE_LATER, false), "t.2");
	assert_string_equal(next(scene, QUEUE_OK, false), "t.4");
	assert_string_equal(next(scene, QUEUE_OK, false), ""); /* until the next time */
	assert_int_equal(queue_release(scene->queue, "nothing"), 0);
	assert_true(queue_act(scene->queue, "t.5", QUEUE_RETRY, NULL));
	assert_string_equal(next(scene, QUEUE_OK, false), "t.5");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	later(scene, 200000); /* it expires all the same */
	WAIT_FOR(messages_of(scene) == 0);
}

static void released(void **state)
{
	struct scene *scene = *state;

	add(scene, "r.1", "x@dead.example");
	add(scene, "r.2", "x@dead.example");
	assert_string_equal(next(scene, QUEUE_LATER, true), "r.1");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	assert_int_equal(queue_release(scene->queue, "dead.example"), 2);
	assert_string_not_equal(next(scene, QUEUE_OK, false), "");
	assert_string_not_equal(next(scene, QUEUE_OK, false), "");
	add(scene, "r.3", "x@dead.example");
	assert_string_equal(next(scene, QUEUE_LATER, false), "r.3");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	assert_true(queue_act(scene->queue, "r.3", QUEUE_RETRY, NULL));
	assert_string_equal(next(scene, QUEUE_OK, false), "r.3");
}

static void held(void **state)
{
	struct scene *scene = *state;
	char ids[4][QUEUE_ID_SIZE];

	add(scene, "h.1", "x@example.com y@example.org");
	assert_true(queue_act(scene->queue, "h.1", QUEUE_HOLD, NULL));
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	scene_reopen(scene);
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	later(scene, 200000);
	assert_int_equal(queue_release(scene->queue, "example.com"), 0);
	assert_int_equal(queue_waiting(scene->queue, "example.com", ids, 4), 1);
	assert_string_equal(ids[0], "h.1");
	assert_string_equal(next(scene, QUEUE_OK, false), "");
	assert_int_equal(reports_of(scene), 0);
	scene->limits.expiry = 400000;
	scene->limits.delay_notice = 0;
	queue_rules_changed(scene->queue);
	assert_true(queue_act(scene->queue, "h.1", QUEUE_UNHOLD, NULL));
	assert_string_equal(next(scene, QUEUE_OK, false), "h.1");
	assert_string_equal(next(scene, QUEUE_OK, false), "h.1");
	assert_int_equal(messages_of(scene), 0);
}

static void acts(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;

	assert_false(queue_act(scene->queue, "none", QUEUE_REMOVE, NULL));
	add(scene, "x.1", "x@example.com");
	assert_true(queue_act(scene->queue, "x.1", QUEUE_REMOVE, NULL));
	assert_int_equal(messages_of(scene), 0);
	assert_int_equal(reports_of(scene), 0);
	add(scene, "x.2", "x@example.com");
	assert_true(queue_act(scene->queue, "x.2", QUEUE_BOUNCE, NULL));
	assert_int_equal(messages_of(scene), 0);
	assert_int_equal(reports_of(scene), 1);
	/* Of one that is under way what is not goes back. */
	add(scene, "x.3", "x@example.com y@example.org");
	job = take(scene);
	assert_true(queue_act(scene->queue, "x.3", QUEUE_BOUNCE, NULL));
	assert_int_equal(reports_of(scene), 2);
	assert_int_equal(scene->events_count, 2);
	assert_int_equal(scene->events[1].recipient, 1 - job->which[0]);
	end_job(scene, job, QUEUE_OK, false);
	assert_int_equal(messages_of(scene), 0);
	/* One that was removed while it was under way does not come back. */
	add(scene, "x.4", "x@example.com y@example.org");
	job = take(scene);
	assert_true(queue_act(scene->queue, "x.4", QUEUE_REMOVE, NULL));
	assert_null(take(scene));
	end_job(scene, job, QUEUE_LATER, false);
	assert_int_equal(messages_of(scene), 0);
	assert_int_equal(reports_of(scene), 2);
}

static void given_back(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;
	uint64_t handles[2];

	add(scene, "b.1", "x@example.com");
	job = take(scene);
	handles[0] = handles[1] = job->handle;
	queue_job_free(job);
	assert_null(take(scene));
	queue_give_back(scene->queue, handles, 2);
	assert_string_equal(next(scene, QUEUE_OK, false), "b.1");
}

/* The rules of now count for what waits already. */
static void moved(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;

	add(scene, "m.1", "x@dead.example");
	job = take(scene);
	end_job(scene, job, QUEUE_LATER, true);
	add(scene, "m.2", "x@dead.example");
	pthread_mutex_lock(&scene->lock);
	strcpy(scene->moved, "dead.example");
	pthread_mutex_unlock(&scene->lock);
	queue_rules_changed(scene->queue);
	WAIT_FOR((job = take(scene)) != NULL && strcmp(job->message->id, "m.2") == 0);
	assert_string_equal(job->hop.key, "elsewhere");
	end_job(scene, job, QUEUE_OK, false);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
/* What is under way goes the way of now when it has come back, not at once and twice. */
static void rules_change_under_way(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job, *again;
	char ids[2][QUEUE_ID_SIZE];

	add(scene, "r.1", "x@one.example");
	job = take(scene);
	assert_non_null(job);
	add(scene, "r.2", "x@one.example"); /* it is looked at after the first */
	pthread_mutex_lock(&scene->lock);
	strcpy(scene->moved, "one.example");
	pthread_mutex_unlock(&scene->lock);
	queue_rules_changed(scene->queue);
	WAIT_FOR(queue_waiting(scene->queue, "elsewhere", ids, 2) > 0);
	assert_string_equal(next(scene, QUEUE_OK, false), "r.2");
	assert_null(take(scene));
	queue_give_back(scene->queue, &job->handle, 1);
	again = take(scene);
	assert_non_null(again);
	assert_string_equal(again->hop.key, "elsewhere");
	assert_null(take(scene));
	queue_job_free(job);
	end_job(scene, again, QUEUE_OK, false);
	assert_int_equal(messages_of(scene), 0);
}

/* The others of a message that is under way go the new way, without those that go already. */
static void rules_change_half_under_way(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job, *rest;
	char ids[2][QUEUE_ID_SIZE];

	scene->limits.recipients = 1;
	queue_rules_changed(scene->queue);
	add(scene, "h.1", "a@one.example b@one.example c@elsewhere");
	job = take(scene);
	assert_non_null(job);
	while (strcmp(job->hop.key, "one.example") != 0) {
		queue_give_back(scene->queue, &job->handle, 1);
		queue_job_free(job);
		job = take(scene);
	}
	pthread_mutex_lock(&scene->lock);
	strcpy(scene->moved, "one.example");
	scene->limits.recipients = 100;
	pthread_mutex_unlock(&scene->lock);
	later(scene, 1);
	add(scene, "h.2", "z@one.example"); /* it is looked at after the first */
	queue_rules_changed(scene->queue);
	WAIT_FOR(queue_waiting(scene->queue, "one.example", ids, 2) == 1);
	WAIT_FOR(queue_waiting(scene->queue, "elsewhere", ids, 2) == 2);
	rest = take(scene);
	assert_non_null(rest);
	assert_string_equal(rest->message->id, "h.1");
	assert_string_equal(rest->hop.key, "elsewhere");
	assert_int_equal(rest->count, 2);
	assert_int_equal(rest->which[0], 1);
	assert_int_equal(rest->which[1], 2);
	end_job(scene, rest, QUEUE_OK, false);
	end_job(scene, job, QUEUE_OK, false);
	assert_string_equal(next(scene, QUEUE_OK, false), "h.2");
	assert_int_equal(messages_of(scene), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(retry_times),
		ROW(dead_hop),
		ROW(greylisted),
		ROW(dead_together),
		ROW(fair),
		ROW(limits),
		ROW(limit_ends),
		ROW(notice_and_expiry),
		ROW(local_times),
		ROW(no_notice),
		ROW(under_way),
		ROW(owed),
		ROW(success),
		ROW(trigger),
		ROW(released),
		ROW(held),
		ROW(acts),
		ROW(given_back),
		ROW(moved),
		ROW(rules_change_under_way),
		ROW(rules_change_half_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
