/* SPDX-License-Identifier: ISC */
#include "daemon/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/control_queue.h"
#include "daemon/generation.h"
#include "daemon/message_directory.h"
#include "io/packet.h"

enum { EXPLAIN_MS = 900000 /* a list of 100,000 in a slow directory */ };

struct control {
	struct master *master;
	struct event *event;
	int fd;
	char path[sizeof ((struct sockaddr_un *)0)->sun_path];
};

static void add_process(struct process *process, void *context)
{
	int64_t seconds = process->pid ? (clock_ms() - process->started) / 1000 : 0;

	buffer_add_format(context, "%s\t%u\t%u\t%d\t%s\t%lld\t%u\n", role_name(process->role),
			  process->index, process->generation ? process->generation->number : 0,
			  (int)process->pid, process_state_name(process), (long long)seconds,
			  process->restarts);
}

/* A question that a role answers: its client waits, the master does not. */
struct control_ask {
	int client;
};

void control_say(int client, struct span reply)
{
	if (send(client, reply.at, reply.length, MSG_NOSIGNAL) < 0)
		log_warning("control.unheard", LOG_TEXT("why", strerror(errno)));
}

static void on_explained(void *context, enum channel_result result, const struct packet *packet)
{
	struct control_ask *ask = context;
	struct buffer reply = BUFFER_EMPTY;

	if (result == CHANNEL_ANSWERED) {
		if (packet->fd >= 0)
			close(packet->fd);
		buffer_add_text(&reply, "ok\n");
		buffer_add(&reply, packet->body.at, packet->body.length);
	} else {
		buffer_add_text(&reply, "error the directory role does not answer\n");
	}
	control_say(ask->client, buffer_span(&reply));
	buffer_clear(&reply);
	close(ask->client);
	free(ask);
}

static bool take_question(struct span text, struct message_explain *explain)
{
	static const struct {
		const char *word;
		enum message_question question;
	} questions[] = { { "login ", QUESTION_LOGIN },
			  { "address ", QUESTION_ADDRESS },
			  { "send ", QUESTION_SEND } };

	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		if (!span_starts_nocase(text, questions[i].word))
			continue;
		explain->question = questions[i].question;
		return span_copy(span_skip(text, strlen(questions[i].word)), explain->subject,
				 sizeof explain->subject);
	}
	return false;
}

/* True: the client is answered, and closed, later. */
static bool control_explain(struct control *control, int client, struct span subject, struct buffer *reply)
{
	struct generation *generation = generation_in_force(control->master);
	struct message_explain explain;
	char memory[sizeof explain + 16];
	struct wire_writer writer;
	struct control_ask *ask;

	if (!generation || !generation->directory.control || !take_question(subject, &explain)) {
		buffer_add_text(reply, generation ? "error that cannot be asked about\n"
						  : "error the gateway is not up yet\n");
		return false;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_explain(&writer, &explain);
	ask = memory_new(sizeof *ask);
	ask->client = client;
	channel_ask(generation->directory.control, MESSAGE_EXPLAIN, span_make(memory, writer.used), -1, EXPLAIN_MS,
		    on_explained, ask);
	return true;
}

static void control_do(struct control *control, struct span word, struct buffer *reply)
{
	if (span_is(word, "status")) {
		buffer_add_text(reply, "ok\n");
		master_each(control->master, add_process, reply);
	} else if (span_is(word, "reload")) {
		buffer_add_text(reply, "ok\n");
		master_reload(control->master);
	} else if (span_is(word, "stop")) {
		buffer_add_text(reply, "ok\n");
		master_stop(control->master, 0);
	} else {
		buffer_add_text(reply, "error unknown command\n");
	}
}

/* Root's own tool sends its line at once; whoever does not is not waited for. True: the client is kept. */
static bool control_serve(struct control *control, int client)
{
	static const char explain[] = "explain ", queue[] = "queue ";
	struct timeval patience = { 1, 0 };
	struct buffer reply = BUFFER_EMPTY;
	struct span word;
	char line[CONTROL_LINE_MAX];
	bool kept = false;
	ssize_t length;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	length = recv(client, line, sizeof line, 0);
	if (length <= 1 || line[length - 1] != '\n')
		return false;
	word = span_make(line, (size_t)length - 1);
	if (span_starts_nocase(word, explain))
		kept = control_explain(control, client, span_skip(word, sizeof explain - 1), &reply);
	else if (span_starts_nocase(word, queue))
		kept = control_queue(control->master, client, span_skip(word, sizeof queue - 1), &reply);
	else
		control_do(control, word, &reply);
	if (!kept)
		control_say(client, buffer_span(&reply));
	buffer_clear(&reply);
	return kept;
}

static void on_client(evutil_socket_t fd, short what, void *context)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (client < 0)
		return;
	if (!control_serve(context, client))
		close(client);
}

static bool control_bind(struct control *control)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask = umask(077);
	bool bound;

	memcpy(address.sun_path, control->path, sizeof address.sun_path);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The pid file's lock says that no other master lives here: what is left is a dead one's. */
	unlink(control->path);
	bound = control->fd >= 0 && bind(control->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
		listen(control->fd, 8) == 0;
	umask(mask);
	return bound;
}

struct control *control_open(struct master *master, const char *run)
{
	struct control *control = memory_new(sizeof *control);
	int length = snprintf(control->path, sizeof control->path, "%s/control", run);

	control->master = master;
	control->fd = -1;
	if (length < 0 || (size_t)length >= sizeof control->path || !control_bind(control)) {
		log_error("control.failed", LOG_TEXT("path", control->path), LOG_TEXT("why", strerror(errno)));
		if (control->fd >= 0)
			close(control->fd);
		free(control);
		return NULL;
	}
	control->event = event_new(master->base, control->fd, EV_READ | EV_PERSIST, on_client, control);
	if (!control->event || event_add(control->event, NULL) < 0)
		memory_die("no event for the control socket");
	return control;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	event_free(control->event);
	close(control->fd);
	unlink(control->path);
	free(control);
}
