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
#include "daemon/generation.h"
#include "daemon/method.h"
#include "daemon/spawn.h"
#include "io/tls.h"

enum { STOP_SECONDS = 20 };

static void complain_to_log(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	log_error("conf.error", LOG_TEXT("file", file), LOG_NUMBER("line", line), LOG_TEXT("text", text));
}

static void on_reload_due(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	master_reload(context);
}

/* One that came while another was under way; from the loop, because generations come and go in it. */
void master_reload_again(struct master *master)
{
	static const struct timeval now = { 0, 0 };

	if (!master->reload_due)
		return;
	master->reload_due = false;
	event_base_once(master->base, -1, EV_TIMEOUT, on_reload_due, master, &now);
}

static void master_workers_leave(struct master *master)
{
	if (master->stopping_workers)
		return;
	master->stopping_workers = true;
	for (struct generation *generation = master->generations; generation; generation = generation->next)
		generation_workers_leave(generation);
	process_leave(&master->store, MESSAGE_DRAIN);
}

static void count_living(struct process *process, void *context)
{
	size_t *counts = context;

	if (process->pid > 0)
		counts[role_asks(process->role)]++;
}

void master_stop_step(struct master *master)
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

bool master_log_switch(struct master *master, const struct conf *conf, char *why, size_t size)
{
	if (!logfile_open(conf, why, size))
		return false;
	master->log_level = (uint32_t)conf->log.level;
	master->log_form = conf->log.to == CONF_LOG_SYSLOG ? LOG_FORM_SYSLOG : LOG_FORM_LINE;
	master_each(master, tell_log, NULL);
	return true;
}

void master_accuse(struct master *master, const struct message_peer *peer)
{
	for (struct generation *generation = master->generations; generation; generation = generation->next)
		if (peer->role == ROLE_FRONTEND && peer->generation == generation->number &&
		    peer->index < generation->frontends_count)
			process_kill(&generation->frontends[peer->index]);
		else if (peer->role == ROLE_RELAY && peer->generation == generation->number)
			process_kill(&generation->relay);
}

void master_each(struct master *master, void (*call)(struct process *process, void *context), void *context)
{
	call(&master->store, context);
	for (struct generation *generation = master->generations; generation; generation = generation->next) {
		call(&generation->directory, context);
		if (generation->conf->method == CONF_METHOD_LOCAL)
			call(&generation->local, context);
		call(&generation->resolver, context);
		call(&generation->relay, context);
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
		return listenings_bind(master, new, why, size) && master_log_switch(master, new, why, size);
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
	if (!conf || !check_machine(conf, complain_to_log, NULL) ||
	    !reload_possible(master, now->conf, conf, why, sizeof why)) {
		log_error("master.reload_failed", LOG_TEXT("why", why),
			  LOG_TEXT("do", "mend it and reload; the old configuration stays in force"));
		listenings_trim(master, now->conf);
		conf_free(conf);
		free(text);
		return;
	}
	if (!method_remember(conf, why, sizeof why))
		log_warning("master.method", LOG_TEXT("why", why));
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

static void leave_asker(struct process *process, void *context)
{
	(void)context;
	if (role_asks(process->role))
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
	master_each(master, leave_asker, NULL);
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
	return master_log_switch(master, conf, why, size) && run_prepare(conf, why, size) && pid_file(conf, why, size) &&
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

	if (!conf || !check_machine(conf, check_complain, NULL))
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
