/* SPDX-License-Identifier: ISC */
/* The store role: the only process that touches mail on disk, and only for a ticket. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/maildrops.h"
#include "daemon/method.h"
#include "daemon/parents.h"
#include "daemon/store_role.h"

/* Frontends wait that long, and tell the client that nothing was done. */
enum { PATIENCE_MS = 60000 };

static void tell_failure(const char *event, const char *session, const struct store_failure *failure)
{
	log_error(event, LOG_TEXT("session", session), LOG_TEXT("why", failure->reason),
		  LOG_NUMBER("disk_full", failure->full));
}

void store_answer(struct work *work, const struct message_result *result, int fd)
{
	char memory[64];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_result(&writer, result);
	work_answer(work, &writer, fd);
}

bool store_ticket(const struct store_role *role, struct span encoded, enum ticket_purpose purpose,
		  struct ticket *ticket, struct store_mailbox *mailbox)
{
	memset(mailbox, 0, sizeof *mailbox);
	if (!ticket_verify(encoded, role->key, purpose, clock_unix(), ticket))
		return false;
	mailbox->quota = ticket->quota;
	return span_copy(span_text(ticket->id), mailbox->id, sizeof mailbox->id) &&
	       span_copy(span_text(ticket->domain), mailbox->domain, sizeof mailbox->domain) &&
	       span_copy(span_text(ticket->name), mailbox->name, sizeof mailbox->name);
}

static bool handle_spool(struct work *work)
{
	struct store_role *role = work->context;
	struct message_result result = { .outcome = OUTCOME_OK };
	struct store_failure failure = { 0 };
	int fd;

	if (work->length != 0)
		return false;
	fd = store_spool(role->store, &failure);
	if (fd < 0) {
		result.outcome = OUTCOME_TEMP;
		result.flags = failure.full ? MESSAGE_RESULT_FULL : 0;
		tell_failure("store.spool", "", &failure);
	}
	store_answer(work, &result, fd);
	if (fd >= 0)
		close(fd);
	return true;
}

/*
 * A frontend may only hand back what store_spool made. Its other files of ours, messages that
 * people logged in to fetch, could pass for one; that would show it nothing it has not seen.
 */
static bool is_spool(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
	       status.st_nlink <= 1;
}

/*
 * 1: all there. 0: a ticket has run out or is not ours (an answer, the sender may
 * have waited too long). -1: malformed.
 */
static int deliver_mailboxes(const struct store_role *role, const struct message_deliver *deliver,
			     struct store_mailbox *mailboxes)
{
	struct wire_reader reader;
	struct ticket ticket;

	wire_reader_init(&reader, deliver->tickets.at, deliver->tickets.length);
	for (uint32_t i = 0; i < deliver->count; i++) {
		struct span encoded = wire_get_span(&reader);

		if (reader.failed)
			return -1;
		if (!store_ticket(role, encoded, TICKET_DELIVER, &ticket, &mailboxes[i]))
			return 0;
	}
	return wire_done(&reader) ? 1 : -1;
}

/* The file for the next message saves the frontend the question for it. */
static void answer_delivered(struct work *work, const struct message_result *result, bool another)
{
	struct store_role *role = work->context;
	int fd = another ? store_spool_ahead(role->store) : -1;

	store_answer(work, result, fd);
	if (fd >= 0)
		close(fd);
}

static bool handle_deliver(struct work *work)
{
	struct store_role *role = work->context;
	struct message_deliver deliver;
	struct message_result result = { .outcome = OUTCOME_TEMP };
	struct store_failure failure = { 0 };
	struct store_mailbox *mailboxes;
	int valid;

	if (!message_get_deliver(work_body(work), &deliver))
		return false;
	if (work->fd < 0) {
		log_error("store.deliver", LOG_TEXT("session", deliver.label),
			  LOG_TEXT("why", "no descriptor is left for the spool file"));
		store_answer(work, &result, -1);
		return true;
	}
	if (!is_spool(work->fd))
		return false;
	mailboxes = memory_array(deliver.count, sizeof *mailboxes);
	valid = deliver_mailboxes(role, &deliver, mailboxes);
	if (valid == 1) {
		result.outcome = store_deliver(role->store, work->fd, mailboxes, deliver.count, deliver.label,
					       &failure);
		result.flags = (failure.full ? MESSAGE_RESULT_FULL : 0) |
			       (failure.over_quota ? MESSAGE_RESULT_OVER_QUOTA : 0);
		result.value = failure.which;
	} else {
		snprintf(failure.reason, sizeof failure.reason, "a delivery ticket is not valid any more");
	}
	if (failure.over_quota)
		log_info("quota.refused", LOG_TEXT("session", deliver.label), LOG_TEXT("cause", failure.reason));
	else if (valid >= 0 && result.outcome != OUTCOME_OK)
		tell_failure("store.deliver", deliver.label, &failure);
	if (valid >= 0)
		answer_delivered(work, &result, deliver.another == 1);
	free(mailboxes);
	return valid >= 0;
}

