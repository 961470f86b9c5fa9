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
#include "store_role/maildrops.h"
#include "daemon/method.h"
#include "daemon/parents.h"
#include "store_role/pickup_scan.h"
#include "store_role/queue_acts.h"
#include "store_role/queue_jobs.h"
#include "store_role/queue_rules.h"
#include "store_role/store_pickup.h"
#include "store_role/store_role.h"
#include "store_role/store_warn.h"

/* Frontends wait that long, and tell the client that nothing was done. */
enum { PATIENCE_MS = 60000 };

void store_tell_failure(const char *event, const char *session, const struct store_failure *failure)
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
	/* Whoever is warned has a count kept for that, also where nothing is refused. */
	mailbox->quota = ticket->quota || !ticket->warn ? ticket->quota : INT64_MAX;
	mailbox->warn = ticket->warn;
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
		store_tell_failure("store.spool", "", &failure);
	}
	store_answer(work, &result, fd);
	if (fd >= 0)
		close(fd);
	return true;
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
			store_tell_failure("store.usage", "", &failure);
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

/* ---- the queue ---- */

static void on_hop(void *context, const char *server, const struct envelope_recipient *recipient,
		   struct queue_hop *hop)
{
	const struct store_role *role = context;

	queue_rules_hop(role->rules, server, recipient, hop);
}

static bool on_limits(void *context, const char *server, struct queue_limits *limits)
{
	const struct store_role *role = context;

	return queue_rules_limits(role->rules, server, limits);
}

static void on_ready(void *context)
{
	const struct store_role *role = context;

	queue_asks_ready(role->asks);
}

static enum outcome on_report(void *context, const struct queue_message *message, int fd,
			      const struct queue_event *events, size_t count)
{
	return queue_report(context, message, fd, events, count);
}

static bool on_own(void *context, const char *domain)
{
	const struct store_role *role = context;

	return queue_rules_own(role->rules, domain);
}

/* A report may be due before queue_open has returned. */
static void on_opened(void *context, struct queue *queue)
{
	struct store_role *role = context;

	role->queue = queue;
}

/* False after a log line. */
static bool open_queue(struct store_role *role, const struct conf *conf)
{
	static const struct queue_calls calls = { on_hop, on_limits, on_ready, on_report, on_opened, on_own };
	struct queue_failure failure = { 0 };

	role->conf_file = conf->file;
	role->queue_root = conf->store.queue;
	role->rules = queue_rules_new(conf);
	role->asks = queue_asks_new(queue_jobs_answer);
	role->pickup = pickup_scan_new();
	if (!queue_open(conf->store.queue, &calls, role, &failure)) {
		log_error("queue.failed", LOG_TEXT("queue", conf->store.queue),
			  LOG_TEXT("why", failure.reason));
		return false;
	}
	queue_asks_start(role->asks, role->queue);
	return true;
}

static void close_queue(struct store_role *role)
{
	queue_close(role->queue);
	queue_asks_free(role->asks);
	pickup_scan_free(role->pickup);
	queue_rules_free(role->rules);
}

static void stop(void *context)
{
	const struct store_role *role = context;

	queue_asks_stop(role->asks);
}

/* ---- peers ---- */

static void *peer_new(void *context)
{
	const struct store_role *role = context;
	struct store_peer *peer = memory_new(sizeof *peer);

	peer->maildrops = maildrops_new(context);
	peer->jobs = queue_jobs_new(role->asks);
	return peer;
}

static void peer_closed(void *context, void *own)
{
	const struct store_peer *peer = own;

	(void)context;
	queue_jobs_close(peer->jobs);
}

static bool at_once(struct work *work)
{
	return maildrops_at_once(work) || queue_take_at_once(work);
}

static void peer_free(void *context, void *own)
{
	const struct store_role *role = context;
	struct store_peer *peer = own;

	pickup_scan_owner_gone(role->pickup, own);
	maildrops_free(context, peer->maildrops);
	queue_jobs_free(peer->jobs);
	free(peer);
}

