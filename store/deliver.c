/* SPDX-License-Identifier: ISC */
/*
 * One message into its mailboxes: data durable, then a link in each new/, then
 * the links durable, then OK. A link never exists before its data is safe, so a
 * power cut leaves whole messages or none.
 */
#include "store/store_private.h"

#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH     32 /* mailboxes linked before their directories are synced: bounds descriptors */
#define LABEL_MAX 64

struct delivery {
	struct store *store;
	const struct store_mailbox *mailboxes;
	size_t count;
	uint64_t *warn; /* per mailbox: what it holds, if its owner is to be warned; NULL: nobody is */
	bool *linked; /* per mailbox; a mailbox given twice is linked at its first place only */
	struct source source;
	uint64_t octets;
	char name[MAILDIR_NAME_SIZE];
	struct store_failure *failure;
};

/*
 * Mailboxes linked into, kept open until that is durable: taking a link back then
 * needs no descriptor, which is what a delivery may have failed for.
 */
struct batch {
	size_t count;
	size_t which[BATCH];
	struct mailbox mailboxes[BATCH];
	int directories[BATCH]; /* new/ */
};

static enum outcome delivery_measure(struct delivery *delivery, const char *label)
{
	char unique[MAILDIR_UID_SIZE], wire[32] = "";
	struct wire_size size;
	struct stat status;

	if (fstat(delivery->source.spool, &status) != 0 ||
	    wire_measure(delivery->source.spool, &size) != 0)
		return failure_errno(delivery->failure, errno, "cannot read the spool file");
	if (!S_ISREG(status.st_mode) || size.octets != (uint64_t)status.st_size)
		return failure_say(delivery->failure, OUTCOME_TEMP,
				   "the spool file is being written");
	if (size.octets == 0)
		return failure_say(delivery->failure, OUTCOME_PERM, "an empty message");
	delivery->octets = delivery->source.octets = size.octets;
	maildir_name_unique(delivery->store->host, unique);
	/* IMAP servers count W= without the line end that POP3 needs: then leave it out. */
	if (!size.unterminated)
		snprintf(wire, sizeof wire, ",W=%llu", (unsigned long long)size.wire);
	if (label == NULL || strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789-._~") != strlen(label))
		label = "";
	snprintf(delivery->name, sizeof delivery->name, "%s,S=%llu%s%s%.*s", unique,
		 (unsigned long long)size.octets, wire, label[0] != '\0' ? ",L=" : "", LABEL_MAX,
		 label);
	return OUTCOME_OK;
}

static bool delivery_repeats(const struct delivery *delivery, size_t which)
{
	for (size_t i = 0; i < which; i++) {
		if (strcmp(delivery->mailboxes[i].id, delivery->mailboxes[which].id) == 0)
			return true;
	}
	return false;
}

static enum outcome refuse_full(struct delivery *delivery, const struct account *account,
				size_t which)
{
	if (delivery->failure != NULL) {
		delivery->failure->over_quota = true;
		delivery->failure->which = which;
	}
	return failure_say(delivery->failure, OUTCOME_PERM, "%s: %llu and %llu octets, quota %llu",
			   account->mailbox->path, (unsigned long long)account->usage.octets,
			   (unsigned long long)delivery->octets,
			   (unsigned long long)account->quota);
}

static enum outcome room_check(struct delivery *delivery, struct account *account, size_t which)
{
	enum outcome outcome;

