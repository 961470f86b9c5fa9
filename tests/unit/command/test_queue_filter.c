/* SPDX-License-Identifier: ISC */
#include "command/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/memory.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

static void ages(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: no such thing */
	} rows[] = {
		{ "1", 1 },
		{ "90", 90 },
		{ "90s", 90 },
		{ "15m", 900 },
		{ "12h", 43200 },
		{ "2d", 2 * DAY },
		{ "1000000d", 1000000LL * DAY },
		{ "", 0 },
		{ "0", 0 },
		{ "0h", 0 },
		{ "h", 0 },
		{ "-1", 0 },
		{ "1w", 0 },
		{ "1 h", 0 },
		{ "1hh", 0 },
		{ "1000001", 0 },
		{ "99999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t seconds = 0;

		if (queue_age(rows[i].text, &seconds) != (rows[i].seconds != 0) ||
		    (rows[i].seconds && seconds != rows[i].seconds))
			fail_msg("\"%s\": %lld", rows[i].text, (long long)seconds);
	}
}

/* What the administrator typed behind "list"; -1: wrong usage. */
static int take(const char *words, struct queue_filter *filter, char **held)
{
	static char *argv[20];
	int argc = 0;

	*held = memory_text(words);
	argv[argc++] = (char *)"list";
	for (char *word = strtok(*held, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") == 0 ? (char *)"" : word;
	argv[argc] = NULL;
	return queue_filter_take(filter, argc, argv) ? 0 : -1;
}

static void address_put(struct address *address, const char *local, const char *domain)
{
	snprintf(address->local, sizeof address->local, "%s", local);
	snprintf(address->domain, sizeof address->domain, "%s", domain);
}

/*
 * From alice@corp.example, three hours ago: a@dead.example waits and was refused a connection,
 * b@grey.example is done, c@odd.example failed and its report is owed.
 */
static struct queue_message *message_new(void)
{
	struct queue_message *message = memory_new(sizeof *message);
	struct envelope *envelope = &message->envelope;

	snprintf(message->id, sizeof message->id, "6b0896ea117acd57.1");
	snprintf(message->server, sizeof message->server, "Default SMTP Virtual Server");
	message->arrived = (int64_t)time(NULL) - 3 * HOUR;
	address_put(&envelope->sender, "alice", "corp.example");
	envelope->count = 3;
	envelope->recipients = memory_array(3, sizeof *envelope->recipients);
	address_put(&envelope->recipients[0].address, "a", "dead.example");
	address_put(&envelope->recipients[1].address, "b", "grey.example");
	address_put(&envelope->recipients[2].address, "c", "odd.example");
	message->recipients = memory_array(3, sizeof *message->recipients);
	snprintf(message->recipients[0].text, QUEUE_TEXT_SIZE, "Connection refused");
	snprintf(message->recipients[0].status, sizeof message->recipients[0].status, "4.4.1");
	message->recipients[1].state = QUEUE_RELAYED;
	message->recipients[2].state = QUEUE_FAILED;
	message->recipients[2].owed = true;
	return message;
}

static void message_free(struct queue_message *message)
{
	free(message->envelope.recipients);
	free(message->recipients);
	free(message);
}

static void which_are_meant(void **state)
{
	static const struct {
		const char *words;
		int meant; /* -1: wrong usage */
	} rows[] = {
		{ "", 1 },
		{ "6b0896ea117acd57.1", 1 },
		{ "6b0896ea117acd57", 0 },
		{ "6b0896ea117acd57.2 6b0896ea117acd57.1", 1 },
		{ "6b0896ea117acd57.1 --sender bob@*", 0 },
		{ "--sender alice@corp.example", 1 },
		{ "--sender ALICE@*", 1 },
		{ "--sender alice", 0 },
		{ "--sender ''", 0 },
		{ "--recipient a@*", 1 },
		{ "--recipient ?@dead.*", 1 },
		{ "--recipient b@*", 0 }, /* has it */
		{ "--recipient c@odd.example", 1 },
		{ "--domain DEAD.example", 1 },
		{ "--domain [a-d]*.example", 1 },
		{ "--domain example", 0 },
		{ "--domain dead.example --recipient c@*", 0 }, /* one recipient must please both */
		{ "--reason refused", 1 },
		{ "--reason 4.4.1", 1 },
		{ "--reason refused --domain odd.example", 0 },
		{ "--server nobody", 0 },
		{ "--older 2h", 1 },
		{ "--older 4h", 0 },
		{ "--newer 4h", 1 },
		{ "--newer 2h", 0 },
		{ "--older 2h --newer 4h", 1 },
		{ "--held", 0 },
		{ "--older x", -1 },
		{ "--newer 0", -1 },
		{ "--sender", -1 },
		{ "--strange", -1 },
	};
	struct queue_message *message = message_new();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct queue_filter filter;
		char *held;
		int meant = take(rows[i].words, &filter, &held);

		if (meant == 0)
			meant = queue_filter_matches(&filter, message);
		if (meant != rows[i].meant)
			fail_msg("%s: %d", rows[i].words, meant);
		if (meant >= 0 && queue_filter_empty(&filter) != (rows[i].words[0] == '\0'))
			fail_msg("%s: empty?", rows[i].words);
		free(held);
	}
	message->held = true;
	assert_true(queue_filter_matches(&(struct queue_filter){ .held = true }, message));
	message_free(message);
}

/* Whoever names ids hears which of them are not there. */
static void ids_are_met(void **state)
{
	struct queue_message *message = message_new();
	char *ids[] = { (char *)"nobody.1", message->id };
	bool met[2] = { false, false };
	struct queue_filter filter = { .ids = ids, .ids_count = 2, .met = met };

	(void)state;
	assert_true(queue_filter_matches(&filter, message));
	assert_false(met[0]);
	assert_true(met[1]);
	message_free(message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages),
		cmocka_unit_test(which_are_meant),
		cmocka_unit_test(ids_are_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
