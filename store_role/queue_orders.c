/* SPDX-License-Identifier: ISC */
/* What people want of waiting mail, and the rules of a new configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/message_queue.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_rules.h"
#include "store_role/store_role.h"

enum { RULES_MAX = 4 << 20, ORDER_AT_ONCE = 1000 };

/* A domain, or a key as it is. */
static size_t release(struct queue *queue, const char *name)
{
	char trigger[QUEUE_KEY_SIZE + 10];

	snprintf(trigger, sizeof trigger, "trigger:%s", name);
	return queue_release(queue, name) + queue_release(queue, trigger);
}

/* ETRN (RFC 1985): the body is the domain. */
bool queue_handle_release(struct work *work)
{
	struct store_role *role = work->context;
	struct message_result result = { .outcome = OUTCOME_OK };
	char domain[QUEUE_KEY_SIZE];

	if (work->length == 0 || span_has_nul(work_body(work)) ||
	    !span_copy(work_body(work), domain, sizeof domain))
		return false;
	result.value = release(role->queue, domain);
	log_info("queue.released", LOG_TEXT("domain", domain), LOG_NUMBER("messages", result.value));
	store_answer(work, &result, -1);
	return true;
}

static void complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	log_error("queue.rules", LOG_TEXT("file", file), LOG_NUMBER("line", line),
		  LOG_TEXT("text", text));
}

bool queue_handle_rules(struct work *work)
{
	struct store_role *role = work->context;
	struct conf *conf = NULL;
	size_t length;
	char *text;

	if (work->fd < 0)
		return true;
	text = role_read_all(work->fd, RULES_MAX, &length);
	work->fd = -1;
	if (text)
		conf = conf_parse(role->conf_file, text, complain, NULL);
	free(text);
	if (!conf)
		return true; /* the ones before stay; the master has parsed the same text */
	log_info("queue.rules", LOG_NUMBER("servers", conf->smtps_count));
	store_warn_again(role->store, conf->quotas.warn_again);
	queue_rules_replace(role->rules, conf);
	queue_rules_changed(role->queue);
	return true;
}

static bool act_one(struct queue *queue, const char *id, enum message_order_act act)
{
	static const enum queue_act acts[] = { [ORDER_RETRY] = QUEUE_RETRY,
					       [ORDER_HOLD] = QUEUE_HOLD,
					       [ORDER_RELEASE] = QUEUE_UNHOLD,
					       [ORDER_REMOVE] = QUEUE_REMOVE,
					       [ORDER_BOUNCE] = QUEUE_BOUNCE };
	struct queue_failure failure = { 0 };
	bool done = queue_act(queue, id, acts[act], &failure);

	if (failure.reason[0])
		log_error("queue.order", LOG_TEXT("id", id), LOG_TEXT("why", failure.reason));
	return done;
}

static size_t act_all(struct queue *queue, const char *key, enum message_order_act act)
{
	char (*ids)[QUEUE_ID_SIZE] = memory_array(ORDER_AT_ONCE, sizeof *ids);
	size_t done = 0, count = queue_waiting(queue, key, ids, ORDER_AT_ONCE);

	for (size_t i = 0; i < count; i++)
		done += act_one(queue, ids[i], act);
	free(ids);
	return done;
}

/* Answered with the number of messages that it was done to, as a text. */
bool queue_handle_order(struct work *work)
{
	struct store_role *role = work->context;
	struct message_order order;
	struct wire_writer writer;
	char memory[32];
	size_t done;

	if (!message_get_order(work_body(work), &order))
		return false;
	if (order.id[0])
		done = act_one(role->queue, order.id, order.act);
	else if (order.act == ORDER_RETRY)
		done = release(role->queue, order.key);
	else
		done = act_all(role->queue, order.key, order.act);
	log_info("queue.order", LOG_NUMBER("act", order.act), LOG_TEXT("id", order.id),
		 LOG_TEXT("key", order.key), LOG_NUMBER("messages", done));
	wire_writer_init(&writer, memory, sizeof memory);
	writer.used = (size_t)snprintf(memory, sizeof memory, "%zu", done);
	work_answer(work, &writer, -1);
	return true;
}
