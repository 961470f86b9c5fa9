/* SPDX-License-Identifier: ISC */
/* What the master hands to a frontend: channels to the workers, and the ports. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/generation.h"
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

/* A frontend and a worker; or the directory role and the local one, which it asks. */
void process_introduce(struct process *frontend, struct process *worker)
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

void process_open_ports(struct process *frontend)
{
	const struct conf *conf = frontend->generation->conf;

	for (uint32_t i = 0; i < conf->smtps_count; i++)
		send_listens(frontend, i, conf->smtps[i].listens, conf->smtps[i].listens_count);
	if (conf->pop3.enabled)
		send_listens(frontend, (uint32_t)conf->smtps_count, conf->pop3.listens,
			     conf->pop3.listens_count);
}
