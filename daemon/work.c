/* SPDX-License-Identifier: ISC */
#include "daemon/work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/held.h"
#include "io/packet.h"

enum { WORK_WAITING_MAX = 10000, WORK_OCTETS_MAX = 32 << 20,
       WORK_STACK = 512 * 1024, WORK_PATIENCE_MS = 5000, WORK_BATCH = 32, WORK_AGAIN_MS = 20 };

struct work_peer {
	struct message_peer who;
	int fd;
	unsigned held; /* works not yet finished and answers to be sent; under server.lock */
	bool closed;   /* no more packets; freed when held is 0 */
	bool accused, unheard; /* said once */
	void *own;
	struct work_peer *next;
};

struct work_pool {
	struct work *first, **last;
	atomic_size_t waiting; /* works; changed under server.lock, read without */
	atomic_size_t octets;  /* of their bodies; likewise */
	pthread_cond_t there;
};

/* One a process: a role is a process. */
static struct {
	pthread_mutex_t lock;
	struct work_pool *pools;
	size_t pools_count;
	bool ending;
	struct held *answers; /* to be sent later; under lock. Only the main thread takes them */
	struct work_peer *peers;
	struct work_peer master; /* asks over the control channel; not among the peers */
	size_t peers_count;
	bool bury; /* main thread: a peer may be over */
	const struct work_plan *plan;
	int control;
	enum role role;
	int wake; /* a peer can be freed, or a pool's thread ended */
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct span work_body(const struct work *work)
{
	return span_make(work->body, work->length);
}

void *work_own(const struct work *work)
{
	return work->peer->own;
}

/* Many threads may find the same wrong with a peer. */
static bool is_first(bool *said)
{
	bool before;

	pthread_mutex_lock(&server.lock);
	before = *said;
	*said = true;
	pthread_mutex_unlock(&server.lock);
	return !before;
}

static void server_accuse(struct work_peer *peer, const char *why, unsigned kind);

/* False: there is no room after WORK_PATIENCE_MS either. */
static bool peer_room(const struct work_peer *peer, int64_t until)
{
	static const struct timespec moment = { 0, 1000000 };
	struct pollfd room = { .fd = peer->fd, .events = POLLOUT };
	int64_t left = until - clock_ms();

	if (left <= 0 || poll(&room, 1, (int)left) <= 0)
		return false;
	nanosleep(&moment, NULL); /* the cap on descriptors under way is no matter of room: poll does not wait */
	return true;
}

/* A peer that does not take its answers holds a worker for WORK_PATIENCE_MS at most; nobody would introduce us anew. */
static bool peer_send(struct work_peer *peer, const struct packet *packet)
{
	int64_t until = clock_ms() + WORK_PATIENCE_MS;
	enum packet_result result;

	do
		result = packet_send(peer->fd, packet);
	while (result == PACKET_AGAIN && peer_room(peer, until));
	if (result == PACKET_AGAIN) {
		server_accuse(peer, "takes no answers", packet->kind);
		shutdown(peer->fd, SHUT_RDWR);
	}
	return result == PACKET_OK;
}

void work_answer(struct work *work, const struct wire_writer *writer, int fd)
{
	struct packet packet = { .kind = (uint16_t)work->permit->kind, .id = work->id, .fd = fd };

	if (work->id == 0)
		return;
	if (writer->failed)
		memory_die("an answer did not fit into its packet");
	packet.body = span_make(writer->at, writer->used);
	if (!peer_send(work->peer, &packet) && is_first(&work->peer->unheard))
		log_warning("work.unheard", LOG_TEXT("peer", role_name(work->peer->who.role)),
			    LOG_NUMBER("index", work->peer->who.index), LOG_NUMBER("kind", packet.kind));
}

static void server_wake(void)
{
	uint64_t one = 1;

	if (write(server.wake, &one, sizeof one) < 0 && errno != EAGAIN)
		memory_die("an eventfd failed");
}

void work_answer_later(struct work *work, const struct wire_writer *writer, unsigned hold)
{
	struct held_answer answer = { .owner = work->peer,
				      .due = clock_ms() + hold,
				      .kind = (uint16_t)work->permit->kind,
				      .id = work->id };
	bool held = false;

	pthread_mutex_lock(&server.lock);
	if (hold > 0 && work->id != 0 && !writer->failed && !server.ending)
		held = held_add(server.answers, &answer, span_make(writer->at, writer->used));
	if (held)
		work->peer->held++;
	pthread_mutex_unlock(&server.lock);
	if (held)
		server_wake(); /* it may be due before what the main thread waits for */
	else
		work_answer(work, writer, -1);
}

/* One that the peer has no room for comes again soon: the main thread waits for nobody. */
static void answer_send(struct held_answer *answer)
{
	struct work_peer *peer = answer->owner;
	struct packet packet = { .kind = answer->kind,
				 .id = answer->id,
				 .fd = -1,
				 .body = span_make(answer->body, answer->length) };
	enum packet_result result = peer->closed ? PACKET_CLOSED : packet_send(peer->fd, &packet);
	bool again;

	pthread_mutex_lock(&server.lock);
	answer->due = clock_ms() + WORK_AGAIN_MS;
	again = result == PACKET_AGAIN && !server.ending &&
		held_add(server.answers, answer, packet.body);
	if (!again && --peer->held == 0 && peer->closed)
		server.bury = true;
	pthread_mutex_unlock(&server.lock);
	free(answer);
}

static void answers_send(int64_t now)
{
	struct held_answer *answer;

	do {
		pthread_mutex_lock(&server.lock);
		answer = held_take(server.answers, now);
		pthread_mutex_unlock(&server.lock);
		if (answer)
			answer_send(answer);
	} while (answer);
}

static int answers_wait(void)
{
	int wait;

	pthread_mutex_lock(&server.lock);
	wait = held_wait(server.answers, clock_ms());
	pthread_mutex_unlock(&server.lock);
	return wait;
}

static void server_accuse(struct work_peer *peer, const char *why, unsigned kind)
{
	char memory[64];
	struct wire_writer writer;
	struct packet packet = { .kind = MESSAGE_CULPRIT, .fd = -1 };

	if (!is_first(&peer->accused))
		return;
	log_error("work.culprit", LOG_TEXT("peer", role_name(peer->who.role)),
		  LOG_NUMBER("index", peer->who.index), LOG_NUMBER("kind", kind), LOG_TEXT("why", why));
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_peer(&writer, &peer->who);
	packet.body = span_make(memory, writer.used);
	if (packet_send(server.control, &packet) != PACKET_OK)
		log_error("work.control", LOG_TEXT("why", "the master does not listen"));
}

static void work_free(struct work *work)
{
	if (work->fd >= 0)
		close(work->fd);
	memory_wipe(work->body, work->length); /* it may have been a password */
	free(work);
}

/* One turn under the lock ends the work that was done, if one was, and takes the next. */
static struct work *pool_take(struct work_pool *pool, struct work_peer *done)
{
	struct work *work;

