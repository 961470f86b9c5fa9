/* SPDX-License-Identifier: ISC */
#include "daemon/frontend.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_store.h"
#include "daemon/route_cache.h"
#include "daemon/tally.h"
#include "io/listen.h"
#include "io/tls.h"

enum { PEM_MAX = 1 << 20, BAD_COMMANDS = 20, DRAIN_MS = 10000 };

/* ---- sessions ---- */

void session_init(struct session *session, struct port *port, int fd, const char *address, bool counted,
		  const struct stream_calls *calls)
{
	struct frontend *frontend = port->server->frontend;
	const struct message_start *start = &frontend->begin->start;

	session->frontend = frontend;
	session->port = port;
	session->next = frontend->sessions;
	session->place = &frontend->sessions;
	if (session->next)
		session->next->place = &session->next;
	frontend->sessions = session;
	frontend->sessions_count++;
	span_copy(span_text(address), session->address, sizeof session->address);
	session->counted = counted;
	/* Unique over processes and reloads: seconds, who, and a count. */
	snprintf(session->id, sizeof session->id, "%08llx%02x%06x",
		 (unsigned long long)clock_unix() & 0xffffffff,
		 (start->generation * 16 + start->index % 16) & 0xff, ++frontend->serial & 0xffffff);
	session->stream = stream_new(frontend->base, fd, calls, session, port->server->idle_timeout);
}

static size_t server_index(const struct server *server)
{
	return (size_t)(server - server->frontend->servers);
}

static void server_uncount(struct server *server, const char *address)
{
	tally_server(server->frontend->tally, server_index(server), -1);
	if (server->address_limit)
		tally_address(server->frontend->tally, server_index(server), address, -1);
}

/*
 * A session needs two descriptors at most, its own and a file's. Were all given away, the channel to a role
 * that was started again could not be taken. Who comes now waits, or is taken by another frontend.
 */
static void frontend_room(struct frontend *frontend)
{
	bool full = frontend->sessions_count >= frontend->sessions_max;

	if (full == frontend->full)
		return;
	frontend->full = full;
	if (full)
		log_warning("frontend.full", LOG_NUMBER("sessions", frontend->sessions_count),
			    LOG_TEXT("do", "raise the limit of open files"));
	for (size_t i = 0; i < frontend->servers_count; i++)
		for (size_t j = 0; j < frontend->servers[i].ports_count; j++) {
			struct listener *listener = frontend->servers[i].ports[j].listener;

			if (listener && full)
				listener_pause(listener);
			else if (listener)
				listener_resume(listener);
		}
}

static size_t sessions_possible(void)
{
	struct rlimit limit;
	size_t most = 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0)
		most = limit.rlim_cur;
	return most > 512 ? (most - 128) / 2 : most / 4 + 1;
}

static void frontend_leave_if_done(struct frontend *frontend)
{
	if (frontend->retiring && frontend->sessions_count == 0)
		event_base_loopbreak(frontend->base);
}

void session_free(struct session *session)
{
	struct frontend *frontend = session->frontend;

	recheck_forget(session);
	*session->place = session->next;
	if (session->next)
		session->next->place = session->place;
	frontend->sessions_count--;
	if (session->counted)
		server_uncount(session->port->server, session->address);
	stream_free(session->stream);
	free(session);
	frontend_room(frontend);
	frontend_leave_if_done(frontend);
}

bool session_login(const struct session *session, const char *service, const char *user, const char *authzid,
		   const char *password, const char *default_domain, struct message_login *login)
{
	memset(login, 0, sizeof *login);
	return span_copy(span_text(service), login->service, sizeof login->service) &&
	       span_copy(span_text(user), login->user, sizeof login->user) &&
	       span_copy(span_text(authzid), login->authzid, sizeof login->authzid) &&
	       span_copy(span_text(password), login->password, sizeof login->password) &&
	       span_copy(span_text(default_domain), login->default_domain, sizeof login->default_domain) &&
	       span_copy(span_text(session->address), login->client, sizeof login->client) &&
	       span_copy(span_text(session->id), login->session, sizeof login->session);
}