static bool handle_usage(struct work *work)
{
	struct store_role *role = work->context;
	struct message_result result = { .outcome = OUTCOME_TEMP };
	struct store_failure failure = { 0 };
	struct store_mailbox mailbox;
	struct store_usage usage = { 0 };
	struct ticket ticket;

	if (store_ticket(role, work_body(work), TICKET_DELIVER, &ticket, &mailbox)) {
		result.outcome = store_usage(role->store, &mailbox, &usage, &failure);
		result.value = usage.octets;
		if (result.outcome != OUTCOME_OK)
			tell_failure("store.usage", "", &failure);
	}
	store_answer(work, &result, -1);
	return true;
}

/*
 * Made while still root: the store's user could not make it below a root-owned parent. Its entry there is
 * durable before there is any mail in it; one that was there may be from a start that got no further.
 */
static bool own_directory(const char *path, uid_t uid, gid_t gid)
{
	if (!parents_make(path))
		return false;
	if (mkdir(path, 0700) == 0)
		return (geteuid() != 0 || lchown(path, uid, gid) == 0) && parents_sync(path);
	if (errno != EEXIST)
		return false;
	return parents_sync(path) || errno == EACCES;
}

static bool prepare_directories(const struct conf *conf)
{
	char user[128];
	struct passwd *entry;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	snprintf(user, sizeof user, "%s-store", conf->user_prefix);
	entry = uid == 0 ? getpwnam(user) : NULL;
	if (entry) {
		uid = entry->pw_uid;
		gid = entry->pw_gid;
	}
	if (own_directory(conf->store.root, uid, gid) &&
	    (!conf->store.queue[0] || own_directory(conf->store.queue, uid, gid)))
		return true;
	log_error("store.failed", LOG_TEXT("root", conf->store.root), LOG_TEXT("queue", conf->store.queue),
		  LOG_TEXT("why", strerror(errno)), LOG_TEXT("do", "make the directory, owned by the store's user"));
	return false;
}

int store_main(struct role_start *begin)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_SPOOL, ROLE_FRONTEND, STORE_POOL_QUICK, false, handle_spool, PATIENCE_MS },
		{ MESSAGE_USAGE, ROLE_FRONTEND, STORE_POOL_QUICK, false, handle_usage, PATIENCE_MS },
		{ MESSAGE_DELIVER, ROLE_FRONTEND, STORE_POOL_COMMIT, true, handle_deliver, PATIENCE_MS },
		{ MESSAGE_OPEN, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_open, 0 },
		{ MESSAGE_FETCH, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_fetch, PATIENCE_MS },
		{ MESSAGE_REMOVE, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_remove, PATIENCE_MS },
		{ MESSAGE_CLOSE, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_close, 0 },
		{ 0 },
	};
	const unsigned threads[] = { 2, begin->conf->store.workers, 8, 0 };
	struct store_role role;
	struct store_failure failure = { 0 };
	struct work_plan plan = { .permits = permits, .threads = threads, .context = &role,
				  .at_once = maildrops_at_once, .peer_new = maildrops_new, .peer_free = maildrops_free };
	int code;

	if (!prepare_directories(begin->conf))
		return 1;
	if (!method_remember(begin->conf, failure.reason, sizeof failure.reason))
		log_warning("store.method", LOG_TEXT("why", failure.reason));
	memcpy(role.key, begin->start.key, sizeof role.key);
	role_confine(begin, "");
	role.store = store_open(begin->conf->store.root, begin->conf->store.queue, &failure);
	if (!role.store) {
		tell_failure("store.failed", "", &failure);
		return 1;
	}
	code = work_serve(begin, &plan);
	store_close(role.store);
	memory_wipe(role.key, sizeof role.key);
	return code;
}
