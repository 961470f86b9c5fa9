/* SPDX-License-Identifier: ISC */
/*
 * A message comes in: its envelope behind it, both durable, then a name, the name durable,
 * and only then is it known. Nothing with a name is ever incomplete.
 */
#include "queue/queue_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/spool.h"

static enum outcome input_check(const char *server, const char *id, const struct envelope *envelope,
				struct queue_failure *failure)
{
	if (!record_id_valid(id) || server[0] == '\0' || strlen(server) >= QUEUE_SERVER_SIZE)
		return queue_failure_say(failure, OUTCOME_PERM, "no name for a message: %s/%s",
					 server, id);
	if (envelope->count == 0)
		return queue_failure_say(failure, OUTCOME_PERM, "a message for nobody");
	return OUTCOME_OK;
}

int queue_spool(struct queue *queue, struct queue_failure *failure)
{
	int fd = spool_new_in(queue->spool_fd, false);

	if (fd < 0)
		(void)queue_failure_errno(failure, errno, "cannot make a file in %s/.spool",
					  queue->root);
	return fd;
}

void queue_spool_drop(struct queue *queue, int spool)
{
	spool_forget(queue->spool_fd, spool);
	close(spool);
}

static bool file_complete(const struct queue *queue, int fd, const struct queue_prepared *prepared,
			  const char *server, const struct envelope *envelope)
{
	struct buffer records = BUFFER_EMPTY;
	bool good;

	record_envelope(&records, prepared->id, server, prepared->arrived, envelope);
	good = pwrite(fd, buffer_bytes(&records), buffer_used(&records), (off_t)prepared->size) ==
		       (ssize_t)buffer_used(&records) &&
	       (!queue->name_first || spool_name(queue->spool_fd, fd) == 0) && fdatasync(fd) == 0;
	buffer_clear(&records);
	return good;
}

/*
 * It has the name, and none in the spool: no entry there that would be dropped at the next start.
 * Where moving is not possible it is linked, and the other name dropped.
 */
static bool file_name(const struct queue *queue, int fd, int directory, const char *name)
{
	if (queue->name_first && spool_move(queue->spool_fd, fd, directory, name) == 0)
		return true;
	if (spool_link(fd, directory, name) != 0)
		return false;
	spool_forget(queue->spool_fd, fd);
	return true;
}

static void place_of(struct queue *queue, const struct queue_prepared *prepared,
		     struct place *place)
{
	place->queue = queue;
	place->server = queue->servers[prepared->server];
	place->size = prepared->size;
	memcpy(place->id, prepared->id, sizeof place->id);
}

/* Data first, then the name: a name leads to all of it or is not there. */
static bool file_enter(struct queue *queue, int fd, const struct queue_prepared *prepared,
		       const char *server, const struct envelope *envelope)
{
	char name[RECORD_NAME_SIZE];
	struct place place;
	int error;

	place_of(queue, prepared, &place);
	record_name(place.id, place.size, name);
	if (!file_complete(queue, fd, prepared, server, envelope))
		return false;
	if (!file_name(queue, fd, place_directory(&place), name))
		return false;
	if (place_sync(&place) == 0)
		return true;
	error = errno;
	(void)place_remove(&place);
	errno = error;
	return false;
}

/* A file of the queue's own, for one that is in mailboxes too or on another file system. */
static bool enter_copy(struct queue *queue, int spool, const struct queue_prepared *prepared,
		       const char *server, const struct envelope *envelope)
{
	int fd = spool_new_in(queue->spool_fd, false), error;
	bool good = fd >= 0 && spool_copy(spool, fd, prepared->size) == 0 &&
		    file_enter(queue, fd, prepared, server, envelope);

	error = errno;
	if (fd >= 0) {
		spool_forget(queue->spool_fd, fd);
		close(fd);
	}
	errno = error;
	return good;
}

static bool enter(struct queue *queue, int spool, bool shared,
		  const struct queue_prepared *prepared, const char *server,
		  const struct envelope *envelope)
{
	bool good = !shared && file_enter(queue, spool, prepared, server, envelope);
	int error = errno;

	if (good)
		return true;
	if (!shared) {
		spool_forget(queue->spool_fd, spool);
		(void)!ftruncate(spool, (off_t)prepared->size);
	}
	if (shared || error == EXDEV || error == ENOENT)
		return enter_copy(queue, spool, prepared, server, envelope);
	errno = error;
	return false;
}

