/* SPDX-License-Identifier: ISC */
/*
 * Where a recipient's mail goes, by the domain table and the directory. Blocks;
 * called from many threads. Decides, never delivers; signs nothing.
 */
#ifndef ROUTING_ROUTING_H
#define ROUTING_ROUTING_H

#include "base/outcome.h"
#include "mail/address.h"

struct conf;
struct conf_directory;
struct directories; /* directory/directories.h: every configured directory, opened */
struct routing;

struct route_mailbox {
	char id[64];      /* identity of the entry, hexadecimal */
	char domain[256]; /* canonical domain (aliases followed), lower case */
	char name[256];   /* local part of the primary address, lower case */
	uint64_t quota;   /* octets; 0 = no limit */
	bool drop; /* no mailbox: the domain's mail goes into its directory; `name` as it was said */
};

enum route_kind {
	ROUTE_MAILBOX, /* OK: `mailbox` */
	ROUTE_REMOTE,  /* OK: not one of our domains; or one whose mailbox is elsewhere: `via` */
	ROUTE_REFUSED  /* TEMP or PERM: code, status and text say what the client is told */
};

#define ROUTE_VIA_SIZE 300

struct route {
	enum route_kind kind;
	struct route_mailbox mailbox;
	char via[ROUTE_VIA_SIZE]; /* next hop that the directory names, well-formed (conf_hop_parse); "" = none */
	unsigned code;     /* 550 and the like (docs/REPLIES in postern.conf(5)) */
	char status[12];   /* "5.1.1" */
	char text[200];    /* for the client; names no internal */
	char cause[400];   /* for the log: server, filter, DNs, attribute that decided */
	unsigned good_for; /* seconds the answer may be reused; 0 = not at all (any error) */
};

struct routing *routing_new(const struct conf *conf, struct directories *directories);
void routing_free(struct routing *routing);
/* Whom routing_resolve would ask; NULL = nobody. */
const struct conf_directory *routing_directory(const struct routing *routing,
					       const struct address *recipient);
enum outcome routing_resolve(struct routing *routing, const struct address *recipient,
			     struct route *route);

#endif