	pthread_mutex_lock(&server.lock);
	if (done && --done->held == 0 && done->closed)
		server_wake();
	while (!pool->first && !server.ending)
		pthread_cond_wait(&pool->there, &server.lock);
	work = pool->first;
	if (work) {
		pool->first = work->next;
		if (!pool->first)
			pool->last = &pool->first;
		pool->waiting--;
		pool->octets -= work->length;
		work->orphan = work->peer->closed;
	}
	pthread_mutex_unlock(&server.lock);
	return work;
}

/*
 * Not when a dead frontend asked: its client was told nothing, and comes again. Nor when nobody waits for the
 * answer any more: to work on it would make those behind it late as well.
 */
static bool is_wanted(const struct work *work)
{
	unsigned patience = work->permit->patience;

	if (work->orphan)
		return false;
	if (patience == 0 || clock_ms() - work->arrived <= patience)
		return true;
	log_warning("work.stale", LOG_NUMBER("kind", work->permit->kind));
	return false;
}

static void *pool_run(void *of)
{
	struct work_pool *pool = of;
	struct work_peer *done = NULL;
	struct work *work;

	while ((work = pool_take(pool, done))) {
		if (is_wanted(work) && !work->permit->handle(work)) {
			server_accuse(work->peer, "malformed", work->permit->kind);
			shutdown(work->peer->fd, SHUT_RDWR);
		}
		done = work->peer;
		work_free(work);
	}
	return NULL;
}

/* What was sent with it, not what arrived, tells whether the peer keeps to the rules. */
static bool descriptor_permitted(const struct work_permit *permit, const struct packet *packet)
{
	return permit->descriptor == (packet->fd >= 0 || packet->fd_lost);
}

/* More is waiting than that many times the limit. */
static bool pool_over(const struct work_pool *pool, size_t times)
{
	return atomic_load(&pool->waiting) > times * WORK_WAITING_MAX ||
	       atomic_load(&pool->octets) > times * WORK_OCTETS_MAX;
}

static void pool_put(struct work_pool *pool, struct work *work)
{
	pthread_mutex_lock(&server.lock);
	work->peer->held++;
	*pool->last = work;
	pool->last = &work->next;
	pool->waiting++;
	pool->octets += work->length;
	pthread_mutex_unlock(&server.lock);
	pthread_cond_signal(&pool->there); /* behind the lock, lest the one that wakes has to wait for it */
}

/* True when it was answered, and that was all. */
static bool server_shed(struct work_pool *pool, struct work *work)
{
	if (!server.plan->shed || !pool_over(pool, 1) || !server.plan->shed(work))
		return false;
	work_free(work);
	return true;
}

static struct work *work_new(struct work_peer *peer, const struct work_permit *permit, const struct packet *packet)
{
	struct work *work = memory_new(sizeof *work + packet->body.length);

