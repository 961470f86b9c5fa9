/* SPDX-License-Identifier: ISC */
/*
 * Mail on disk: spool files, deliveries, mailboxes, quota usage. Path names and
 * fsync live here and nowhere else. Every function blocks and may be called from
 * many threads. docs/QUEUE.md has the table of file states.
 *
 * A mailbox is a Maildir with Maildir++ quota at <root>/<domain>/<name>/, bound to
 * the identity of its owner's directory entry by <root>/.id/<id> -> ../<domain>/<name>:
 * a renamed person keeps the mailbox, a re-used name gets a new one.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/outcome.h"
#include "base/span.h"

#define STORE_ID_SIZE     64  /* identity as hexadecimal text, with NUL */
#define STORE_NAME_SIZE   256 /* mailbox or domain name, with NUL */
#define STORE_REASON_SIZE 256

struct store;

struct store_mailbox {
	char id[STORE_ID_SIZE];       /* [0-9a-f-]+, of the directory entry */
	char domain[STORE_NAME_SIZE]; /* lower case */
	char name[STORE_NAME_SIZE]; /* local part, lower case; made safe for a path by the store */
	uint64_t quota;             /* octets; 0 = no limit */
	uint64_t warn;              /* octets from which its owner is warned; 0 = never */
	bool beyond;                /* whatever the quota says: the warning itself */
};

/*
 * A mailbox has reached its owner's warning level: told once, until a delivery finds it clearly below
 * (a twentieth). From the thread that delivered, whose message waits: quick. What is not followed by
 * store_warned within a minute is told again by a later delivery, so after a crash perhaps twice.
 */
struct store_warning {
	void (*call)(void *context, const struct store_mailbox *mailbox, uint64_t used);
	void *context;
};

struct store_failure {
	char reason[STORE_REASON_SIZE]; /* for the log: what, which path, errno */
	bool full;                      /* the disk, inodes or the disk quota, not the mailbox */
	bool over_quota;                /* a mailbox would be over its quota: mailbox[which] */
	size_t which;
};

/* Creates root, <root>/.id, <root>/.spool; cleans what a crash left. NULL with a reason. */
struct store *store_open(const char *root, const char *queue, struct store_failure *failure);
void store_close(struct store *store);
/* Before anything is delivered; NULL call: nobody is warned. */
void store_on_warning(struct store *store, const struct store_warning *warning);
/* Told anew after so many seconds above the level; 0 = never, as at first. From any thread. */
void store_warn_again(struct store *store, unsigned seconds);
/* The owner's warning has arrived. */
enum outcome store_warned(struct store *store, const struct store_mailbox *mailbox,
			  struct store_failure *failure);

/* A fresh, nameless file on the mail file system, open for reading and writing. -1 with a reason.
 */
int store_spool(struct store *store, struct store_failure *failure);

/* The same for a message that may never come: -1 also where the file would have a name that somebody must remove. */
int store_spool_ahead(struct store *store);

/* Takes away the name that it has where the file system knows none without: it is somewhere else now,
 * or nobody wants it. store_deliver does so itself when it answers OK. Does not close it. */
void store_spool_forget(struct store *store, int spool);

/*
 * Makes what `spool` holds durable and links it into every mailbox, all or nothing
 * as far as a client can tell: OK only when data and links are durable. TEMP leaves
 * nothing behind. PERM with over_quota when a mailbox would go over. `label` (an
 * RFC 3986 unreserved text) becomes part of the file names. Does not close spool.
 */
enum outcome store_deliver(struct store *store, int spool, const struct store_mailbox *mailboxes,
			   size_t count, const char *label, struct store_failure *failure);

/*
 * Behind a crash a message that waits, and came before, may be in mailboxes though nobody wrote that
 * down. False: it cannot be. And: does a mailbox have a message of that label? Reads its names.
 */
bool store_suspects(const struct store *store, int64_t arrived);
bool store_has(struct store *store, const struct store_mailbox *mailbox, const char *label);

struct store_usage {
	uint64_t octets;
	uint64_t messages;
};

/* Of an existing mailbox; zero for one that does not exist yet. */
enum outcome store_usage(struct store *store, const struct store_mailbox *mailbox,
			 struct store_usage *usage, struct store_failure *failure);

/* An exclusively locked mailbox as POP3 sees it. One thread at a time. */
struct store_maildrop;

/* *busy: somebody else has it. A mailbox that does not exist yet is created. */
enum outcome store_maildrop_open(struct store *store, const struct store_mailbox *mailbox,
				 struct store_maildrop **maildrop, bool *busy,
				 struct store_failure *failure);
size_t store_maildrop_count(const struct store_maildrop *maildrop);
uint64_t store_maildrop_size(const struct store_maildrop *maildrop, size_t number); /* 1-based */
const char *store_maildrop_uid(const struct store_maildrop *maildrop, size_t number);
uint64_t store_maildrop_octets(const struct store_maildrop *maildrop); /* sizes of all messages */
/*
 * A memory file of struct maildrop_entry that nobody can write to any more, with at least the
 * first *count messages, all but `behind` at most. The descriptor is the caller's. -1 with errno.
 */
int store_maildrop_listing(struct store_maildrop *maildrop, size_t behind, size_t *count);
/* A descriptor of message `number`, open for reading; -1 with a reason (gone = PERM in *outcome).
 */
int store_maildrop_message(struct store_maildrop *maildrop, size_t number, enum outcome *outcome,
			   struct store_failure *failure);
/* Removes, durably; *removed says how many went. */
enum outcome store_maildrop_remove(struct store_maildrop *maildrop, const uint32_t *numbers,
				   size_t count, size_t *removed, struct store_failure *failure);
/* What the whole mailbox holds now, and how many octets it takes (0 = no limit). */
enum outcome store_maildrop_quota(struct store_maildrop *maildrop, struct store_usage *usage,
				  uint64_t *limit, struct store_failure *failure);
void store_maildrop_close(struct store_maildrop *maildrop); /* unlocks */

/*
 * For the administrator's command, in a process of its own beside the store that
 * serves: only these take what store_visit gives. A mailbox is found by its id, or
 * when that is "" by the name of its directory.
 */
struct store *store_visit(const char *root, struct store_failure *failure); /* NULL with a reason */
void store_visit_end(struct store *store);
/* The directories of a domain's mailboxes, in no order; false with errno. */
bool store_visit_names(struct store *store, const char *domain,
		       bool (*each)(void *context, const char *name), void *context);
/* Whose the mailbox in that directory is; false: nobody's yet, or not to be read. */
bool store_visit_identity(struct store *store, const char *domain, const char *name,
			  char id[STORE_ID_SIZE]);
enum outcome store_visit_usage(struct store *store, const struct store_mailbox *who, bool *exists,
			       struct store_usage *usage, struct store_failure *failure);
/* When its owner was warned that it fills up, unix time; 0: not since it was below that level. */
enum outcome store_visit_warned(struct store *store, const struct store_mailbox *who, int64_t *when,
				struct store_failure *failure);
/* Forgets what is kept of its count (maildirsize): whoever needs it next counts the files. Safe beside
 * a running gateway. */
enum outcome store_visit_recount(struct store *store, const struct store_mailbox *who,
				 struct store_failure *failure);
/* With all its mail. A session that has it open loses it. */
enum outcome store_visit_remove(struct store *store, const struct store_mailbox *who, bool *existed,
				struct store_failure *failure);

#endif
