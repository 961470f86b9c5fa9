/* SPDX-License-Identifier: ISC */
/*
 * What the files of the store share. Order of locks: create, then a quota stripe,
 * then any of the small ones; nobody holds two of a kind.
 */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "store/store.h"

#include "base/spool.h"
#include "base/sync.h"
#include "store/maildir_name.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

#define QUOTA_STRIPES 64
#define PATH_SIZE     (2 * MAILDIR_NAME_SIZE)

struct table;
struct drop_locks;
struct drop_index;

/* spread.c: the directories that nameless spool files are made in */
#define SPREAD_MAX 64

struct spread {
	int directories[SPREAD_MAX];
	size_t count;    /* as many as could be made; none: the spool itself serves */
	int64_t slow_ns; /* a file that took more of the processor than this is the last of its
			    directory */
	atomic_uint turn;
};

void spread_open(struct spread *spread, int spool);
void spread_close(struct spread *spread);
int spread_file(struct spread *spread, int spool); /* with O_TMPFILE; -1 with errno */

struct store {
	char *root; /* for messages to people; all work goes through the descriptors */
	int root_fd;
	int id_fd;    /* <root>/.id */
	int spool_fd; /* <root>/.spool */
	int run_fd;   /* <root>/.spool/run, locked shared as long as this store is open */
	char host[MAILDIR_HOST_SIZE];
	struct spread spread;    /* <root>/.spool/spread */
	atomic_bool named_spool; /* the file system has no O_TMPFILE */
	atomic_bool name_first;  /* a nameless file gets a name in the spool before it is synced */
	atomic_llong next_sweep; /* clock_ms, for named spool files */
	/* A maildirsize written before this was not closed cleanly and is not believed. */
	struct timespec suspect_before;
	pthread_mutex_t create;
	pthread_mutex_t quota[QUOTA_STRIPES];
	pthread_mutex_t memory; /* guards the two tables and drops */
	struct table *recounts; /* mailbox -> when its maildirsize was last recalculated */
	struct table *wires;    /* message -> size on the wire, where the name does not tell */
	struct drop_locks *drops;
	struct drop_index *index; /* what is known of mailboxes; has a lock of its own */
	struct sync_group *sync;
	struct store_warning warning;
	atomic_uint warn_again; /* seconds; 0 = never */
};

