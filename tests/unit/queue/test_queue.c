/* SPDX-License-Identifier: ISC */
/* What comes in, goes out, comes back and is there after a restart. */
#include "tests/unit/queue/queue_help.h"

#include "queue/scan.h"

static void in_and_out(void **state)
{
	struct scene *scene = *state;
	char text[sizeof scene_text] = "";
	struct queue_job *job;

	add(scene, "a.1", "x@example.com");
	assert_true(atomic_load(&scene->ready) > 0);
	job = take(scene);
	assert_non_null(job);
	assert_string_equal(job->message->id, "a.1");
	assert_string_equal(job->message->server, "main");
	assert_string_equal(job->message->envelope.sender.local, "sender");
	assert_string_equal(job->hop.key, "example.com");
	assert_int_equal(job->message->size, strlen(scene_text));
	assert_int_equal(pread(job->fd, text, strlen(scene_text), 0), (ssize_t)strlen(scene_text));
	assert_string_equal(text, scene_text);
	assert_int_equal(job->count, 1);
	assert_null(take(scene));
	end_job(scene, job, QUEUE_OK, false);
	assert_int_equal(messages_of(scene), 0);
	assert_null(on_disk(scene, "a.1"));
	assert_int_equal(scene->reports, 0);
}

static void refuses(void **state)
{
	struct scene *scene = *state;
	struct queue_failure failure;
	struct envelope nobody;
	int fd = spool_of(scene, "x");

	envelope_of(&nobody, "a@b.c", "x@y.z");
	envelope_drop_last(&nobody);
	assert_int_equal(queue_add(scene->queue, fd, false, "main", "id", &nobody, &failure),
			 OUTCOME_PERM);
	envelope_clear(&nobody);
	close(fd);
	assert_int_equal(add_to(scene, "main", "../x", "x@y.z"), OUTCOME_PERM);
	assert_int_equal(add_to(scene, "main", "", "x@y.z"), OUTCOME_PERM);
	assert_int_equal(add_to(scene, "", "x", "x@y.z"), OUTCOME_PERM);
	add(scene, "twice", "x@y.z");
	assert_int_equal(add_to(scene, "main", "twice", "x@y.z"), OUTCOME_TEMP);
	assert_int_equal(messages_of(scene), 1);
	assert_int_equal(queue_done(scene->queue, 77, NULL, 0, false, &failure), OUTCOME_PERM);
}

/* One that is in a mailbox too is another file here, and the spool stays what it was. */
static void shared_is_copied(void **state)
{
	struct scene *scene = *state;
	int fd = spool_of(scene, scene_text);
	struct queue_failure failure;
	struct envelope envelope;
	struct queue_job *job;
	struct stat spool, queued;

	envelope_of(&envelope, "a@b.c", "x@example.com");
	assert_int_equal(queue_add(scene->queue, fd, true, "main", "s.1", &envelope, &failure),
			 OUTCOME_OK);
	job = take(scene);
	assert_int_equal(fstat(fd, &spool), 0);
	assert_int_equal(fstat(job->fd, &queued), 0);
	assert_int_equal(spool.st_size, strlen(scene_text));
	assert_true(spool.st_ino != queued.st_ino);
	end_job(scene, job, QUEUE_OK, false);
	envelope_clear(&envelope);
	close(fd);
}

static void prepared(void **state)
{
	struct scene *scene = *state;
	struct queue_failure failure;
	struct queue_prepared *one;
	struct envelope envelope;
	enum outcome outcome;

	envelope_of(&envelope, "a@b.c", "x@example.com");
	for (int commit = 0; commit < 2; commit++) {
		int fd = spool_of(scene, scene_text);

		one = queue_prepare(scene->queue, fd, false, "main", "p.1", &envelope, &outcome,
				    &failure);
		assert_non_null(one);
		assert_null(take(scene));
		scene->queue->unread = true; /* the loader does not take it for one that waits */
		queue_wake(scene->queue);
		scene_loaded(scene);
		assert_null(take(scene));
		(commit ? queue_commit : queue_withdraw)(scene->queue, one);
		close(fd);
		assert_int_equal(messages_of(scene), commit);
	}
	assert_string_equal(next(scene, QUEUE_OK, false), "p.1");
	envelope_clear(&envelope);
}

