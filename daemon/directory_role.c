/* SPDX-License-Identifier: ISC */
/* The directory role: the only process that holds the domain's secrets and sees a directory. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/exchange.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/exchange_table.h"
#include "daemon/explain.h"
#include "daemon/login.h"
#include "daemon/local_link.h"
#include "daemon/work.h"
#include "directory/directories.h"
#include "directory/directory.h"

/* Each directory has its own pools, so that one that does not answer holds up nobody else's threads. */
enum { POOL_LOOKUP, POOL_PASSWORD, POOLS_OF_ONE };
enum { RECHECK_THREADS = 8 }; /* each asks for many at once */
/* A slow client may take hours from RCPT to the end of its data. */
/* A login takes 18 s at most, and the frontend waits 26. */
enum { PATIENCE_MS = 8000 };
enum { DELIVER_TICKET_SECONDS = 24 * 3600, READ_TICKET_SECONDS = 60 };

struct directory_role {
	const struct conf *conf;
	unsigned char key[TICKET_KEY_SIZE];
	struct directories *directories;
	struct routing *routing;
	struct auth *auth;
	struct exchanges *exchanges;
	struct local_link *local; /* NULL unless method local */
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

static const struct conf_directory *role_asked(struct directory_role *role, enum message_kind kind, struct span body)
{
	const struct conf_directory *directory = NULL;
	struct message_resolve resolve;
	struct message_login login;

	if (kind == MESSAGE_RESOLVE && message_get_resolve(body, &resolve))
		return routing_directory(role->routing, &resolve.address);
	if (kind != MESSAGE_LOGIN)
		return NULL;
	if (message_get_login(body, &login))
		directory = auth_directory(role->auth, login.user, login.default_domain);
	memory_wipe(login.password, sizeof login.password);
	return directory;
}

/*
 * Work that asks no directory is done at once, so it may go anywhere. Whom an exchange will
 * ask is not known before its end: all of them share a pool of their own. So do the
 * questions about open sessions, which may be about several, and the administrator's.
 */
static unsigned role_lane(void *context, const struct work_permit *permit, struct span body)
{
	struct directory_role *role = context;
	size_t count = role->conf->directories_count, index = 0;
	const struct conf_directory *directory;

	if (permit->kind == MESSAGE_RECHECK || permit->kind == MESSAGE_EXPLAIN)
		return (unsigned)count * POOLS_OF_ONE + 1;
	if (permit->kind != MESSAGE_RESOLVE && permit->kind != MESSAGE_LOGIN)
		return (unsigned)count * POOLS_OF_ONE;
	directory = count > 1 ? role_asked(role, permit->kind, body) : NULL;
	if (directory)
		index = (size_t)(directory - role->conf->directories);
	return (unsigned)index * POOLS_OF_ONE + permit->pool;
}

static bool shed_resolve(struct work *work)
{
	struct message_resolve ask;
	struct message_route answer = { .outcome = OUTCOME_TEMP, .kind = ROUTE_REFUSED, .code = 451,
					.status = "4.3.0",
					.text = "directory temporarily unavailable, try again later" };
	char memory[2048];
	struct wire_writer writer;

	if (!message_get_resolve(work_body(work), &ask))
		return false;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_route(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

static bool shed_login(struct work *work)
{
	struct message_login login;
	struct message_identity answer = { .verdict = AUTH_TEMPORARY };
	bool good = message_get_login(work_body(work), &login);
	char memory[2048];
	struct wire_writer writer;

	memory_wipe(login.password, sizeof login.password);
	if (!good)
		return false;
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_identity(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

/* Too much waits for that directory already. */
static bool role_shed(struct work *work)
{
	if (work->permit->kind == MESSAGE_RESOLVE)
		return shed_resolve(work);
	return work->permit->kind == MESSAGE_LOGIN && shed_login(work);
}

static size_t role_standing(const struct directory_role *role, struct standing *standing, const char *session,
			    char to[STANDING_SIZE_MAX])
{
	size_t length = 0;

	if (span_copy(span_text(session), standing->session, sizeof standing->session))
		length = standing_sign(standing, role->key, to, STANDING_SIZE_MAX);
	if (length == 0)
		memory_die("a standing did not fit");
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

/* `ticket` and `standing`: room for the identity's. */
static void role_identify(const struct directory_role *role, struct auth_answer *answer, const char *session,
			  struct message_identity *identity, char ticket[TICKET_SIZE_MAX],
			  char standing[STANDING_SIZE_MAX])
{
	identity->verdict = answer->verdict;
	memcpy(identity->who, answer->who, sizeof identity->who);
	if (answer->verdict == AUTH_OK && answer->mailbox.id[0])
		identity->ticket =
			span_make(ticket, role_ticket(role, TICKET_READ, &answer->mailbox, session, ticket));
	if (answer->verdict == AUTH_OK || answer->verdict == AUTH_NO_MAILBOX)
		identity->standing =
			span_make(standing, role_standing(role, &answer->standing, session, standing));
}

static bool handle_login(struct work *work)
{
	struct directory_role *role = work->context;
	struct message_login login;
	struct message_identity identity = { 0 };
	struct auth_answer answer = { 0 };
	char memory[2048], ticket[TICKET_SIZE_MAX], standing[STANDING_SIZE_MAX];
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
	role_identify(role, &answer, login.session, &identity, ticket, standing);
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

/* What the client's server permits is looked up here, not believed. NULL: it permits no such thing. */
static struct exchange *exchange_begin(const struct directory_role *role, const struct message_exchange *message)
{
	struct mechanism list[LOGIN_MECHANISMS];
	struct mechanism_session session = { message->tls, message->certificate.length > 0 };
	const char *service, *default_domain;
	const struct conf_methods *methods =
		login_methods(role->conf, message->server, &service, &default_domain);
	const struct mechanism *mechanism;

	if (!methods)
		return NULL;
	login_mechanisms(methods, list);
	mechanism = mechanism_find(list, span_text(message->mechanism));
	if (!mechanism || !mechanism_usable(mechanism, session))
		return NULL;
	return exchange_new(role->exchanges, role->auth,
			    &(struct exchange_ask){
				    .service = service,
				    .mechanism = mechanism->name,
				    .default_domain = default_domain,
				    .client = message->client,
				    .session = message->session,
				    .tls = message->tls,
				    .bound = methods->binding == CONF_BINDING_REQUIRE,
				    .ntlm = methods->ntlm && (message->tls || methods->ntlm_without_tls),
				    .end_point = message->end_point,
				    .exporter = message->exporter,
				    .certificate = message->certificate,
				    .client_ca = methods->client_ca,
			    });
}

/* NULL with *malformed false: it was forgotten meanwhile. */
static struct exchange *exchange_of(struct work *work, const struct message_exchange *message, bool *malformed)
{
	struct exchange_table *table = work_own(work);
	struct exchange *exchange;

	if (!message->first)
		return exchange_table_take(table, message->handle, malformed);
	exchange = exchange_begin(work->context, message);
	*malformed = !exchange || !exchange_table_add(table, message->handle, exchange);
	if (!*malformed)
		return exchange;
	exchange_free(exchange);
	return NULL;
}

static void exchange_advance(struct work *work, const struct message_exchange *message, struct exchange *exchange,
			     struct buffer *challenge, struct auth_answer *answer, struct message_turn *turn)
{
	turn->more = exchange_next(exchange, message->response, challenge, answer) == EXCHANGE_MORE;
	turn->challenge = buffer_span(challenge);
	/* Before the answer: the next message may be here before we are back. */
	if (!turn->more)
		exchange_table_drop(work_own(work), message->handle);
	exchange_table_give(work_own(work), message->handle);
}

static bool handle_exchange(struct work *work)
{
	struct message_exchange message;
	struct message_turn turn = { .identity.verdict = AUTH_TEMPORARY };
	struct auth_answer answer = { .verdict = AUTH_TEMPORARY };
	struct buffer challenge = BUFFER_EMPTY;
	struct exchange *exchange;
	struct wire_writer writer;
	char *memory, ticket[TICKET_SIZE_MAX], standing[STANDING_SIZE_MAX], session[SESSION_SIZE] = "";
	bool malformed;

	if (!message_get_exchange(work_body(work), &message))
		return false;
	exchange = exchange_of(work, &message, &malformed);
	if (malformed)
		return false;
	if (exchange) {
		span_copy(span_text(exchange_session(exchange)), session, sizeof session);
		exchange_advance(work, &message, exchange, &challenge, &answer, &turn);
	}
	role_identify(work->context, &answer, session, &turn.identity, ticket, standing);
	memory = memory_new(PACKET_BODY_MAX);
	wire_writer_init(&writer, memory, PACKET_BODY_MAX);
	message_put_turn(&writer, &turn);
	work_answer_later(work, &writer, turn.more ? 0 : answer.hold);
	free(memory);
	buffer_wipe(&challenge);
	return true;
}

static bool handle_exchange_drop(struct work *work)
{
	struct span body = work_body(work);
	struct wire_reader reader;
	uint32_t handle;

	wire_reader_init(&reader, body.at, body.length);
	handle = wire_get_u32(&reader);
	if (!wire_done(&reader))
		return false;
	exchange_table_drop(work_own(work), handle);
	return true;
}

static void *role_peer_new(void *context)
{
	(void)context;
	return exchange_table_new();
}

static void role_peer_free(void *context, void *own)
{
	(void)context;
	exchange_table_free(own);
}

static bool handle_explain(struct work *work)
{
	struct directory_role *role = work->context;
	struct message_explain ask;
	struct buffer lines = BUFFER_EMPTY;
	struct wire_writer writer;

	if (!message_get_explain(work_body(work), &ask))
		return false;
	explain_login(role->auth, role->conf, ask.subject, EXPLAIN_RUNNING, &lines);
	wire_writer_init(&writer, buffer_bytes(&lines), buffer_used(&lines));
	writer.used = buffer_used(&lines);
	work_answer(work, &writer, -1);
	buffer_clear(&lines);
	return true;
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
		{ MESSAGE_RESOLVE, ROLE_FRONTEND, POOL_LOOKUP, false, handle_resolve, PATIENCE_MS },
		{ MESSAGE_LOGIN, ROLE_FRONTEND, POOL_PASSWORD, false, handle_login, PATIENCE_MS },
		{ MESSAGE_EXCHANGE, ROLE_FRONTEND, POOL_PASSWORD, false, handle_exchange, PATIENCE_MS },
		{ MESSAGE_EXCHANGE_DROP, ROLE_FRONTEND, POOL_PASSWORD, false, handle_exchange_drop, 0 },
		{ MESSAGE_RECHECK, ROLE_FRONTEND, POOL_LOOKUP, false, handle_recheck, PATIENCE_MS },
		{ MESSAGE_EXPLAIN, ROLE_MASTER, POOL_LOOKUP, false, handle_explain, PATIENCE_MS },
		{ 0 },
	};
	const struct conf *conf = begin->conf;
	size_t exchanges = conf->directories_count * POOLS_OF_ONE; /* their pool; behind it that of open sessions */
	unsigned *threads = memory_array(exchanges + 3, sizeof *threads);
	struct directory_role role = { .conf = conf };
	struct work_plan plan = { .permits = permits, .threads = threads, .context = &role,
				  .lane = role_lane, .shed = role_shed, .peer_new = role_peer_new,
				  .peer_free = role_peer_free, .start = role_start_directories,
				  .introduced = role_meet_local };
	struct directory_prover prover = { .prove = local_link_prove };
	char why[400];
	int code;

	memcpy(role.key, begin->start.key, sizeof role.key);
	role.directories = directories_open(conf, why, sizeof why);
	if (role.directories)
		role.exchanges = exchanges_open(conf, why, sizeof why);
	if (!role.exchanges) {
		log_error("directory.failed", LOG_TEXT("why", why));
		free(threads);
		return 1;
	}
	role_confine(begin, "");
	role.local = conf->method == CONF_METHOD_LOCAL ? local_link_new() : NULL;
	prover.context = role.local;
	if (role.local)
		directories_set_prover(role.directories, &prover);
	for (size_t i = 0; i < conf->directories_count; i++) {
		threads[i * POOLS_OF_ONE + POOL_LOOKUP] = conf->directories[i].lookups;
		threads[i * POOLS_OF_ONE + POOL_PASSWORD] = conf->directories[i].password_checks;
		threads[exchanges] += conf->directories[i].password_checks;
	}
	threads[exchanges + 1] = RECHECK_THREADS;
	role.routing = routing_new(conf, role.directories);
	role.auth = auth_new(conf, role.directories);
	code = work_serve(begin, &plan);
	exchanges_free(role.exchanges);
	auth_free(role.auth);
	routing_free(role.routing);
	directories_close(role.directories);
	local_link_free(role.local);
	memory_wipe(&role, sizeof role);
	free(threads);
	return code;
}
