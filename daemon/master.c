/* SPDX-License-Identifier: ISC */
#include "daemon/master.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/check.h"
#include "daemon/control.h"
#include "daemon/notify.h"
#include "daemon/spawn.h"
#include "daemon/tally.h"
#include "io/packet.h"
#include "io/tls.h"

enum { STOP_SECONDS = 20 };

static void complain_to_log(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	log_error("conf.error", LOG_TEXT("file", file), LOG_NUMBER("line", line), LOG_TEXT("text", text));
}

/* ---- generations ---- */

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

static struct generation *generation_new(struct master *master, struct conf *conf, char *text)
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
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_init(&generation->frontends[i], master, generation, ROLE_FRONTEND, i);
	generation->next = master->generations;
	master->generations = generation;
	return generation;
}

static void generation_free(struct generation *generation)
{
	struct generation **place = &generation->master->generations;

	while (*place != generation)
		place = &(*place)->next;
	*place = generation->next;
	process_clear(&generation->directory);
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

/* Its directory role answers its frontends until the last has left. Frees the generation when nobody is left. */
static void generation_leave(struct generation *generation)
{
	if (!frontends_are(generation, PROCESS_DOWN))
		return;
	if (generation->directory.pid > 0)
		process_leave(&generation->directory, MESSAGE_DRAIN);
	else
		generation_free(generation);
}

static void generation_retire(struct generation *generation)
{
	generation->retiring = true;
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_leave(&generation->frontends[i], MESSAGE_RETIRE);
	generation_leave(generation);
}

/* The one that serves. NULL: the first is not up yet. */
static struct generation *generation_in_force(const struct master *master)
{
	struct generation *generation = master->generations;

	while (generation && (!generation->up || generation->retiring))
		generation = generation->next;
	return generation;
}

/* ---- who knows whom ---- */

static void tell_peer(struct process *to, const struct process *about, int fd)
{
	struct message_peer peer = { about->role, about->generation ? about->generation->number : 0,
				     about->index };
	char memory[32];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_peer(&writer, &peer);
	process_tell(to, MESSAGE_PEER, span_make(memory, writer.used), fd);
}

static void introduce(struct process *frontend, struct process *worker)
{
	int ends[2];

	if (frontend->state < PROCESS_READY || worker->state != PROCESS_READY)
		return;
	if (!packet_pair(ends)) {
		log_error("master.channel", LOG_TEXT("why", strerror(errno)));
		return;
	}
	/* The worker first: whatever the frontend sends then finds somebody listening. */
	tell_peer(worker, frontend, ends[1]);
	tell_peer(frontend, worker, ends[0]);
	close(ends[0]);
	close(ends[1]);
}

static void send_listens(struct process *frontend, uint32_t server, const struct conf_listen *listens,
			 size_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char memory[8];
		struct wire_writer writer;

		wire_writer_init(&writer, memory, sizeof memory);
		message_put_pair(&writer, server, i);
		process_tell(frontend, MESSAGE_LISTEN, span_make(memory, writer.used),
			     listening_fd(frontend->master, &listens[i]));
	}
}

static void frontend_open(struct process *frontend)
{
	const struct conf *conf = frontend->generation->conf;

	for (uint32_t i = 0; i < conf->smtps_count; i++)
		send_listens(frontend, i, conf->smtps[i].listens, conf->smtps[i].listens_count);
	if (conf->pop3.enabled)
		send_listens(frontend, (uint32_t)conf->smtps_count, conf->pop3.listens,
			     conf->pop3.listens_count);
}

/* ---- steps of a start or reload ---- */

static void on_reload_due(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	master_reload(context);
}

/* One that came while another was under way; from the loop, because generations come and go in it. */
static void reload_again(struct master *master)
{
	static const struct timeval now = { 0, 0 };

	if (!master->reload_due)
		return;
	master->reload_due = false;
	event_base_once(master->base, -1, EV_TIMEOUT, on_reload_due, master, &now);
}

static void generation_up(struct generation *generation)
{
	struct master *master = generation->master;

	generation->up = true;
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		frontend_open(&generation->frontends[i]);
	for (struct generation *old = generation->next, *next; old; old = next) {
		next = old->next;
		if (!old->retiring)
			generation_retire(old);
	}
	listenings_trim(master, generation->conf);
	log_info("master.up", LOG_NUMBER("generation", generation->number),
		 LOG_NUMBER("frontends", generation->frontends_count));
	notify_ready();
	reload_again(master);
}

static void generation_step(struct generation *generation)
{
	struct master *master = generation->master;

	if (generation->retiring || master->stopping)
		return;
	if (generation->directory.state == PROCESS_DOWN && !generation->up &&
	    master->store.state == PROCESS_READY && generation->directory.pid == 0)
		process_start(&generation->directory);
	if (generation->directory.state == PROCESS_READY && !generation->up &&
	    frontends_are(generation, PROCESS_DOWN))
		for (uint32_t i = 0; i < generation->frontends_count; i++)
			process_start(&generation->frontends[i]);
	if (!generation->up && frontends_are(generation, PROCESS_READY))
		generation_up(generation);
}

