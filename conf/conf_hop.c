/* SPDX-License-Identifier: ISC */
/* Next hops as they are written: "smtp.example.net", "[192.0.2.1]:587", "lmtp:[::1]:24". */
#include "conf/conf_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The address as everybody writes it, without a leading zero; NULL if it is none. */
static char *numeric(struct span host)
{
	char text[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];
	int family;

	if (!span_copy(host, text, sizeof(text)))
		return NULL;
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, bytes) != 1)
		return NULL;
	inet_ntop(family, bytes, text, sizeof(text));
	return memory_text(text);
}

static char *host_text(struct span host, bool brackets, const char **why)
{
	char *address = numeric(host), *name;

	*why = "an address stands in brackets: write \"[192.0.2.1]\" or \"[2001:db8::1]\"";
	if (address && brackets)
		return address;
	free(address);
	if (address)
		return NULL;
	*why = "no host: write a name like smtp.example.net, or an address in brackets";
	if (!conf_domain_name_valid(host))
		return NULL;
	name = memory_text_n(host.at, host.length);
	ascii_lower_text(name);
	return name;
}

static bool hop_read(struct span rest, struct conf_hop *hop, const char **why)
{
	struct span host, port;

	*why = "no host: write a name like smtp.example.net, or an address in brackets";
	if (!conf_port_split(rest, &host, &port, &hop->bracketed) || host.length == 0)
		return false;
	*why = "the port is no number from 1 to 65535: write one, or leave it out with its colon";
	if (port.length > 0 ? !conf_port_parse(port, &hop->port) : rest.at[rest.length - 1] == ':')
		return false;
	hop->host = host_text(host, hop->bracketed, why);
	if (!hop->host)
		return false;
	/* RFC 2033 section 5: never on the port of SMTP. */
	*why = "LMTP has no port of its own: write one other than 25, as in "
	       "\"lmtp:[127.0.0.1]:24\"";
	if (hop->lmtp && (hop->port == 0 || hop->port == 25))
		return false;
	hop->bracketed |= hop->lmtp;
	return true;
}

bool conf_hop_parse(const char *text, struct conf_hop *hop, const char **why)
{
	struct span rest = span_text(text);

	*hop = (struct conf_hop){ .lmtp = span_starts_nocase(rest, "lmtp:") };
	if (hop->lmtp)
		rest = span_skip(rest, 5);
	if (*text && !hop_read(rest, hop, why)) {
		free(hop->host);
		*hop = (struct conf_hop){ .text = NULL };
		return false;
	}
	hop->text = memory_text(text);
	if (!hop->host)
		hop->host = memory_text("");
	return true;
}

void conf_fill_hop(const struct conf_place *place, struct conf_hop *hop, const char *text)
{
	const char *why = "";

	if (!conf_hop_parse(text, hop, &why))
		conf_tell(place->reading, place->line, "%s = \"%s\": %s", place->key->name, text,
			  why);
}
