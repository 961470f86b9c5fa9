/* SPDX-License-Identifier: ISC */
#include "directory_role/local_link.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/message_local.h"
#include "io/packet.h"

struct asker {
	uint32_t id;
	bool over;
	struct message_proof proof;
	struct asker *next;
};

struct local_link {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int fd; /* -1: nobody is there */
	unsigned readers;
	uint32_t last_id;
	struct asker *askers;
};

struct reading {
	struct local_link *link;
	int fd;
};

struct local_link *local_link_new(void)
{
	struct local_link *link = memory_new(sizeof *link);
	pthread_condattr_t attributes;

	pthread_mutex_init(&link->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&link->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	link->fd = -1;
	return link;
}

/* Under the lock: with the channel go all who wait at it. */
static void hang_up(struct local_link *link)
{
	if (link->fd < 0)
		return;
	shutdown(link->fd, SHUT_RDWR); /* its reader closes it */
	link->fd = -1;
	for (struct asker *asker = link->askers; asker; asker = asker->next)
		asker->over = true;
	pthread_cond_broadcast(&link->changed);
}

void local_link_free(struct local_link *link)
{
	if (!link)
		return;
	pthread_mutex_lock(&link->lock);
	hang_up(link);
	while (link->readers > 0)
		pthread_cond_wait(&link->changed, &link->lock);
	pthread_mutex_unlock(&link->lock);
	pthread_cond_destroy(&link->changed);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

/* False: what came is no answer, or one to nobody's question. */
static bool take_answer(struct local_link *link, const struct packet *packet)
{
	struct message_proof proof;

	if (packet->kind != MESSAGE_PROVE || packet->fd >= 0 ||
	    !message_get_proof(packet->body, &proof))
		return false;
	pthread_mutex_lock(&link->lock);
	for (struct asker *asker = link->askers; asker; asker = asker->next)
		if (asker->id == packet->id) {
			asker->proof = proof;
			asker->over = true;
		}
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->lock);
	return true;
}

static void *read_answers(void *of)
{
	struct reading *reading = of;
	struct local_link *link = reading->link;
	char *memory = memory_new(PACKET_BODY_MAX);
	struct packet packet;

	while (packet_receive(reading->fd, memory, &packet) == PACKET_OK &&
	       take_answer(link, &packet))
		;
	pthread_mutex_lock(&link->lock);
	if (link->fd == reading->fd)
		hang_up(link);
	close(reading->fd);
	link->readers--;
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->lock);
	free(memory);
	free(reading);
	return NULL;
}

void local_link_take(struct local_link *link, int fd)
{
	struct reading *reading = memory_new(sizeof *reading);
	pthread_t thread;

	*reading = (struct reading){ link, fd };
	pthread_mutex_lock(&link->lock);
	hang_up(link);
	link->fd = fd;
	link->readers++;
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->lock);
	if (pthread_create(&thread, NULL, read_answers, reading) != 0)
		memory_die("a thread could not be started");
	pthread_detach(thread);
}

/* Under the lock. False: the time is up. */
static bool wait_for_change(struct local_link *link, int64_t deadline)
{
	struct timespec until = { deadline / 1000, deadline % 1000 * 1000000 };

	return pthread_cond_timedwait(&link->changed, &link->lock, &until) == 0;
}

/* Under the lock, which also keeps the descriptor from being closed and used again. */
static bool send_question(struct local_link *link, struct asker *asker, const char *account,
			  struct span password)
{
	struct message_prove prove = { .account = "" };
	char memory[sizeof prove + 16];
	struct wire_writer writer;
	bool sent = span_copy(span_text(account), prove.account, sizeof prove.account) &&
		    span_copy(password, prove.password, sizeof prove.password);

	do
		asker->id = ++link->last_id;
	while (asker->id == 0);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_prove(&writer, &prove);
	if (sent && !writer.failed) {
		struct packet packet = { .kind = MESSAGE_PROVE,
					 .id = asker->id,
					 .fd = -1,
					 .body = span_make(memory, writer.used) };

		sent = packet_send(link->fd, &packet) == PACKET_OK;
	}
	memory_wipe(&prove, sizeof prove);
	memory_wipe(memory, sizeof memory);
	return sent;
}

static void await_answer(struct local_link *link, struct asker *asker, int64_t deadline)
{
	struct asker **place = &link->askers;

	asker->next = link->askers;
	link->askers = asker;
	while (!asker->over && wait_for_change(link, deadline))
		;
	while (*place != asker)
		place = &(*place)->next;
	*place = asker->next;
}

void local_link_prove(void *of, const char *account, struct span password, int64_t deadline,
		      struct checker_answer *answer)
{
	struct local_link *link = of;
	struct asker asker = { .proof = { .result = PASSWORD_TEMPORARY,
					  .cause = "the local role gave no answer" } };

	pthread_mutex_lock(&link->lock);
	/* One that was lost is started again within moments. */
	while (link->fd < 0 && wait_for_change(link, deadline))
		;
	if (link->fd >= 0 && send_question(link, &asker, account, password))
		await_answer(link, &asker, deadline);
	pthread_mutex_unlock(&link->lock);
	*answer = (struct checker_answer){ .result = asker.proof.result };
	snprintf(answer->server, sizeof answer->server, "local");
	snprintf(answer->cause, sizeof answer->cause, "%s", asker.proof.cause);
}