void master_process_ready(struct process *process)
{
	struct master *master = process->master;

	if (process->role == ROLE_FRONTEND) {
		introduce(process, &process->generation->directory);
		introduce(process, &master->store);
		if (process->generation->up)
			frontend_open(process);
		generation_step(process->generation);
		return;
	}
	for (struct generation *generation = master->generations; generation; generation = generation->next) {
		if (process->generation && process->generation != generation)
			continue;
		for (uint32_t i = 0; i < generation->frontends_count; i++)
			introduce(&generation->frontends[i], process);
		generation_step(generation);
	}
}

static void master_workers_leave(struct master *master)
{
	if (master->stopping_workers)
		return;
	master->stopping_workers = true;
	for (struct generation *generation = master->generations; generation; generation = generation->next)
		process_leave(&generation->directory, MESSAGE_DRAIN);
	process_leave(&master->store, MESSAGE_DRAIN);
}

static void count_living(struct process *process, void *context)
{
	size_t *counts = context;

	if (process->pid > 0)
		counts[process->role == ROLE_FRONTEND]++;
}

static void master_stop_step(struct master *master)
{
	size_t living[2] = { 0, 0 };

	master_each(master, count_living, living);
	if (living[1] == 0)
		master_workers_leave(master);
	if (living[0] + living[1] == 0)
		event_base_loopbreak(master->base);
}

/* ---- the log ---- */

void master_tell_log(struct process *process)
{
	char memory[8];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_pair(&writer, process->master->log_level, process->master->log_form);
	process_tell(process, MESSAGE_LOG, span_make(memory, writer.used), STDERR_FILENO);
}

static void tell_log(struct process *process, void *context)
{
	(void)context;
	if (process->control)
		master_tell_log(process);
}

static bool log_switch(struct master *master, const struct conf *conf, char *why, size_t size)
{
	if (!logfile_open(conf, why, size))
		return false;
	master->log_level = (uint32_t)conf->log.level;
	master->log_form = conf->log.to == CONF_LOG_SYSLOG ? LOG_FORM_SYSLOG : LOG_FORM_LINE;
	master_each(master, tell_log, NULL);
	return true;
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
	if (!log_switch(master, old->conf, why, sizeof why))
		log_warning("master.log", LOG_TEXT("why", why));
	reload_again(master);
}

static void retiring_process_gone(struct process *process)
{
	struct generation *generation = process->generation;

	/* Sessions still need the directory role they know: it is started again. */
	if (process == &generation->directory && !frontends_are(generation, PROCESS_DOWN))
		return;
	event_del(process->respawn);
	generation_leave(generation);
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
	if (failed && generation && !generation->up) {
		event_del(process->respawn);
		generation_failed(generation);
	} else if (failed && !generation && !master->generations->up) {
		generation_failed(master->generations);
	}
}

void master_accuse(struct master *master, const struct message_peer *peer)
{
	for (struct generation *generation = master->generations; generation; generation = generation->next)
		if (peer->role == ROLE_FRONTEND && peer->generation == generation->number &&
		    peer->index < generation->frontends_count)
			process_kill(&generation->frontends[peer->index]);
}

void master_each(struct master *master, void (*call)(struct process *process, void *context), void *context)
{
	call(&master->store, context);
	for (struct generation *generation = master->generations; generation; generation = generation->next) {
		call(&generation->directory, context);
		for (uint32_t i = 0; i < generation->frontends_count; i++)
			call(&generation->frontends[i], context);
	}
}

/* ---- reload and stop ---- */

static void warn_of_store(const struct conf *old, const struct conf *new)
{
	if (strcmp(old->store.root, new->store.root) != 0 || strcmp(old->store.queue, new->store.queue) != 0 ||
	    old->store.workers != new->store.workers)
		log_warning("master.restart_needed",
			    LOG_TEXT("why", "the section store changes only at a restart"));
}

static bool reload_possible(struct master *master, const struct conf *old, const struct conf *new, char *why,
			    size_t size)
{
	if (strcmp(old->run, new->run) == 0 && strcmp(old->user_prefix, new->user_prefix) == 0)
		return listenings_bind(master, new, why, size) && log_switch(master, new, why, size);
	snprintf(why, size, "run and user_prefix change only at a restart");
	return false;
}