	if (delivery->mailboxes[which].beyond || account_has_room(account, delivery->octets))
		return OUTCOME_OK;
	outcome = account_recount(account, delivery->failure);
	if (outcome != OUTCOME_OK || account_has_room(account, delivery->octets))
		return outcome;
	return refuse_full(delivery, account, which);
}

static void note_warning(struct delivery *delivery, size_t which, const struct account *account)
{
	uint64_t used = account->usage.octets + delivery->octets;

	if (!warned_note(account, delivery->mailboxes[which].warn, account->usage.octets, used))
		return;
	if (delivery->warn == NULL)
		delivery->warn = memory_array(delivery->count, sizeof *delivery->warn);
	delivery->warn[which] = used;
}

/* Only for a message that is there, and outside all locks. */
static void warn_owners(const struct delivery *delivery)
{
	const struct store_warning *warning = &delivery->store->warning;

	for (size_t i = 0; delivery->warn != NULL && i < delivery->count; i++)
		if (delivery->warn[i] > 0)
			warning->call(warning->context, &delivery->mailboxes[i], delivery->warn[i]);
}

/* Check, link and account in one step for every other thread: the quota is exact. */
static enum outcome link_accounted(struct delivery *delivery, size_t which,
				   const struct mailbox *mailbox, int directory)
{
	struct account account;
	enum outcome outcome;

	outcome = account_open(delivery->store, mailbox, delivery->mailboxes[which].quota, &account,
			       delivery->failure);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = room_check(delivery, &account, which);
	if (outcome == OUTCOME_OK &&
	    source_link(&delivery->source, mailbox, directory, delivery->name) != 0)
		outcome = failure_errno(delivery->failure, errno, "cannot link into %s/new",
					mailbox->path);
	if (outcome == OUTCOME_OK) {
		outcome = account_add(&account, (int64_t)delivery->octets, 1, delivery->failure);
		if (outcome != OUTCOME_OK)
			(void)unlinkat(directory, delivery->name, 0);
	}
	if (outcome == OUTCOME_OK)
		note_warning(delivery, which, &account);
	account_close(&account);
	return outcome;
}

static enum outcome link_one(struct delivery *delivery, size_t which, struct batch *batch)
{
	struct mailbox mailbox;
	enum outcome outcome;
	int directory;

	if (delivery_repeats(delivery, which))
		return OUTCOME_OK;
	outcome = mailbox_open(delivery->store, &delivery->mailboxes[which], true, &mailbox,
			       delivery->failure);
	if (outcome != OUTCOME_OK)
		return outcome;
	directory = mailbox_folder(&mailbox, "new");
	if (directory < 0)
		outcome =
			failure_errno(delivery->failure, errno, "cannot open %s/new", mailbox.path);
	else
		outcome = link_accounted(delivery, which, &mailbox, directory);
	if (outcome == OUTCOME_OK) {
		delivery->linked[which] = true;
		batch->which[batch->count] = which;
		batch->mailboxes[batch->count] = mailbox;
		batch->directories[batch->count++] = directory;
		return OUTCOME_OK;
	}
	if (directory >= 0)
		close(directory);
	mailbox_close(&mailbox);
	return outcome;
}

static enum outcome batch_sync(struct delivery *delivery, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct mailbox *mailbox = &batch->mailboxes[i];

		if (sync_directory(delivery->store->sync, batch->directories[i], mailbox->device,
				   mailbox->inode) != 0)
			return failure_errno(delivery->failure, errno,
					     "cannot make a link in %s/new durable", mailbox->path);
	}
	return OUTCOME_OK;
}

static bool link_undo(struct delivery *delivery, size_t which, const struct mailbox *mailbox,
		      int directory)
{
	struct account account;
	bool counted = account_open(delivery->store, mailbox, delivery->mailboxes[which].quota,
				    &account, NULL) == OUTCOME_OK;
	bool gone = unlinkat(directory, delivery->name, 0) == 0;

	delivery->linked[which] = !gone;
	if (gone && delivery->warn != NULL && delivery->warn[which] > 0)
		warned_forget(mailbox);
	if (counted && gone)
		(void)account_add(&account, -(int64_t)delivery->octets, -1, NULL);
	if (counted)
		account_close(&account);
	else if (gone)
		(void)unlinkat(mailbox->fd, "maildirsize", 0); /* to be counted anew */
	/* Best effort: the client repeats the message, and a power cut may then show it twice. */
	(void)fsync(directory);
	return gone;
}

