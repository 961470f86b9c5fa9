/* SPDX-License-Identifier: ISC */
#include "directory/link.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "directory/threads.h"

enum { READER_TURN_MS = 200, REASON_SIZE = 200 };

struct waiter {
	struct waiter *next;
	int id;
	bool done, lost;
	pthread_cond_t cond;
	struct search_result *result;
};

struct link {
	struct connection connection; /* ldap is used under the mutex */
	pthread_mutex_t mutex;
	pthread_cond_t rest; /* the reader sleeps here; signalled when the link is dead */
	struct waiter *waiters;
	bool led;      /* one of the waiters reads for all */
	int64_t heard; /* when bytes last came in */
	bool dead, frozen;
	char why[REASON_SIZE];
	atomic_bool usable;
	atomic_uint load;
	atomic_uint references;
	ldap_link_ended ended;
	void *context;
};

/* The mutex is held. Who reads for all notices, because the socket is shut down. */
static void mark_dead(struct link *link, const char *why, bool frozen)
{
	if (link->dead)
		return;
	link->dead = true;
	link->frozen = frozen;
	atomic_store(&link->usable, false);
	snprintf(link->why, sizeof(link->why), "%s", why);
	for (struct waiter *waiter = link->waiters; waiter; waiter = waiter->next) {
		waiter->lost = true;
		pthread_cond_signal(&waiter->cond);
	}
	link->waiters = NULL;
	pthread_cond_signal(&link->rest);
	shutdown(link->connection.guard, SHUT_RDWR);
}

static struct waiter *take_waiter(struct link *link, int id)
{
	for (struct waiter **at = &link->waiters; *at; at = &(*at)->next) {
		struct waiter *waiter = *at;

		if (waiter->id == id) {
			*at = waiter->next;
			return waiter;
		}
	}
	return NULL;
}

static void deliver(struct link *link, LDAPMessage *messages)
{
	struct waiter *waiter = take_waiter(link, ldap_msgid(messages));

	if (!waiter) {
		ldap_msgfree(messages); /* an answer that came after its asker left */
		return;
	}
	search_take(link->connection.ldap, messages, waiter->result);
	waiter->done = true;
	pthread_cond_signal(&waiter->cond);
}

/*
 * Until nothing is left, or nobody waits: libldap, TLS and SASL buffer, so what they
 * hold back would not wake poll() again.
 */
static void drain(struct link *link)
{
	while (!link->dead && link->waiters) {
		struct timeval none = { 0, 0 };
		LDAPMessage *messages = NULL;
		int type = ldap_result(link->connection.ldap, LDAP_RES_ANY, LDAP_MSG_ALL, &none,
				       &messages);

		if (type == 0)
			return;
		if (type < 0)
			mark_dead(link, "the server closed the connection", false);
		else
			deliver(link, messages);
	}
}

/* The mutex is held. What poll() said of the socket. */
static void take_events(struct link *link, short events)
{
	if (events & POLLIN)
		link->heard = clock_ms();
	drain(link);
	if (!link->dead && (events & (POLLHUP | POLLERR | POLLNVAL)))
		mark_dead(link, "the connection broke", false);
}

/* A socket that nobody expects anything of becomes readable when the server closes it. */
static void watch(struct link *link)
{
	struct pollfd poll_one = { .fd = link->connection.guard, .events = POLLIN | POLLRDHUP };

	if (poll(&poll_one, 1, 0) <= 0)
		return;
	take_events(link, poll_one.revents);
	if (!link->dead && (poll_one.revents & POLLRDHUP))
		mark_dead(link, "the server closed the connection", false);
}

/* Mostly asleep: who waits for an answer reads it himself. */
static void *reader_run(void *context)
{
	struct link *link = context;

	pthread_mutex_lock(&link->mutex);
	while (!link->dead && (atomic_load(&link->usable) || link->waiters)) {
		(void)thread_wait(&link->rest, &link->mutex, clock_ms() + READER_TURN_MS);
		if (!link->dead && !link->led)
			watch(link);
	}
	pthread_mutex_unlock(&link->mutex);
	link->ended(link->context, link, link->dead ? link->why : NULL, link->frozen);
	return NULL;
}

struct link *ldap_link_new(const struct connection *connection, ldap_link_ended ended,
			   void *context)
{
	struct link *link = memory_new(sizeof(*link));
	pthread_t reader;

	link->connection = *connection;
	link->ended = ended;
	link->context = context;
	link->heard = clock_ms();
	pthread_mutex_init(&link->mutex, NULL);
	thread_cond_init(&link->rest);
	atomic_init(&link->usable, true);
	atomic_init(&link->load, 0);
	atomic_init(&link->references, 1);
	/* Answers are drained under the mutex, where nobody must ever sleep. */
	(void)fcntl(connection->guard, F_SETFL, O_NONBLOCK);
	thread_start(&reader, reader_run, link);
	pthread_detach(reader);
	return link;
}

