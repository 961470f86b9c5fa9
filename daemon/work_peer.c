/* SPDX-License-Identifier: ISC */
#include "daemon/work_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/work_wake.h"
#include "io/packet.h"

enum { WORK_PATIENCE_MS = 5000 };

pthread_mutex_t work_lock = PTHREAD_MUTEX_INITIALIZER;

/* One a process: a role is a process. */
static struct {
	struct work_peer *first;
	size_t count;
	bool bury; /* one may be over */
	const struct work_plan *plan;
	int control;
} peers;

void work_peers_begin(const struct work_plan *plan, int control)
{
	peers.plan = plan;
	peers.control = control;
}

struct work_peer *work_peers_first(void)
{
	return peers.first;
}

size_t work_peers_count(void)
{
	return peers.count;
}

bool work_peer_is_first(bool *said)
{
	bool before;

	pthread_mutex_lock(&work_lock);
	before = *said;
	*said = true;
	pthread_mutex_unlock(&work_lock);
	return !before;
}

/* False: there is no room after WORK_PATIENCE_MS either. */
static bool peer_room(const struct work_peer *peer, int64_t until)
{
	static const struct timespec moment = { 0, 1000000 };
	struct pollfd room = { .fd = peer->fd, .events = POLLOUT };
	int64_t left = until - clock_ms();

	if (left <= 0 || poll(&room, 1, (int)left) <= 0)
		return false;
	nanosleep(&moment, NULL); /* the cap on descriptors under way is no matter of room: poll
				     does not wait */
	return true;
}

/* A peer that does not take its answers holds a worker for WORK_PATIENCE_MS at most; nobody would
 * introduce us anew. */
bool work_peer_send(struct work_peer *peer, const struct packet *packet)
{
	int64_t until = clock_ms() + WORK_PATIENCE_MS;
	enum packet_result result;

	do
		result = packet_send(peer->fd, packet);
	while (result == PACKET_AGAIN && peer_room(peer, until));
	if (result == PACKET_AGAIN) {
		work_peer_accuse(peer, "takes no answers", packet->kind);
		shutdown(peer->fd, SHUT_RDWR);
	}
	return result == PACKET_OK;
}

void work_peer_accuse(struct work_peer *peer, const char *why, unsigned kind)
{
	char memory[64];
	struct wire_writer writer;
	struct packet packet = { .kind = MESSAGE_CULPRIT, .fd = -1 };

	if (!work_peer_is_first(&peer->accused))
		return;
	log_error("work.culprit", LOG_TEXT("peer", role_name(peer->who.role)),
		  LOG_NUMBER("index", peer->who.index), LOG_NUMBER("kind", kind),
		  LOG_TEXT("why", why));
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_peer(&writer, &peer->who);
	packet.body = span_make(memory, writer.used);
	if (packet_send(peers.control, &packet) != PACKET_OK)
		log_error("work.control", LOG_TEXT("why", "the master does not listen"));
}

void work_peer_introduce(const struct packet *packet)
{
	struct work_peer *peer = memory_new(sizeof *peer);

	if (packet->fd < 0 || !message_get_peer(packet->body, &peer->who))
		memory_die("the master introduced nobody");
	if (peers.plan->introduced && peer->who.role == ROLE_LOCAL) {
		peers.plan->introduced(peers.plan->context, peer->who.role, packet->fd);
		free(peer);
		return;
	}
	peer->fd = packet->fd;
	if (fcntl(peer->fd, F_SETFL, O_NONBLOCK) < 0)
		memory_die("a channel could not be set up");
	if (peers.plan->peer_new)
		peer->own = peers.plan->peer_new(peers.plan->context);
	peer->next = peers.first;
	peers.first = peer;
	peers.count++;
}

void work_peer_close(struct work_peer *peer)
{
	bool before;

	pthread_mutex_lock(&work_lock);
	before = peer->closed;
	peer->closed = true;
	pthread_mutex_unlock(&work_lock);
	peers.bury = true;
	if (!before && peers.plan->peer_closed)
		peers.plan->peer_closed(peers.plan->context, peer->own);
}

void work_peer_release(struct work_peer *peer)
{
	if (--peer->held == 0 && peer->closed)
		work_wake();
}

static bool peer_over(struct work_peer *peer)
{
	bool over;

	pthread_mutex_lock(&work_lock);
	over = peer->closed && peer->held == 0;
	pthread_mutex_unlock(&work_lock);
	return over;
}

void work_peers_bury(bool woken)
{
	if (!woken && !peers.bury)
		return;
	peers.bury = false;
	for (struct work_peer **place = &peers.first; *place;) {
		struct work_peer *peer = *place;

		if (!peer_over(peer)) {
			place = &peer->next;
			continue;
		}
		*place = peer->next;
		peers.count--;
		if (peers.plan->peer_free)
			peers.plan->peer_free(peers.plan->context, peer->own);
		close(peer->fd);
		free(peer);
	}
}

void work_peers_end(void)
{
	for (struct work_peer *peer = peers.first; peer; peer = peer->next)
		peer->closed = true;
	work_peers_bury(true);
}