/* Recipients of one hop go together, as many as a transaction may have, the rest after them. */
static void split(void **state)
{
	struct scene *scene = *state;
	struct queue_job *first, *second;

	scene->limits.recipients = 2;
	queue_rules_changed(scene->queue);
	add(scene, "m.1", "a@one.example b@two.example c@one.example d@one.example");
	first = take(scene);
	second = take(scene);
	assert_null(take(scene));
	if (strcmp(first->hop.key, "one.example") != 0) {
		struct queue_job *kept = first;

		first = second;
		second = kept;
	}
	assert_string_equal(first->hop.key, "one.example");
	assert_int_equal(first->count, 2);
	assert_int_equal(first->which[0], 0);
	assert_int_equal(first->which[1], 2);
	assert_string_equal(second->hop.key, "two.example");
	assert_int_equal(second->count, 1);
	assert_int_equal(second->which[0], 1);
	end_job(scene, second, QUEUE_OK, false);
	end_job(scene, first, QUEUE_OK, false);
	first = take(scene);
	assert_int_equal(first->count, 1);
	assert_int_equal(first->which[0], 3);
	end_job(scene, first, QUEUE_OK, false);
	assert_int_equal(messages_of(scene), 0);
	assert_null(on_disk(scene, "m.1"));
}

/* It goes to the hop that it was given at once, after a restart too; only once. */
static void moved(void **state)
{
	struct scene *scene = *state;
	struct queue_failure failure;
	struct queue_result results[2];
	struct queue_message *message;
	struct queue_job *job;

	add(scene, "v.1", "a@corp.example b@corp.example");
	job = take(scene);
	assert_int_equal(job->hop.kind, QUEUE_HOP_LOCAL);
	results[0] = result_make(0, QUEUE_OK);
	results[1] = result_make(1, QUEUE_MOVED);
	strcpy(results[1].text, "[192.0.2.1]:2525");
	assert_int_equal(queue_done(scene->queue, job->handle, results, 2, false, &failure),
			 OUTCOME_OK);
	queue_job_free(job);
	assert_int_equal(scene->reports, 0);
	for (int again = 0; again < 2; again++) {
		message = on_disk(scene, "v.1");
		assert_int_equal(message->recipients[1].state, QUEUE_WAITING);
		assert_int_equal(message->recipients[1].attempts, 0);
		assert_string_equal(message->envelope.recipients[1].via, "[192.0.2.1]:2525");
		queue_message_free(message);
		job = take(scene);
		assert_non_null(job);
		assert_int_equal(job->hop.kind, QUEUE_HOP_SMTP);
		assert_string_equal(job->hop.key, "[192.0.2.1]:2525");
		assert_int_equal(job->count, 1);
		assert_int_equal(job->which[0], 1);
		queue_give_back(scene->queue, &job->handle, 1);
		queue_job_free(job);
		scene_reopen(scene);
	}
	assert_string_equal(next(scene, QUEUE_MOVED, false), "v.1");
	assert_null(take(scene));
	message = on_disk(scene, "v.1");
	assert_int_equal(message->recipients[1].attempts, 1);
	assert_string_equal(message->envelope.recipients[1].via, "[192.0.2.1]:2525");
	queue_message_free(message);
	later(scene, 900);
	assert_string_equal(next(scene, QUEUE_OK, false), "v.1");
	assert_int_equal(messages_of(scene), 0);
}

