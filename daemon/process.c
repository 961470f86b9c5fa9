/* SPDX-License-Identifier: ISC */
/* One role process as the master sees it: start, death, restart. */
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/master.h"
#include "daemon/spawn.h"
#include "io/packet.h"

enum { SOON_MS = 10000, WAIT_FIRST_MS = 100, WAIT_LAST_MS = 30000, START_SECONDS = 60 };

const char *process_state_name(const struct process *process)
{
	static const char *const names[] = { "down", "starting", "ready", "leaving" };

	return names[process->state];
}

static void on_respawn(evutil_socket_t fd, short what, void *context)
{
	struct process *process = context;

	(void)fd;
	(void)what;
	if (process->pid == 0) {
		process_start(process);
	} else if (process->state == PROCESS_STARTING) {
		log_error("role.slow", LOG_TEXT("role", role_name(process->role)),
			  LOG_NUMBER("pid", process->pid), LOG_TEXT("why", "not ready in time"));
		process_kill(process);
	}
}

void process_init(struct process *process, struct master *master, struct generation *generation,
		  enum role role, uint32_t index)
{
	*process = (struct process){ .master = master, .generation = generation, .role = role, .index = index };
	process->respawn = evtimer_new(master->base, on_respawn, process);
	if (!process->respawn)
		memory_die("no timer");
}

static void process_told(void *context, const struct packet *packet)
{
	struct process *process = context;
	struct message_peer peer;

	if (packet->fd >= 0)
		close(packet->fd);
	if (packet->kind == MESSAGE_READY && process->state == PROCESS_STARTING) {
		process->state = PROCESS_READY;
		evtimer_del(process->respawn);
		log_info("role.ready", LOG_TEXT("role", role_name(process->role)),
			 LOG_NUMBER("index", process->index), LOG_NUMBER("pid", process->pid));
		master_process_ready(process);
	} else if (packet->kind == MESSAGE_CULPRIT && !role_asks(process->role) &&
		   message_get_peer(packet->body, &peer)) {
		master_accuse(process->master, &peer);
	}
}

static void process_hung_up(void *context)
{
	struct process *process = context;
	struct channel *channel = process->control;

	/* Without its control channel it is as good as dead; waitpid will say the rest. */
	process->control = NULL;
	channel_free(channel);
	if (process->pid > 0 && process->state != PROCESS_LEAVING)
		kill(process->pid, SIGKILL);
}

void process_tell(struct process *process, enum message_kind kind, struct span body, int fd)
{
	if (process->control)
		channel_tell(process->control, (uint16_t)kind, body, fd);
}

static void process_greet(struct process *process)
{
	const struct generation *generation = master_conf_of(process);
	bool trusted = process->role == ROLE_DIRECTORY || process->role == ROLE_STORE;
	struct message_start start = { .generation = generation->number, .index = process->index };
	char memory[128];
	struct wire_writer writer;
	/* Another mail root must not come with a crash of the store some time after a reload. */
	int fd = spawn_memory_file(span_text(process->role == ROLE_STORE ? process->master->store_text
									 : generation->text));

	start.count = process->role == ROLE_FRONTEND ? generation->frontends_count : 1;
	if (trusted)
		memcpy(start.key, process->master->key, sizeof start.key);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_start(&writer, &start);
	process_tell(process, MESSAGE_START, span_make(memory, writer.used), fd);
	memory_wipe(memory, sizeof memory);
	memory_wipe(&start, sizeof start);
	if (fd >= 0)
		close(fd);
	master_tell_log(process);
}

static void material_send(struct process *process, uint32_t server, uint32_t part, const char *file)
{
	char memory[8];
	struct wire_writer writer;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		log_error("tls.unreadable", LOG_TEXT("file", file), LOG_TEXT("do", "make it readable for root"));
		process_kill(process); /* a frontend without its keys would not be one */
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_pair(&writer, server, part);
	process_tell(process, MESSAGE_MATERIAL, span_make(memory, writer.used), fd);
	close(fd);
}

