/* SPDX-License-Identifier: ISC */
#include "store_role/queue_rules.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "conf/conf.h"
#include "conf/conf_templates.h"
#include "mail/report.h"
#include "routing/next_hop.h"

struct queue_rules {
	pthread_mutex_t lock;
	struct rules *now;
};

/* ---- words ---- */

/* NULL: the built-in ones, also after an error, which is said. */
static struct report_template *templates_read(const char *directory)
{
	char why[CONF_TEMPLATES_WHY_SIZE];
	struct report_template *template = conf_templates_read(directory, why);

	if (!template)
		log_error("queue.template", LOG_TEXT("why", why));
	return template;
}

/* ---- one configuration ---- */

static struct rules *rules_new(const struct conf *conf, bool owned)
{
	struct rules *rules = memory_new(sizeof *rules);

	rules->conf = conf;
	rules->owned = owned;
	rules->users = 1;
	rules->templates = memory_array(conf->smtps_count, sizeof(struct report_template *));
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (conf->smtps[i].outbound.templates && conf->smtps[i].outbound.templates[0])
			rules->templates[i] = templates_read(conf->smtps[i].outbound.templates);
	return rules;
}

static void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->conf->smtps_count; i++)
		if (rules->templates[i])
			report_template_free(rules->templates[i]);
	free(rules->templates);
	if (rules->owned)
		conf_free((struct conf *)rules->conf);
	free(rules);
}

const struct conf_smtp *rules_server(const struct rules *held, const char *name)
{
	const struct conf_smtp *server = conf_find_smtp(held->conf, name);

	return server || held->conf->smtps_count == 0 ? server : &held->conf->smtps[0];
}

const struct report_template *rules_template(const struct rules *held,
					     const struct conf_smtp *server)
{
	const struct report_template *own = held->templates[server - held->conf->smtps];

	return own ? own : report_template_default();
}

/* ---- the one of now ---- */

struct queue_rules *queue_rules_new(const struct conf *conf)
{
	struct queue_rules *rules = memory_new(sizeof *rules);

	pthread_mutex_init(&rules->lock, NULL);
	rules->now = rules_new(conf, false);
	return rules;
}

struct rules *queue_rules_hold(struct queue_rules *rules)
{
	struct rules *held;

	pthread_mutex_lock(&rules->lock);
	held = rules->now;
	held->users++;
	pthread_mutex_unlock(&rules->lock);
	return held;
}

void queue_rules_leave(struct queue_rules *rules, struct rules *held)
{
	bool last;

	pthread_mutex_lock(&rules->lock);
	last = --held->users == 0;
	pthread_mutex_unlock(&rules->lock);
	if (last)
		rules_free(held);
}

void queue_rules_replace(struct queue_rules *rules, struct conf *conf)
{
	struct rules *next = rules_new(conf, true), *before;

	pthread_mutex_lock(&rules->lock);
	before = rules->now;
	rules->now = next;
	pthread_mutex_unlock(&rules->lock);
	queue_rules_leave(rules, before);
}

void queue_rules_free(struct queue_rules *rules)
{
	queue_rules_leave(rules, rules->now);
	pthread_mutex_destroy(&rules->lock);
	free(rules);
}

void queue_rules_hop(struct queue_rules *rules, const char *name,
		     const struct envelope_recipient *recipient, struct queue_hop *hop)
{
	static const enum queue_hop_kind kinds[] = { [NEXT_HOP_SMTP] = QUEUE_HOP_SMTP,
						     [NEXT_HOP_LOCAL] = QUEUE_HOP_LOCAL,
						     [NEXT_HOP_TRIGGER] = QUEUE_HOP_TRIGGER };
	struct rules *held = queue_rules_hold(rules);
	const struct conf_smtp *server = rules_server(held, name);
	const struct conf_smtp none = { .outbound.port = 25 };
	struct next_hop next;

	next_hop_find(held->conf, server ? server : &none, recipient, &next);
	next_hop_key(&next, hop->key, sizeof hop->key);
	hop->kind = kinds[next.kind];
	queue_rules_leave(rules, held);
}

bool queue_rules_own(struct queue_rules *rules, const char *domain)
{
	struct rules *held = queue_rules_hold(rules);
	bool own = conf_find_domain(held->conf, domain) != NULL;

	queue_rules_leave(rules, held);
	return own;
}

bool queue_rules_limits(struct queue_rules *rules, const char *name, struct queue_limits *limits)
{
	struct rules *held = queue_rules_hold(rules);
	const struct conf_smtp *server = conf_find_smtp(held->conf, name);
	const struct conf_outbound *out = server ? &server->outbound : NULL;

	if (out) {
		*limits = (struct queue_limits){
			.connections = out->connections,
			.connections_per_domain = out->connections_per_domain,
			.messages_per_connection = out->messages_per_connection,
			.recipients = out->recipients,
			.delay_notice = out->delay_notice,
			.expiry = out->expiry,
			.local_delay_notice = out->local_delay_notice,
			.local_expiry = out->local_expiry,
		};
		while (limits->retry_count < out->retry_count &&
		       limits->retry_count < QUEUE_RETRIES_MAX) {
			limits->retry[limits->retry_count] = out->retry[limits->retry_count];
			limits->retry_count++;
		}
	}
	queue_rules_leave(rules, held);
	return out != NULL;
}

char *rules_badmail(const struct conf_smtp *server, const char *name, const char *queue_root)
{
	char slug[PATH_COMPONENT_MAX + 1] = "";

	if (server != NULL && server->outbound.badmail[0] != '\0')
		return memory_text(server->outbound.badmail);
	(void)path_component(name, slug);
	return memory_format("%s/%s/badmail", queue_root, slug);
}
