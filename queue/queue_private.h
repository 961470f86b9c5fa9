/* SPDX-License-Identifier: ISC */
/*
 * What the files of the queue share. Two kinds of locks: one of the `stripes`, held while
 * the file of a message is read and changed, then `lock`, for all that is in memory and
 * never held over I/O or a call to the owner.
 */
#ifndef QUEUE_QUEUE_PRIVATE_H
#define QUEUE_QUEUE_PRIVATE_H

#include "queue/queue.h"

#include <pthread.h>

#include "base/path.h"
#include "base/sync.h"
#include "queue/heap.h"
#include "queue/record.h"
#include "queue/slab.h"

#ifndef QUEUE_SPREAD
#define QUEUE_SPREAD 64 /* directories of a server; a power of two, 256 at most */
#endif
#define QUEUE_SERVERS      256
#define QUEUE_STRIPES      64
#define QUEUE_MESSAGES_MAX 4000000 /* known at once; more wait on disk, unread */
#define QUEUE_BUCKETS_BITS 20
#define QUEUE_HOPS_BITS    16
/* A job for mailboxes of ours is no transaction: as many as a packet has room for (more wait). */
#define QUEUE_LOCAL_RECIPIENTS 1000

/* Times in memory are seconds in 32 bits, good until 2106. */
#define DUE_FORCED 0u /* whatever the file says */

/* The clock of all that is scheduled; tests move it and call queue_wake. */
extern int64_t (*queue_clock)(void);

enum { MESSAGE_HELD = 1, MESSAGE_OWED = 2, MESSAGE_PAUSED = 4 };

struct message {       /* one that waits */
	uint32_t next; /* of the same bucket */
	uint32_t arrived;
	uint64_t size;
	uint32_t timer, timer_place; /* when its notice, its expiry or its report is due */
	uint32_t leg;                /* the first */
	uint32_t serial;             /* tells it from one that had the number before */
	uint16_t server, flags;
	char id[QUEUE_ID_SIZE];
};

enum { LEG_TAKEN = 1, LEG_TOLD = 2, LEG_WANTED = 4 /* while legs are matched */ };

struct leg {           /* a message's way to one hop */
	uint32_t next; /* of the message */
	uint32_t message;
	uint32_t hop;
	uint32_t due;
	uint32_t place; /* in the hop's heap; HEAP_NOWHERE while it is taken, held or paused */
	uint32_t flags;
};

enum hop_where { HOP_IDLE, HOP_READY, HOP_SLEEPING };

struct hop {
	uint32_t next; /* of the same bucket */
	uint32_t in_flight;
	uint32_t legs;     /* all of it, taken and held ones too */
	uint32_t failures; /* in a row: it did not answer */
	uint32_t dead_until;
	uint32_t released; /* TRIGGER: so many go now */
	uint32_t wake, wake_place;
	uint32_t after, before; /* in the ring of those that are ready */
	uint32_t matching, match_leg; /* legs_match number `matching` has this leg for its message */
	uint16_t server;
	uint8_t kind, where;
	struct heap waiting;
	char *key;
};

struct server {
	char name[QUEUE_SERVER_SIZE];
	int directories[QUEUE_SPREAD];
	struct stat_id {
		uint64_t device, inode;
	} ids[QUEUE_SPREAD];
	struct queue_limits limits;
	uint32_t in_flight;
	uint32_t ready; /* the first hop that is; the others in a ring */
};

struct taken {          /* a job */
	bool used, all; /* all that its message waited for, and nobody wants to hear of success */
	bool final;     /* the hop is the last one: a mailbox, LMTP */
	uint32_t serial, leg, message, message_serial;
	uint32_t rules; /* that it was taken by */
	size_t *which, count;
	bool *wanted; /* as many: somebody wants to hear of its success; NULL: nobody does */
	/* What came of it, when its file could not be written; NULL: it has not come back. */
	struct queue_result *results;
	size_t results_count;
	bool told;                  /* the reports about it are made */
	uint32_t dead_until, again; /* again: when it is tried next */
};

struct queue_prepared {
	struct queue_prepared *next;
	uint16_t server;
	uint32_t rules; /* that hops are by */
	int64_t arrived;
	uint64_t size;
	char id[QUEUE_ID_SIZE];
	struct queue_hop *hops; /* of each recipient */
	size_t count;
};

struct queue {
	struct queue_calls calls;
	void *context;
	char *root;
	int root_fd, spool_fd, run_fd;
	bool name_first; /* a nameless file gets a name in the spool before it is synced */
	struct sync_group *sync;
	pthread_mutex_t stripes[QUEUE_STRIPES];

	pthread_mutex_t lock;               /* of all below */
	pthread_cond_t clock, timers, load; /* wake the threads */
	pthread_t threads[3];
	size_t threads_count;
	bool ending, ready_now /* call ready when the lock is given up */;
	struct slab messages, legs, hops;
	uint32_t *buckets, *hop_buckets;
	uint32_t messages_count, hops_count, messages_max;
	uint32_t serial, matching;
	struct heap sleeping, due; /* hops by their wake; messages by their timers */
	struct server *servers[QUEUE_SERVERS];
	uint16_t servers_count, servers_turn;
	struct taken *taken;
	uint32_t taken_count, taken_used, taken_turn;
	uint32_t unwritten; /* of them, with results */
	struct queue_prepared *prepared;
	uint32_t rules;              /* counts their changes */
	bool unread, reading, rehop; /* what the loader has to do, does */
	int64_t unread_at;           /* clock_ms; not before */
};

