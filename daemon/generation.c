/* SPDX-License-Identifier: ISC */
#include "daemon/generation.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/notify.h"
#include "daemon/tally.h"

const struct generation *master_conf_of(const struct process *process)
{
	return process->generation ? process->generation : process->master->generations;
}

static uint32_t frontends_wanted(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->frontends)
		return conf->frontends;
	return cores > 0 && cores < 256 ? (uint32_t)cores : 1;
}

struct generation *generation_new(struct master *master, struct conf *conf, char *text)
{
	struct generation *generation = memory_new(sizeof *generation);

	generation->master = master;
	generation->number = ++master->generation_last;
	generation->conf = conf;
	generation->text = text;
	generation->frontends_count = frontends_wanted(conf);
	generation->tally = tally_file(generation->frontends_count);
	generation->frontends = memory_array(generation->frontends_count, sizeof *generation->frontends);
	process_init(&generation->directory, master, generation, ROLE_DIRECTORY, 0);
	process_init(&generation->local, master, generation, ROLE_LOCAL, 0);
	process_init(&generation->resolver, master, generation, ROLE_RESOLVER, 0);
	process_init(&generation->relay, master, generation, ROLE_RELAY, 0);
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_init(&generation->frontends[i], master, generation, ROLE_FRONTEND, i);
	generation->next = master->generations;
	master->generations = generation;
	return generation;
}

void generation_free(struct generation *generation)
{
	struct generation **place = &generation->master->generations;

	while (*place != generation)
		place = &(*place)->next;
	*place = generation->next;
	process_clear(&generation->directory);
	process_clear(&generation->local);
	process_clear(&generation->resolver);
	process_clear(&generation->relay);
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_clear(&generation->frontends[i]);
	free(generation->frontends);
	if (generation->tally >= 0)
		close(generation->tally);
	conf_free(generation->conf);
	free(generation->text);
	free(generation);
}

/* Frontends and relay: those who ask. */
static bool askers_are(const struct generation *generation, enum process_state state)
{
	if (generation->relay.state != state)
		return false;
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		if (generation->frontends[i].state != state)
			return false;
	return true;
}

void generation_workers_leave(struct generation *generation)
{
	process_leave(&generation->directory, MESSAGE_DRAIN);
	process_leave(&generation->local, MESSAGE_DRAIN);
	process_leave(&generation->resolver, MESSAGE_DRAIN);
}

/* Its workers answer its frontends and its relay until the last has left. Frees the generation when nobody is left. */
void generation_leave(struct generation *generation)
{
	if (!askers_are(generation, PROCESS_DOWN))
		return;
	if (generation->directory.pid > 0 || generation->local.pid > 0 || generation->resolver.pid > 0)
		generation_workers_leave(generation);
	else
		generation_free(generation);
}

void generation_retire(struct generation *generation)
{
	generation->retiring = true;
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_leave(&generation->frontends[i], MESSAGE_RETIRE);
	process_leave(&generation->relay, MESSAGE_RETIRE);
	generation_leave(generation);
}

/* The one that serves. NULL: the first is not up yet. */
struct generation *generation_in_force(const struct master *master)
{
	struct generation *generation = master->generations;

	while (generation && (!generation->up || generation->retiring))
		generation = generation->next;
	return generation;
}

static void generation_up(struct generation *generation)
{
	struct master *master = generation->master;

	generation->up = true;
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_open_ports(&generation->frontends[i]);
	/* The first one's text is what the store started with. */
	if (generation->number > 1)
		process_tell_rules(generation);
	process_introduce(&generation->relay, &master->store);
	for (struct generation *old = generation->next, *next; old; old = next) {
		next = old->next;
		if (!old->retiring)
			generation_retire(old);
	}
	listenings_trim(master, generation->conf);
	log_info("master.up", LOG_NUMBER("generation", generation->number),
		 LOG_NUMBER("frontends", generation->frontends_count));
	notify_ready();
	master_reload_again(master);
}

/* The local role first: without it the directory role would have nobody to ask. */
static void workers_start(struct generation *generation)
{
	bool local = generation->conf->method == CONF_METHOD_LOCAL;

	if (generation->resolver.state == PROCESS_DOWN)
		process_start(&generation->resolver);
	if (local && generation->local.state == PROCESS_DOWN)
		process_start(&generation->local);
	if (local && generation->local.state != PROCESS_READY)
		return;
	if (generation->directory.state == PROCESS_DOWN)
		process_start(&generation->directory);
}

static bool workers_ready(const struct generation *generation)
{
	return generation->directory.state == PROCESS_READY && generation->resolver.state == PROCESS_READY;
}

static void askers_start(struct generation *generation)
{
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_start(&generation->frontends[i]);
	process_start(&generation->relay);
}

void generation_step(struct generation *generation)
{
	struct master *master = generation->master;

	if (generation->retiring || master->stopping)
		return;
	if (!generation->up && master->store.state == PROCESS_READY)
		workers_start(generation);
	if (!generation->up && workers_ready(generation) && askers_are(generation, PROCESS_DOWN))
		askers_start(generation);
	if (!generation->up && workers_ready(generation) && askers_are(generation, PROCESS_READY))
		generation_up(generation);
}

/* The first generation must come up; a later one is given up in favour of the old. */
static void generation_failed(struct generation *generation)
{
	struct master *master = generation->master;
	struct generation *old = generation_in_force(master);
	char why[300];

	if (!old) {
		log_error("master.failed", LOG_TEXT("why", "a role could not start"),
			  LOG_TEXT("do", "see the lines before this one"));
		master_stop(master, 1);
		return;
	}
	log_error("master.reload_failed", LOG_NUMBER("generation", generation->number),
		  LOG_TEXT("do", "see the lines before this one; the old configuration stays in force"));
	generation_retire(generation);
	listenings_trim(master, old->conf);
	if (!master_log_switch(master, old->conf, why, sizeof why))
		log_warning("master.log", LOG_TEXT("why", why));
	master_reload_again(master);
}

static void retiring_process_gone(struct process *process)
{
	struct generation *generation = process->generation;

	/* Sessions and jobs still need the workers they know: these are started again. */
	if (!role_asks(process->role) && !askers_are(generation, PROCESS_DOWN))
		return;
	event_del(process->respawn);
	generation_leave(generation);
}

/* It starts with the configuration of the master's start, whatever was reloaded since. */
static void store_ready(struct master *master)
{
	struct generation *now = generation_in_force(master);

	if (now && strcmp(now->text, master->store_text) != 0)
		process_tell_rules(now);
	process_introduce_worker(&master->store);
}

void master_process_ready(struct process *process)
{
	struct master *master = process->master;

	if (process->role == ROLE_STORE)
		store_ready(master);
	else if (role_asks(process->role))
		process_introduce_asker(process);
	else
		process_introduce_worker(process);
	if (process->role == ROLE_FRONTEND && process->generation->up)
		process_open_ports(process);
	for (struct generation *generation = master->generations; generation; generation = generation->next)
		if (!process->generation || process->generation == generation)
			generation_step(generation);
}

void master_process_gone(struct process *process, bool failed)
{
	struct master *master = process->master;
	struct generation *generation = process->generation;

	if (master->stopping) {
		event_del(process->respawn);
		master_stop_step(master);
		return;
	}
	if (generation && generation->retiring) {
		retiring_process_gone(process);
		return;
	}
	/* Where another serves, one that loses a role before it is up is no better. */
	if (generation && !generation->up && (failed || generation_in_force(master))) {
		event_del(process->respawn);
		generation_failed(generation);
	} else if (failed && !generation && !master->generations->up) {
		generation_failed(master->generations);
	}
}