void ldap_link_hold(struct link *link)
{
	atomic_fetch_add(&link->references, 1);
}

void ldap_link_release(struct link *link)
{
	if (atomic_fetch_sub(&link->references, 1) != 1)
		return;
	connection_close(&link->connection);
	pthread_cond_destroy(&link->rest);
	pthread_mutex_destroy(&link->mutex);
	free(link);
}

/* Sends and queues under the mutex; a full socket is given a moment. */
static bool send_search(struct link *link, const struct search *search, int64_t deadline,
			struct waiter *waiter)
{
	static const struct timespec moment = { 0, 2000000 };
	int code = LDAP_BUSY;

	for (;;) {
		/* A retired link's reader may be gone already: nobody would hear the answer. */
		if (link->dead || !atomic_load(&link->usable))
			return false;
		waiter->id = search_send(link->connection.ldap, search, &code);
		if (waiter->id >= 0)
			break;
		if (code == LDAP_FILTER_ERROR || code == LDAP_PARAM_ERROR) {
			waiter->result->code = code;
			waiter->done = true;
			return true;
		}
		if (code != LDAP_BUSY || clock_ms() >= deadline) {
			mark_dead(link, "the server takes no more requests", code == LDAP_BUSY);
			return false;
		}
		pthread_mutex_unlock(&link->mutex);
		nanosleep(&moment, NULL);
		pthread_mutex_lock(&link->mutex);
	}
	waiter->next = link->waiters;
	link->waiters = waiter;
	return true;
}

/* Reads for all until the own answer has come: alone, an asker wakes nobody and is woken by nobody
 * but the server. */
static void lead(struct link *link, const struct waiter *waiter, int64_t deadline)
{
	struct pollfd poll_one = { .fd = link->connection.guard, .events = POLLIN };
	int64_t left;

	link->led = true;
	while (!waiter->done && !waiter->lost && (left = deadline - clock_ms()) > 0) {
		pthread_mutex_unlock(&link->mutex);
		poll_one.revents = 0;
		if (poll(&poll_one, 1, (int)left) < 0)
			poll_one.revents = 0;
		pthread_mutex_lock(&link->mutex);
		take_events(link, poll_one.revents);
	}
	link->led = false;
}

/* Somebody must read as long as somebody waits; also after one who was to do it gave up instead. */
static void pass_on(struct link *link)
{
	if (!link->led && link->waiters)
		pthread_cond_signal(&link->waiters->cond);
}

static enum ldap_link_outcome wait_answer(struct link *link, struct waiter *waiter,
					  int64_t deadline)
{
	int64_t sent = clock_ms();
	bool time = true;

	while (time && !waiter->done && !waiter->lost) {
		if (!link->led) {
			lead(link, waiter, deadline);
			time = waiter->done || waiter->lost;
		} else {
			time = thread_wait(&waiter->cond, &link->mutex, deadline);
		}
	}
	if (waiter->done)
		return LINK_ANSWERED;
	if (waiter->lost)
		return LINK_LOST;
	take_waiter(link, waiter->id);
	if (link->heard < sent) {
		mark_dead(link, "no answer in time", true);
		return LINK_LOST;
	}
	(void)ldap_abandon_ext(link->connection.ldap, waiter->id, NULL, NULL);
	return LINK_SLOW;
}

enum ldap_link_outcome ldap_link_search(struct link *link, const struct search *search,
					int64_t deadline, struct search_result *result)
{
	struct waiter waiter = { .result = result };
	enum ldap_link_outcome outcome = LINK_LOST;

	search_result_start(result, search);
	memcpy(result->server, link->connection.server, sizeof(result->server));
	thread_cond_init(&waiter.cond);
	atomic_fetch_add(&link->load, 1);
	pthread_mutex_lock(&link->mutex);
	if (send_search(link, search, deadline, &waiter))
		outcome = wait_answer(link, &waiter, deadline);
	pass_on(link);
	if (outcome == LINK_LOST)
		memcpy(result->diagnostic, link->why, sizeof(link->why));
	pthread_mutex_unlock(&link->mutex);
	atomic_fetch_sub(&link->load, 1);
	pthread_cond_destroy(&waiter.cond);
	return outcome;
}

void ldap_link_retire(struct link *link)
{
	atomic_store(&link->usable, false);
}

void ldap_link_kill(struct link *link, const char *why)
{
	pthread_mutex_lock(&link->mutex);
	mark_dead(link, why, false);
	pthread_mutex_unlock(&link->mutex);
}

bool ldap_link_is_usable(const struct link *link)
{
	return atomic_load(&link->usable);
}

unsigned ldap_link_load(const struct link *link)
{
	return atomic_load(&link->load);
}

const char *ldap_link_server(const struct link *link)
{
	return link->connection.server;
}

int64_t ldap_link_born(const struct link *link)
{
	return link->connection.born;
}
