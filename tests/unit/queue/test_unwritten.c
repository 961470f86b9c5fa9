/* SPDX-License-Identifier: ISC */
/* Results whose file cannot be written: by a limit of the size of files, as if the disk were full.
 */
#include "tests/unit/queue/queue_help.h"

#include "base/log.h"

#include <signal.h>
#include <sys/resource.h>

static void files_limit(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Nothing more fits behind what is in the job's file. */
static void disk_full(const struct queue_job *job)
{
	struct stat status;

	assert_int_equal(fstat(job->fd, &status), 0);
	files_limit((rlim_t)status.st_size);
}

static void disk_has_room(void)
{
	files_limit(RLIM_INFINITY);
}

static size_t jobs_of(struct scene *scene)
{
	struct queue_totals totals;

	queue_total(scene->queue, &totals);
	return totals.jobs;
}

/* The state on disk of a message's recipient. */
static enum queue_state state_of(struct scene *scene, const char *id, size_t recipient)
{
	struct queue_message *message = on_disk(scene, id);
	enum queue_state state;

	assert_non_null(message);
	state = message->recipients[recipient].state;
	queue_message_free(message);
	return state;
}

/* Takes the job of the first of two recipients, and says what came of it on a full disk. */
static uint64_t end_on_full_disk(struct scene *scene, enum queue_verdict verdict, size_t *recipient)
{
	struct queue_failure failure = { 0 };
	struct queue_job *job = take(scene);
	struct queue_result result;
	uint64_t handle;

	assert_non_null(job);
	assert_int_equal(job->count, 1);
	*recipient = job->which[0];
	handle = job->handle;
	result = result_make(*recipient, verdict);
	disk_full(job);
	assert_int_equal(queue_done(scene->queue, handle, &result, 1, false, &failure),
			 OUTCOME_TEMP);
	assert_string_not_equal(failure.reason, "");
	queue_job_free(job);
	return handle;
}

static void sent_is_not_sent_again(void **state)
{
	struct scene *scene = *state;
	struct queue_job *other;
	size_t sent;
	uint64_t handle;

	add(scene, "u.1", "x@one.example y@two.example");
	handle = end_on_full_disk(scene, QUEUE_OK, &sent);
	queue_give_back(scene->queue, &handle, 1); /* its taker has gone: not its any more */
	other = take(scene);
	assert_non_null(other);
	assert_int_equal(other->count, 1);
	assert_int_equal(other->which[0], 1 - sent);
	for (int i = 0; i < 10; i++) {
		later(scene, 3600);
		(void)queue_release(scene->queue, "one.example");
		(void)queue_release(scene->queue, "two.example");
		assert_null(take(scene));
	}
	assert_int_equal(state_of(scene, "u.1", sent), QUEUE_WAITING);
	disk_has_room();
	later(scene, 60);
	WAIT_FOR(state_of(scene, "u.1", sent) == QUEUE_RELAYED);
	WAIT_FOR(jobs_of(scene) == 1);
	assert_null(take(scene));
	end_job(scene, other, QUEUE_OK, false);
	assert_int_equal(messages_of(scene), 0);
	assert_null(on_disk(scene, "u.1"));
}

static void failure_is_told_once(void **state)
{
	struct scene *scene = *state;
	size_t failed;

	add(scene, "u.2", "x@one.example y@two.example");
	(void)end_on_full_disk(scene, QUEUE_NEVER, &failed);
	assert_int_equal(reports_of(scene), 1);
	disk_has_room();
	later(scene, 60);
	WAIT_FOR(state_of(scene, "u.2", failed) == QUEUE_FAILED);
	WAIT_FOR(jobs_of(scene) == 0);
	assert_int_equal(reports_of(scene), 1);
	assert_string_equal(next(scene, QUEUE_OK, false), "u.2");
	assert_int_equal(messages_of(scene), 0);
}

/* A report needs room as well: it is made when there is some. */
static void report_waits_for_room(void **state)
{
	struct scene *scene = *state;
	size_t failed;

	add(scene, "u.3", "x@one.example y@two.example");
	scene->report = OUTCOME_TEMP;
	(void)end_on_full_disk(scene, QUEUE_NEVER, &failed);
	assert_int_equal(reports_of(scene), 1);
	pthread_mutex_lock(&scene->lock);
	scene->report = OUTCOME_OK;
	pthread_mutex_unlock(&scene->lock);
	disk_has_room();
	later(scene, 60);
	WAIT_FOR(state_of(scene, "u.3", failed) == QUEUE_FAILED);
	assert_int_equal(reports_of(scene), 2);
}

static void written_before_it_closes(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;
	size_t sent;

	add(scene, "u.4", "x@one.example y@two.example");
	(void)end_on_full_disk(scene, QUEUE_OK, &sent);
	disk_has_room();
	scene_reopen(scene);
	assert_int_equal(state_of(scene, "u.4", sent), QUEUE_RELAYED);
	job = take(scene);
	assert_non_null(job);
	assert_int_equal(job->which[0], 1 - sent);
	assert_null(take(scene));
	queue_job_free(job);
}

static void still_full_when_it_closes(void **state)
{
	struct scene *scene = *state;
	size_t sent;

	add(scene, "u.5", "x@one.example y@two.example");
	(void)end_on_full_disk(scene, QUEUE_OK, &sent);
	queue_close(scene->queue);
	disk_has_room();
	scene_open(scene);
	assert_int_equal(state_of(scene, "u.5", sent), QUEUE_WAITING);
}

/* It may be tried again: it is not kept. */
static void later_waits_as_ever(void **state)
{
	struct scene *scene = *state;
	struct queue_job *first, *second;
	size_t waits;

	add(scene, "u.6", "x@one.example y@two.example");
	(void)end_on_full_disk(scene, QUEUE_LATER, &waits);
	assert_int_equal(jobs_of(scene), 0);
	disk_has_room();
	later(scene, 900);
	first = take(scene);
	second = take(scene);
	assert_non_null(first);
	assert_non_null(second);
	queue_job_free(first);
	queue_job_free(second);
}

/* An administrator's word goes for it too. */
static void removed_meanwhile(void **state)
{
	struct scene *scene = *state;
	struct queue_failure failure = { 0 };
	size_t sent;

	add(scene, "u.7", "x@one.example y@two.example");
	(void)end_on_full_disk(scene, QUEUE_OK, &sent);
	assert_true(queue_act(scene->queue, "u.7", QUEUE_REMOVE, &failure));
	assert_null(on_disk(scene, "u.7"));
	later(scene, 60);
	WAIT_FOR(messages_of(scene) == 0);
	assert_int_equal(jobs_of(scene), 0);
}

static int teardown_limit(void **state)
{
	disk_has_room();
	return teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_limit)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sent_is_not_sent_again),    TEST(failure_is_told_once),
		TEST(report_waits_for_room),     TEST(written_before_it_closes),
		TEST(still_full_when_it_closes), TEST(later_waits_as_ever),
		TEST(removed_meanwhile),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	/* What this program writes may go to a file, which the limit is for as well. */
	log_open("test", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