/* failure.c: sets the reason and full, returns TEMP. failure may be NULL. */
enum outcome failure_errno(struct store_failure *failure, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum outcome failure_say(struct store_failure *failure, enum outcome outcome, const char *format,
			 ...) __attribute__((format(printf, 3, 4)));
void failure_clear(struct store_failure *failure);

/* mailbox.c */
struct mailbox {
	int fd; /* the mailbox directory; -1: there is none */
	dev_t device;
	ino_t inode;
	char path[PATH_SIZE]; /* below root, for messages */
};

#define MAILBOX_NONE                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Without create, a mailbox that does not exist is OK with fd -1. */
enum outcome mailbox_open(struct store *store, const struct store_mailbox *who, bool create,
			  struct mailbox *mailbox, struct store_failure *failure);
void mailbox_close(struct mailbox *mailbox);
/* A descriptor of tmp, new or cur, made when missing; -1 with errno. */
int mailbox_folder(const struct mailbox *mailbox, const char *folder);
bool mailbox_id_valid(const char *id);

enum binding { BINDING_TROUBLE, BINDING_ABSENT, BINDING_UNBOUND, BINDING_OURS, BINDING_OTHER };

/* Opens <root>/<domain>/<name> and tells whose it is. TROUBLE: errno. */
enum binding mailbox_examine(struct store *store, const char *domain, const char *name,
			     const char *id, struct mailbox *mailbox);
/* The same for what <root>/.id/<id> leads to; ABSENT too when it leads nowhere. */
enum binding mailbox_bound(struct store *store, const char *id, struct mailbox *mailbox);
/* The number-th path component a person's mailbox may have; false when there are no more. */
bool mailbox_candidate(const struct store_mailbox *who, unsigned number,
		       char name[MAILDIR_NAME_SIZE]);

/* mailbox_create.c: finds or makes a candidate, binds it, leaves it open. */
enum outcome mailbox_create(struct store *store, const struct store_mailbox *who,
			    struct mailbox *mailbox, struct store_failure *failure);

/* folder.c: names in `folder` below the directory, in no order; stops when each() says false. */
enum scan_kind {
	SCAN_MESSAGES, /* files without a dot in front; directories are passed over */
	SCAN_FOLDERS,  /* directories without a dot in front */
	SCAN_DOTTED    /* anything with a dot in front: Maildir++ folders */
};

bool folder_scan(int directory, const char *folder, enum scan_kind kind,
		 bool (*each)(void *context, const char *name), void *context);

/* quota.c: an open account is locked; usage is right until it is closed. */
struct account {
	struct store *store;
	const struct mailbox *mailbox;
	uint64_t quota;
	int fd;                   /* maildirsize, for appending; -1: not kept */
	struct store_usage usage; /* only when quota > 0 */
	pthread_mutex_t *lock;
};

enum outcome account_open(struct store *store, const struct mailbox *mailbox, uint64_t quota,
			  struct account *account, struct store_failure *failure);
bool account_has_room(const struct account *account, uint64_t octets);
/* Counts from the names before a refusal: the file may remember what is no longer there. */
enum outcome account_recount(struct account *account, struct store_failure *failure);
enum outcome account_add(struct account *account, int64_t octets, int64_t messages,
			 struct store_failure *failure);
void account_close(struct account *account);
/*
 * warned.c, with the account open: the mailbox held `before` octets and holds `used` now. True: its
 * owner is to be warned, and it is noted that he is. Clearly below the level that is forgotten.
 */
bool warned_note(const struct account *account, uint64_t warn, uint64_t before, uint64_t used);
void warned_forget(const struct mailbox *mailbox);
int64_t warned_when(const struct mailbox *mailbox); /* unix time; 0 = he was not */
/* folder.c: all folders of the mailbox, from the names; -1 with errno. */
int mailbox_count(int directory, struct store_usage *usage);

/* spool.c */
int spool_new(struct store *store);          /* -1 with errno */
/* Removes what was last changed before `older_than` (seconds since 1970); how many. */
size_t spool_sweep(struct store *store, int64_t older_than);
/* The data, and where the file system needs it a name in the spool that spool_forget takes away. -1
 * with errno. */
int spool_durable(struct store *store, int spool);

/* source.c */
struct source {
	struct store *store;
	int spool;
	int copy; /* made when the spool cannot be linked: too many links, another file system */
	uint64_t octets;
};

int source_link(struct source *source, const struct mailbox *mailbox, int directory,
		const char *name); /* -1 with errno */

/* wire.c: messages as POP3 sends them, every line ended by CRLF. */
struct wire_size {
	uint64_t octets;   /* as they are in the file */
	uint64_t wire;     /* as POP3 sends them */
	bool unterminated; /* the last line has no line end */
};

int wire_measure(int file, struct wire_size *size);             /* -1 with errno */
int wire_convert(struct store *store, int file, uint64_t size); /* a new descriptor, at 0; or -1 */

/* locks.c */
struct drop_locks *drop_locks_new(void);
void drop_locks_free(struct drop_locks *drops);
bool drop_lock_take(struct store *store, const struct mailbox *mailbox);
void drop_lock_release(struct store *store, dev_t device, ino_t inode);

/* recovery.c */
enum outcome store_recover(struct store *store, struct store_failure *failure);
void store_mark_clean(struct store *store);
/* Files in `folder` last changed before `older_than` that nobody can want any more; how many went.
 */
size_t folder_sweep(int directory, const char *folder, const char *prefix, int64_t older_than);

/* visit.c: moves <domain>/<name> into the spool under another name; no symbolic link on the way is
 * followed. False with errno. */
bool visit_take_away(struct store *store, const char *path, const char *unique);

#endif
