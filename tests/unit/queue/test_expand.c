/* SPDX-License-Identifier: ISC */
/* A recipient becomes others: once each, durably, scheduled, reported. QUEUE_MEMBERS=20000 for a
 * large list. */
#include "tests/unit/queue/queue_help.h"

/* Of the job's first recipient. */
static enum outcome expand(struct scene *scene, const struct queue_job *job, const char *others)
{
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	enum outcome outcome;

	envelope_of(&envelope, "", others);
	outcome = queue_expand(scene->queue, job->handle, job->which[0], envelope.recipients,
			       envelope.count, &failure);
	if (outcome != OUTCOME_OK && failure.reason[0] == '\0')
		fail_msg("no reason");
	envelope_clear(&envelope);
	return outcome;
}

static void done(struct scene *scene, struct queue_job *job)
{
	struct queue_failure failure = { 0 };

	assert_int_equal(queue_done(scene->queue, job->handle, NULL, 0, false, &failure),
			 OUTCOME_OK);
	queue_job_free(job);
}

static const char *text_of(const struct queue_message *message, size_t number)
{
	static char text[ADDRESS_TEXT_SIZE];

	address_text(&message->envelope.recipients[number].address, text);
	return text;
}

/* Takes everything: "kind address address; kind address". */
static const char *all_jobs(struct scene *scene)
{
	static char text[4096];
	struct queue_job *job;

	text[0] = '\0';
	while ((job = take(scene)) != NULL) {
		strcat(text, text[0] ? "; " : "");
		strcat(text, job->hop.key);
		for (size_t i = 0; i < job->count; i++) {
			strcat(text, " ");
			strcat(text, text_of(job->message, job->which[i]));
		}
		end_job(scene, job, QUEUE_OK, false);
	}
	return text;
}

