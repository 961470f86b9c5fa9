/* SPDX-License-Identifier: ISC */
/*
 * Where the mail for a recipient of others goes next, by the configuration: the hop
 * that the directory named, the section `remote` of the domain, the smart host of the
 * virtual server, the MX hosts of the domain; in that order. Pure; never blocks.
 */
#ifndef ROUTING_NEXT_HOP_H
#define ROUTING_NEXT_HOP_H

#include "conf/conf.h"
#include "mail/envelope.h"

enum next_hop_kind { NEXT_HOP_SMTP, NEXT_HOP_LOCAL, NEXT_HOP_TRIGGER };

struct next_hop {
	enum next_hop_kind kind;
	bool lmtp;
	bool mx; /* MX hosts of `host`; else host itself, a name or an address without brackets */
	bool named;        /* by the directory */
	bool smart;        /* `host` is the server's smart host: its login is for that one only */
	bool direct_first; /* MX hosts of `domain` before `host` */
	char domain[256];  /* of the recipient */
	char host[256];
	uint16_t port;
	const struct conf_remote
		*remote; /* whose settings count: of the domain, or of a host that the directory
			    named; NULL = those of the server's outbound */
};

/*
 * A recipient in one of our domains is LOCAL unless `via` says otherwise. TRIGGER: the host is
 * where it goes once it is triggered (ETRN).
 */
void next_hop_find(const struct conf *conf, const struct conf_smtp *server,
		   const struct envelope_recipient *recipient, struct next_hop *hop);
/*
 * What is the same for two recipients of a server when one transaction may carry both:
 * "example.com", "[192.0.2.1]:25", "lmtp:[::1]:24", "local", "trigger:example.com"; with
 * "/NAME" behind a host when the settings of the section NAME count.
 */
void next_hop_key(const struct next_hop *hop, char *to, size_t size);

#endif
