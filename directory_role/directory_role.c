/* SPDX-License-Identifier: ISC */
/* The directory role: the only process that holds the domain's secrets and sees a directory. */
#include "directory_role/directory_role.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/client_login.h"
#include "auth/exchange.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/login_methods.h"
#include "directory_role/directory_client.h"
#include "directory_role/directory_exchange.h"
#include "directory_role/directory_expand.h"
#include "directory_role/directory_lanes.h"
#include "directory_role/directory_sender.h"
#include "directory_role/exchange_table.h"
#include "directory_role/explain.h"
#include "directory_role/local_link.h"
#include "directory/directories.h"
#include "directory/directory.h"

/* A login takes 18 s at most, and the frontend waits 26. */
enum { PATIENCE_MS = 8000 };

static void resolve(struct work *work, const struct message_resolve *ask,
		    const struct directory_who *who)
{
	struct directory_role *role = work->context;
	struct route_ask question = { .recipient = ask->address, .sender = who->sender, .size = ask->size,
				      .own = ask->own };
	struct message_route answer = { 0 };
	struct route route = { 0 };
	char memory[4096], ticket[TICKET_SIZE_MAX], address[ADDRESS_TEXT_SIZE];
	struct wire_writer writer;

	answer.outcome = routing_resolve(role->routing, &question, &route);
	answer.kind = route.kind;
	answer.code = route.code;
	answer.good_for = route.good_for;
	answer.quota = route.mailbox.quota;
	memcpy(answer.status, route.status, sizeof answer.status);
	memcpy(answer.text, route.text, sizeof answer.text);
	memcpy(answer.via, route.via, sizeof answer.via);
	memcpy(answer.canonical, route.canonical, sizeof answer.canonical);
	answer.size = route.size;
	answer.by_sender = route.by_sender;
	if (route.kind == ROUTE_MAILBOX)
		answer.ticket = span_make(ticket, directory_ticket(role, &route.mailbox, ticket));
	if (route.kind == ROUTE_REFUSED) {
		address_text(&ask->address, address);
		log_info("routing.refused", LOG_TEXT("session", ask->session), LOG_TEXT("rcpt", address),
			 LOG_NUMBER("code", route.code), LOG_TEXT("cause", route.cause));
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_route(&writer, &answer);
	work_answer(work, &writer, -1);
}

/* A frontend shows a standing, and nothing that it says by itself is believed. */
static bool handle_resolve(struct work *work)
{
	struct message_resolve ask;
	struct directory_who who;

	if (!message_get_resolve(work_body(work), &ask) || ask.identity[0] || ask.trusted ||
	    ask.own ||
	    !directory_who_logged_in(work->context, ask.standing, &ask.sender, &who))
		return false;
	resolve(work, &ask, &who);
	return true;
}

/* Of mail that waits the envelope tells who had logged in. */
static bool handle_resolve_waiting(struct work *work)
{
	struct message_resolve ask;
	struct directory_who who;

	if (!message_get_resolve(work_body(work), &ask) || ask.standing.length > 0)
		return false;
	directory_who_sent(ask.identity, &ask.sender, ask.trusted, &who);
	resolve(work, &ask, &who);
	return true;
}

static bool handle_login(struct work *work)
{
	struct directory_role *role = work->context;
	struct message_login login;
	const struct conf_methods *methods;
	const char *service, *default_domain;
	struct message_identity identity = { 0 };
	struct auth_answer answer = { 0 };
	char memory[2048], ticket[TICKET_SIZE_MAX], standing[STANDING_SIZE_MAX];
	struct wire_writer writer;

	if (!message_get_login(work_body(work), &login))
		return false;
	methods = login_methods(role->conf, login.server, &service, &default_domain);
	if (!methods) {
		memory_wipe(login.password, sizeof login.password);
		return false;
	}
	auth_login(role->auth,
		   &(struct auth_ask){ .service = login.service,
				       .user = login.user,
				       .authzid = login.authzid,
				       .password = login.password,
				       .default_domain = login.default_domain,
				       .client = login.client,
				       .session = login.session,
				       .methods = methods },
		   &answer);
	memory_wipe(login.password, sizeof login.password);
	directory_identify(role, &answer, login.session, &identity, ticket, standing);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_identity(&writer, &identity);
	work_answer_later(work, &writer, answer.hold);
	return true;
}

static bool handle_recheck(struct work *work)
{
	struct directory_role *role = work->context;
	struct standing standings[STANDING_BATCH_MAX];
	enum standing_state states[STANDING_BATCH_MAX];
	struct message_recheck ask;
	struct wire_reader reader;
	struct wire_writer writer;
	char memory[STANDING_BATCH_MAX];

	if (!message_get_recheck(work_body(work), &ask))
		return false;
	wire_reader_init(&reader, ask.tickets.at, ask.tickets.length);
	for (uint32_t i = 0; i < ask.count; i++)
		if (!standing_verify(wire_get_span(&reader), role->key, &standings[i]))
			return false; /* a frontend shows what it was given */
	auth_recheck(role->auth, standings, ask.count, states);
	wire_writer_init(&writer, memory, sizeof memory);
	for (uint32_t i = 0; i < ask.count; i++)
		wire_put_u8(&writer, (uint8_t)states[i]);
	work_answer(work, &writer, -1);
	return true;
}

static bool handle_explain(struct work *work)
{
	static void (*const questions[])(const struct explain *, const char *) = {
		[QUESTION_LOGIN] = explain_login,
		[QUESTION_ADDRESS] = explain_address,
		[QUESTION_SEND] = explain_send,
	};
	struct directory_role *role = work->context;
	struct message_explain ask;
	struct explain explain;
	struct buffer lines = BUFFER_EMPTY;
	struct wire_writer writer;

	if (!message_get_explain(work_body(work), &ask))
		return false;
	explain = (struct explain){ role->conf, role->auth, role->routing, role->directories, EXPLAIN_RUNNING, &lines };
	questions[ask.question](&explain, ask.subject);
	wire_writer_init(&writer, buffer_bytes(&lines), buffer_used(&lines));
	writer.used = buffer_used(&lines);
	work_answer(work, &writer, -1);
	buffer_clear(&lines);
	return true;
}

static void free_exchange(void *exchange)
{
	exchange_free(exchange);
}

static void free_client(void *login)
{
	client_login_free(login);
}

static void *peer_new(void *context)
{
	struct directory_peer *peer = memory_new(sizeof *peer);

	(void)context;
	peer->exchanges = exchange_table_new(free_exchange);
	peer->clients = exchange_table_new(free_client);
	return peer;
}

static void peer_free(void *context, void *own)
{
	struct directory_peer *peer = own;

	(void)context;
	exchange_table_free(peer->exchanges);
	exchange_table_free(peer->clients);
	free(peer);
}

static void role_start_directories(void *context)
{
	struct directory_role *role = context;

	directories_start(role->directories);
	exchanges_start(role->exchanges);
}

static void role_meet_local(void *context, enum role role, int fd)
{
	struct directory_role *directory = context;

	(void)role;
	if (directory->local)
		local_link_take(directory->local, fd);
	else
		close(fd);
}

int directory_main(struct role_start *begin)
{
	static const struct work_permit permits[] = {
		{ MESSAGE_RESOLVE, ROLE_FRONTEND, DIRECTORY_POOL_LOOKUP, false, handle_resolve, PATIENCE_MS },
		{ MESSAGE_LOGIN, ROLE_FRONTEND, DIRECTORY_POOL_PASSWORD, false, handle_login, PATIENCE_MS },
		{ MESSAGE_SENDER, ROLE_FRONTEND, DIRECTORY_POOL_LOOKUP, false, directory_handle_sender, PATIENCE_MS },
		{ MESSAGE_EXCHANGE, ROLE_FRONTEND, DIRECTORY_POOL_PASSWORD, false, directory_exchange, PATIENCE_MS },
		{ MESSAGE_EXCHANGE_DROP, ROLE_FRONTEND, DIRECTORY_POOL_PASSWORD, false, directory_exchange_drop, 0 },
		{ MESSAGE_RESOLVE, ROLE_RELAY, DIRECTORY_POOL_LOOKUP, false, handle_resolve_waiting, PATIENCE_MS },
		{ MESSAGE_EXPAND, ROLE_RELAY, DIRECTORY_POOL_LOOKUP, false, directory_expand, 0 },
		{ MESSAGE_CLIENT, ROLE_RELAY, DIRECTORY_POOL_PASSWORD, false, directory_client, 0 },
		{ MESSAGE_CLIENT, ROLE_FRONTEND, DIRECTORY_POOL_PASSWORD, false, directory_client, 0 },
		{ MESSAGE_ELSEWHERE, ROLE_RELAY, DIRECTORY_POOL_LOOKUP, false, directory_elsewhere, PATIENCE_MS },
		{ MESSAGE_RECHECK, ROLE_FRONTEND, DIRECTORY_POOL_LOOKUP, false, handle_recheck, PATIENCE_MS },
		{ MESSAGE_EXPLAIN, ROLE_MASTER, DIRECTORY_POOL_LOOKUP, false, handle_explain, PATIENCE_MS },
		{ 0 },
	};
	const struct conf *conf = begin->conf;
	unsigned *threads = directory_threads(conf);
	struct directory_role role = { .conf = conf };
	struct work_plan plan = { .permits = permits, .threads = threads, .context = &role,
				  .lane = directory_lane, .shed = directory_shed, .peer_new = peer_new,
				  .peer_free = peer_free, .start = role_start_directories,
				  .introduced = role_meet_local };
	struct directory_prover prover = { .prove = local_link_prove };
	char why[400];
	int code;

	memcpy(role.key, begin->start.key, sizeof role.key);
	role.directories = directories_open(conf, why, sizeof why);
	if (role.directories)
		role.exchanges = exchanges_open(conf, why, sizeof why);
	if (role.exchanges)
		role.logins = client_logins_open(conf, why, sizeof why);
	if (!role.logins) {
		log_error("directory.failed", LOG_TEXT("why", why));
		free(threads);
		return 1;
	}
	role_confine(begin, "");
	role.local = conf->method == CONF_METHOD_LOCAL ? local_link_new() : NULL;
	prover.context = role.local;
	if (role.local)
		directories_set_prover(role.directories, &prover);
	role.routing = routing_new(conf, role.directories);
	role.auth = auth_new(conf, role.directories);
	code = work_serve(begin, &plan);
	client_logins_free(role.logins);
	exchanges_free(role.exchanges);
	auth_free(role.auth);
	routing_free(role.routing);
	directories_close(role.directories);
	local_link_free(role.local);
	memory_wipe(&role, sizeof role);
	free(threads);
	return code;
}
