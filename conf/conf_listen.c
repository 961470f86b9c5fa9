/* SPDX-License-Identifier: ISC */
/* Addresses: of listeners, and of directory servers. */
#include "conf/conf_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool conf_port_parse(struct span text, uint16_t *port)
{
	uint64_t number;

	if (text.length > 5 || !span_number(text, &number) || number == 0 || number > 65535)
		return false;
	*port = (uint16_t)number;
	return true;
}

bool conf_port_split(struct span text, struct span *host, struct span *port, bool *brackets)
{
	const char *end;

	*brackets = text.length > 0 && text.at[0] == '[';
	if (*brackets) {
		end = memchr(text.at, ']', text.length);
		if (!end)
			return false;
		*host = span_make(text.at + 1, (size_t)(end - text.at) - 1);
		*port = span_skip(text, (size_t)(end - text.at) + 1);
	} else {
		end = memchr(text.at, ':', text.length);
		*host = span_make(text.at, end ? (size_t)(end - text.at) : text.length);
		*port = span_skip(text, host->length);
	}
	if (port->length > 0) {
		if (port->at[0] != ':')
			return false;
		*port = span_skip(*port, 1);
	}
	return true;
}

static char *numeric_host(struct span host, bool brackets)
{
	char text[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];
	int family = brackets ? AF_INET6 : AF_INET;

	if (span_is(host, "*") && !brackets)
		return memory_text("*");
	if (!span_copy(host, text, sizeof(text)) || inet_pton(family, text, bytes) != 1)
		return NULL;
	inet_ntop(family, bytes, text, sizeof(text));
	return memory_text(text);
}

bool conf_listen_parse(const char *text, char **address, uint16_t *port, const char **why)
{
	struct span host, number;
	bool brackets;

	*address = NULL;
	*why = "no address and port: write \"*:25\", \"192.0.2.1:25\" or \"[2001:db8::1]:25\"";
	if (!conf_port_split(span_text(text), &host, &number, &brackets) || host.length == 0 ||
	    number.length == 0)
		return false;
	*why = "the port is no number from 1 to 65535: write one";
	if (!conf_port_parse(number, port))
		return false;
	*why = "the address is not numeric: write * for all, an IPv4 address, or an IPv6 address "
	       "in brackets";
	*address = numeric_host(host, brackets);
	return *address != NULL;
}

bool conf_host_is_loopback(struct span host, bool brackets)
{
	struct in6_addr six;
	struct in_addr four;
	char text[INET6_ADDRSTRLEN + 1];

	if (!span_copy(host, text, sizeof(text)))
		return false;
	if (brackets)
		return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
	return inet_pton(AF_INET, text, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

static bool host_is_address(struct span host)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN + 1];

	return span_copy(host, text, sizeof(text)) && inet_pton(AF_INET6, text, bytes) == 1;
}

bool conf_server_parse(const char *uri, bool *ldaps, bool *loopback, const char **why)
{
	struct span rest = span_text(uri), host, number;
	bool brackets;
	uint16_t port;

	*ldaps = span_starts_nocase(rest, "ldaps://");
	*why = "neither ldap:// nor ldaps://: write \"ldap://dc1.example.com\"";
	if (!*ldaps && !span_starts_nocase(rest, "ldap://"))
		return false;
	rest = span_skip(rest, *ldaps ? 8 : 7);
	if (rest.length > 0 && rest.at[rest.length - 1] == '/')
		rest.length--;
	*why = "no host name or address with at most a port behind it: write "
	       "\"ldap://dc1.example.com\" or \"ldap://dc1.example.com:389\"";
	if (!conf_port_split(rest, &host, &number, &brackets))
		return false;
	if (brackets ? !host_is_address(host) : !conf_domain_name_valid(host))
		return false;
	*why = "the port is no number from 1 to 65535: write one, or leave it out with its colon";
	if (number.length > 0 && !conf_port_parse(number, &port))
		return false;
	if (number.length == 0 && rest.at[rest.length - 1] == ':')
		return false;
	*loopback = conf_host_is_loopback(host, brackets);
	return true;
}

bool conf_listens_to_strangers(const struct conf_listen *listens, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct span address = span_text(listens[i].address);

		if (!conf_host_is_loopback(address, memchr(address.at, ':', address.length)))
			return true;
	}
	return false;
}

static bool addresses_clash(const char *a, const char *b)
{
	bool six_a = strchr(a, ':'), six_b = strchr(b, ':');

	if (!strcmp(a, "*") || !strcmp(b, "*") || !strcmp(a, b))
		return true;
	if (six_a != six_b)
		return false;
	if (six_a)
		return !strcmp(a, "::") || !strcmp(b, "::");
	return !strcmp(a, "0.0.0.0") || !strcmp(b, "0.0.0.0");
}

struct listeners {
	const struct conf_listen **all;
	size_t count;
};

static void listeners_add(struct conf_reading *reading, struct listeners *listeners,
			  const struct conf_listen *listens, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!listens[i].address)
			continue;
		for (size_t j = 0; j < listeners->count; j++) {
			const struct conf_listen *other = listeners->all[j];

			if (other->port == listens[i].port &&
			    addresses_clash(other->address, listens[i].address))
				conf_tell(reading, listens[i].line,
					  "listen %s port %u clashes with %s on line %u: choose "
					  "another address or port",
					  listens[i].address, listens[i].port, other->address,
					  other->line);
		}
		listeners->all = memory_grow(listeners->all, listeners->count + 1,
					     sizeof(struct conf_listen *));
		listeners->all[listeners->count++] = &listens[i];
	}
}

void conf_check_listeners(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;
	struct listeners listeners = { NULL, 0 };

	for (size_t i = 0; i < conf->smtps_count; i++)
		listeners_add(reading, &listeners, conf->smtps[i].listens,
			      conf->smtps[i].listens_count);
	listeners_add(reading, &listeners, conf->pop3.listens, conf->pop3.listens_count);
	free(listeners.all);
}
