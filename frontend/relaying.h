/* SPDX-License-Identifier: ISC */
/*
 * May this client send to domains of others, and may he ask for what waits here? By the
 * configuration alone; pure.
 */
#ifndef FRONTEND_RELAYING_H
#define FRONTEND_RELAYING_H

#include "conf/conf.h"
#include "daemon/message_directory.h"

struct buffer;
struct message_names_found;

struct relay_client {
	const char *identity;      /* of a login; NULL = none */
	enum sender_relay member;  /* of relay_groups, where the server has some */
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
	const struct message_names_found *names; /* NULL = not asked for yet */
};

enum relaying {
	RELAYING_YES,
	RELAYING_NO,
	RELAYING_NAMES, /* his confirmed names decide: ask for them, then here again */
	RELAYING_LATER  /* they decide, and the name servers do not answer */
};

/* To a recipient in that domain, which is not ours. */
enum relaying relaying_decide(const struct conf *conf, const struct conf_smtp *server,
			      const struct relay_client *client, const char *domain);
/* ETRN: what waits for a domain goes out, to that domain. The section is that of the domain. */
enum relaying relaying_trigger(const struct conf_smtp *server, const struct relay_client *client,
			       const struct conf_remote *remote);
/* ATRN: it is handed to the client himself, who must be one of its accounts. */
bool relaying_fetch(const struct conf_remote *remote, const char *identity);
/*
 * The domains that he asks for: `list` has commas between, "" means all that are his, but for those
 * that only a wildcard names. Adds them to `domains` in wire form, MESSAGE_TAKE_MAX at most. How
 * many; 0: none, or one of them is not his, which refuses all (RFC 2645 section 5.2.1).
 */
uint32_t relaying_fetch_list(const struct conf *conf, const char *identity, const char *list,
			     struct buffer *domains);
/* As text: "192.0.2.1", "2001:db8::1", with or without "%zone". False: none. */
bool relaying_address(const char *text, unsigned char address[16]);

#endif