static void batch_close(struct delivery *delivery, struct batch *batch, bool undo)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (undo)
			(void)link_undo(delivery, batch->which[i], &batch->mailboxes[i],
					batch->directories[i]);
		close(batch->directories[i]);
		mailbox_close(&batch->mailboxes[i]);
	}
	batch->count = 0;
}

static enum outcome link_all(struct delivery *delivery)
{
	struct batch batch = { .count = 0 };
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; outcome == OUTCOME_OK && i < delivery->count; i++) {
		outcome = link_one(delivery, i, &batch);
		if (outcome == OUTCOME_OK && batch.count < BATCH && i + 1 < delivery->count)
			continue;
		if (outcome == OUTCOME_OK)
			outcome = batch_sync(delivery, &batch);
		batch_close(delivery, &batch, outcome != OUTCOME_OK);
	}
	return outcome;
}

/* With several recipients: no link is made when one of them can be known to refuse. */
static enum outcome check_all(struct delivery *delivery)
{
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; outcome == OUTCOME_OK && i < delivery->count; i++) {
		const struct store_mailbox *who = &delivery->mailboxes[i];
		struct mailbox mailbox;
		struct account account;

		if (who->quota == 0)
			continue;
		outcome = mailbox_open(delivery->store, who, true, &mailbox, delivery->failure);
		if (outcome != OUTCOME_OK)
			continue;
		outcome = account_open(delivery->store, &mailbox, who->quota, &account,
				       delivery->failure);
		if (outcome == OUTCOME_OK) {
			outcome = room_check(delivery, &account, i);
			account_close(&account);
		}
		mailbox_close(&mailbox);
	}
	return outcome;
}

/* Links of earlier batches: their mailboxes are opened once more. */
static bool undo_one(struct delivery *delivery, size_t which)
{
	struct mailbox mailbox;
	bool gone = false;
	int directory;

	if (mailbox_open(delivery->store, &delivery->mailboxes[which], false, &mailbox, NULL) !=
		    OUTCOME_OK ||
	    mailbox.fd < 0)
		return false;
	directory = mailbox_folder(&mailbox, "new");
	if (directory >= 0) {
		gone = link_undo(delivery, which, &mailbox, directory);
		close(directory);
	}
	mailbox_close(&mailbox);
	return gone;
}

static void undo_all(struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->count; i++) {
		if (delivery->linked[i] && !undo_one(delivery, i))
			log_warning("store.undo", LOG_TEXT("id", delivery->mailboxes[i].id),
				    LOG_TEXT("file", delivery->name));
	}
}

static enum outcome deliver(struct delivery *delivery, const char *label)
{
	enum outcome outcome = delivery_measure(delivery, label);

	if (outcome == OUTCOME_OK && delivery->count > 1)
		outcome = check_all(delivery);
	if (outcome == OUTCOME_OK && spool_durable(delivery->store, delivery->source.spool) != 0)
		outcome = failure_errno(delivery->failure, errno, "cannot make a message durable");
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = link_all(delivery);
	if (outcome != OUTCOME_OK)
		undo_all(delivery);
	return outcome;
}

enum outcome store_deliver(struct store *store, int spool, const struct store_mailbox *mailboxes,
			   size_t count, const char *label, struct store_failure *failure)
{
	struct delivery delivery = { .store = store,
				     .mailboxes = mailboxes,
				     .count = count,
				     .source = { .store = store, .spool = spool, .copy = -1 },
				     .failure = failure };
	enum outcome outcome;

	failure_clear(failure);
	if (count == 0)
		return failure_say(failure, OUTCOME_PERM, "a message for nobody");
	delivery.linked = memory_array(count, sizeof *delivery.linked);
	outcome = deliver(&delivery, label);
	if (atomic_load(&store->name_first) ||
	    (outcome == OUTCOME_OK && atomic_load(&store->named_spool)))
		spool_forget(store->spool_fd, spool);
	if (delivery.source.copy >= 0)
		close(delivery.source.copy);
	if (outcome == OUTCOME_OK)
		warn_owners(&delivery);
	free(delivery.warn);
	free(delivery.linked);
	return outcome;
}
