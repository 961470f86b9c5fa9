/* SPDX-License-Identifier: ISC */
/*
 * Who is told what became of a message: a report to its sender, which is a new message of
 * the queue with the null sender; a copy of failures where one is wanted; and where there
 * is no sender to tell, bad mail for an administrator to look at.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "conf/conf.h"
#include "daemon/message_queue.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_rules.h"
#include "store_role/store_role.h"
#include "mail/report.h"

struct telling {
	struct store_role *role;
	const struct rules *rules;
	const struct conf_smtp *server;
	const struct queue_message *message;
	int fd;
	struct report_recipient *recipients; /* those that the sender is told of */
	size_t count;
	bool failed; /* one of them for good */
};

static enum report_action action_of(enum queue_what what)
{
	static const enum report_action actions[] = { [QUEUE_SUCCESS] = REPORT_DELIVERED,
						      [QUEUE_HANDED_ON] = REPORT_RELAYED,
						      [QUEUE_DELAYED] = REPORT_DELAYED,
						      [QUEUE_FAILURE] = REPORT_FAILED,
						      [QUEUE_SPLIT] = REPORT_EXPANDED };

	return actions[what];
}

static void tell_log(const struct queue_message *message, const struct queue_event *event)
{
	static const char *const names[] = { [QUEUE_SUCCESS] = "queue.delivered",
					     [QUEUE_HANDED_ON] = "queue.relayed",
					     [QUEUE_DELAYED] = "queue.delayed",
					     [QUEUE_FAILURE] = "queue.failed",
					     [QUEUE_SPLIT] = "queue.expanded" };
	const struct queue_recipient *recipient = &message->recipients[event->recipient];
	char address[ADDRESS_TEXT_SIZE];

	address_text(&message->envelope.recipients[event->recipient].address, address);
	log_info(names[event->what], LOG_TEXT("id", message->id), LOG_TEXT("rcpt", address),
		 LOG_TEXT("status", recipient->status), LOG_TEXT("text", recipient->text),
		 LOG_TEXT("mta", recipient->mta));
}

/* Fills what the sender is told of. */
static void choose(struct telling *telling, const struct queue_event *events, size_t count)
{
	const struct queue_message *message = telling->message;

	for (size_t i = 0; i < count; i++) {
		const struct envelope_recipient *recipient =
			&message->envelope.recipients[events[i].recipient];
		const struct queue_recipient *now = &message->recipients[events[i].recipient];
		enum report_action action = action_of(events[i].what);

		tell_log(message, &events[i]);
		if (!report_wanted(&message->envelope, recipient, action))
			continue;
		telling->failed |= action == REPORT_FAILED;
		telling->recipients[telling->count++] = (struct report_recipient){
			.recipient = recipient,
			.action = action,
			.status = now->status,
			.diagnostic = now->text,
			.mta = now->mta,
			.last_attempt = now->attempts > 0 ? clock_unix() : 0,
		};
	}
}

/* As much of the original as can be given back; NULL: it could not be read. */
static char *original_read(const struct telling *telling, size_t *length)
{
	uint64_t most = telling->failed && telling->message->size <= REPORT_FULL_ASKED_MAX
				? telling->message->size
				: REPORT_HEADER_MAX;
	char *text;
	ssize_t got = 1;

	if (most > telling->message->size)
		most = telling->message->size;
	text = memory_new((size_t)most + 1);
	for (*length = 0; *length < most && got > 0; *length += got > 0 ? (size_t)got : 0)
		got = pread(telling->fd, text + *length, (size_t)most - *length, (off_t)*length);
	if (*length == most)
		return text;
	free(text);
	return NULL;
}

/* Whole lines, up to the blank one. */
static struct span header_of(struct span text)
{
	const char *end = memmem(text.at, text.length, "\r\n\r\n", 4);
	size_t length = end ? (size_t)(end - text.at) + 2 : text.length;

	if (length > REPORT_HEADER_MAX)
		length = REPORT_HEADER_MAX;
	while (length > 0 && text.at[length - 1] != '\n')
		length--;
	return span_make(text.at, length);
}

static struct report_needs write_report(const struct telling *telling, struct span text,
					struct buffer *to)
{
	const struct conf_outbound *out = &telling->server->outbound;
	const char *fqdn = out->fqdn && out->fqdn[0] ? out->fqdn : telling->server->fqdn;
	const struct conf_domain *domain = conf_default_domain(telling->rules->conf);
	char *from = memory_format("postmaster@%s", domain ? domain->name : fqdn);
	struct report report = {
		.reporting_mta = fqdn,
		.from = from,
		.id = telling->message->id,
		.envelope = &telling->message->envelope,
		.arrived = telling->message->arrived,
		.now = clock_unix(),
		.will_retry_until = telling->failed ? 0 : telling->message->arrived + out->expiry,
		.recipients = telling->recipients,
		.count = telling->count,
		.header = header_of(text),
		.utf8 = telling->message->envelope.smtputf8,
	};
	struct report_needs needs;

	if (text.length == telling->message->size)
		report.message = text;
	needs = report_write(to, &report, rules_template(telling->rules, telling->server));
	free(from);
	return needs;
}

static void id_make(char id[QUEUE_ID_SIZE])
{
	static atomic_uint reports;

	snprintf(id, QUEUE_ID_SIZE, "%08llxr%x.%x", (unsigned long long)clock_unix() & 0xffffffff,
		 (unsigned)getpid(), atomic_fetch_add(&reports, 1) + 1);
}