static void materials_send(struct process *process)
{
	const struct conf *conf = process->generation->conf;

	for (uint32_t i = 0; i < conf->smtps_count + (conf->pop3.enabled ? 1 : 0); i++) {
		bool smtp = i < conf->smtps_count;
		const char *certificate = smtp ? conf->smtps[i].certificate : conf->pop3.certificate;
		const char *key = smtp ? conf->smtps[i].key : conf->pop3.key;
		const char *authorities = (smtp ? &conf->smtps[i].methods : &conf->pop3.methods)->client_ca;

		if (!certificate[0])
			continue;
		if (authorities[0])
			material_send(process, i, 2, authorities);
		material_send(process, i, 0, certificate);
		material_send(process, i, 1, key);
	}
}

static void process_respawn_later(struct process *process)
{
	unsigned doublings = process->hurried < 9 ? process->hurried : 9;
	unsigned wait = WAIT_FIRST_MS << (doublings > 0 ? doublings - 1 : 0);
	struct timeval delay;

	if (wait > WAIT_LAST_MS)
		wait = WAIT_LAST_MS;
	delay = (struct timeval){ wait / 1000, wait % 1000 * 1000 };
	evtimer_add(process->respawn, &delay);
}

void process_start(struct process *process)
{
	static const struct timeval patience = { START_SECONDS, 0 };
	int control = -1;
	pid_t pid;

	/* Both a timer and the steps of a generation start processes. */
	evtimer_del(process->respawn);
	if (process->pid > 0)
		return;
	pid = spawn_role(process->role, process->master->conf_file, &control);
	process->started = clock_ms();
	if (pid < 0) {
		log_error("role.unstartable", LOG_TEXT("role", role_name(process->role)));
		process->hurried++;
		process_respawn_later(process);
		return;
	}
	process->pid = pid;
	process->state = PROCESS_STARTING;
	process->control = channel_new(process->master->base, control, process_hung_up, process_told, process);
	process_greet(process);
	if (process->role == ROLE_FRONTEND) {
		process_tell(process, MESSAGE_TALLY, span_text(""), process->generation->tally);
		materials_send(process);
	}
	if (process->role != ROLE_STORE) /* which may have much to recover */
		evtimer_add(process->respawn, &patience);
}

void process_leave(struct process *process, enum message_kind how)
{
	evtimer_del(process->respawn);
	if (process->pid == 0)
		return;
	process->state = PROCESS_LEAVING;
	process_tell(process, how, span_text(""), -1);
}

void process_kill(struct process *process)
{
	if (process->pid > 0)
		kill(process->pid, SIGKILL);
}

static void log_death(const struct process *process, int status)
{
	bool killed = WIFSIGNALED(status);
	bool expected = process->state == PROCESS_LEAVING && !killed && WEXITSTATUS(status) == 0;

	log_event(expected ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, expected ? "role.left" : "role.died",
		  LOG_TEXT("role", role_name(process->role)), LOG_NUMBER("index", process->index),
		  LOG_NUMBER("pid", process->pid), LOG_TEXT("by", killed ? "signal" : "exit"),
		  LOG_NUMBER("code", killed ? WTERMSIG(status) : WEXITSTATUS(status)));
}

void process_died(struct process *process, int status)
{
	bool wanted = process->state == PROCESS_LEAVING;
	bool early = process->state == PROCESS_STARTING;

	log_death(process, status);
	process->pid = 0;
	process->state = PROCESS_DOWN;
	if (process->control) {
		channel_free(process->control);
		process->control = NULL;
	}
	if (wanted) {
		master_process_gone(process, false);
		return;
	}
	process->restarts++;
	process->hurried = clock_ms() - process->started < SOON_MS ? process->hurried + 1 : 0;
	process_respawn_later(process);
	master_process_gone(process, early);
}

void process_clear(struct process *process)
{
	if (process->control)
		channel_free(process->control);
	if (process->respawn)
		event_free(process->respawn);
	memset(process, 0, sizeof *process);
}
