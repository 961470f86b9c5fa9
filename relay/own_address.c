/* SPDX-License-Identifier: ISC */
#include "relay/own_address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/span.h"
#include "relay/numeric.h"

struct own_address {
	unsigned char address[16];
	uint16_t port;
};

struct own_addresses {
	const struct conf *conf;
	struct own_address *list;
	size_t count;
};

void own_addresses_add(struct own_addresses *own, const unsigned char address[16], uint16_t port)
{
	if (own_addresses_has(own, address, port))
		return;
	own->list = memory_grow(own->list, own->count + 1, sizeof *own->list);
	own->list[own->count].port = port;
	memcpy(own->list[own->count++].address, address, 16);
}

static void add_interfaces(struct own_addresses *own, uint16_t port)
{
	struct ifaddrs *interfaces;
	unsigned char address[16];

	if (getifaddrs(&interfaces) < 0)
		return;
	for (const struct ifaddrs *one = interfaces; one; one = one->ifa_next)
		if (one->ifa_addr && numeric_of_socket(one->ifa_addr, address))
			own_addresses_add(own, address, port);
	freeifaddrs(interfaces);
}

static bool is_any(const char *address)
{
	return strcmp(address, "*") == 0 || strcmp(address, "0.0.0.0") == 0 ||
	       strcmp(address, "::") == 0;
}

struct own_addresses *own_addresses_new(const struct conf *conf)
{
	struct own_addresses *own = memory_new(sizeof *own);
	unsigned char address[16];

	own->conf = conf;
	for (size_t i = 0; i < conf->smtps_count; i++) {
		for (size_t j = 0; j < conf->smtps[i].listens_count; j++) {
			const struct conf_listen *listen = &conf->smtps[i].listens[j];

			if (is_any(listen->address))
				add_interfaces(own, listen->port);
			else if (numeric_parse(listen->address, address))
				own_addresses_add(own, address, listen->port);
		}
	}
	return own;
}

void own_addresses_free(struct own_addresses *own)
{
	if (own)
		free(own->list);
	free(own);
}

/* Linux connects to the machine itself. */
static bool is_unspecified(const unsigned char address[16])
{
	static const unsigned char six[16], four[16] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, six, 16) == 0 || memcmp(address, four, 16) == 0;
}

static bool is_loopback(const unsigned char address[16])
{
	static const unsigned char four[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };

	return memcmp(address, four, sizeof four) == 0;
}

static bool listens_to_all(const struct conf *conf, uint16_t port)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		for (size_t j = 0; j < conf->smtps[i].listens_count; j++)
			if (conf->smtps[i].listens[j].port == port &&
			    is_any(conf->smtps[i].listens[j].address))
				return true;
	return false;
}

bool own_addresses_has(const struct own_addresses *own, const unsigned char address[16],
		       uint16_t port)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->list[i].port == port && memcmp(own->list[i].address, address, 16) == 0)
			return true;
	/* No interface names all of 127/8, and it is ours all the same. */
	return is_unspecified(address) ||
	       (is_loopback(address) && listens_to_all(own->conf, port));
}

bool own_addresses_named(const struct own_addresses *own, const char *host, uint16_t port)
{
	for (size_t i = 0; i < own->conf->smtps_count; i++) {
		const struct conf_smtp *smtp = &own->conf->smtps[i];

		if (!smtp->fqdn || !span_is_nocase(span_text(host), smtp->fqdn))
			continue;
		for (size_t j = 0; j < smtp->listens_count; j++)
			if (smtp->listens[j].port == port)
				return true;
	}
	return false;
}