void master_reload(struct master *master)
{
	struct generation *now = generation_in_force(master), *newest = master->generations;
	char why[300] = "the configuration is wrong", *text = NULL;
	struct conf *conf;

	if (master->stopping)
		return;
	if (!newest->up && !newest->retiring) {
		master->reload_due = true;
		return;
	}
	log_info("master.reload", LOG_TEXT("file", master->conf_file));
	conf = conf_read(master->conf_file, &text, complain_to_log, NULL);
	if (!conf || !conf_check_machine(conf, complain_to_log, NULL) ||
	    !reload_possible(master, now->conf, conf, why, sizeof why)) {
		log_error("master.reload_failed", LOG_TEXT("why", why),
			  LOG_TEXT("do", "mend it and reload; the old configuration stays in force"));
		listenings_trim(master, now->conf);
		conf_free(conf);
		free(text);
		return;
	}
	warn_of_store(now->conf, conf);
	generation_step(generation_new(master, conf, text));
}

static void kill_process(struct process *process, void *context)
{
	(void)context;
	process_kill(process);
}

static void stop_overdue(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	log_warning("master.overdue", LOG_TEXT("do", "the roles still there are killed"));
	master_each(context, kill_process, NULL);
}

static void leave_frontend(struct process *process, void *context)
{
	(void)context;
	if (process->role == ROLE_FRONTEND)
		process_leave(process, MESSAGE_DRAIN);
}

void master_stop(struct master *master, int exit_code)
{
	struct timeval patience = { STOP_SECONDS, 0 };

	if (master->stopping)
		return;
	master->stopping = true;
	master->exit_code = exit_code;
	log_info("master.stopping", LOG_NUMBER("code", exit_code));
	listenings_trim(master, NULL);
	event_base_once(master->base, -1, EV_TIMEOUT, stop_overdue, master, &patience);
	master_each(master, leave_frontend, NULL);
	master_stop_step(master);
}

/* ---- signals ---- */

static void on_hangup(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	master_reload(context);
}

static void on_terminate(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	master_stop(context, 0);
}

struct death {
	pid_t pid;
	struct process *process;
};

static void find_pid(struct process *process, void *context)
{
	struct death *death = context;

	if (process->pid == death->pid)
		death->process = process;
}

static void on_child(evutil_socket_t number, short what, void *context)
{
	struct master *master = context;
	struct death death;
	int status;

	(void)number;
	(void)what;
	while ((death.pid = waitpid(-1, &status, WNOHANG)) > 0) {
		death.process = NULL;
		master_each(master, find_pid, &death);
		if (death.process)
			process_died(death.process, status);
	}
}

static void signals_take(struct master *master)
{
	static const struct {
		int number;
		event_callback_fn call;
	} table[] = {
		{ SIGHUP, on_hangup },	  { SIGTERM, on_terminate },
		{ SIGINT, on_terminate }, { SIGCHLD, on_child },
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct event *event = evsignal_new(master->base, table[i].number, table[i].call, master);

		if (!event || evsignal_add(event, NULL) < 0)
			memory_die("a signal could not be taken");
		master->signals[i] = event;
	}
}

/* ---- start ---- */

static bool master_open(struct master *master, struct conf *conf, char *why, size_t size)
{
	return log_switch(master, conf, why, size) && run_prepare(conf, why, size) && pid_file(conf, why, size) &&
	       listenings_bind(master, conf, why, size);
}

static void master_clear(struct master *master)
{
	control_close(master->control);
	while (master->generations)
		generation_free(master->generations);
	process_clear(&master->store);
	listenings_trim(master, NULL);
	for (size_t i = 0; i < sizeof master->signals / sizeof master->signals[0]; i++)
		event_free(master->signals[i]);
	event_base_free(master->base);
	free(master->store_text);
	memory_wipe(master->key, sizeof master->key);
}

int master_main(const char *conf_file)
{
	struct master master = { .conf_file = conf_file };
	char why[400] = "no event loop, or no /proc", *text = NULL;
	struct conf *conf = conf_read(conf_file, &text, check_complain, NULL);
	int terminal;

	if (!conf || !conf_check_machine(conf, check_complain, NULL))
		return 1;
	umask(022);
	descriptors_raise();
	terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	master.base = event_base_new();
	random_bytes(master.key, sizeof master.key);
	if (!master.base || !spawn_init() || !master_open(&master, conf, why, sizeof why)) {
		log_error("master.failed", LOG_TEXT("why", why));
		if (conf->log.to != CONF_LOG_STDERR)
			dprintf(terminal, "posternd: %s\n", why);
		return 1;
	}
	close(terminal);
	signals_take(&master);
	generation_new(&master, conf, text);
	master.store_text = memory_text(text);
	process_init(&master.store, &master, NULL, ROLE_STORE, 0);
	master.control = control_open(&master, conf->run);
	log_info("master.start", LOG_TEXT("version", POSTERN_VERSION), LOG_TEXT("file", conf_file));
	process_start(&master.store);
	event_base_dispatch(master.base);
	log_info("master.end", LOG_NUMBER("code", master.exit_code));
	master_clear(&master);
	return master.exit_code;
}