static void restart(void **state)
{
	struct scene *scene = *state;
	struct queue_message *message;
	struct queue_failure failure;
	struct queue_result results[3];
	struct queue_job *job;

	add(scene, "r.1", "a@example.com b@example.com c@example.com d@example.com");
	add(scene, "r.2", "x@corp.example");
	job = take(scene);
	if (strcmp(job->message->id, "r.1") != 0) {
		queue_give_back(scene->queue, &job->handle, 1);
		queue_job_free(job);
		job = take(scene);
	}
	assert_string_equal(job->message->id, "r.1");
	results[0] = result_make(0, QUEUE_OK);
	results[1] = result_make(1, QUEUE_NEVER);
	results[2] = result_make(2, QUEUE_LATER);
	assert_int_equal(queue_done(scene->queue, job->handle, results, 3, false, &failure),
			 OUTCOME_OK);
	queue_job_free(job);
	assert_int_equal(scene->reports, 1);
	assert_int_equal(scene->events[0].what, QUEUE_FAILURE);
	assert_int_equal(scene->events[0].recipient, 1);
	scene_reopen(scene);
	assert_int_equal(messages_of(scene), 2);
	message = on_disk(scene, "r.1");
	assert_int_equal(message->recipients[0].state, QUEUE_RELAYED);
	assert_int_equal(message->recipients[1].state, QUEUE_FAILED);
	assert_string_equal(message->recipients[1].text, "smtp; said so");
	assert_int_equal(message->recipients[2].state, QUEUE_WAITING);
	assert_int_equal(message->recipients[2].attempts, 1);
	assert_true(message->recipients[2].next == scene_clock() + 900);
	queue_message_free(message);
	/* The one without a result goes at once, the one that was put off does not. */
	for (int i = 0; i < 2; i++) {
		job = take(scene);
		if (strcmp(job->message->id, "r.1") == 0) {
			assert_int_equal(job->count, 1);
			assert_int_equal(job->which[0], 3);
		} else {
			assert_int_equal(job->hop.kind, QUEUE_HOP_LOCAL);
		}
		end_job(scene, job, QUEUE_OK, false);
	}
	assert_null(take(scene));
	later(scene, 900);
	assert_string_equal(next(scene, QUEUE_OK, false), "r.1");
	assert_int_equal(messages_of(scene), 0);
}

/* A line torn by a crash is passed over, and the next one is not glued to it. */
static void torn_line(void **state)
{
	struct scene *scene = *state;
	struct queue_message *message;
	struct place place = { scene->queue, NULL, "t.1", strlen(scene_text) };
	int fd;

	add(scene, "t.1", "a@example.com b@example.org");
	place.server = scene->queue->servers[0];
	fd = place_open(&place, O_RDWR | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "at 0 relayed 1 0 2.0", 20), 20);
	close(fd);
	assert_string_equal(next(scene, QUEUE_LATER, false), "t.1");
	assert_string_equal(next(scene, QUEUE_LATER, false), "t.1");
	scene_reopen(scene);
	message = on_disk(scene, "t.1");
	assert_int_equal(message->recipients[0].state, QUEUE_WAITING);
	assert_int_equal(message->recipients[0].attempts, 1);
	assert_int_equal(message->recipients[1].attempts, 1);
	queue_message_free(message);
}

/* A file without a whole envelope is left alone and stops nothing. */
static void unreadable(void **state)
{
	struct scene *scene = *state;
	char path[160];
	int fd;

	add(scene, "u.1", "a@example.com");
	snprintf(path, sizeof path, "%s/main/00/broken,S=3", scene->path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "a\r\nmessage 1 br", 15), 15);
	close(fd);
	scene_reopen(scene);
	assert_int_equal(messages_of(scene), 1);
	assert_int_equal(access(path, F_OK), 0);
	assert_string_equal(next(scene, QUEUE_OK, false), "u.1");
}

