/* SPDX-License-Identifier: ISC */
/*
 * Goes into the mailbox itself, whatever its limit says: it has to arrive. The copy goes through
 * the queue. A warning that fails is told in the log and holds up nobody.
 */
#include "store_role/store_warn.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "mail/warning.h"
#include "queue/queue.h"
#include "store_role/queue_rules.h"

enum { TEMPLATE_MAX = 64 * 1024, DUE_MAX = 10000, WARNER_STACK = 512 * 1024 };

struct due {
	struct due *next;
	struct store_mailbox mailbox;
	uint64_t used;
};

struct store_warner {
	struct store_role *role;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct due *first, *last;
	size_t count;
	bool ends;
};

/* "" for the built-in one: none is configured, or it cannot be used. For free(). */
static char *template_read(const struct conf_quotas *quotas, size_t *length)
{
	char *text = memory_new(TEMPLATE_MAX);
	ssize_t got = -1;
	int fd = quotas->template[0] ? open(quotas->template, O_RDONLY | O_CLOEXEC) : -1;
	const char *why = "cannot be read";
	unsigned line = 0;

	if (fd >= 0) {
		got = read(fd, text, TEMPLATE_MAX);
		close(fd);
	}
	if (got > 0)
		why = warning_template_fault(span_make(text, (size_t)got), &line);
	*length = got > 0 && !why ? (size_t)got : 0;
	if (quotas->template[0] && *length == 0)
		log_warning("quota.template", LOG_TEXT("file", quotas->template),
			    LOG_NUMBER("line", line), LOG_TEXT("why", why),
			    LOG_TEXT("do", "the built-in text is sent"));
	return text;
}

static void id_make(char id[QUEUE_ID_SIZE])
{
	static atomic_uint warnings;

	snprintf(id, QUEUE_ID_SIZE, "%08llxw%x.%x", (unsigned long long)clock_unix() & 0xffffffff,
		 (unsigned)getpid(), atomic_fetch_add(&warnings, 1) + 1);
}

static bool write_text(const struct conf *conf, const struct due *due, const char *id,
		       struct buffer *to)
{
	const struct store_mailbox *mailbox = &due->mailbox;
	const struct conf_domain *domain = conf_default_domain(conf);
	const char *host = conf->smtps_count > 0 ? conf->smtps[0].fqdn : "localhost";
	char *from = memory_format("postmaster@%s", domain ? domain->name : host), *template;
	struct address address = { .literal = false };
	char text[ADDRESS_TEXT_SIZE];
	size_t length;
	struct warning warning = {
		.from = from,
		.address = text,
		.host = host,
		.id = id,
		.now = clock_unix(),
		.used = due->used,
		.warn = mailbox->warn,
		.limit = mailbox->quota < INT64_MAX ? mailbox->quota : 0,
	};
	bool good = span_copy(span_text(mailbox->name), address.local, sizeof address.local) &&
		    span_copy(span_text(mailbox->domain), address.domain, sizeof address.domain);

	template = template_read(&conf->quotas, &length);
	if (good) {
		address_text(&address, text);
		warning_write(to, &warning, span_make(template, length));
	}
	free(template);
	free(from);
	return good;
}

/* Final delivery, from the null sender (RFC 5321 section 4.4). */
static bool spool_write(int spool, struct span text)
{
	static const char sender[] = "Return-Path: <>\r\n";

	return write(spool, sender, sizeof sender - 1) == (ssize_t)sizeof sender - 1 &&
	       write(spool, text.at, text.length) == (ssize_t)text.length;
}

static bool into_mailbox(struct store_role *role, const struct store_mailbox *mailbox,
			 const char *id, struct span text)
{
	struct store_mailbox whose = *mailbox;
	struct store_failure failure = { 0 };
	enum outcome outcome = OUTCOME_TEMP;
	int spool = store_spool(role->store, &failure);

	whose.beyond = true;
	whose.warn = 0;
	if (spool >= 0 && spool_write(spool, text))
		outcome = store_deliver(role->store, spool, &whose, 1, id, &failure);
	if (outcome != OUTCOME_OK)
		store_tell_failure("quota.warning", id, &failure);
	if (spool >= 0) {
		if (outcome != OUTCOME_OK)
			store_spool_forget(role->store, spool);
		close(spool);
	}
	return outcome == OUTCOME_OK;
}

static void into_queue(struct store_role *role, const struct conf *conf, const char *id,
		       struct span text)
{
	struct queue_failure failure = { 0 };
	struct envelope envelope;
	struct address address;
	const char *why;
	int spool;