uint32_t session_ask_login(struct session *session, const struct message_login *login, channel_answer answer,
			   void *context)
{
	char memory[sizeof *login + 64];
	struct wire_writer writer;
	uint32_t ask;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_login(&writer, login);
	ask = channel_ask(session->frontend->directory, MESSAGE_LOGIN, span_make(memory, writer.used), -1,
			  ASK_DIRECTORY_MS, answer, context);
	memory_wipe(memory, sizeof memory);
	return ask;
}

/* NULL: welcome. `all` and `same`, of its address, count it already. */
static const char *refusal(const struct server *server, unsigned all, unsigned same)
{
	if (server->frontend->draining)
		return "The service is shutting down";
	if (server->limit && all > server->limit)
		return "Too many connections, try again later";
	if (server->address_limit && same > server->address_limit)
		return "Too many connections from your address, try again later";
	return NULL;
}

static void on_accepted(void *context, int fd, const char *address)
{
	struct port *port = context;
	struct server *server = port->server;
	struct tally *tally = server->frontend->tally;
	unsigned all = tally_server(tally, server_index(server), 1);
	unsigned same = server->address_limit ? tally_address(tally, server_index(server), address, 1) : 0;
	const char *refuse = refusal(server, all, same);

	/* Somebody turned away must not keep others out until he has taken his answer. */
	if (refuse)
		server_uncount(server, address);
	if (refuse)
		log_info("connection.refused", LOG_TEXT("server", port->server->name),
			 LOG_TEXT("client", address), LOG_TEXT("why", refuse));
	if (port->server->smtp)
		smtp_session_start(port, fd, address, refuse);
	else
		pop3_session_start(port, fd, address, refuse);
	frontend_room(server->frontend);
}

/* ---- servers and ports, from the configuration ---- */

/* A stream that holds so much unread reads no more: the longest line must be whole by then. */
_Static_assert(SMTP_AUTH_MAX <= STREAM_WATERMARK && POP3_AUTH_MAX <= STREAM_WATERMARK,
	       "a line of an exchange fits into what a stream holds");

static void port_smtp(struct port *port, const struct conf_smtp *conf)
{
	login_mechanisms(&conf->methods, port->mechanisms);
	port->smtp = (struct smtp_profile){
		.fqdn = conf->fqdn,
		.default_domain = conf->default_domain,
		.starttls = port->conf->tls == CONF_TLS_STARTTLS,
		.anonymous = conf->anonymous,
		.basic = conf->methods.basic,
		.basic_without_tls = conf->methods.basic_without_tls,
		.mechanisms = port->mechanisms,
		.message_size = conf->message_size,
		.session_size = conf->session_size,
		.recipients = conf->recipients < MESSAGE_RECIPIENTS_MAX ? conf->recipients
									: MESSAGE_RECIPIENTS_MAX,
		.hops = conf->hops,
		.bad_commands = BAD_COMMANDS,
	};
}

static void port_pop3(struct port *port, const struct conf_pop3 *conf)
{
	login_mechanisms(&conf->methods, port->mechanisms);
	port->pop3 = (struct pop3_profile){
		.fqdn = conf->fqdn,
		.starttls = port->conf->tls == CONF_TLS_STARTTLS,
		.basic = conf->methods.basic,
		.basic_without_tls = conf->methods.basic_without_tls,
		.mechanisms = port->mechanisms,
		.implementation = "Postern",
		.bad_commands = BAD_COMMANDS,
	};
}

static void server_ports(struct server *server, const struct conf_listen *listens, size_t count)
{
	server->ports = memory_array(count, sizeof *server->ports);
	server->ports_count = count;
	for (size_t i = 0; i < count; i++) {
		server->ports[i].server = server;
		server->ports[i].conf = &listens[i];
		if (server->smtp)
			port_smtp(&server->ports[i], server->smtp);
		else
			port_pop3(&server->ports[i], &server->frontend->conf->pop3);
	}
}