static void each_once(void **state)
{
	static const struct {
		const char *recipients, *others; /* the list is the first */
		const char *jobs, *or_else;      /* behind the expansion; hops take turns */
	} cases[] = {
		{ "list@corp.example", "a@corp.example b@corp.example",
		  "local a@corp.example b@corp.example", "" },
		{ "list@corp.example", "", "", "" },
		/* already there, in other letters; elsewhere letters of the local part count */
		{ "list@corp.example A@corp.example X@example.com",
		  "a@corp.example b@corp.example x@example.com X@example.com",
		  "local A@corp.example b@corp.example; example.com X@example.com x@example.com",
		  "example.com X@example.com x@example.com; local A@corp.example b@corp.example" },
		/* the same twice, and the list itself: one who keeps a copy */
		{ "list@corp.example", "b@corp.example B@corp.example LIST@corp.example",
		  "local b@corp.example LIST@corp.example", "" },
		/* all of them there already */
		{ "list@corp.example x@example.com", "x@example.com", "example.com x@example.com",
		  "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene *scene = *state;
		struct queue_job *job;
		const char *jobs;
		char id[8];

		snprintf(id, sizeof id, "l%zu.1", i);
		add(scene, id, cases[i].recipients);
		job = take(scene);
		if (job->hop.kind != QUEUE_HOP_LOCAL) { /* hops take turns */
			struct queue_job *first = job;

			job = take(scene);
			queue_give_back(scene->queue, &first->handle, 1);
			queue_job_free(first);
		}
		assert_int_equal(job->which[0], 0);
		assert_int_equal(expand(scene, job, cases[i].others), OUTCOME_OK);
		assert_int_equal(expand(scene, job, "late@corp.example"), OUTCOME_OK); /* nothing */
		done(scene, job);
		jobs = all_jobs(scene);
		if (strcmp(jobs, cases[i].jobs) != 0 && strcmp(jobs, cases[i].or_else) != 0)
			fail_msg("%zu: %s", i, jobs);
		assert_int_equal(messages_of(scene), 0);
	}
}

/* What was durable is there after a crash: the process that wrote it never closes the queue. */
static void survives(void **state)
{
	struct scene *scene = *state;
	struct queue_message *message;
	struct queue_job *job;

	add(scene, "s.1", "list@corp.example");
	job = take(scene);
	assert_int_equal(expand(scene, job, "a@corp.example b@example.com"), OUTCOME_OK);
	message = on_disk(scene, "s.1");
	assert_int_equal(message->envelope.count, 3);
	assert_int_equal(message->recipients[0].state, QUEUE_EXPANDED);
	assert_true(message->envelope.recipients[1].member);
	queue_message_free(message);
	queue_job_free(job);
	scene_reopen(scene); /* the job's result was never told */
	job = take(scene);
	while (job != NULL) {
		assert_int_equal(job->count, 1);
		assert_int_not_equal(job->which[0], 0);
		end_job(scene, job, QUEUE_OK, false);
		job = take(scene);
	}
	assert_int_equal(messages_of(scene), 0);
}

/* Other hops go at once; those of the job's own hop when it has ended, whatever it says of the
 * list. */
static void while_under_way(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job, *other;

	add(scene, "u.1", "list@corp.example");
	job = take(scene);
	assert_int_equal(expand(scene, job, "a@corp.example b@example.com"), OUTCOME_OK);
	other = take(scene);
	assert_string_equal(other->hop.key, "example.com");
	assert_null(take(scene));
	end_job(scene, other, QUEUE_OK, false);
	end_job(scene, job, QUEUE_OK, false); /* all of the job is good: the members stay */
	assert_int_equal(messages_of(scene), 1);
	assert_string_equal(all_jobs(scene), "local a@corp.example");
	assert_int_equal(messages_of(scene), 0);
}

static void refused(void **state)
{
	struct scene *scene = *state;
	struct queue_failure failure = { 0 };
	struct queue_job *job;

	add(scene, "r.1", "list@corp.example x@example.com");
	job = take(scene);
	assert_int_equal(queue_expand(scene->queue, job->handle, 7, NULL, 0, &failure),
			 OUTCOME_PERM);
	assert_int_equal(
		queue_expand(scene->queue, job->handle ^ 1, job->which[0], NULL, 0, &failure),
		OUTCOME_PERM);
	assert_int_equal(
		queue_expand(scene->queue, job->handle, 1 - job->which[0], NULL, 0, &failure),
		OUTCOME_PERM); /* of the message, not of the job */
	assert_int_equal(queue_act(scene->queue, "r.1", QUEUE_REMOVE, &failure), true);
	assert_int_equal(expand(scene, job, "a@corp.example"), OUTCOME_TEMP);
	done(scene, job);
	assert_int_equal(messages_of(scene), 0);
}

/* RFC 3461 section 5.2.7: "expanded" once, unless the one it became brings the report. */
static void reports(void **state)
{
	static const struct {
		const char *list, *others;
		bool reported;
		enum queue_what what;
	} cases[] = {
		{ "list@corp.example!S", "a@corp.example b@corp.example!F", true, QUEUE_SPLIT },
		{ "list@corp.example!S", "", true,
		  QUEUE_SUCCESS }, /* a list with a sender of its own */
		{ "list@corp.example!S", "a@example.com!S", false, QUEUE_SUCCESS },
		{ "list@corp.example!F", "a@corp.example b@corp.example", false, QUEUE_SUCCESS },
		{ "list@corp.example", "a@corp.example", false, QUEUE_SUCCESS },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct queue_job *job;

		scene->reports = scene->events_count = 0;
		add(scene, "n.1", cases[i].list);
		job = take(scene);
		assert_int_equal(expand(scene, job, cases[i].others), OUTCOME_OK);
		if (scene->reports != cases[i].reported)
			fail_msg("%zu: %zu reports", i, scene->reports);
		if (cases[i].reported)
			assert_int_equal(scene->events[0].what, cases[i].what);
		done(scene, job);
		(void)all_jobs(scene);
		assert_int_equal(messages_of(scene), 0);
	}
}

/* The report could not be made: it is owed, and made later, also by another process. */
static void report_later(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;

	scene->report = OUTCOME_TEMP;
	add(scene, "o.1", "list@corp.example!S");
	job = take(scene);
	assert_int_equal(expand(scene, job, "a@corp.example b@corp.example"), OUTCOME_OK);
	assert_int_equal(scene->reports, 1);
	done(scene, job);
	(void)all_jobs(scene);
	assert_int_equal(messages_of(scene), 1);
	scene_reopen(scene);
	pthread_mutex_lock(&scene->lock);
	scene->report = OUTCOME_OK;
	scene->events_count = 0;
	pthread_mutex_unlock(&scene->lock);
	later(scene, 4000);
	WAIT_FOR(messages_of(scene) == 0);
	assert_int_equal(scene->events_count, 1);
	assert_int_equal(scene->events[0].what, QUEUE_SPLIT);
}

/* The taker dies behind the expansion, before it says so: nothing is left over. */
static void taker_gone(void **state)
{
	struct scene *scene = *state;
	struct queue_job *job;

	add(scene, "t.1", "list@corp.example");
	job = take(scene);
	assert_int_equal(expand(scene, job, ""), OUTCOME_OK);
	queue_give_back(scene->queue, &job->handle, 1);
	queue_job_free(job);
	assert_null(take(scene));
	assert_int_equal(messages_of(scene), 0);
	assert_null(on_disk(scene, "t.1"));
	/* The same over a restart. */
	add(scene, "t.2", "list@corp.example");
	job = take(scene);
	assert_int_equal(expand(scene, job, ""), OUTCOME_OK);
	queue_job_free(job);
	scene_reopen(scene);
	assert_int_equal(messages_of(scene), 0);
	assert_null(on_disk(scene, "t.2"));
}

/* What is in a mailbox is not given to the next taker; its report is made once, by whoever ends the
 * job. */
static void placed(void **state)
{
	static const size_t first[] = { 0, 2 };
	struct scene *scene = *state;
	struct queue_failure failure = { 0 };
	struct queue_message head;
	struct queue_job *job;
	int fd;

	add(scene, "p.1", "a@corp.example b@corp.example c@corp.example!S");
	job = take(scene);
	assert_int_equal(job->count, 3);
	fd = queue_job_head(scene->queue, job->handle, &head);
	assert_true(fd >= 0);
	close(fd);
	assert_string_equal(head.id, "p.1");
	assert_string_equal(head.server, "main");
	assert_string_equal(head.envelope.sender.local, "sender");
	assert_int_equal(head.size, strlen(scene_text));
	assert_int_equal(queue_placed(scene->queue, job->handle, first, 2, &failure), OUTCOME_OK);
	queue_give_back(scene->queue, &job->handle, 1);
	assert_int_equal(queue_placed(scene->queue, job->handle, first, 2, &failure), OUTCOME_PERM);
	queue_job_free(job);
	job = take(scene);
	assert_int_equal(job->count, 1);
	assert_int_equal(job->which[0], 1);
	end_job(scene, job, QUEUE_OK, false);
	assert_null(take(scene));
	later(scene, 1000);
	WAIT_FOR(messages_of(scene) == 0);
	assert_int_equal(scene->reports, 1);
	assert_int_equal(scene->events[0].recipient, 2);
	/* And where the job ends as it should. */
	scene->reports = scene->events_count = 0;
	add(scene, "p.2", "a@corp.example!S b@corp.example!S");
	job = take(scene);
	assert_int_equal(queue_placed(scene->queue, job->handle, first, 1, &failure), OUTCOME_OK);
	end_job(scene, job, QUEUE_OK, false);
	assert_int_equal(messages_of(scene), 0);
	assert_int_equal(scene->reports, 1);
	assert_int_equal(scene->events_count, 2);
}

/* What a member costs must not grow with their number. Each domain is a hop of its own, or one of a
 * few. */
static int64_t large(struct scene *scene, unsigned many, unsigned domains)
{
	struct envelope envelope;
	struct queue_failure failure = { 0 };
	struct queue_job *job;
	int64_t began = clock_ms();
	size_t members = 0, jobs = 0;

	envelope_init(&envelope);
	for (unsigned i = 0; i < many; i++) {
		struct address address = { 0 };

		snprintf(address.local, sizeof address.local, "m%u", i);
		snprintf(address.domain, sizeof address.domain,
			 i % 2 ? "corp.example" : "d%u.example", i % domains);
		envelope_add(&envelope, &address);
	}
	add(scene, "g.1", "list@corp.example");
	job = take(scene);
	assert_int_equal(
		queue_expand(scene->queue, job->handle, 0, envelope.recipients, many, &failure),
		OUTCOME_OK);
	done(scene, job);
	envelope_clear(&envelope);
	print_message("%u members, %u domains: expanded in %lld ms", many, domains,
		      (long long)(clock_ms() - began));
	began = clock_ms();
	for (; (job = take(scene)) != NULL; jobs++) {
		members += job->count;
		end_job(scene, job, QUEUE_OK, false);
	}
	assert_int_equal(members, many);
	assert_int_equal(messages_of(scene), 0);
	print_message(", %zu jobs in %lld ms\n", jobs, (long long)(clock_ms() - began));
	return clock_ms() - began;
}

static void many(void **state)
{
	const char *wanted = getenv("QUEUE_MEMBERS");
	unsigned members = wanted ? (unsigned)atoi(wanted) : 2000;

	(void)large(*state, members, 10);
	(void)large(*state, members, wanted ? members : 200);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(each_once),  ROW(survives), ROW(while_under_way),
		ROW(refused),    ROW(reports),  ROW(report_later),
		ROW(taker_gone), ROW(placed),   ROW(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