static void envelope_make(const struct telling *telling, struct report_needs needs,
			  struct envelope *envelope)
{
	const char *copy = telling->server->outbound.failure_copy, *why;
	struct address address;

	envelope_init(envelope);
	envelope->has_sender = true;
	envelope->body = needs.body;
	envelope->smtputf8 = needs.smtputf8;
	strcpy(envelope->identity, MESSAGE_IDENTITY_REPORT);
	envelope_add(envelope, &telling->message->envelope.sender)->notify = ENVELOPE_NOTIFY_NEVER;
	if (telling->failed && copy && copy[0] && address_parse(span_text(copy), &address, &why))
		envelope_add(envelope, &address)->notify = ENVELOPE_NOTIFY_NEVER;
}

/* Into the queue; not closed by it. */
static enum outcome report_add(const struct telling *telling, struct span report,
			       struct report_needs needs)
{
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	char id[QUEUE_ID_SIZE];
	enum outcome outcome = OUTCOME_TEMP;
	int spool = queue_spool(telling->role->queue, &failure);

	envelope_make(telling, needs, &envelope);
	id_make(id);
	if (spool >= 0 && write(spool, report.at, report.length) == (ssize_t)report.length)
		outcome = queue_add(telling->role->queue, spool, false, telling->message->server,
				    id, &envelope, &failure);
	if (outcome == OUTCOME_OK)
		log_info("queue.report", LOG_TEXT("id", telling->message->id),
			 LOG_TEXT("report", id), LOG_NUMBER("recipients", telling->count));
	else
		log_error("queue.report", LOG_TEXT("id", telling->message->id),
			  LOG_TEXT("why", failure.reason));
	envelope_clear(&envelope);
	if (spool >= 0)
		queue_spool_drop(telling->role->queue, spool);
	return outcome == OUTCOME_OK ? OUTCOME_OK : OUTCOME_TEMP;
}

static enum outcome report_send(const struct telling *telling)
{
	struct buffer report = BUFFER_EMPTY;
	struct report_needs needs;
	enum outcome outcome;
	size_t length;
	char *text = original_read(telling, &length);

	if (!text) {
		log_error("queue.report", LOG_TEXT("id", telling->message->id),
			  LOG_TEXT("why", "its message cannot be read"));
		return OUTCOME_TEMP;
	}
	needs = write_report(telling, span_make(text, length), &report);
	free(text);
	outcome = report_add(telling, buffer_span(&report), needs);
	buffer_clear(&report);
	return outcome;
}

/* ---- nobody to tell ---- */

static void add_detail(struct buffer *to, const struct queue_message *message,
		       const struct queue_event *event)
{
	const struct queue_recipient *recipient = &message->recipients[event->recipient];
	char address[ADDRESS_TEXT_SIZE];

	address_text(&message->envelope.recipients[event->recipient].address, address);
	buffer_add_format(to, "recipient: %s\nstatus: %s\ntext: %s\nserver: %s\nattempts: %u\n",
			  address, recipient->status, recipient->text, recipient->mta,
			  recipient->attempts);
}

/* Only failures: that a report is late, or has arrived, nobody misses. */
static enum outcome badmail(const struct telling *telling, const struct queue_event *events,
			    size_t count)
{
	static const char reason[] =
		"It cannot be delivered, and it has no sender who could be told.\n";
	const struct queue_message *message = telling->message;
	struct queue_failure failure = { 0 };
	struct buffer detail = BUFFER_EMPTY;
	enum outcome outcome = OUTCOME_OK;
	char *directory =
		rules_badmail(telling->server, message->server, telling->role->queue_root);
	size_t failures = 0;

	for (size_t i = 0; i < count; i++)
		if (events[i].what == QUEUE_FAILURE && ++failures > 0)
			add_detail(&detail, message, &events[i]);
	buffer_add(&detail, "", 1);
	if (failures > 0)
		outcome = queue_badmail(directory, message->id, telling->fd, message->size, reason,
					buffer_bytes(&detail), &failure);
	if (outcome != OUTCOME_OK)
		log_error("queue.badmail", LOG_TEXT("id", message->id),
			  LOG_TEXT("why", failure.reason));
	else if (failures > 0)
		log_warning("queue.badmail", LOG_TEXT("id", message->id),
			    LOG_TEXT("directory", directory));
	buffer_clear(&detail);
	free(directory);
	return outcome == OUTCOME_OK ? OUTCOME_PERM : OUTCOME_TEMP;
}

enum outcome queue_report(struct store_role *role, const struct queue_message *message, int fd,
			  const struct queue_event *events, size_t count)
{
	struct rules *held = queue_rules_hold(role->rules);
	struct telling telling = { .role = role,
				   .rules = held,
				   .server = rules_server(held, message->server),
				   .message = message,
				   .fd = fd };
	enum outcome outcome = OUTCOME_OK;

	telling.recipients = memory_array(count, sizeof *telling.recipients);
	choose(&telling, events, count);
	if (address_is_null(&message->envelope.sender) || telling.server == NULL)
		outcome = badmail(&telling, events, count);
	else if (telling.count > 0)
		outcome = report_send(&telling);
	free(telling.recipients);
	queue_rules_leave(role->rules, held);
	return outcome;
}