static void servers_make(struct frontend *frontend)
{
	const struct conf *conf = frontend->conf;

	frontend->materials = 1;
	frontend->servers_count = conf->smtps_count + (conf->pop3.enabled ? 1 : 0);
	frontend->servers = memory_array(frontend->servers_count, sizeof *frontend->servers);
	for (size_t i = 0; i < frontend->servers_count; i++) {
		struct server *server = &frontend->servers[i];

		server->frontend = frontend;
		if (i < conf->smtps_count) {
			server->smtp = &conf->smtps[i];
			server->name = server->smtp->name;
			server->limit = server->smtp->connections;
			server->address_limit = server->smtp->connections_per_address;
			server->idle_timeout = server->smtp->idle_timeout;
			server_ports(server, server->smtp->listens, server->smtp->listens_count);
		} else {
			server->name = "pop3";
			server->limit = conf->pop3.connections;
			server->address_limit = conf->pop3.connections_per_address;
			server->idle_timeout = conf->pop3.idle_timeout;
			server_ports(server, conf->pop3.listens, conf->pop3.listens_count);
		}
		if ((server->smtp ? server->smtp->certificate : conf->pop3.certificate)[0])
			frontend->materials++;
	}
}

/* ---- what the master says ---- */

static struct server *server_number(struct frontend *frontend, uint32_t number)
{
	if (number >= frontend->servers_count)
		memory_die("the master named a server that is not there");
	return &frontend->servers[number];
}

/* Ready not before: a generation whose keys do not load must not take the place of one that serves. */
static void material_arrived(struct frontend *frontend)
{
	if (--frontend->materials == 0)
		role_ready(frontend->begin);
}

static void part_forget(struct span *part)
{
	if (part->at)
		memory_wipe((char *)part->at, part->length);
	free((char *)part->at);
	*part = span_make(NULL, 0);
}

/* All parts have come. */
static bool server_secure(struct server *server, char *why, size_t size)
{
	server->tls = tls_server_new(server->certificate, server->key, why, size);
	if (!server->tls)
		return false;
	server->asks_clients = server->authorities.length > 0;
	return !server->asks_clients || tls_server_ask_clients(server->tls, server->authorities, why, size);
}

static void take_material(struct frontend *frontend, const struct packet *packet)
{
	struct server *server;
	struct span *part;
	uint32_t number, which;
	char *text, why[300];
	size_t length;

	if (packet->fd < 0 || !message_get_pair(packet->body, &number, &which))
		memory_die("the master sent no TLS material");
	server = server_number(frontend, number);
	if (server->tls)
		memory_die("the master sent TLS material twice");
	part = which == 0 ? &server->certificate : which == 1 ? &server->key : &server->authorities;
	text = role_read_all(packet->fd, PEM_MAX, &length);
	if (!text)
		memory_die("the master sent TLS material that cannot be read");
	*part = span_make(text, length);
	if (!server->certificate.at || !server->key.at)
		return;
	if (!server_secure(server, why, sizeof why)) {
		log_error("tls.failed", LOG_TEXT("server", server->name), LOG_TEXT("why", why));
		_exit(1);
	}
	part_forget(&server->key);
	part_forget(&server->certificate);
	part_forget(&server->authorities);
	material_arrived(frontend);
}

static void take_tally(struct frontend *frontend, const struct packet *packet)
{
	const struct message_start *start = &frontend->begin->start;

	if (packet->fd < 0 || frontend->tally)
		memory_die("the master sent no tally");
	frontend->tally = tally_open(packet->fd, start->count, start->index);
	if (!frontend->tally)
		memory_die("the tally cannot be used");
	material_arrived(frontend);
}

static void take_listen(struct frontend *frontend, const struct packet *packet)
{
	struct server *server;
	uint32_t number, which;

	if (packet->fd < 0 || !message_get_pair(packet->body, &number, &which))
		memory_die("the master sent no listener");
	server = server_number(frontend, number);
	if (which >= server->ports_count || server->ports[which].listener)
		memory_die("the master named a listener that is not there");
	server->ports[which].listener =
		listener_new(frontend->base, packet->fd, on_accepted, &server->ports[which]);
	if (frontend->full)
		listener_pause(server->ports[which].listener);
}

