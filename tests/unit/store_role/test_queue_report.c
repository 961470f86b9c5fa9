/* SPDX-License-Identifier: ISC */
/* Who is told what became of waiting mail: what stands in the queue and among the bad mail
 * afterwards. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_rules.h"
#include "store_role/store_role.h"
#include "queue/queue_private.h"

static const char text[] =
	"directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }\n"
	"domain corp.example { }\n"
	"smtp main { fqdn = mail.corp.example listen '*:25' { tls = none }\n"
	"outbound { failure_copy = 'watch@corp.example' retry = { 60s, 120s } } }\n"
	"remote trigger.example { trigger = true trigger_accounts = { them } }\n";

struct scene {
	char root[64], queue_root[96];
	struct store_role role;
	struct conf *conf;
};

static void complain(void *context, const char *file, unsigned line, const char *said)
{
	(void)context;
	print_message("%s:%u: %s\n", file, line, said);
}

static void on_hop(void *context, const char *server, const struct envelope_recipient *recipient,
		   struct queue_hop *hop)
{
	const struct store_role *role = context;

	queue_rules_hop(role->rules, server, recipient, hop);
}

static bool on_limits(void *context, const char *server, struct queue_limits *limits)
{
	const struct store_role *role = context;

	return queue_rules_limits(role->rules, server, limits);
}

static void on_ready(void *context)
{
	(void)context;
}

static enum outcome on_report(void *context, const struct queue_message *message, int fd,
			      const struct queue_event *events, size_t count)
{
	return queue_report(context, message, fd, events, count);
}

static void on_opened(void *context, struct queue *queue)
{
	((struct store_role *)context)->queue = queue;
}

static const struct queue_calls calls = { on_hop, on_limits, on_ready, on_report, on_opened,
					  NULL };

static int setup(void **state)
{
	struct scene *scene = memory_new(sizeof *scene);
	struct queue_failure failure;

	strcpy(scene->root, "/tmp/postern-report-XXXXXX");
	assert_non_null(mkdtemp(scene->root));
	snprintf(scene->queue_root, sizeof scene->queue_root, "%s/queue", scene->root);
	scene->conf = conf_parse("t", text, complain, NULL);
	assert_non_null(scene->conf);
	scene->role.rules = queue_rules_new(scene->conf);
	scene->role.queue_root = scene->queue_root;
	assert_non_null(queue_open(scene->queue_root, &calls, &scene->role, &failure));
	*state = scene;
	return 0;
}

static int64_t clock_in_a_week(void)
{
	return clock_unix() + 7 * 86400;
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

	queue_close(scene->role.queue);
	queue_rules_free(scene->role.rules);
	conf_free(scene->conf);
	(void)nftw(scene->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(scene);
	return 0;
}

static const char body[] = "Subject: lost\r\nMessage-ID: <1@corp.example>\r\n\r\nhello\r\n";

static void add(struct scene *scene, const char *id, const char *sender, const char *recipient,
		unsigned notify)
{
	struct queue_failure failure;
	struct envelope envelope;
	struct address address;
	const char *why;
	int fd = queue_spool(scene->role.queue, &failure);

	envelope_init(&envelope);
	envelope.has_sender = true;
	if (sender[0])
		assert_true(address_parse(span_text(sender), &envelope.sender, &why));
	assert_true(address_parse(span_text(recipient), &address, &why));
	envelope_add(&envelope, &address)->notify = notify;
	assert_int_equal(write(fd, body, sizeof body - 1), (ssize_t)sizeof body - 1);
	assert_int_equal(queue_add(scene->role.queue, fd, false, "main", id, &envelope, &failure),
			 OUTCOME_OK);
	envelope_clear(&envelope);
	close(fd);
}

/* Takes what is there and ends it so. */
static void come_to(struct scene *scene, enum queue_verdict verdict, const char *status,
		    const char *said)
{
	struct queue_job *job = queue_take(scene->role.queue, NULL);
	struct queue_result result = { .verdict = verdict };
	struct queue_failure failure = { 0 };

	assert_non_null(job);
	snprintf(result.status, sizeof result.status, "%s", status);
	snprintf(result.text, sizeof result.text, "%s", said);
	strcpy(result.mta, "mx.example.net");
	result.recipient = job->which[0];
	if (queue_done(scene->role.queue, job->handle, &result, 1, false, &failure) != OUTCOME_OK)
		fail_msg("%s", failure.reason);
	queue_job_free(job);
}

struct seen {
	size_t count;
	char *content;
	struct envelope envelope; /* shallow, of the last one */
	char to[4][ADDRESS_TEXT_SIZE];
	size_t to_count;
};

static bool see(void *context, const struct queue_message *message, int fd)
{
	struct seen *seen = context;

	seen->count++;
	seen->envelope = message->envelope;
	seen->to_count = message->envelope.count;
	for (size_t i = 0; i < seen->to_count && i < 4; i++)
		address_text(&message->envelope.recipients[i].address, seen->to[i]);
	free(seen->content);
	seen->content = memory_new((size_t)message->size + 1);
	assert_int_equal(pread(fd, seen->content, (size_t)message->size, 0),
			 (ssize_t)message->size);
	return true;
}

static struct seen look(struct scene *scene)
{
	struct seen seen = { 0 };

	assert_true(queue_visit(scene->queue_root, see, &seen, NULL));
	return seen;
}

