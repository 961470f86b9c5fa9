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
#include "daemon/master.h"

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

/* Root's own tool sends its line at once; whoever does not is not waited for. */
static void control_serve(struct control *control, int client)
{
	struct timeval patience = { 1, 0 };
	struct buffer reply = BUFFER_EMPTY;
	char line[64];
	ssize_t length;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	length = recv(client, line, sizeof line, 0);
	if (length <= 1 || line[length - 1] != '\n')
		return;
	control_do(control, span_make(line, (size_t)length - 1), &reply);
	if (send(client, buffer_bytes(&reply), buffer_used(&reply), MSG_NOSIGNAL) < 0)
		log_warning("control.unheard", LOG_TEXT("why", strerror(errno)));
	buffer_clear(&reply);
}

static void on_client(evutil_socket_t fd, short what, void *context)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (client < 0)
		return;
	control_serve(context, client);
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
