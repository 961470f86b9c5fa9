/* SPDX-License-Identifier: ISC */
/*
 * Who may send through us to domains of others, and that this is never everybody by
 * accident. A server is open to strangers when it takes mail without a login on an
 * address that is not loopback. Such a one must not name so much of the Internet that
 * strangers are in it, unless open_relay says that this is meant.
 */
#include "conf/conf_private.h"

#include <arpa/inet.h>
#include <string.h>

/* What nobody owns alone: larger than any site, in addresses of IPv4 and in /32 of IPv6. */
#define FOUR_MOST (UINT64_C(1) << 24)
#define SIX_MOST  (UINT64_C(1) << 12)

struct block {
	const char *address; /* as IPv6 */
	unsigned bits;
};

/* Of which a list may name as much as it likes: nobody comes from there over the Internet. */
static const struct block private_blocks[] = {
	{ "::ffff:10.0.0.0", 104 },
	{ "::ffff:172.16.0.0", 108 },
	{ "::ffff:192.168.0.0", 112 },
	{ "::ffff:100.64.0.0", 106 },
	{ "::ffff:127.0.0.0", 104 },
	{ "::ffff:169.254.0.0", 112 },
	{ "fc00::", 7 },
	{ "fe80::", 10 },
	{ "::1", 128 },
};

/* In which all of IPv4 appears as IPv6: translated (RFC 6052), Teredo, 6to4, and as sockets show
 * it. */
static const struct block whole_of_four[] = {
	{ "64:ff9b::", 96 },
	{ "2001::", 32 },
	{ "2002::", 16 },
	{ "::ffff:0.0.0.0", 96 },
};

static struct conf_peer block_peer(const struct block *block)
{
	struct conf_peer peer = { .kind = CONF_PEER_NETWORK, .bits = block->bits };

	inet_pton(AF_INET6, block->address, peer.network);
	return peer;
}

static bool contains(const struct conf_peer *large, const struct conf_peer *small)
{
	return large->bits <= small->bits && conf_peer_has_address(large, small->network);
}

static bool in_private(const struct conf_peer *peer)
{
	for (size_t i = 0; i < sizeof(private_blocks) / sizeof(*private_blocks); i++) {
		struct conf_peer block = block_peer(&private_blocks[i]);

		if (contains(&block, peer))
			return true;
	}
	return false;
}

/* How much of the Internet it is, in addresses of IPv4; a /32 of IPv6 counts as FOUR_MOST /
 * SIX_MOST. */
static uint64_t weight(const struct conf_peer *peer)
{
	if (in_private(peer))
		return 0;
	for (size_t i = 0; i < sizeof(whole_of_four) / sizeof(*whole_of_four); i++) {
		struct conf_peer block = block_peer(&whole_of_four[i]);

		if (contains(peer, &block))
			return UINT64_C(1) << 32;
		if (contains(&block, peer) && block.bits == 96)
			return UINT64_C(1) << (128 - peer->bits);
	}
	return peer->bits > 32 ? 1 : (FOUR_MOST / SIX_MOST) << (32 - peer->bits);
}

static bool open_to_strangers(const struct conf_smtp *smtp)
{
	return smtp->anonymous && conf_listens_to_strangers(smtp->listens, smtp->listens_count);
}

static void check_networks(struct conf_reading *reading, const struct conf_smtp *smtp)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < smtp->relay.list_count; i++)
		if (smtp->relay.list[i].kind == CONF_PEER_NETWORK)
			sum += weight(&smtp->relay.list[i]);
	if (sum > FOUR_MOST)
		conf_tell_key(
			reading, smtp->line, "relay",
			"relay names so much of the Internet that strangers could send through "
			"this server to anybody: write the networks of your own, or, if an open "
			"relay is meant, open_relay = true");
}

/* Whoever gets a name below a top-level domain can have his address confirmed as being in it. */
static void check_names(struct conf_reading *reading, const struct conf_smtp *smtp)
{
	for (size_t i = 0; i < smtp->relay.list_count; i++) {
		const struct conf_peer *peer = &smtp->relay.list[i];

		if (peer->kind == CONF_PEER_DOMAIN && !strchr(peer->domain, '.'))
			conf_tell_key(
				reading, smtp->line, "relay",
				"relay \"%s\" is all of a top-level domain: write a domain of "
				"your own, like \".example.com\", or, if an open relay is meant, "
				"open_relay = true",
				peer->domain);
	}
}

/* They narrow what relay_authenticated gives. */
static void check_groups(struct conf_reading *reading, const struct conf_smtp *smtp)
{
	bool directory = reading->conf->method == CONF_METHOD_DIRECTORY;

	conf_check_names(reading, smtp->line, "relay_groups", smtp->relay_groups,
			 smtp->relay_groups_count);
	if (smtp->relay_groups_count == 0)
		return;
	if (!directory)
		conf_tell_key(reading, smtp->line, "relay_groups",
			      "relay_groups names groups of a directory, and method = \"%s\" asks "
			      "none: remove it",
			      conf_method_name(reading->conf->method));
	else if (!smtp->relay.authenticated)
		conf_tell_key(reading, smtp->line, "relay_groups",
			      "relay_groups has no effect with relay_authenticated = false: remove "
			      "one of them");
}

static void check_server(struct conf_reading *reading, const struct conf_smtp *smtp)
{
	const struct conf_relay *relay = &smtp->relay;

	check_groups(reading, smtp);
	if (relay->open)
		return;
	/* Whatever the list says, whom nobody thought of may. */
	if (relay->all_except) {
		conf_tell_key(
			reading, smtp->line, "relay_list",
			"relay_list = \"all-except\" lets everybody who is not listed send "
			"through this server to anybody: write \"only\" and list who may, or, "
			"if an open relay is meant, open_relay = true");
		return;
	}
	if (!open_to_strangers(smtp))
		return;
	check_networks(reading, smtp);
	check_names(reading, smtp);
}

static const struct conf_smtp *closed_to_strangers(const struct conf *conf)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (open_to_strangers(&conf->smtps[i]) && !conf->smtps[i].relay.open)
			return &conf->smtps[i];
	return NULL;
}

/* "*" and "*.com" with relay = true: everybody may send to nearly everybody. */
static void check_remote(struct conf_reading *reading, const struct conf_remote *remote)
{
	const char *first =
		remote->name + (remote->name[0] == '*' && remote->name[1] == '.' ? 2 : 0);
	const struct conf_smtp *closed = closed_to_strangers(reading->conf);

	if (remote->relay && *remote->name == '*' && !strchr(first, '.') && closed)
		conf_tell_key(reading, remote->line, "relay",
			      "relay = true for \"%s\" makes smtp \"%s\" an open relay: name the "
			      "domains that you take mail for, or, if that is meant, write "
			      "open_relay = true in that smtp",
			      remote->name, closed->name);
}

void conf_check_relay(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;

	for (size_t i = 0; i < conf->smtps_count; i++)
		check_server(reading, &conf->smtps[i]);
	for (size_t i = 0; i < conf->remotes_count; i++)
		check_remote(reading, &conf->remotes[i]);
}
