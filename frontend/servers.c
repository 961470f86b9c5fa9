/* SPDX-License-Identifier: ISC */
#include "frontend/servers.h"

#include <sys/resource.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/message_store.h"
#include "frontend/pop3_session.h"
#include "frontend/smtp_session.h"
#include "daemon/tally.h"
#include "io/listen.h"

enum { BAD_COMMANDS = 20, REFUSED_RECIPIENTS = 20 };

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
		.etrn = smtp_trigger_offered(port->server->frontend->conf, false),
		.atrn = smtp_trigger_offered(port->server->frontend->conf, true),
		.message_size = conf->message_size,
		.session_size = conf->session_size,
		.recipients = conf->recipients < MESSAGE_RECIPIENTS_MAX ? conf->recipients
									: MESSAGE_RECIPIENTS_MAX,
		.hops = conf->hops,
		.bad_commands = BAD_COMMANDS,
		.refused_recipients = REFUSED_RECIPIENTS,
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
		.proxies = port->server->frontend->conf->proxy.enabled,
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

void servers_make(struct frontend *frontend)
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

struct server *server_number(struct frontend *frontend, uint32_t number)
{
	if (number >= frontend->servers_count)
		memory_die("the master named a server that is not there");
	return &frontend->servers[number];
}

static size_t server_index(const struct server *server)
{
	return (size_t)(server - server->frontend->servers);
}

void server_uncount(struct server *server, const char *address)
{
	tally_server(server->frontend->tally, server_index(server), -1);
	if (server->address_limit)
		tally_address(server->frontend->tally, server_index(server), address, -1);
}

/*
 * A session needs two descriptors at most, its own and a file's. Were all given away, the channel
 * to a role that was started again could not be taken. Who comes now waits, or is taken by another
 * frontend.
 */
void servers_make_room(struct frontend *frontend)
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

size_t sessions_possible(void)
{
	struct rlimit limit;
	size_t most = 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0)
		most = limit.rlim_cur;
	return most > 512 ? (most - 128) / 2 : most / 4 + 1;
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
	unsigned same =
		server->address_limit ? tally_address(tally, server_index(server), address, 1) : 0;
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
	servers_make_room(server->frontend);
}

void server_listen(struct server *server, uint32_t which, int fd)
{
	if (which >= server->ports_count || server->ports[which].listener)
		memory_die("the master named a listener that is not there");
	server->ports[which].listener =
		listener_new(server->frontend->base, fd, on_accepted, &server->ports[which]);
	if (server->frontend->full)
		listener_pause(server->ports[which].listener);
}

void servers_stop_listening(struct frontend *frontend)
{
	for (size_t i = 0; i < frontend->servers_count; i++) {
		struct server *server = &frontend->servers[i];

		for (size_t j = 0; j < server->ports_count; j++) {
			if (server->ports[j].listener)
				listener_free(server->ports[j].listener);
			server->ports[j].listener = NULL;
		}
	}
}
