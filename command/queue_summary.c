/* SPDX-License-Identifier: ISC */
/* `postern queue summary`: how much waits for each destination, and for what reason. */
#include "command/queue.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "command/json.h"

enum { REASON_WIDTH = 60 };

struct sum {
	char *domain, *reason;
	uint64_t recipients;
	int64_t oldest; /* arrival, unix time */
};

struct summary {
	const struct queue_filter *filter;
	void *tree; /* of sums, by domain and reason */
	struct sum **sums;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct sum *one = a, *other = b;
	int order = strcmp(one->domain, other->domain);

	return order ? order : strcmp(one->reason, other->reason);
}

/* Most first. */
static int compare_rows(const void *a, const void *b)
{
	const struct sum *one = *(struct sum *const *)a, *other = *(struct sum *const *)b;

	if (one->recipients != other->recipients)
		return one->recipients > other->recipients ? -1 : 1;
	return compare(one, other);
}

static struct sum *sum_of(struct summary *summary, const char *domain, const char *reason)
{
	struct sum wanted = { .domain = (char *)domain, .reason = (char *)reason }, **found, *sum;

	found = tfind(&wanted, &summary->tree, compare);
	if (found)
		return *found;
	sum = memory_new(sizeof *sum);
	*sum = (struct sum){ memory_text(domain), memory_text(reason), 0, INT64_MAX };
	if (!tsearch(sum, &summary->tree, compare))
		memory_die("no memory for a summary");
	summary->sums = memory_grow(summary->sums, summary->count + 1, sizeof *summary->sums);
	summary->sums[summary->count++] = sum;
	return sum;
}

/* Not two of a kind because an address or a number stands in them: the status and the first words.
 */
static void reason_of(const struct queue_message *message, const struct queue_recipient *fate,
		      char *to, size_t size)
{
	if (message->held)
		snprintf(to, size, "held");
	else if (!fate->text[0])
		snprintf(to, size, "not tried yet");
	else
		snprintf(to, size, "%s%s%.*s", fate->status, fate->status[0] ? " " : "",
			 REASON_WIDTH, fate->text);
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static bool add_one(void *context, const struct queue_seen *seen)
{
	const struct queue_message *message = seen->message;
	struct summary *summary = context;

	for (size_t i = 0; i < message->envelope.count; i++) {
		char reason[REASON_WIDTH + 20];
		struct sum *sum;

		if (!queue_filter_matches_recipient(summary->filter, message, i))
			continue;
		reason_of(message, &message->recipients[i], reason, sizeof reason);
		sum = sum_of(summary, message->envelope.recipients[i].address.domain, reason);
		sum->recipients++;
		if (message->arrived < sum->oldest)
			sum->oldest = message->arrived;
	}
	return true;
}

static void print_sum(const struct sum *sum, bool json, bool first)
{
	int64_t age = (int64_t)time(NULL) - sum->oldest;

	if (!json) {
		printf("%10" PRIu64 " %9" PRId64 "m  %-32s %s\n", sum->recipients, age / 60,
		       sum->domain, sum->reason);
		return;
	}
	printf("%s\n  {\"domain\": ", first ? "" : ",");
	json_text(stdout, span_text(sum->domain));
	printf(", \"reason\": ");
	json_text(stdout, span_text(sum->reason));
	printf(", \"recipients\": %" PRIu64 ", \"oldest_seconds\": %" PRId64 "}", sum->recipients,
	       age);
}

static void sum_free(void *node)
{
	struct sum *sum = node;

	free(sum->domain);
	free(sum->reason);
	free(sum);
}

int queue_summary(const struct command_options *options, int argc, char **argv)
{
	struct queue_filter filter;
	struct summary summary = { .filter = &filter };
	size_t count;
	bool good;

	if (!queue_filter_take(&filter, argc, argv))
		return COMMAND_USAGE;
	good = queue_walk(options, &filter, add_one, &summary, &count);
	if (summary.count > 0)
		qsort(summary.sums, summary.count, sizeof *summary.sums, compare_rows);
	if (good)
		printf(options->json ? "[" : "recipients    oldest  %-32s reason\n", "domain");
	for (size_t i = 0; good && i < summary.count; i++)
		print_sum(summary.sums[i], options->json, i == 0);
	if (good && options->json)
		printf("\n]\n");
	tdestroy(summary.tree, sum_free);
	free(summary.sums);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}
