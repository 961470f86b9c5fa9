/* SPDX-License-Identifier: ISC */
#include "frontend/relaying.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buffer.h"
#include "daemon/message_queue.h"
#include "daemon/message_resolver.h"

bool relaying_address(const char *text, unsigned char address[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char host[INET6_ADDRSTRLEN + 1];

	if (!span_copy(span_make(text, strcspn(text, "%")), host, sizeof host))
		return false;
	if (strchr(host, ':'))
		return inet_pton(AF_INET6, host, address) == 1;
	memcpy(address, mapped, sizeof mapped);
	return inet_pton(AF_INET, host, address + sizeof mapped) == 1;
}

static bool has_name(const struct conf_peer *peer, const struct message_names_found *names)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (conf_peer_has_name(peer, names->names[i]))
			return true;
	return false;
}

/* YES: he is in the list. Addresses come first: they cost nothing. */
static enum relaying listed(const struct conf_relay *relay, const struct relay_client *client)
{
	bool by_name = false;

	for (size_t i = 0; i < relay->list_count; i++) {
		if (conf_peer_has_address(&relay->list[i], client->address))
			return RELAYING_YES;
		by_name |= relay->list[i].kind == CONF_PEER_DOMAIN;
	}
	if (!by_name)
		return RELAYING_NO;
	if (!client->names)
		return RELAYING_NAMES;
	for (size_t i = 0; i < relay->list_count; i++)
		if (has_name(&relay->list[i], client->names))
			return RELAYING_YES;
	return client->names->trouble ? RELAYING_LATER : RELAYING_NO;
}

static enum relaying by_login(const struct conf_smtp *server, const struct relay_client *client)
{
	if (!client->identity || !server->relay.authenticated)
		return RELAYING_NO;
	if (server->relay_groups_count == 0 || client->member == SENDER_RELAY_YES)
		return RELAYING_YES;
	return client->member == SENDER_RELAY_NO ? RELAYING_NO : RELAYING_LATER;
}

enum relaying relaying_decide(const struct conf *conf, const struct conf_smtp *server,
			      const struct relay_client *client, const char *domain)
{
	const struct conf_remote *remote = conf_find_remote(conf, domain);
	enum relaying in;

	if ((remote && remote->relay) || by_login(server, client) == RELAYING_YES)
		return RELAYING_YES;
	in = listed(&server->relay, client);
	if (in == RELAYING_NO && by_login(server, client) == RELAYING_LATER && !server->relay.all_except)
		return RELAYING_LATER;
	if (!server->relay.all_except)
		return in;
	return in == RELAYING_YES ? RELAYING_NO : in == RELAYING_NO ? RELAYING_YES : in;
}

bool relaying_fetch(const struct conf_remote *remote, const char *identity)
{
	if (!remote || !remote->trigger || !identity)
		return false;
	for (size_t i = 0; i < remote->trigger_accounts_count; i++)
		if (span_is_nocase(span_text(identity), remote->trigger_accounts[i]))
			return true;
	return false;
}

enum relaying relaying_trigger(const struct conf_smtp *server, const struct relay_client *client,
			       const struct conf_remote *remote)
{
	if (!remote || !remote->trigger)
		return RELAYING_NO;
	if (relaying_fetch(remote, client->identity))
		return RELAYING_YES;
	/* A list of who may not says of nobody that he may. */
	return server->relay.all_except ? RELAYING_NO : listed(&server->relay, client);
}

static void add_domain(struct buffer *domains, struct span domain)
{
	char memory[300];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	wire_put_span(&writer, domain);
	buffer_add(domains, memory, writer.used);
}

static uint32_t fetch_all(const struct conf *conf, const char *identity, struct buffer *domains)
{
	uint32_t count = 0;

	for (size_t i = 0; i < conf->remotes_count && count < MESSAGE_TAKE_MAX; i++) {
		const struct conf_remote *remote = &conf->remotes[i];

		if (remote->name[0] == '*' || !relaying_fetch(remote, identity))
			continue;
		add_domain(domains, span_text(remote->name));
		count++;
	}
	return count;
}

uint32_t relaying_fetch_list(const struct conf *conf, const char *identity, const char *list,
			     struct buffer *domains)
{
	struct span rest = span_text(list), one;
	char domain[ADDRESS_DOMAIN_MAX + 1];
	uint32_t count = 0;

	if (!*list)
		return fetch_all(conf, identity, domains);
	while (span_cut(&rest, ',', &one)) {
		one = span_trim(one);
		if (count == MESSAGE_TAKE_MAX || !span_copy(one, domain, sizeof domain) ||
		    !relaying_fetch(conf_find_remote(conf, domain), identity))
			return 0;
		add_domain(domains, one);
		count++;
	}
	return count;
}