static void directory_lost(void *context)
{
	struct frontend *frontend = context;
	struct channel *channel = frontend->directory;

	frontend->directory = NULL;
	channel_free(channel);
}

static void store_lost(void *context)
{
	struct frontend *frontend = context;
	struct channel *channel = frontend->store;

	frontend->store = NULL;
	channel_free(channel);
}

static void take_peer(struct frontend *frontend, const struct packet *packet)
{
	struct message_peer peer;

	if (packet->fd < 0 || !message_get_peer(packet->body, &peer))
		memory_die("the master introduced nobody");
	if (peer.role == ROLE_DIRECTORY) {
		if (frontend->directory)
			directory_lost(frontend);
		frontend->directory = channel_new(frontend->base, packet->fd, directory_lost, NULL, frontend);
	} else if (peer.role == ROLE_STORE) {
		if (frontend->store)
			store_lost(frontend);
		frontend->store_epoch++;
		frontend->store = channel_new(frontend->base, packet->fd, store_lost, NULL, frontend);
	} else {
		close(packet->fd);
	}
}

static void frontend_stop_listening(struct frontend *frontend)
{
	for (size_t i = 0; i < frontend->servers_count; i++) {
		struct server *server = &frontend->servers[i];

		for (size_t j = 0; j < server->ports_count; j++) {
			if (server->ports[j].listener)
				listener_free(server->ports[j].listener);
			server->ports[j].listener = NULL;
		}
	}
	frontend->retiring = true;
	frontend_leave_if_done(frontend);
}

static void drain_over(evutil_socket_t fd, short what, void *context)
{
	struct frontend *frontend = context;

	(void)fd;
	(void)what;
	log_info("frontend.cut", LOG_NUMBER("sessions", frontend->sessions_count));
	event_base_loopbreak(frontend->base);
}

static void frontend_drain(struct frontend *frontend)
{
	struct timeval patience = { DRAIN_MS / 1000, 0 };
	struct session *next;

	if (frontend->draining)
		return;
	frontend->draining = true;
	event_base_once(frontend->base, -1, EV_TIMEOUT, drain_over, frontend, &patience);
	for (struct session *session = frontend->sessions; session; session = next) {
		next = session->next;
		session->shutdown(session);
	}
	frontend_stop_listening(frontend);
}

static void master_told(void *context, const struct packet *packet)
{
	struct frontend *frontend = context;

	switch (packet->kind) {
	case MESSAGE_MATERIAL:
		take_material(frontend, packet);
		return;
	case MESSAGE_TALLY:
		take_tally(frontend, packet);
		return;
	case MESSAGE_LISTEN:
		take_listen(frontend, packet);
		return;
	case MESSAGE_PEER:
		take_peer(frontend, packet);
		return;
	case MESSAGE_LOG:
		role_take_log(ROLE_FRONTEND, packet);
		return;
	case MESSAGE_RETIRE:
		log_info("frontend.retiring", LOG_NUMBER("sessions", frontend->sessions_count));
		frontend_stop_listening(frontend);
		return;
	case MESSAGE_DRAIN:
		frontend_drain(frontend);
		return;
	default:
		if (packet->fd >= 0)
			close(packet->fd);
	}
}

static void master_lost(void *context)
{
	(void)context;
	_exit(1); /* nobody is left who could stop us */
}

int frontend_main(struct role_start *begin)
{
	struct frontend frontend = { .begin = begin, .conf = begin->conf };
	char empty[4096];

	snprintf(empty, sizeof empty, "%s/empty", begin->conf->run);
	frontend.base = event_base_new();
	if (!frontend.base)
		memory_die("no event loop");
	frontend.routes = route_cache_new();
	servers_make(&frontend);
	frontend.sessions_max = sessions_possible();
	/* Frontends that start together would give out the same ids. */
	random_bytes(&frontend.serial, sizeof frontend.serial);
	role_confine(begin, empty);
	frontend.control = channel_new(frontend.base, begin->control, master_lost, master_told, &frontend);
	event_base_dispatch(frontend.base);
	log_info("frontend.left", LOG_NUMBER("sessions", frontend.sessions_count));
	_exit(0);
}
