/* SPDX-License-Identifier: ISC */
/*
 * Where waiting mail goes, how often and how long, and in which words it is reported: the
 * configuration of now. A new one replaces it while the old is in use; who uses one holds
 * it. May be called from many threads.
 */
#ifndef STORE_ROLE_QUEUE_RULES_H
#define STORE_ROLE_QUEUE_RULES_H

#include "queue/queue.h"

struct conf;
struct conf_smtp;
struct queue_rules;
struct report_template;

struct rules { /* held; never changed */
	const struct conf *conf;
	unsigned users;
	bool owned;                         /* the configuration goes with it */
	struct report_template **templates; /* by virtual server; NULL = the built-in texts */
};

struct queue_rules *queue_rules_new(const struct conf *conf); /* stays the caller's */
void queue_rules_free(struct queue_rules *rules);
void queue_rules_replace(struct queue_rules *rules, struct conf *conf); /* takes it */

struct rules *queue_rules_hold(struct queue_rules *rules);
void queue_rules_leave(struct queue_rules *rules, struct rules *held);
/* The virtual server of that name; of one that is gone, the first; NULL if there is none at all. */
const struct conf_smtp *rules_server(const struct rules *held, const char *name);
const struct report_template *rules_template(const struct rules *held,
					     const struct conf_smtp *server);

/* Where the server puts what can be neither delivered nor returned; for free(). `server` may be NULL:
 * that of a server that is gone. */
char *rules_badmail(const struct conf_smtp *server, const char *name, const char *queue_root);

/* struct queue_calls */
void queue_rules_hop(struct queue_rules *rules, const char *server,
		     const struct envelope_recipient *recipient, struct queue_hop *hop);
bool queue_rules_own(struct queue_rules *rules, const char *domain);
bool queue_rules_limits(struct queue_rules *rules, const char *server, struct queue_limits *limits);

#endif