	if (!conf->quotas.owner_copy[0] || conf->smtps_count == 0 ||
	    !address_parse(span_text(conf->quotas.owner_copy), &address, &why))
		return;
	envelope_init(&envelope);
	envelope.has_sender = true;
	envelope_add(&envelope, &address)->notify = ENVELOPE_NOTIFY_NEVER;
	spool = queue_spool(role->queue, &failure);
	if (spool < 0 || write(spool, text.at, text.length) != (ssize_t)text.length ||
	    queue_add(role->queue, spool, false, conf->smtps[0].name, id, &envelope, &failure) !=
		    OUTCOME_OK)
		log_error("quota.warning", LOG_TEXT("id", id), LOG_TEXT("why", failure.reason));
	envelope_clear(&envelope);
	if (spool >= 0)
		queue_spool_drop(role->queue, spool);
}

static void warn(struct store_role *role, const struct due *due)
{
	const struct store_mailbox *mailbox = &due->mailbox;
	struct rules *held = queue_rules_hold(role->rules);
	struct buffer text = BUFFER_EMPTY;
	struct store_failure failure = { 0 };
	char id[QUEUE_ID_SIZE];
	bool arrived;

	id_make(id);
	arrived = write_text(held->conf, due, id, &text) &&
		  into_mailbox(role, mailbox, id, buffer_span(&text));
	if (arrived) {
		if (store_warned(role->store, mailbox, &failure) != OUTCOME_OK)
			store_tell_failure("quota.warning", id, &failure);
		into_queue(role, held->conf, id, buffer_span(&text));
	}
	log_info("quota.warned", LOG_TEXT("id", id), LOG_TEXT("mailbox", mailbox->name),
		 LOG_TEXT("domain", mailbox->domain), LOG_NUMBER("used", due->used),
		 LOG_NUMBER("warn", mailbox->warn), LOG_NUMBER("arrived", arrived));
	buffer_clear(&text);
	queue_rules_leave(role->rules, held);
}

/* ---- the thread ---- */

static void *run(void *context)
{
	struct store_warner *warner = context;
	struct due *due;

	pthread_mutex_lock(&warner->lock);
	for (;;) {
		while (!warner->first && !warner->ends)
			pthread_cond_wait(&warner->wake, &warner->lock);
		if (warner->ends)
			break;
		due = warner->first;
		warner->first = due->next;
		warner->count--;
		pthread_mutex_unlock(&warner->lock);
		warn(warner->role, due);
		free(due);
		pthread_mutex_lock(&warner->lock);
	}
	pthread_mutex_unlock(&warner->lock);
	return NULL;
}

/* One that finds no room is told of again after a minute. */
static void on_warning(void *context, const struct store_mailbox *mailbox, uint64_t used)
{
	struct store_warner *warner = context;
	struct due *due = memory_new(sizeof *due);

	*due = (struct due){ .mailbox = *mailbox, .used = used };
	pthread_mutex_lock(&warner->lock);
	if (warner->count < DUE_MAX && !warner->ends) {
		*(warner->first ? &warner->last->next : &warner->first) = due;
		warner->last = due;
		warner->count++;
		due = NULL;
		pthread_cond_signal(&warner->wake);
	}
	pthread_mutex_unlock(&warner->lock);
	free(due);
}

struct store_warner *store_warn_begin(struct store_role *role, const struct conf *conf)
{
	struct store_warner *warner = memory_new(sizeof *warner);
	pthread_attr_t attributes;

	warner->role = role;
	pthread_mutex_init(&warner->lock, NULL);
	pthread_cond_init(&warner->wake, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, WARNER_STACK);
	if (pthread_create(&warner->thread, &attributes, run, warner) != 0)
		memory_die("a thread could not be started");
	pthread_attr_destroy(&attributes);
	store_warn_again(role->store, conf->quotas.warn_again);
	store_on_warning(role->store,
			 &(struct store_warning){ .call = on_warning, .context = warner });
	return warner;
}

void store_warn_end(struct store_warner *warner)
{
	struct due *due;

	pthread_mutex_lock(&warner->lock);
	warner->ends = true;
	pthread_cond_signal(&warner->wake);
	pthread_mutex_unlock(&warner->lock);
	pthread_join(warner->thread, NULL);
	while ((due = warner->first)) {
		warner->first = due->next;
		free(due);
	}
	pthread_cond_destroy(&warner->wake);
	pthread_mutex_destroy(&warner->lock);
	free(warner);
}