static void failure_is_told(void **state)
{
	struct scene *scene = *state;
	struct seen seen;

	add(scene, "a.1", "alice@corp.example", "x@example.com", 0);
	come_to(scene, QUEUE_NEVER, "5.1.1", "smtp; 550 no such user");
	seen = look(scene);
	assert_int_equal(seen.count, 1);
	assert_true(address_is_null(&seen.envelope.sender));
	assert_int_equal(seen.to_count, 2);
	assert_string_equal(seen.to[0], "alice@corp.example");
	assert_string_equal(seen.to[1], "watch@corp.example");
	assert_non_null(strstr(seen.content, "Final-Recipient: rfc822; x@example.com"));
	assert_non_null(strstr(seen.content, "Status: 5.1.1"));
	assert_non_null(strstr(seen.content, "550 no such user"));
	assert_non_null(strstr(seen.content, "postmaster@corp.example"));
	assert_non_null(strstr(seen.content, "Message-ID: <1@corp.example>\r\n\r\nhello\r\n"));
	free(seen.content);
}

static void nobody_wants_it(void **state)
{
	struct scene *scene = *state;
	struct seen seen;

	add(scene, "n.1", "alice@corp.example", "x@example.com", ENVELOPE_NOTIFY_NEVER);
	come_to(scene, QUEUE_NEVER, "5.1.1", "smtp; 550 no such user");
	add(scene, "n.2", "alice@corp.example", "x@example.com", ENVELOPE_NOTIFY_SUCCESS);
	come_to(scene, QUEUE_NEVER, "5.1.1", "smtp; 550 no such user");
	seen = look(scene);
	assert_int_equal(seen.count, 0);
	/* Success, and the next server tells nobody: relayed; no copy of that. */
	add(scene, "n.3", "alice@corp.example", "x@example.com", ENVELOPE_NOTIFY_SUCCESS);
	come_to(scene, QUEUE_OK, "2.0.0", "smtp; 250 ok");
	seen = look(scene);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.to_count, 1);
	assert_non_null(strstr(seen.content, "Action: relayed"));
	assert_null(strstr(seen.content, "\r\n\r\nhello\r\n"));
	free(seen.content);
}

static char *file_read(const char *directory, const char *name)
{
	char path[256], *content = memory_new(4096);
	int fd;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		fail_msg("%s is not there", path);
	assert_true(read(fd, content, 4095) > 0);
	close(fd);
	return content;
}

/* A report that cannot be delivered: nobody is told, an administrator finds it. */
static void double_bounce(void **state)
{
	struct scene *scene = *state;
	char directory[128], *content;
	struct seen seen;

	add(scene, "d.1", "", "x@example.com", 0);
	come_to(scene, QUEUE_NEVER, "5.1.1", "smtp; 550 no such user");
	seen = look(scene);
	assert_int_equal(seen.count, 0);
	snprintf(directory, sizeof directory, "%s/main/badmail", scene->queue_root);
	content = file_read(directory, "d.1.BAD");
	assert_string_equal(content, body);
	free(content);
	content = file_read(directory, "d.1.BDP");
	assert_non_null(strstr(content, "recipient: x@example.com\nstatus: 5.1.1\n"));
	free(content);
	content = file_read(directory, "d.1.BDR");
	assert_non_null(strstr(content, "no sender"));
	free(content);
}

/* What expired while nobody ran is reported while the queue opens. */
static void expired_meanwhile(void **state)
{
	struct scene *scene = *state;
	struct queue_failure failure;
	struct seen seen = { 0 };

	add(scene, "e.1", "alice@corp.example", "x@example.com", 0);
	queue_close(scene->role.queue);
	scene->role.queue = NULL;
	queue_clock = clock_in_a_week;
	assert_non_null(queue_open(scene->queue_root, &calls, &scene->role, &failure));
	for (int i = 0; i < 60000 && !(seen.content && strstr(seen.content, "Status: 4.4.7"));
	     i++) {
		usleep(1000);
		free(seen.content);
		seen = look(scene);
	}
	assert_non_null(seen.content);
	assert_non_null(strstr(seen.content, "Status: 4.4.7"));
	free(seen.content);
	queue_clock = clock_unix;
}

static void rules_of_now(void **state)
{
	struct scene *scene = *state;
	struct queue_limits limits;
	struct envelope_recipient recipient = { .address = { .local = "x" } };
	struct queue_hop hop;
	struct conf *next;

	assert_true(queue_rules_limits(scene->role.rules, "main", &limits));
	assert_int_equal(limits.retry_count, 2);
	assert_int_equal(limits.retry[1], 120);
	assert_int_equal(limits.expiry, 172800);
	assert_int_equal(limits.connections_per_domain, 100);
	assert_false(queue_rules_limits(scene->role.rules, "other", &limits));
	strcpy(recipient.address.domain, "corp.example");
	queue_rules_hop(scene->role.rules, "main", &recipient, &hop);
	assert_int_equal(hop.kind, QUEUE_HOP_LOCAL);
	strcpy(recipient.address.domain, "trigger.example");
	queue_rules_hop(scene->role.rules, "gone", &recipient, &hop);
	assert_int_equal(hop.kind, QUEUE_HOP_TRIGGER);
	assert_string_equal(hop.key, "trigger:trigger.example");
	next = conf_parse("t",
			  "directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }\n"
			  "domain corp.example { }\n"
			  "smtp other { fqdn = mail.corp.example listen '*:25' { tls = none } }\n",
			  complain, NULL);
	assert_non_null(next);
	queue_rules_replace(scene->role.rules, next);
	queue_rules_changed(scene->role.queue);
	queue_rules_hop(scene->role.rules, "main", &recipient, &hop);
	assert_string_equal(hop.key, "trigger.example");
	assert_false(queue_rules_limits(scene->role.rules, "main", &limits));
	assert_true(queue_rules_limits(scene->role.rules, "other", &limits));
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(failure_is_told),   ROW(nobody_wants_it), ROW(double_bounce),
		ROW(expired_meanwhile), ROW(rules_of_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
