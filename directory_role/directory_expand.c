/* SPDX-License-Identifier: ISC */
#include "directory_role/directory_expand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/message_directory.h"
#include "daemon/work.h"
#include "directory_role/directory_role.h"
#include "directory_role/directory_sender.h"
#include "routing/expansion_wire.h"

static void tell(const struct message_expand *ask, const struct message_expanded *answer,
		 const struct expansion *expansion, int64_t began)
{
	char address[ADDRESS_TEXT_SIZE];
	size_t members = 0;

	for (size_t i = 0; i < expansion->lists_count; i++)
		members += expansion->lists[i].count;
	address_text(&ask->address, address);
	if (answer->outcome == OUTCOME_OK)
		log_info("routing.expanded", LOG_TEXT("id", ask->id), LOG_TEXT("rcpt", address),
			 LOG_NUMBER("members", members),
			 LOG_NUMBER("refused", expansion->refusals_count),
			 LOG_NUMBER("groups", expansion->groups),
			 LOG_NUMBER("searches", expansion->searches),
			 LOG_NUMBER("ms", clock_ms() - began));
	else
		log_warning("routing.not_expanded", LOG_TEXT("id", ask->id),
			    LOG_TEXT("rcpt", address), LOG_TEXT("status", answer->status),
			    LOG_TEXT("cause", expansion->cause));
}

/* -1: there is none, or it could not be made, which *answer says then. */
static int make_file(const struct expansion *expansion, struct message_expanded *answer)
{
	int fd = -1;

	if (answer->outcome == OUTCOME_OK)
		fd = expansion_write_file(expansion);
	if (answer->outcome == OUTCOME_OK && fd < 0) {
		log_error("routing.expansion", LOG_TEXT("why", strerror(errno)));
		answer->outcome = OUTCOME_TEMP;
		snprintf(answer->status, sizeof answer->status, "4.3.0");
		snprintf(answer->text, sizeof answer->text, "the list could not be handed over");
	}
	return fd;
}

bool directory_expand(struct work *work)
{
	struct directory_role *role = work->context;
	struct directory_who who;
	struct message_expand ask;
	struct message_expanded answer = { .outcome = OUTCOME_TEMP };
	struct expansion expansion = { 0 };
	int64_t began = clock_ms();
	struct wire_writer writer;
	char memory[512];
	int fd;

	if (!message_get_expand(work_body(work), &ask))
		return false;
	directory_who_sent(ask.identity, &ask.sender, ask.trusted, &who);
	answer.outcome = routing_expand(
		role->routing,
		&(struct route_ask){ .recipient = ask.address, .sender = who.sender, .size = ask.size },
		&expansion);
	memcpy(answer.status, expansion.status, sizeof answer.status);
	memcpy(answer.text, expansion.text, sizeof answer.text);
	fd = make_file(&expansion, &answer);
	tell(&ask, &answer, &expansion, began);
	expansion_clear(&expansion);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_expanded(&writer, &answer);
	work_answer(work, &writer, fd);
	if (fd >= 0)
		close(fd);
	return true;
}