/* failure.c; failure may be NULL. TEMP, or the outcome given. */
enum outcome queue_failure_errno(struct queue_failure *failure, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum outcome queue_failure_say(struct queue_failure *failure, enum outcome outcome,
			       const char *format, ...) __attribute__((format(printf, 3, 4)));

/* file.c: messages on disk. */
struct place { /* where the file of a message is */
	struct queue *queue;
	const struct server *server;
	char id[QUEUE_ID_SIZE];
	uint64_t size;
};
int place_directory(const struct place *place);
int place_open(const struct place *place, int flags); /* -1 with errno */
bool place_remove(const struct place *place);
int place_sync(const struct place *place);
/* Behind what is there, on a line of its own; false with errno, and then nothing was. */
bool file_append(int fd, struct span records);
unsigned file_directory_of(const char *id);

/* servers.c. NULL with errno: its directories cannot be made. Makes them durable. */
struct server *server_find(struct queue *queue, const char *name, uint16_t *number);
void servers_refresh(struct queue *queue); /* limits of now; called without the lock */
void servers_free(struct queue *queue);

/* index.c: with the lock held. */
#define AT_MESSAGE(queue, number) ((struct message *)slab_at(&(queue)->messages, (number)))
#define AT_LEG(queue, number)     ((struct leg *)slab_at(&(queue)->legs, (number)))
#define AT_HOP(queue, number)     ((struct hop *)slab_at(&(queue)->hops, (number)))
uint32_t index_find(const struct queue *queue, const char *id); /* 0: not known */
/* 0: there is no room (it is `unread` then), or it is known already. */
uint32_t index_add(struct queue *queue, uint16_t server, const char *id, uint64_t size,
		   int64_t arrived);
void index_drop(struct queue *queue, uint32_t message); /* no leg may be taken */
bool index_is(const struct queue *queue, uint32_t message, uint32_t serial);
void index_place(struct queue *queue, uint32_t message, struct place *place);

/* legs.c: with the lock held. */
/* Makes the legs what the file says: hops[i] is the hop of recipient i, looked at for those that
 * wait. */
void legs_match(struct queue *queue, uint32_t message, const struct queue_message *content,
		const struct queue_hop *hops);
void legs_pause(struct queue *queue, uint32_t message);
void legs_resume(struct queue *queue, uint32_t message);
bool legs_taken(const struct queue *queue, uint32_t message);
void legs_free(struct queue *queue, uint32_t message);
/* Due whatever the file says. */
void legs_force(struct queue *queue, uint32_t message);
/* Without the lock; to be freed. */
struct queue_hop *legs_hops(struct queue *queue, const struct queue_message *content);
void timer_set(struct queue *queue, uint32_t message);
void timer_set_at(struct queue *queue, uint32_t message, uint32_t when);
/* The thread that waits for timers. */
void *timers_run(void *queue);

/* hops.c: with the lock held. */
uint32_t hop_find(struct queue *queue, uint16_t server, const struct queue_hop *hop, bool make);
/* Where it belongs by what is due, by its limits and by what is in flight. Frees one that nothing
 * waits for. */
void hop_settle(struct queue *queue, uint32_t hop);
void hop_put(struct queue *queue, uint32_t leg);  /* to its hop's waiting */
void hop_pull(struct queue *queue, uint32_t leg); /* from there */
uint32_t hop_next(struct queue *queue);           /* the leg that goes next, fair; 0: none */
void hops_wake(struct queue *queue);              /* those whose time has come are ready */
bool hop_matches(const struct hop *hop, const char *key);
uint32_t hop_retry(const struct server *server, unsigned failures); /* seconds */
extern const struct heap_order hop_waiting, hop_sleeping, message_due;
/* The thread that waits for hops. */
void *clock_run(void *queue);

/* queue.c */
void queue_lock(struct queue *queue);
void queue_unlock(struct queue *queue); /* and calls ready */
pthread_mutex_t *queue_stripe(struct queue *queue, uint32_t message);
uint32_t queue_now(void);
/* The threads look at the clock again. */
void queue_wake(struct queue *queue);
/* The clock's next look, at most half a minute from now. */
void queue_wait(struct queue *queue, pthread_cond_t *what, uint32_t until);

/* done.c: results that could not be written before, of one job that is due by then. Without the
 * lock.
 */
bool done_again(struct queue *queue, uint32_t by);

/* load.c: the thread that reads what waits. */
void *load_run(void *queue);

/* settle.c: with the message's stripe held. */
/* What the events ask for is told, or owed; then the file says what `content` says, or has gone. */
enum outcome message_settle(struct queue *queue, const struct place *place, int fd,
			    struct queue_message *content, const struct queue_recipient *before,
			    const struct queue_event *events, size_t count, bool *gone,
			    struct queue_failure *failure);
/* Nobody waits, no report is owed. That does not change any more. */
bool message_is_over(const struct queue_message *content);
/* In memory what `content` says now; `gone`: it has ended. The message is not to be paused any
 * more. */
void message_refresh(struct queue *queue, uint32_t message, uint32_t serial,
		     const struct queue_message *content, bool gone);

#endif