/* From here on the loader lets it be. */
static bool prepared_list(struct queue *queue, struct queue_prepared *prepared)
{
	bool is_new;

	queue_lock(queue);
	is_new = index_find(queue, prepared->id) == 0;
	for (const struct queue_prepared *other = queue->prepared; is_new && other != NULL;
	     other = other->next)
		is_new = strcmp(other->id, prepared->id) != 0;
	if (is_new) {
		prepared->next = queue->prepared;
		queue->prepared = prepared;
	}
	queue_unlock(queue);
	errno = EEXIST;
	return is_new;
}

static void prepared_end(struct queue *queue, struct queue_prepared *prepared)
{
	struct queue_prepared **at = &queue->prepared;

	while (*at != prepared)
		at = &(*at)->next;
	*at = prepared->next;
}

static void prepared_free(struct queue_prepared *prepared)
{
	free(prepared->hops);
	free(prepared);
}

/* NULL with errno. */
static struct queue_prepared *prepared_make(struct queue *queue, int spool, const char *server,
					    const char *id, const struct envelope *envelope)
{
	struct queue_prepared *prepared = memory_new(sizeof *prepared);
	struct stat status;

	memcpy(prepared->id, id, strlen(id));
	prepared->arrived = queue_clock();
	queue_lock(queue);
	prepared->rules = queue->rules;
	queue_unlock(queue);
	prepared->count = envelope->count;
	if (fstat(spool, &status) == 0 && server_find(queue, server, &prepared->server) != NULL) {
		prepared->size = (uint64_t)status.st_size;
		prepared->hops = memory_array(envelope->count, sizeof *prepared->hops);
		for (size_t i = 0; i < envelope->count; i++)
			queue->calls.hop(queue->context, server, &envelope->recipients[i],
					 &prepared->hops[i]);
		if (prepared_list(queue, prepared))
			return prepared;
	}
	prepared_free(prepared);
	return NULL;
}

struct queue_prepared *queue_prepare(struct queue *queue, int spool, bool shared,
				     const char *server, const char *id,
				     const struct envelope *envelope, enum outcome *outcome,
				     struct queue_failure *failure)
{
	struct queue_prepared *prepared;

	*outcome = input_check(server, id, envelope, failure);
	if (*outcome != OUTCOME_OK)
		return NULL;
	prepared = prepared_make(queue, spool, server, id, envelope);
	if (prepared != NULL && enter(queue, spool, shared, prepared, server, envelope))
		return prepared;
	*outcome = queue_failure_errno(failure, errno, "cannot put %s into the queue of %s", id,
				       server);
	if (prepared != NULL) {
		queue_lock(queue);
		prepared_end(queue, prepared);
		queue_unlock(queue);
		prepared_free(prepared);
	}
	return NULL;
}

/* All that legs_match looks at. */
static void know(struct queue *queue, const struct queue_prepared *prepared)
{
	struct queue_recipient one = { 0 }, *all = &one;
	struct queue_message content = { .envelope.count = prepared->count };
	uint32_t number;

	if (prepared->count > 1)
		all = memory_array(prepared->count, sizeof *all);
	content.recipients = all;
	queue_lock(queue);
	prepared_end(queue, (struct queue_prepared *)prepared);
	number =
		index_add(queue, prepared->server, prepared->id, prepared->size, prepared->arrived);
	if (number != 0)
		legs_match(queue, number, &content, prepared->hops);
	if (prepared->rules != queue->rules) {
		queue->rehop = true;
		pthread_cond_signal(&queue->load);
	}
	queue_unlock(queue);
	if (all != &one)
		free(all);
}

void queue_commit(struct queue *queue, struct queue_prepared *prepared)
{
	know(queue, prepared);
	prepared_free(prepared);
}

void queue_withdraw(struct queue *queue, struct queue_prepared *prepared)
{
	struct place place;

	place_of(queue, prepared, &place);
	if (place_remove(&place))
		(void)place_sync(&place);
	queue_lock(queue);
	prepared_end(queue, prepared);
	queue_unlock(queue);
	prepared_free(prepared);
}

enum outcome queue_add(struct queue *queue, int spool, bool shared, const char *server,
		       const char *id, const struct envelope *envelope,
		       struct queue_failure *failure)
{
	enum outcome outcome;
	struct queue_prepared *prepared =
		queue_prepare(queue, spool, shared, server, id, envelope, &outcome, failure);

	if (prepared != NULL)
		queue_commit(queue, prepared);
	return outcome;
}
