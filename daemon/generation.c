/* SPDX-License-Identifier: ISC */
#include "daemon/generation.h"

#include <event2/event.h>
#include <stdlib.h>
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
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_clear(&generation->frontends[i]);
	free(generation->frontends);
	if (generation->tally >= 0)
		close(generation->tally);
	conf_free(generation->conf);
	free(generation->text);
	free(generation);
}

static bool frontends_are(const struct generation *generation, enum process_state state)
{
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		if (generation->frontends[i].state != state)
			return false;
	return true;
}

void generation_workers_leave(struct generation *generation)
{
	process_leave(&generation->directory, MESSAGE_DRAIN);
	process_leave(&generation->local, MESSAGE_DRAIN);
}

/* Its directory role answers its frontends until the last has left. Frees the generation when nobody is left. */
void generation_leave(struct generation *generation)
{
	if (!frontends_are(generation, PROCESS_DOWN))
		return;
	if (generation->directory.pid > 0 || generation->local.pid > 0)
		generation_workers_leave(generation);
	else
		generation_free(generation);
}

void generation_retire(struct generation *generation)
{
	generation->retiring = true;
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_leave(&generation->frontends[i], MESSAGE_RETIRE);
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

	if (local && generation->local.state == PROCESS_DOWN && generation->local.pid == 0)
		process_start(&generation->local);
	if (local && generation->local.state != PROCESS_READY)
		return;
	if (generation->directory.state == PROCESS_DOWN && generation->directory.pid == 0)
		process_start(&generation->directory);
}

void generation_step(struct generation *generation)
{
	struct master *master = generation->master;

	if (generation->retiring || master->stopping)
		return;
	if (!generation->up && master->store.state == PROCESS_READY)
		workers_start(generation);
	if (generation->directory.state == PROCESS_READY && !generation->up &&
	    frontends_are(generation, PROCESS_DOWN))
		for (uint32_t i = 0; i < generation->frontends_count; i++)
			process_start(&generation->frontends[i]);
	if (!generation->up && generation->directory.state == PROCESS_READY &&
	    frontends_are(generation, PROCESS_READY))
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

	/* Sessions still need the directory role they know: it is started again. */
	if (process->role != ROLE_FRONTEND && !frontends_are(generation, PROCESS_DOWN))
		return;
	event_del(process->respawn);
	generation_leave(generation);
}

void master_process_ready(struct process *process)
{
	struct master *master = process->master;

	if (process->role == ROLE_FRONTEND) {
		process_introduce(process, &process->generation->directory);
		process_introduce(process, &master->store);
		if (process->generation->up)
			process_open_ports(process);
		generation_step(process->generation);
		return;
	}
	if (process->role == ROLE_LOCAL || process->role == ROLE_DIRECTORY)
		process_introduce(&process->generation->directory, &process->generation->local);
	if (process->role == ROLE_LOCAL) {
		generation_step(process->generation);
		return;
	}
	for (struct generation *generation = master->generations; generation; generation = generation->next) {
		if (process->generation && process->generation != generation)
			continue;
		for (uint32_t i = 0; i < generation->frontends_count; i++)
			process_introduce(&generation->frontends[i], process);
		generation_step(generation);
	}
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