/* What there is no room for waits on disk, and is read when there is. */
static void more_than_memory(void **state)
{
	struct scene *scene = *state;
	char id[QUEUE_ID_SIZE];

	scene->queue->messages_max = 8;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(id, sizeof id, "f.%u", i);
		add(scene, id, "a@example.com");
	}
	assert_int_equal(messages_of(scene), 8);
	for (unsigned i = 0; i < 40; i++) {
		struct queue_job *job;

		WAIT_FOR((job = take(scene)) != NULL);
		end_job(scene, job, QUEUE_OK, false);
	}
	assert_int_equal(messages_of(scene), 0);
	scene_loaded(scene);
	assert_null(take(scene));
}

static void foreign_server(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(add_to(scene, "gone", "g.1", "a@example.com"), OUTCOME_OK);
	assert_int_equal(add_to(scene, "a/b ..", "g.2", "a@example.com"), OUTCOME_OK);
	scene_reopen(scene);
	assert_int_equal(messages_of(scene), 2);
	assert_true(next(scene, QUEUE_OK, false)[0] != '\0');
	assert_true(next(scene, QUEUE_OK, false)[0] != '\0');
}

static void sweeps(void **state)
{
	struct scene *scene = *state;
	char path[128];
	int fd;

	/* What a run without O_TMPFILE left is gone after the next start. */
	snprintf(path, sizeof path, "%s/.spool/spool.77", scene->path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	scene_reopen(scene);
	assert_int_not_equal(access(path, F_OK), 0);
}

static bool count_spool(void *context, const char *name)
{
	*(size_t *)context += strncmp(name, "spool.", 6) == 0;
	return true;
}

/* One link in the end, whether the file was named in the spool before it was synced or not. */
static void one_name(void **state)
{
	static const char *const ids[] = { "o.1", "o.2" };
	struct scene *scene = *state;
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	struct stat status;
	size_t left = 0;

	for (int first = 0; first < 2; first++) {
		int fd = spool_of(scene, scene_text);

		scene->queue->name_first = first == 1;
		envelope_of(&envelope, "sender@corp.example", "x@example.com");
		assert_int_equal(
			queue_add(scene->queue, fd, false, "main", ids[first], &envelope, &failure),
			OUTCOME_OK);
		envelope_clear(&envelope);
		assert_int_equal(fstat(fd, &status), 0);
		assert_int_equal(status.st_nlink, 1);
		close(fd);
	}
	assert_true(directory_scan(scene->queue->spool_fd, count_spool, &left));
	assert_int_equal(left, 0);
	scene_reopen(scene);
	assert_int_equal(messages_of(scene), 2);
}

static void badmail(void **state)
{
	static const char *const endings[] = { "BAD", "BDR", "BDP" };
	static const char *const texts[] = { "Subject: a", "no sender\n", "detail\n" };
	struct scene *scene = *state;
	struct queue_failure failure = { 0 };
	char path[128], text[64] = "", directory[96];
	int fd = spool_of(scene, scene_text);

	snprintf(directory, sizeof directory, "%s/badmail", scene->root);
	for (int i = 0; i < 2; i++)
		if (queue_badmail(directory, "b.1", fd, 10, "no sender\n", "detail\n", &failure) !=
		    OUTCOME_OK)
			fail_msg("%s", failure.reason);
	close(fd);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/b.1.%s", directory, endings[i]);
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		memset(text, 0, sizeof text);
		assert_true(read(fd, text, sizeof text - 1) > 0);
		assert_string_equal(text, texts[i]);
		close(fd);
	}
	assert_int_equal(queue_badmail("/proc/none/x", "b.1", -1, 0, "", "", &failure),
			 OUTCOME_TEMP);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(in_and_out), ROW(refuses),        ROW(shared_is_copied), ROW(prepared),
		ROW(split),      ROW(moved),          ROW(restart),          ROW(torn_line),
		ROW(unreadable), ROW(foreign_server), ROW(more_than_memory), ROW(sweeps),
		ROW(badmail),    ROW(one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
