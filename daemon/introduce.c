/* SPDX-License-Identifier: ISC */
/* What the master hands to those who ask: channels to the workers; to frontends the ports. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/generation.h"
#include "daemon/spawn.h"
#include "io/packet.h"

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

/* One who asks and a worker; or the directory role and the local one, which it asks. */
void process_introduce(struct process *asker, struct process *worker)
{
	int ends[2];

	if (asker->state < PROCESS_READY || worker->state != PROCESS_READY)
		return;
	if (!packet_pair(ends)) {
		log_error("master.channel", LOG_TEXT("why", strerror(errno)));
		return;
	}
	/* The worker first: whatever the asker sends then finds somebody listening. */
	tell_peer(worker, asker, ends[1]);
	tell_peer(asker, worker, ends[0]);
	close(ends[0]);
	close(ends[1]);
}

/* Frontends ask the relay, too, where it connects for them. */
static void introduce_diallers(struct process *process, struct generation *generation)
{
	if (process->role == ROLE_FRONTEND)
		process_introduce(process, &generation->relay);
	for (uint32_t i = 0; process->role == ROLE_RELAY && i < generation->frontends_count; i++)
		process_introduce(&generation->frontends[i], process);
}

void process_introduce_asker(struct process *asker)
{
	struct generation *generation = asker->generation;

	process_introduce(asker, &generation->directory);
	process_introduce(asker, &generation->resolver);
	if (generation->conf->proxy.enabled)
		introduce_diallers(asker, generation);
	/* The queue's jobs go out by one configuration: by the new one when it is in force. */
	if (asker->role != ROLE_RELAY || generation->up)
		process_introduce(asker, &asker->master->store);
}

static void introduce_to(struct process *worker, struct generation *generation)
{
	for (uint32_t i = 0; i < generation->frontends_count; i++)
		process_introduce(&generation->frontends[i], worker);
	if (worker->role != ROLE_STORE || generation->up)
		process_introduce(&generation->relay, worker);
}

void process_introduce_worker(struct process *worker)
{
	if (worker->role == ROLE_LOCAL || worker->role == ROLE_DIRECTORY)
		process_introduce(&worker->generation->directory, &worker->generation->local);
	if (worker->role == ROLE_LOCAL)
		return;
	if (worker->generation) {
		introduce_to(worker, worker->generation);
		return;
	}
	for (struct generation *generation = worker->master->generations; generation; generation = generation->next)
		introduce_to(worker, generation);
}

void process_tell_rules(const struct generation *generation)
{
	int fd = spawn_memory_file(span_text(generation->text));

	if (fd < 0) {
		log_error("master.rules", LOG_TEXT("why", strerror(errno)));
		return;
	}
	process_tell(&generation->master->store, MESSAGE_RULES, span_text(""), fd);
	close(fd);
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

void process_open_ports(struct process *frontend)
{
	const struct conf *conf = frontend->generation->conf;

	for (uint32_t i = 0; i < conf->smtps_count; i++)
		send_listens(frontend, i, conf->smtps[i].listens, conf->smtps[i].listens_count);
	if (conf->pop3.enabled)
		send_listens(frontend, (uint32_t)conf->smtps_count, conf->pop3.listens,
			     conf->pop3.listens_count);
}
