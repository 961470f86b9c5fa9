/* SPDX-License-Identifier: ISC */
/*
 * The steps of a generation's life: directory role and resolver, then frontends and
 * the relay, then the ports and the queue are handed over and the older ones retire;
 * given up when a process cannot start.
 */
#ifndef DAEMON_GENERATION_H
#define DAEMON_GENERATION_H

#include "daemon/master.h"

/* Takes over conf and text. It becomes the newest; generation_step starts it. */
struct generation *generation_new(struct master *master, struct conf *conf, char *text);
void generation_free(struct generation *generation);
/* Starts what can be started now. */
void generation_step(struct generation *generation);
/* The one whose ports are open; NULL before the first is up. */
struct generation *generation_in_force(const struct master *master);
/* Its directory role, the local one and the resolver are told to end. */
void generation_workers_leave(struct generation *generation);
void generation_retire(struct generation *generation);
/* A step of a retiring one; frees it with its last process. */
void generation_leave(struct generation *generation);

/* introduce.c: a channel between the two, if both are there to take it. */
void process_introduce(struct process *asker, struct process *worker);
/* To every worker of its generation that it asks, and to the store. */
void process_introduce_asker(struct process *asker);
/* To everybody who asks it. */
void process_introduce_worker(struct process *worker);
void process_open_ports(struct process *frontend);
/* The configuration's text, of a generation that is up, to the store: where mail goes from now on. */
void process_tell_rules(const struct generation *generation);

#endif
