/* SPDX-License-Identifier: ISC */
#include "directory_role/directory_sender.h"

#include <stdio.h>
#include <string.h>

#include "auth/standing.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "directory/directories.h"
#include "directory/directory.h"

enum { MEMBER_MS = 15000 };

static void point(struct directory_who *who, const struct address *address)
{
	who->sender.directory = who->directory;
	who->sender.id = who->id;
	who->sender.address = address;
}

bool directory_who_logged_in(const struct directory_role *role, struct span standing,
			     const struct address *address, struct directory_who *who)
{
	struct standing of;

	memset(who, 0, sizeof *who);
	point(who, address);
	if (standing.length == 0)
		return true;
	if (!standing_verify(standing, role->key, &of) ||
	    of.directory >= role->conf->directories_count)
		return false;
	memcpy(who->id, of.id, sizeof who->id);
	return span_copy(span_text(role->conf->directories[of.directory].name), who->directory,
			 sizeof who->directory);
}

void directory_who_sent(const char *identity, const struct address *address, bool trusted,
			struct directory_who *who)
{
	const char *slash = strrchr(identity, '/');

	memset(who, 0, sizeof *who);
	point(who, address);
	who->sender.trusted = trusted;
	if (!slash ||
	    !span_copy(span_make(identity, (size_t)(slash - identity)), who->directory,
		       sizeof who->directory) ||
	    !span_copy(span_text(slash + 1), who->id, sizeof who->id))
		who->directory[0] = who->id[0] = '\0';
}

void directory_identity(const struct directory_who *who, char to[96])
{
	if (!who->id[0] || snprintf(to, 96, "%s/%s", who->directory, who->id) >= 96)
		to[0] = '\0';
}

enum sender_relay directory_may_relay(const struct conf *conf, struct directories *directories,
				      const struct conf_smtp *server, const char *name,
				      const char *id)
{
	const struct conf_directory *section = NULL;
	struct directory *directory;
	struct directory_hit hit;
	enum directory_found found = DIRECTORY_FAILED;
	char why[400] = "";
	size_t which;

	if (server->relay_groups_count == 0)
		return SENDER_RELAY_YES;
	for (size_t i = 0; i < conf->directories_count; i++)
		if (strcmp(conf->directories[i].name, name) == 0)
			section = &conf->directories[i];
	directory = section ? directories_find(directories, section) : NULL;
	if (!directory)
		return SENDER_RELAY_UNKNOWN;
	directory_find_id(directory, id, &hit);
	if (hit.found == DIRECTORY_ONE)
		found = directory_is_member(directory, &hit.person, server->relay_groups,
					    server->relay_groups_count, clock_ms() + MEMBER_MS,
					    &which, why);
	if (found == DIRECTORY_FAILED)
		log_warning("policy.relay_groups", LOG_TEXT("directory", name), LOG_TEXT("id", id),
			    LOG_TEXT("why", why[0] ? why : hit.cause));
	directory_hit_clear(&hit);
	return found == DIRECTORY_ONE      ? SENDER_RELAY_YES
	       : found == DIRECTORY_NOBODY ? SENDER_RELAY_NO
					   : SENDER_RELAY_UNKNOWN;
}

static void note(const struct message_sender *ask, const struct directory_who *who,
		 const struct sender_answer *answer)
{
	char address[ADDRESS_TEXT_SIZE];

	address_text(&ask->address, address);
	log_info("policy.send_as", LOG_TEXT("session", ask->session), LOG_TEXT("id", who->id),
		 LOG_TEXT("address", address), LOG_TEXT("field", ask->header ? "From" : "MAIL"),
		 LOG_NUMBER("refused", !answer->reported), LOG_NUMBER("code", answer->code),
		 LOG_TEXT("cause", answer->cause));
}

static void answer_with(struct work *work, const struct message_sender *ask,
			const struct directory_who *who)
{
	struct directory_role *role = work->context;
	const struct conf_smtp *server = &role->conf->smtps[ask->server];
	struct message_sender_answer answer = { 0 };
	struct sender_answer found = { 0 };
	char memory[4096], ticket[TICKET_SIZE_MAX];
	struct wire_writer writer;

	answer.outcome = routing_sender(role->routing,
					&(struct sender_ask){ .who = who->sender,
							      .header = ask->header,
							      .send_as = server->send_as },
					&found);
	if (answer.outcome != OUTCOME_OK || found.reported)
		note(ask, who, &found);
	answer.reported = found.reported;
	answer.code = found.code;
	memcpy(answer.status, found.status, sizeof answer.status);
	memcpy(answer.text, found.text, sizeof answer.text);
	answer.good_for = found.good_for;
	answer.quota = found.quota;
	answer.size = found.size;
	answer.recipients = found.recipients;
	answer.relay = answer.outcome == OUTCOME_OK && !ask->header
			       ? directory_may_relay(role->conf, role->directories, server,
						     who->directory, who->id)
			       : SENDER_RELAY_NO;
	if (answer.outcome == OUTCOME_OK && found.mailbox.id[0])
		answer.ticket = span_make(ticket, directory_ticket(role, &found.mailbox, ticket));
	directory_identity(who, answer.identity);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_sender_answer(&writer, &answer);
	work_answer(work, &writer, -1);
}

bool directory_handle_sender(struct work *work)
{
	struct directory_role *role = work->context;
	struct message_sender ask;
	struct directory_who who;

	if (!message_get_sender(work_body(work), &ask) || ask.server >= role->conf->smtps_count ||
	    !directory_who_logged_in(role, ask.standing, &ask.address, &who))
		return false;
	answer_with(work, &ask, &who);
	return true;
}
