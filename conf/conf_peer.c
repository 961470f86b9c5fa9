/* SPDX-License-Identifier: ISC */
/* Whom a relay list names: addresses, subnets, domains. */
#include "conf/conf_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, mask = (0xff00U >> bits % 8) & 0xff;

	return memcmp(a, b, whole) == 0 && (bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

bool conf_peer_has_address(const struct conf_peer *peer, const unsigned char address[16])
{
	return peer->kind == CONF_PEER_NETWORK && bits_equal(peer->network, address, peer->bits);
}

bool conf_peer_has_name(const struct conf_peer *peer, const char *name)
{
	size_t length = strlen(name), own;

	if (peer->kind != CONF_PEER_DOMAIN)
		return false;
	own = strlen(peer->domain);
	return length >= own && span_is_nocase(span_text(name + length - own), peer->domain) &&
	       (length == own || name[length - own - 1] == '.');
}

/* No bit behind the mask: who wrote one meant another mask, or another address. */
static bool mask_fits(const struct conf_peer *peer)
{
	static const unsigned char zero[16];
	unsigned char behind[16];

	memcpy(behind, peer->network, sizeof(behind));
	for (unsigned bit = 0; bit < peer->bits; bit++)
		behind[bit / 8] &= (unsigned char)~(0x80U >> bit % 8);
	return memcmp(behind, zero, sizeof(zero)) == 0;
}

/* "192.0.2.0/24". False with *why; *why is NULL if it is no address at all. */
static bool network_parse(const char *text, struct conf_peer *peer, const char **why)
{
	const char *slash = strchr(text, '/');
	char *host = memory_text_n(text, slash ? (size_t)(slash - text) : strlen(text));
	bool four = !strchr(host, ':');
	uint64_t bits = four ? 32 : 128;
	int good;

	peer->kind = CONF_PEER_NETWORK;
	memcpy(peer->network, mapped, sizeof(mapped));
	good = inet_pton(four ? AF_INET : AF_INET6, host, peer->network + (four ? 12 : 0));
	free(host);
	*why = NULL;
	if (good != 1)
		return false;
	*why = "the number behind / is no length of a prefix: write 0 to 32 for IPv4, 0 to 128 for "
	       "IPv6";
	if (slash && (!span_number(span_text(slash + 1), &bits) || bits > (four ? 32 : 128)))
		return false;
	peer->bits = (unsigned)bits + (four ? 96 : 0);
	*why = "the address has bits behind the prefix: write the first address of the network, or "
	       "a "
	       "longer prefix";
	if (!mask_fits(peer))
		return false;
	*why = "a network of IPv6 that has all of IPv4 in it: write the networks one by one";
	return peer->bits == 0 || peer->bits >= 96 ||
	       !bits_equal(peer->network, mapped, peer->bits);
}

static bool domain_parse(const char *text, struct conf_peer *peer)
{
	const char *name = text + (*text == '.');

	const char *point = strrchr(name, '.'), *last = point ? point + 1 : name;

	peer->kind = CONF_PEER_DOMAIN;
	/* "192.0.2.999" is an address gone wrong: no top-level domain is a number. */
	if (!conf_domain_name_valid(span_text(name)) || !last[strspn(last, "0123456789")])
		return false;
	peer->domain = memory_text(name);
	ascii_lower_text(peer->domain);
	return true;
}

void conf_fill_peer(const struct conf_place *place, struct conf_peer **peers, size_t *count,
		    const char *text)
{
	struct conf_peer peer = { .domain = NULL };
	const char *why;

	if (network_parse(text, &peer, &why) ||
	    (!why && !strchr(text, '/') && domain_parse(text, &peer))) {
		*peers = memory_grow(*peers, *count + 1, sizeof(**peers));
		(*peers)[(*count)++] = peer;
		return;
	}
	conf_tell(place->reading, place->line, "%s \"%s\": %s", place->key->name, text,
		  why ? why
		      : "neither an address, nor a network, nor a domain: write \"192.0.2.1\", "
			"\"192.0.2.0/24\", \"2001:db8::/32\" or \".example.com\"");
}

void conf_relay_clear(struct conf_relay *relay)
{
	for (size_t i = 0; i < relay->list_count; i++)
		free(relay->list[i].domain);
	free(relay->list);
}
