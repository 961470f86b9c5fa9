/* SPDX-License-Identifier: ISC */
/*
 * The thread that reads: at the start what waits on disk, later what there was no room
 * for, and everything anew when the rules have changed. New mail goes on meanwhile: the
 * lock is held for one message at a time.
 */
#include "queue/queue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/scan.h"

enum { AGAIN_MS = 60000 }; /* when something could not be opened for want of something */

struct loading {
	struct queue *queue;
	int parent;    /* a server's directory, while its own are read */
	int directory; /* one of these */
	size_t read, bad;
	bool full, stop, again;
};

static void not_read(struct loading *loading, const char *what, const char *name, int error)
{
	loading->again |= error == EMFILE || error == ENFILE || error == ENOMEM;
	log_error("queue.load", LOG_TEXT(what, name), LOG_TEXT("why", strerror(error)));
}

static bool is_listed(const struct queue *queue, const char *id)
{
	for (const struct queue_prepared *at = queue->prepared; at != NULL; at = at->next)
		if (strcmp(at->id, id) == 0)
			return true;
	return false;
}

/* False: known, or it is just being added, or there is no room. */
static bool is_wanted(struct loading *loading, const char *id)
{
	struct queue *queue = loading->queue;
	bool wanted;

	queue_lock(queue);
	loading->full = queue->messages_count >= queue->messages_max;
	loading->stop = loading->full || queue->ending;
	wanted = !loading->stop && index_find(queue, id) == 0 && !is_listed(queue, id);
	queue_unlock(queue);
	return wanted;
}

static void know(struct loading *loading, const struct queue_message *content)
{
	struct queue *queue = loading->queue;
	struct queue_hop *hops;
	uint32_t message;
	uint16_t server;

	if (server_find(queue, content->server, &server) == NULL) {
		not_read(loading, "id", content->id, errno);
		return;
	}
	hops = legs_hops(queue, content);
	queue_lock(queue);
	message = is_listed(queue, content->id)
			  ? 0
			  : index_add(queue, server, content->id, content->size, content->arrived);
	if (message != 0) {
		legs_match(queue, message, content, hops);
		loading->read++;
	}
	queue_unlock(queue);
	free(hops);
}

static bool load_file(void *context, const char *name)
{
	struct loading *loading = context;
	struct queue_message *content;
	char id[QUEUE_ID_SIZE];
	uint64_t size;
	int fd;

	if (!record_name_parse(name, id, &size) || !is_wanted(loading, id))
		return !loading->stop;
	fd = openat(loading->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return true;
	content = fd < 0 ? NULL : queue_message_read(fd, name);
	if (content != NULL && message_is_over(content)) {
		(void)unlinkat(loading->directory, name, 0); /* all was done but this */
	} else if (content != NULL) {
		know(loading, content);
	} else {
		loading->bad++;
		loading->again |= errno == EMFILE || errno == ENFILE;
		log_error("queue.unreadable", LOG_TEXT("file", name),
			  LOG_TEXT("why", strerror(errno)));
	}
	queue_message_free(content);
	if (fd >= 0)
		close(fd);
	return true;
}

static bool is_spread_name(const char *name)
{
	return strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2;
}

static bool load_directory(void *context, const char *name)
{
	struct loading *loading = context;

	if (!is_spread_name(name))
		return true;
	loading->directory =
		openat(loading->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (loading->directory < 0) {
		not_read(loading, "directory", name, errno);
		return true;
	}
	if (!directory_scan(loading->directory, load_file, loading))
		not_read(loading, "directory", name, errno);
	close(loading->directory);
	return !loading->stop;
}

static bool load_server(void *context, const char *name)
{
	struct loading *loading = context;

	if (name[0] == '.')
		return true;
	loading->parent = openat(loading->queue->root_fd, name,
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (loading->parent < 0) {
		if (errno != ENOTDIR && errno != ELOOP)
			not_read(loading, "server", name, errno);
		return true;
	}
	if (!directory_scan(loading->parent, load_directory, loading))
		not_read(loading, "server", name, errno);
	close(loading->parent);
	return !loading->stop;
}

/* Called with the lock, comes back with it. */
static void load_all(struct queue *queue)
{
	struct loading loading = { .queue = queue };
	int64_t began = clock_ms();

	queue->unread = false;
	queue->reading = true;
	queue_unlock(queue);
	if (!directory_scan(queue->root_fd, load_server, &loading))
		not_read(&loading, "directory", queue->root, errno);
	if (loading.read + loading.bad > 0)
		log_info("queue.loaded", LOG_NUMBER("messages", loading.read),
			 LOG_NUMBER("unreadable", loading.bad), LOG_NUMBER("full", loading.full),
			 LOG_NUMBER("ms", clock_ms() - began));
	queue_lock(queue);
	queue->reading = false;
	queue->unread |= loading.full || loading.again;
	queue->unread_at = loading.again ? clock_ms() + AGAIN_MS : 0;
}

/* Its hops by the rules of now. One that is under way gets them when it comes back. */
static void message_reload(struct queue *queue, uint32_t number)
{
	pthread_mutex_t *stripe = queue_stripe(queue, number);
	struct queue_message *content = NULL;
	char name[RECORD_NAME_SIZE];
	struct place place;
	uint32_t serial;
	int fd = -1;

	pthread_mutex_lock(stripe);
	queue_lock(queue);
	serial = AT_MESSAGE(queue, number)->serial;
	if (serial != 0)
		index_place(queue, number, &place);
	queue_unlock(queue);
	if (serial != 0)
		fd = place_open(&place, O_RDONLY);
	if (fd >= 0) {
		record_name(place.id, place.size, name);
		content = queue_message_read(fd, name);
		close(fd);
	}
	if (content != NULL)
		message_refresh(queue, number, serial, content, false);
	queue_message_free(content);
	pthread_mutex_unlock(stripe);
}

/* Called with the lock, comes back with it. */
static void reload_all(struct queue *queue)
{
	queue->rehop = false;
	for (uint32_t i = 1; i <= queue->messages.used && !queue->ending; i++) {
		queue_unlock(queue);
		message_reload(queue, i);
		queue_lock(queue);
	}
}

static bool has_room(const struct queue *queue)
{
	return queue->messages_count <= queue->messages_max - queue->messages_max / 8;
}

void *load_run(void *of)
{
	struct queue *queue = of;

	queue_lock(queue);
	while (!queue->ending) {
		if (queue->unread && has_room(queue) && clock_ms() >= queue->unread_at)
			load_all(queue);
		else if (queue->rehop)
			reload_all(queue);
		else
			queue_wait(queue, &queue->load, UINT32_MAX);
	}
	queue_unlock(queue);
	return NULL;
}

void queue_rules_changed(struct queue *queue)
{
	queue_lock(queue);
	queue->rules++;
	queue_unlock(queue);
	servers_refresh(queue);
	queue_lock(queue);
	queue->rehop = true;
	pthread_cond_signal(&queue->load);
	queue_unlock(queue);
}
