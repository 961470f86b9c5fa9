/* SPDX-License-Identifier: ISC */
/*
 * The worker side of a role: a main thread that listens to the master and to the
 * peers the master introduces, and pools of threads that do the blocking work.
 * A table says which kinds are permitted from whom and which pool takes them; a
 * malformed or forbidden packet ends the peer, never the worker.
 */
#ifndef DAEMON_WORK_H
#define DAEMON_WORK_H

#include <limits.h>

#include "daemon/role.h"

struct work;

struct work_permit { /* from ROLE_MASTER: over the control channel */
	enum message_kind kind;
	enum role from;
	unsigned pool;
	bool descriptor; /* the packet must carry one; otherwise it must not. -1 all the same when we have none left */
	/* In a pool's thread. False: the packet is malformed. work->fd is closed behind it unless taken (set to -1). */
	bool (*handle)(struct work *work);
	/* Milliseconds; older work is dropped unanswered. 0 = none is. WORK_ALWAYS = none is, nor what a dead peer
	 * has asked: it tells what has happened already. */
	unsigned patience;
};
#define WORK_ALWAYS UINT_MAX

struct work_peer;

struct work {
	void *context; /* the role's */
	struct work_peer *peer;
	const struct work_permit *permit;
	uint32_t id;
	int64_t arrived; /* clock_ms */
	bool orphan;	 /* its peer is gone */
	int fd;
	size_t length;
	struct work *next;
	char body[];
};

struct work_plan {
	const struct work_permit *permits; /* ends with kind 0 */
	const unsigned *threads;           /* of each pool; ends with 0 */
	void *context;
	/* Per peer, in the main thread, before its first packet and after its last work is done. May be NULL. */
	void *(*peer_new)(void *context);
	void (*peer_free)(void *context, void *own);
	/* The peer sends and takes nothing more; in the main thread, before peer_free. May be NULL. */
	void (*peer_closed)(void *context, void *own);
	/*
	 * The pool by what the packet says, for one whose permit says `permit->pool`; in the main thread, so it must
	 * not block. NULL = the permit's pool.
	 */
	unsigned (*lane)(void *context, const struct work_permit *permit, struct span body);
	/*
	 * Answers that nobody can be asked, where too much is waiting in the work's pool; in the main thread, and
	 * true if it did. NULL or false: it waits, and in the end everybody.
	 */
	bool (*shed)(struct work *work);
	/*
	 * Does in the main thread, without blocking, what is not worth waking another for: true if it did. NULL or
	 * false: the pool does it.
	 */
	bool (*at_once)(struct work *work);
	/* A role that is asked by us, not we by it; the descriptor is the callee's. May be NULL. */
	void (*introduced)(void *context, enum role role, int fd);
	/* Called when threads may be started. May be NULL. */
	void (*start)(void *context);
	/* Called before the pools' threads end: what is kept is dropped, and none is any more. May be NULL. */
	void (*stop)(void *context);
};

/* Serves until the master closes the control channel; then what was taken in is finished. Exit code. */
int work_serve(const struct role_start *begin, const struct work_plan *plan);

struct span work_body(const struct work *work);
void *work_own(const struct work *work); /* what peer_new gave */
/* Sends the answer, descriptor too if fd >= 0 (stays the caller's). */
void work_answer(struct work *work, const struct wire_writer *writer, int fd);
/*
 * For one that is answered when something comes, long after its handler: without its body. Its peer stays as long as
 * it is kept, so it is dropped when peer_closed says so, answered or not.
 */
struct work *work_keep(const struct work *work);
void work_drop(struct work *kept);
/* work_answer after so many milliseconds, without holding the thread. 0 = now. */
void work_answer_later(struct work *work, const struct wire_writer *writer, unsigned hold);

#endif
