/* SPDX-License-Identifier: ISC */
#include "store_role/store_pickup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/message_queue.h"
#include "store_role/pickup_scan.h"
#include "store_role/queue_rules.h"
#include "store_role/store_role.h"

bool store_handle_claim(struct work *work)
{
	struct store_role *role = work->context;
	struct rules *rules;
	struct pickup_claim claim = { .fd = -1 };
	struct message_claimed claimed = { 0 };
	char memory[1024];
	struct wire_writer writer;

	if (work->length != 0)
		return false;
	rules = queue_rules_hold(role->rules);
	if (pickup_scan_claim(role->pickup, rules->conf, work_own(work), clock_ms(), &claim)) {
		claimed.handle = claim.handle;
		memcpy(claimed.server, claim.server, sizeof claimed.server);
		memcpy(claimed.name, claim.name, sizeof claimed.name);
	}
	queue_rules_leave(role->rules, rules);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_claimed(&writer, &claimed);
	work_answer(work, &writer, claim.fd);
	if (claim.fd >= 0)
		close(claim.fd);
	return true;
}

/* What may be told of a file is a line; what may be kept of it is what a message may have. */
static enum outcome put_badmail(const struct store_role *role, const struct conf_smtp *smtp,
				const struct pickup_claim *claim, const char *reason,
				struct queue_failure *failure)
{
	char *folder = rules_badmail(smtp, smtp->name, role->queue_root);
	char id[QUEUE_ID_SIZE], detail[1024];
	uint64_t size = claim->size;
	enum outcome outcome;

	if (smtp->message_size != 0 && size > smtp->message_size)
		size = smtp->message_size;
	snprintf(id, sizeof id, "p%llx", (unsigned long long)claim->handle);
	snprintf(detail, sizeof detail,
		 "file: %s\npickup: %s\nserver: %s\nsize: %llu\nkept: %llu\n", claim->name,
		 smtp->outbound.pickup, smtp->name, (unsigned long long)claim->size,
		 (unsigned long long)size);
	outcome = queue_badmail(folder, id, claim->fd, size, reason, detail, failure);
	free(folder);
	return outcome;
}

static enum outcome set_aside(struct store_role *role, const struct pickup_claim *claim,
			      const char *reason)
{
	struct queue_failure failure = { 0 };
	struct rules *rules = queue_rules_hold(role->rules);
	const struct conf_smtp *smtp = rules_server(rules, claim->server);
	enum outcome outcome =
		smtp != NULL ? put_badmail(role, smtp, claim, reason, &failure) : OUTCOME_TEMP;

	queue_rules_leave(role->rules, rules);
	if (outcome != OUTCOME_OK)
		log_error("pickup.badmail", LOG_TEXT("file", claim->name),
			  LOG_TEXT("why", failure.reason));
	return outcome;
}

static enum outcome claim_over(struct store_role *role, const struct work *work,
			       const struct message_claim_end *end, struct pickup_claim *claim)
{
	if (end->bad && end->reason[0] == '\0')
		return OUTCOME_TEMP;
	if (end->bad && set_aside(role, claim, end->reason) != OUTCOME_OK)
		return OUTCOME_TEMP;
	if (pickup_scan_remove(role->pickup, claim->handle, work_own(work)))
		return OUTCOME_OK;
	log_error("pickup.remove", LOG_TEXT("file", claim->name), LOG_TEXT("why", strerror(errno)));
	return OUTCOME_OK;
}

bool store_handle_claimed(struct work *work)
{
	struct store_role *role = work->context;
	struct message_result result = { .outcome = OUTCOME_TEMP };
	struct message_claim_end end;
	struct pickup_claim claim;

	if (!message_get_claim_end(work_body(work), &end))
		return false;
	if (!pickup_scan_find(role->pickup, end.handle, work_own(work), &claim)) {
		result.flags = MESSAGE_RESULT_GONE;
	} else {
		result.outcome = claim_over(role, work, &end, &claim);
		if (result.outcome != OUTCOME_OK)
			pickup_scan_again(role->pickup, end.handle, work_own(work), clock_ms());
		close(claim.fd);
	}
	store_answer(work, &result, -1);
	return true;
}
