/* SPDX-License-Identifier: ISC */
/* The directory role: the only process that holds the domain's secrets and sees a directory. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/work.h"
#include "directory/directories.h"

enum { POOL_LOOKUP, POOL_PASSWORD };
/* A slow client may take hours from RCPT to the end of its data. */
/* A login takes 18 s at most, and the frontend waits 26. */
enum { PATIENCE_MS = 8000 };
enum { DELIVER_TICKET_SECONDS = 24 * 3600, READ_TICKET_SECONDS = 60 };

struct directory_role {
	unsigned char key[TICKET_KEY_SIZE];
	struct directories *directories;
	struct routing *routing;
	struct auth *auth;
};

static size_t role_ticket(const struct directory_role *role, enum ticket_purpose purpose,
			  const struct route_mailbox *mailbox, const char *session, char to[TICKET_SIZE_MAX])
{
	struct ticket ticket = { .purpose = purpose, .quota = mailbox->quota };
	int64_t life = purpose == TICKET_READ ? READ_TICKET_SECONDS : DELIVER_TICKET_SECONDS;
	size_t length;

	if (!span_copy(span_text(mailbox->id), ticket.id, sizeof ticket.id) ||
	    !span_copy(span_text(mailbox->domain), ticket.domain, sizeof ticket.domain) ||
	    !span_copy(span_text(mailbox->name), ticket.name, sizeof ticket.name) ||
	    !span_copy(span_text(session), ticket.session, sizeof ticket.session))
		memory_die("a mailbox name is longer than its ticket");
	ticket.expires = clock_unix() + life;
	length = ticket_sign(&ticket, role->key, to, TICKET_SIZE_MAX);
	if (length == 0)
		memory_die("a ticket did not fit");
	return length;
}

static bool handle_resolve(struct work *work)
{
	struct directory_role *role = work->context;
	struct message_resolve ask;
	struct message_route answer = { 0 };
	struct route route = { 0 };
	char memory[2048], ticket[TICKET_SIZE_MAX];
	struct wire_writer writer;

	if (!message_get_resolve(work_body(work), &ask))
		return false;
	answer.outcome = routing_resolve(role->routing, &ask.address, &route);
	answer.kind = route.kind;
	answer.code = route.code;
	answer.good_for = route.good_for;
	answer.quota = route.mailbox.quota;
	memcpy(answer.status, route.status, sizeof answer.status);
	memcpy(answer.text, route.text, sizeof answer.text);
	if (route.kind == ROUTE_MAILBOX)
		answer.ticket = span_make(ticket, role_ticket(role, TICKET_DELIVER, &route.mailbox, "", ticket));
	if (route.kind == ROUTE_REFUSED) {
		char address[ADDRESS_TEXT_SIZE];

		address_text(&ask.address, address);
		log_info("routing.refused", LOG_TEXT("session", ask.session), LOG_TEXT("rcpt", address),
			 LOG_NUMBER("code", route.code), LOG_TEXT("cause", route.cause));
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_route(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

static bool handle_login(struct work *work)
{
	struct directory_role *role = work->context;
	struct message_login login;
	struct message_identity identity = { 0 };
	struct auth_answer answer = { 0 };
	char memory[2048], ticket[TICKET_SIZE_MAX];
	struct wire_writer writer;

	if (!message_get_login(work_body(work), &login))
		return false;
	auth_login(role->auth,
		   &(struct auth_ask){ .service = login.service,
				       .user = login.user,
				       .authzid = login.authzid,
				       .password = login.password,
				       .default_domain = login.default_domain,
				       .client = login.client,
				       .session = login.session },
		   &answer);
	memory_wipe(login.password, sizeof login.password);
	identity.verdict = answer.verdict;
	memcpy(identity.who, answer.who, sizeof identity.who);
	if (answer.verdict == AUTH_OK && answer.mailbox.id[0])
		identity.ticket = span_make(
			ticket, role_ticket(role, TICKET_READ, &answer.mailbox, login.session, ticket));
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_identity(&writer, &identity);
	work_answer(work, &writer, -1);
	return true;
}

static void role_start_directories(void *context)
{
	struct directory_role *role = context;

	directories_start(role->directories);
}

int directory_main(struct role_start *begin)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_RESOLVE, ROLE_FRONTEND, POOL_LOOKUP, false, handle_resolve, PATIENCE_MS },
		{ MESSAGE_LOGIN, ROLE_FRONTEND, POOL_PASSWORD, false, handle_login, PATIENCE_MS },
		{ 0 },
	};
	unsigned threads[3] = { 0, 0, 0 };
	struct directory_role role;
	struct work_plan plan = { .permits = permits, .threads = threads, .context = &role,
				  .start = role_start_directories };
	char why[400];
	int code;

	memcpy(role.key, begin->start.key, sizeof role.key);
	role.directories = directories_open(begin->conf, why, sizeof why);
	if (!role.directories) {
		log_error("directory.failed", LOG_TEXT("why", why));
		return 1;
	}
	role_confine(begin, "");
	for (size_t i = 0; i < begin->conf->directories_count; i++) {
		threads[POOL_LOOKUP] += begin->conf->directories[i].lookups;
		threads[POOL_PASSWORD] += begin->conf->directories[i].password_checks;
	}
	role.routing = routing_new(begin->conf, role.directories);
	role.auth = auth_new(begin->conf, role.directories);
	code = work_serve(begin, &plan);
	auth_free(role.auth);
	routing_free(role.routing);
	directories_close(role.directories);
	memory_wipe(&role, sizeof role);
	return code;
}