	work->context = server.plan->context;
	work->peer = peer;
	work->permit = permit;
	work->id = packet->id;
	work->fd = packet->fd;
	work->arrived = clock_ms();
	work->length = packet->body.length;
	if (work->length)
		memcpy(work->body, packet->body.at, work->length);
	return work;
}

/* NULL: not one of its rules. */
static const struct work_permit *permit_of(const struct work_peer *peer, const struct packet *packet)
{
	const struct work_permit *permit = server.plan->permits;

	while (permit->kind && (permit->kind != packet->kind || permit->from != peer->who.role))
		permit++;
	return permit->kind && descriptor_permitted(permit, packet) ? permit : NULL;
}

/* False: too much is waiting, or the kind is not permitted. */
static bool server_queue(struct work_peer *peer, const struct packet *packet)
{
	const struct work_permit *permit = permit_of(peer, packet);
	struct work_pool *pool;
	struct work *work;

	if (!permit) {
		server_accuse(peer, "not permitted", packet->kind);
		return false;
	}
	pool = &server.pools[server.plan->lane ? server.plan->lane(server.plan->context, permit, packet->body)
					       : permit->pool];
	work = work_new(peer, permit, packet);
	if (!server_shed(pool, work))
		pool_put(pool, work);
	return true;
}

static void peer_introduce(const struct packet *packet)
{
	struct work_peer *peer = memory_new(sizeof *peer);

	if (packet->fd < 0 || !message_get_peer(packet->body, &peer->who))
		memory_die("the master introduced nobody");
	if (server.plan->introduced && peer->who.role == ROLE_LOCAL) {
		server.plan->introduced(server.plan->context, peer->who.role, packet->fd);
		free(peer);
		return;
	}
	peer->fd = packet->fd;
	if (fcntl(peer->fd, F_SETFL, O_NONBLOCK) < 0)
		memory_die("a channel could not be set up");
	if (server.plan->peer_new)
		peer->own = server.plan->peer_new(server.plan->context);
	peer->next = server.peers;
	server.peers = peer;
	server.peers_count++;
}

static void peer_close(struct work_peer *peer)
{
	pthread_mutex_lock(&server.lock);
	peer->closed = true;
	pthread_mutex_unlock(&server.lock);
	server.bury = true;
}

static void peers_bury(void)
{
	server.bury = false;
	for (struct work_peer **place = &server.peers; *place;) {
		struct work_peer *peer = *place;
		bool over;

		pthread_mutex_lock(&server.lock);
		over = peer->closed && peer->held == 0;
		pthread_mutex_unlock(&server.lock);
		if (!over) {
			place = &peer->next;
			continue;
		}
		*place = peer->next;
		server.peers_count--;
		if (server.plan->peer_free)
			server.plan->peer_free(server.plan->context, peer->own);
		close(peer->fd);
		free(peer);
	}
}

static bool server_busy(void)
{
	/* Where most is shed the rest may wait longer: one pool is no reason for the others to stand still. */
	for (size_t i = 0; i < server.pools_count; i++)
		if (pool_over(&server.pools[i], server.plan->shed ? 2 : 1))
			return true;
	return false;
}

/* False: nothing more to take from it now. */
static bool peer_take(struct work_peer *peer)
{
	static char memory[PACKET_BODY_MAX];
	struct packet packet;
	enum packet_result result = packet_receive(peer->fd, memory, &packet);
	bool taken;

	if (result == PACKET_AGAIN)
		return false;
	if (result == PACKET_BAD)
		server_accuse(peer, "malformed", 0);
	if (result != PACKET_OK) {
		peer_close(peer);
		return false;
	}
	taken = server_queue(peer, &packet);
	if (!taken) {
		if (packet.fd >= 0)
			close(packet.fd);
		peer_close(peer);
	}
	memory_wipe(memory, packet.body.length); /* it may have been a password */
	return taken;
}

static void peer_listen(struct work_peer *peer)
{
	/* Askers have deadlines of their own: above the limit packets wait in the socket. */
	for (unsigned i = 0; i < WORK_BATCH && !peer->closed && !server_busy(); i++)
		if (!peer_take(peer))
			return;
}

/* False: the master is gone or wants an end. */
static bool master_listen(void)
{
	static char memory[PACKET_BODY_MAX];
	struct packet packet;

	if (packet_receive(server.control, memory, &packet) != PACKET_OK)
		return false;
	if (packet.kind == MESSAGE_PEER)
		peer_introduce(&packet);
	else if (packet.kind == MESSAGE_LOG)
		role_take_log(server.role, &packet);
	else if (permit_of(&server.master, &packet))
		(void)server_queue(&server.master, &packet);
	else if (packet.fd >= 0)
		close(packet.fd);
	return packet.kind != MESSAGE_DRAIN;
}

static void server_poll(bool *over)
{
	size_t count = 2, i = 2;
	struct pollfd *polls = memory_array(server.peers_count + 2, sizeof *polls);
	bool busy = server_busy();
	int wait = answers_wait();
	uint64_t woken;

	polls[0] = (struct pollfd){ .fd = server.control, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = server.wake, .events = POLLIN };
	for (struct work_peer *peer = server.peers; peer; peer = peer->next)
		polls[count++] = (struct pollfd){ .fd = peer->closed || busy ? -1 : peer->fd, .events = POLLIN };
	if (busy && (wait < 0 || wait > 10))
		wait = 10;
	if (poll(polls, count, wait) > 0) {
		for (struct work_peer *peer = server.peers; peer; peer = peer->next, i++)
			if (polls[i].revents)
				peer_listen(peer);
		if (polls[1].revents && read(server.wake, &woken, sizeof woken) < 0)
			memory_die("an eventfd failed");
		server.bury |= polls[1].revents != 0;
		if (polls[0].revents)
			*over = !master_listen();
	}
	free(polls);
	answers_send(clock_ms());
	if (server.bury)
		peers_bury();
}

static size_t threads_wanted(void)
{
	size_t count = 0;

	for (size_t i = 0; i < server.pools_count; i++)
		count += server.plan->threads[i];
	return count;
}

static void pools_make(void)
{
	const unsigned *threads = server.plan->threads;

	while (threads[server.pools_count])
		server.pools_count++;
	server.pools = memory_array(server.pools_count, sizeof *server.pools);
	for (size_t i = 0; i < server.pools_count; i++) {
		server.pools[i].last = &server.pools[i].first;
		pthread_cond_init(&server.pools[i].there, NULL);
	}
}

static size_t pools_start(pthread_t *threads)
{
	pthread_attr_t attributes;
	size_t count = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, WORK_STACK);
	for (size_t i = 0; i < server.pools_count; i++) {
		struct work_pool *pool = &server.pools[i];

		for (unsigned n = 0; n < server.plan->threads[i]; n++)
			if (pthread_create(&threads[count++], &attributes, pool_run, pool) != 0)
				memory_die("a thread could not be started");
	}
	pthread_attr_destroy(&attributes);
	return count;
}

static void pools_stop(pthread_t *threads, size_t count)
{
	pthread_mutex_lock(&server.lock);
	server.ending = true;
	for (size_t i = 0; i < server.pools_count; i++)
		pthread_cond_broadcast(&server.pools[i].there);
	pthread_mutex_unlock(&server.lock);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

int work_serve(const struct role_start *begin, const struct work_plan *plan)
{
	pthread_t *threads;
	bool over = false;
	size_t count;

	server.plan = plan;
	server.control = begin->control;
	server.role = begin->role;
	server.master.who.role = ROLE_MASTER;
	server.master.fd = begin->control;
	server.answers = held_new();
	server.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server.wake < 0)
		memory_die("no eventfd");
	pools_make();
	threads = memory_array(threads_wanted(), sizeof *threads);
	count = pools_start(threads);
	if (plan->start)
		plan->start(plan->context);
	role_ready(begin);
	while (!over)
		server_poll(&over);
	pools_stop(threads, count);
	free(threads);
	answers_send(INT64_MAX);
	held_free(server.answers);
	for (struct work_peer *peer = server.peers; peer; peer = peer->next)
		peer->closed = true;
	peers_bury();
	close(server.wake);
	return 0;
}