int store_main(struct role_start *begin)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_SPOOL, ROLE_FRONTEND, STORE_POOL_QUICK, false, handle_spool, PATIENCE_MS },
		{ MESSAGE_USAGE, ROLE_FRONTEND, STORE_POOL_QUICK, false, handle_usage, PATIENCE_MS },
		{ MESSAGE_DELIVER, ROLE_FRONTEND, STORE_POOL_COMMIT, true, store_handle_deliver, PATIENCE_MS },
		{ MESSAGE_OPEN, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_open, 0 },
		{ MESSAGE_FETCH, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_fetch, PATIENCE_MS },
		{ MESSAGE_QUOTA, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_quota, PATIENCE_MS },
		{ MESSAGE_REMOVE, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_remove, PATIENCE_MS },
		{ MESSAGE_CLOSE, ROLE_FRONTEND, STORE_POOL_MAILDROP, false, maildrops_handle_close, 0 },
		{ MESSAGE_RELEASE, ROLE_FRONTEND, STORE_POOL_QUEUE, false, queue_handle_release, PATIENCE_MS },
		{ MESSAGE_TAKE, ROLE_RELAY, STORE_POOL_QUICK, false, queue_handle_take, 0 },
		{ MESSAGE_TAKE, ROLE_FRONTEND, STORE_POOL_QUEUE, false, queue_handle_take, PATIENCE_MS },
		{ MESSAGE_DONE, ROLE_RELAY, STORE_POOL_QUEUE, false, queue_handle_done, WORK_ALWAYS },
		{ MESSAGE_DONE, ROLE_FRONTEND, STORE_POOL_QUEUE, false, queue_handle_done, WORK_ALWAYS },
		{ MESSAGE_EXPANDED, ROLE_RELAY, STORE_POOL_QUEUE, true, queue_handle_expanded, 0 },
		{ MESSAGE_PLACE, ROLE_RELAY, STORE_POOL_COMMIT, false, queue_handle_place, 0 },
		{ MESSAGE_SPOOL, ROLE_RELAY, STORE_POOL_QUICK, false, handle_spool, PATIENCE_MS },
		{ MESSAGE_DELIVER, ROLE_RELAY, STORE_POOL_COMMIT, true, store_handle_deliver, 0 },
		{ MESSAGE_CLAIM, ROLE_RELAY, STORE_POOL_PICKUP, false, store_handle_claim, 0 },
		{ MESSAGE_CLAIMED, ROLE_RELAY, STORE_POOL_PICKUP, false, store_handle_claimed, WORK_ALWAYS },
		{ MESSAGE_RULES, ROLE_MASTER, STORE_POOL_RULES, true, queue_handle_rules, 0 },
		{ MESSAGE_ORDER, ROLE_MASTER, STORE_POOL_QUEUE, false, queue_handle_order, 0 },
		{ 0 },
	};
	const unsigned threads[] = { 2, begin->conf->store.workers, 8, 8, 1, 2, 0 };
	struct store_role role = { .store = NULL };
	struct store_failure failure = { 0 };
	struct work_plan plan = { .permits = permits, .threads = threads, .context = &role,
				  .at_once = at_once, .peer_new = peer_new, .peer_closed = peer_closed,
				  .peer_free = peer_free, .stop = stop };
	struct store_warner *warner;
	int code;

	if (!prepare_directories(begin->conf))
		return 1;
	if (!method_remember(begin->conf, failure.reason, sizeof failure.reason))
		log_warning("store.method", LOG_TEXT("why", failure.reason));
	memcpy(role.key, begin->start.key, sizeof role.key);
	role_confine(begin, "");
	role.store = store_open(begin->conf->store.root, begin->conf->store.queue, &failure);
	if (!role.store) {
		store_tell_failure("store.failed", "", &failure);
		return 1;
	}
	if (!open_queue(&role, begin->conf))
		return 1;
	warner = store_warn_begin(&role, begin->conf);
	code = work_serve(begin, &plan);
	store_warn_end(warner);
	close_queue(&role);
	store_close(role.store);
	memory_wipe(role.key, sizeof role.key);
	return code;
}
