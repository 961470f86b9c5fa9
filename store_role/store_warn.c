/* SPDX-License-Identifier: ISC */
/*
 * Goes into the mailbox itself, at once and whatever its limit says: it has to arrive. The copy
 * goes through the queue. A warning that fails is told in the log and holds up nobody.
 */
#include "store_role/store_warn.h"

#include <fcntl.h>
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

enum { TEMPLATE_MAX = 64 * 1024 };

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

static void write_text(const struct conf *conf, const struct store_mailbox *mailbox, uint64_t used,
		       const char *id, struct buffer *to)
{
	const struct conf_domain *domain = conf_default_domain(conf);
	const char *host = conf->smtps_count > 0 ? conf->smtps[0].fqdn : "localhost";
	char *from = memory_format("postmaster@%s", domain ? domain->name : host);
	char *address = memory_format("%s@%s", mailbox->name, mailbox->domain), *template;
	size_t length;
	struct warning warning = {
		.from = from,
		.address = address,
		.host = host,
		.id = id,
		.now = clock_unix(),
		.used = used,
		.warn = mailbox->warn,
		.limit = mailbox->quota < INT64_MAX ? mailbox->quota : 0,
	};

	template = template_read(&conf->quotas, &length);
	warning_write(to, &warning, span_make(template, length));
	free(template);
	free(address);
	free(from);
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
	if (spool >= 0 && write(spool, text.at, text.length) == (ssize_t)text.length)
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
	envelope.body = ENVELOPE_BODY_8BITMIME;
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

static void warn(void *context, const struct store_mailbox *mailbox, uint64_t used)
{
	struct store_role *role = context;
	struct rules *held = queue_rules_hold(role->rules);
	struct buffer text = BUFFER_EMPTY;
	char id[QUEUE_ID_SIZE];
	bool arrived;

	id_make(id);
	write_text(held->conf, mailbox, used, id, &text);
	arrived = into_mailbox(role, mailbox, id, buffer_span(&text));
	if (arrived)
		into_queue(role, held->conf, id, buffer_span(&text));
	log_info("quota.warned", LOG_TEXT("id", id), LOG_TEXT("mailbox", mailbox->name),
		 LOG_TEXT("domain", mailbox->domain), LOG_NUMBER("used", used),
		 LOG_NUMBER("warn", mailbox->warn), LOG_NUMBER("arrived", arrived));
	buffer_clear(&text);
	queue_rules_leave(role->rules, held);
}

void store_warn_begin(struct store_role *role, const struct conf *conf)
{
	store_on_warning(role->store, &(struct store_warning){
					      .call = warn,
					      .context = role,
					      .again = conf->quotas.warn_again,
				      });
}
