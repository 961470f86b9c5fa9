/* SPDX-License-Identifier: ISC */
/* The virtual servers that have mail waiting: their directories and the limits of now. */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

/* Of a server that is not configured any more: what waits there still goes out. */
static const struct queue_limits fallback = { .connections = 100,
					      .connections_per_domain = 10,
					      .messages_per_connection = 20,
					      .recipients = 100,
					      .retry = { 900, 1800, 3600, 14400 },
					      .retry_count = 4,
					      .delay_notice = 43200,
					      .expiry = 172800,
					      .local_delay_notice = 43200,
					      .local_expiry = 172800 };

static void limits_ask(struct queue *queue, const char *name, struct queue_limits *limits)
{
	memset(limits, 0, sizeof *limits);
	if (!queue->calls.limits(queue->context, name, limits)) {
		log_warning("queue.server", LOG_TEXT("server", name),
			    LOG_TEXT("why", "mail of a virtual server that is not configured"));
		*limits = fallback;
	}
	if (limits->retry_count == 0) {
		memcpy(limits->retry, fallback.retry, sizeof limits->retry);
		limits->retry_count = fallback.retry_count;
	}
	if (limits->retry_count > QUEUE_RETRIES_MAX)
		limits->retry_count = QUEUE_RETRIES_MAX;
	if (limits->connections == 0)
		limits->connections = 1;
	if (limits->recipients == 0)
		limits->recipients = 100;
}

static int directory_at(int parent, const char *name)
{
	if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool directories_open(struct queue *queue, struct server *server)
{
	char slug[PATH_COMPONENT_MAX + 1], name[8];
	struct stat status;
	int parent;
	bool good;

	if (!path_component(server->name, slug)) {
		errno = EINVAL;
		return false;
	}
	parent = directory_at(queue->root_fd, slug);
	good = parent >= 0;
	for (unsigned i = 0; good && i < QUEUE_SPREAD; i++) {
		snprintf(name, sizeof name, "%02x", i);
		server->directories[i] = directory_at(parent, name);
		good = server->directories[i] >= 0 && fstat(server->directories[i], &status) == 0;
		if (good)
			server->ids[i] = (struct stat_id){ status.st_dev, status.st_ino };
	}
	good = good && fsync(parent) == 0 && fsync(queue->root_fd) == 0;
	if (parent >= 0)
		close(parent);
	return good;
}

static void server_free(struct server *server)
{
	for (unsigned i = 0; i < QUEUE_SPREAD; i++)
		if (server->directories[i] >= 0)
			close(server->directories[i]);
	free(server);
}

static struct server *server_known(struct queue *queue, const char *name, uint16_t *number)
{
	for (uint16_t i = 0; i < queue->servers_count; i++)
		if (strcmp(queue->servers[i]->name, name) == 0) {
			*number = i;
			return queue->servers[i];
		}
	return NULL;
}

static struct server *server_make(struct queue *queue, const char *name)
{
	struct server *server = memory_new(sizeof *server);

	for (unsigned i = 0; i < QUEUE_SPREAD; i++)
		server->directories[i] = -1;
	if (span_copy(span_text(name), server->name, sizeof server->name) &&
	    directories_open(queue, server)) {
		limits_ask(queue, name, &server->limits);
		return server;
	}
	server_free(server);
	return NULL;
}

struct server *server_find(struct queue *queue, const char *name, uint16_t *number)
{
	struct server *server, *made;

	queue_lock(queue);
	server = server_known(queue, name, number);
	queue_unlock(queue);
	if (server != NULL || (made = server_make(queue, name)) == NULL)
		return server;
	queue_lock(queue);
	server = server_known(queue, name, number); /* another thread may have been faster */
	if (server == NULL && queue->servers_count < QUEUE_SERVERS) {
		*number = queue->servers_count;
		server = queue->servers[queue->servers_count++] = made;
		made = NULL;
	}
	queue_unlock(queue);
	if (made != NULL)
		server_free(made);
	if (server == NULL)
		errno = EMFILE;
	return server;
}

void servers_refresh(struct queue *queue)
{
	struct queue_limits limits;
	uint16_t count;

	queue_lock(queue);
	count = queue->servers_count;
	queue_unlock(queue);
	for (uint16_t i = 0; i < count; i++) { /* servers stay where they are */
		limits_ask(queue, queue->servers[i]->name, &limits);
		queue_lock(queue);
		queue->servers[i]->limits = limits;
		queue_unlock(queue);
	}
}

void servers_free(struct queue *queue)
{
	for (uint16_t i = 0; i < queue->servers_count; i++)
		server_free(queue->servers[i]);
}
