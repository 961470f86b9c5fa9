/* SPDX-License-Identifier: ISC */
#include "daemon/work.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/work_answer.h"
#include "daemon/work_peer.h"
#include "daemon/work_pool.h"
#include "daemon/work_wake.h"
#include "io/packet.h"

enum { WORK_BATCH = 32 };

/* One a process: a role is a process. The main thread's. */
static struct {
	const struct work_plan *plan;
	struct work_peer master; /* asks over the control channel; not among the peers */
	int control, wake;
	enum role role;
} server;

struct span work_body(const struct work *work)
{
	return span_make(work->body, work->length);
}

void *work_own(const struct work *work)
{
	return work->peer->own;
}

struct work *work_keep(const struct work *work)
{
	struct work *kept = memory_new(sizeof *kept);

	*kept = (struct work){ .context = work->context, .peer = work->peer, .permit = work->permit,
			       .id = work->id, .arrived = work->arrived, .fd = -1 };
	pthread_mutex_lock(&work_lock);
	kept->peer->held++;
	pthread_mutex_unlock(&work_lock);
	return kept;
}

void work_drop(struct work *kept)
{
	pthread_mutex_lock(&work_lock);
	work_peer_release(kept->peer);
	pthread_mutex_unlock(&work_lock);
	free(kept);
}

/* What was sent with it, not what arrived, tells whether the peer keeps to the rules. */
static bool descriptor_permitted(const struct work_permit *permit, const struct packet *packet)
{
	return permit->descriptor == (packet->fd >= 0 || packet->fd_lost);
}

/* True when that was all: it is done, or answered because too much waits. */
static bool server_spare(unsigned pool, struct work *work)
{
	bool done = server.plan->at_once && server.plan->at_once(work);

	if (!done && server.plan->shed && work_pool_over(pool, 1))
		done = server.plan->shed(work);
	if (done)
		work_free(work);
	return done;
}

static struct work *work_new(struct work_peer *peer, const struct work_permit *permit,
			     const struct packet *packet)
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
static const struct work_permit *permit_of(const struct work_peer *peer,
					   const struct packet *packet)
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
	struct work *work;
	unsigned pool;

	if (!permit) {
		work_peer_accuse(peer, "not permitted", packet->kind);
		return false;
	}
	pool = server.plan->lane ? server.plan->lane(server.plan->context, permit, packet->body)
				 : permit->pool;
	work = work_new(peer, permit, packet);
	if (!server_spare(pool, work))
		work_pool_put(pool, work);
	return true;
}

/* Where most is shed the rest may wait longer: one pool is no reason for all to stand still. */
static bool server_busy(void)
{
	return work_pools_over(server.plan->shed ? 2 : 1);
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
		work_peer_accuse(peer, "malformed", 0);
	if (result != PACKET_OK) {
		work_peer_close(peer);
		return false;
	}
	taken = server_queue(peer, &packet);
	if (!taken) {
		if (packet.fd >= 0)
			close(packet.fd);
		work_peer_close(peer);
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
		work_peer_introduce(&packet);
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
	struct pollfd *polls = memory_array(work_peers_count() + 2, sizeof *polls);
	bool busy = server_busy(), woken = false;
	int wait = work_answers_wait();

	polls[0] = (struct pollfd){ .fd = server.control, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = server.wake, .events = POLLIN };
	for (struct work_peer *peer = work_peers_first(); peer; peer = peer->next)
		polls[count++] = (struct pollfd){ .fd = peer->closed || busy ? -1 : peer->fd,
						  .events = POLLIN };
	if (busy && (wait < 0 || wait > 10))
		wait = 10;
	if (poll(polls, count, wait) > 0) {
		for (struct work_peer *peer = work_peers_first(); peer; peer = peer->next, i++)
			if (polls[i].revents)
				peer_listen(peer);
		woken = polls[1].revents != 0;
		if (woken)
			work_wake_taken();
		if (polls[0].revents)
			*over = !master_listen();
	}
	free(polls);
	work_answers_send(clock_ms());
	work_peers_bury(woken);
}

int work_serve(const struct role_start *begin, const struct work_plan *plan)
{
	bool over = false;

	server.plan = plan;
	server.control = begin->control;
	server.role = begin->role;
	server.master.who.role = ROLE_MASTER;
	server.master.fd = begin->control;
	work_answers_begin();
	server.wake = work_wake_begin();
	work_peers_begin(plan, begin->control);
	work_pools_start(plan->threads);
	if (plan->start)
		plan->start(plan->context);
	role_ready(begin);
	while (!over)
		server_poll(&over);
	work_answers_hurry();
	if (plan->stop)
		plan->stop(plan->context);
	work_pools_stop();
	work_answers_end();
	work_peers_end();
	work_wake_end();
	return 0;
}
