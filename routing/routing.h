/* SPDX-License-Identifier: ISC */
/*
 * Where a recipient's mail goes, by the domain table and the directory. Blocks;
 * called from many threads. Decides, never delivers; signs nothing.
 */
#ifndef ROUTING_ROUTING_H
#define ROUTING_ROUTING_H

#include "base/outcome.h"
#include "conf/conf.h"
#include "mail/address.h"

struct directories; /* directory/directories.h: every configured directory, opened */
struct routing;

struct route_mailbox {
	char id[64];      /* identity of the entry, hexadecimal */
	char domain[256]; /* canonical domain (aliases followed), lower case */
	char name[256];   /* local part of the primary address, lower case */
	uint64_t quota;   /* octets; 0 = no limit */
	uint64_t warn;    /* octets from which its owner is warned; 0 = never */
	bool drop; /* no mailbox: the domain's mail goes into its directory; `name` as it was said */
};

enum route_kind {
	ROUTE_MAILBOX, /* OK: `mailbox` */
	ROUTE_REMOTE,  /* OK: not one of our domains; or one whose mailbox is elsewhere: `via` */
	ROUTE_REFUSED, /* TEMP or PERM: code, status and text say what the client is told */
	/*
	 * OK: it goes into the queue, and becomes others there (routing_expand): a group, one who
	 * forwards, an address that another replaces.
	 */
	ROUTE_LIST
};

#define ROUTE_VIA_SIZE 300

/* Who sends, as far as it is known. */
struct route_sender {
	const char *directory, *id; /* of who has logged in: name of the directory, identity; "" = nobody has */
	const struct address *address; /* envelope sender; NULL = not known. Nobody has proved it */
	bool trusted; /* may send to whom it likes: reports of ours, the administrator's pickup */
};

/*
 * How the answer came about, for `postern explain`, in the order of the steps; value may hold
 * foreign octets. NULL = not wanted. Keys, each as often as it happens:
 *	asked           the address
 *	directory       name of the section that is asked
 *	server filter   who answered, and what was sent; or instead of the filter:
 *	search          "known from an earlier search", "no entry for ...", why there was no answer
 *	legacy          the name that an IMCEAEX- address stands for
 *	without tag     the local part that is looked for when the whole one is nobody's
 *	catch-all       the address that the domain's nobodies become
 *	entry           DN; then `kind` (account, group, contact, public folder), `state`
 *			(disabled, ...), `address` (the primary one in our domains)
 *	decided         "key of the attribute: what follows": "attribute_forward: 2 DNs, copy kept"
 *	sender          DN of who sends, and whether he has logged in
 *	send as         of a sender: "may", "may not", "cannot be found out", ": why"
 *	recipients      most in a message
 *	policy          "may send", "refused: which list or setting"
 *	quota warn, quota send, quota receive
 *			"octets, source"; source: entry, domain, section quota, nothing says so
 *	size            largest message, octets
 *	group           of an expansion: "path: n members"; the path is "A > B > C"
 *	skipped refused reaches
 *			of an expansion: "path: why", "path: status text", "address, via hop"
 *	route           "mailbox NAME@DOMAIN", "elsewhere: HOP", "list", "another domain", "refused"
 *	reply           what the client is told: "550 5.1.1 text"
 *	cause           for the log
 */
struct route_teller {
	void (*fact)(void *context, const char *key, const char *value);
	void *context;
};

struct route_ask {
	struct address recipient;
	struct route_sender sender;
	uint64_t size; /* of the message; 0 = not known */
	/*
	 * The mailbox of who has the address, wherever mail for it goes: no policy, no forwarding, no
	 * catch-all, never ROUTE_LIST. For members of an expansion, of which all that was followed
	 * (who keeps a copy is a member of his own list), and for an administrator's commands.
	 */
	bool own;
	const struct route_teller *teller;
};

struct route {
	enum route_kind kind;
	struct route_mailbox mailbox;
	char via[ROUTE_VIA_SIZE]; /* next hop that the directory names, well-formed (conf_hop_parse); "" = none */
	char canonical[ADDRESS_TEXT_SIZE]; /* of a mailbox here or elsewhere: the same for all its addresses */
	uint64_t size; /* largest message that it takes, octets; UINT64_MAX = no limit of its own */
	bool by_sender; /* another sender may get another answer */
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
enum outcome routing_resolve(struct routing *routing, const struct route_ask *ask,
			     struct route *route);


/*
 * What a recipient of kind ROUTE_LIST becomes, all of it: groups in groups, those who forward,
 * contacts. Each once, in the order found; loops are cut; whatever cannot be read makes the whole
 * TEMP, never a part. Policy of groups inside is by the sender. Blocks, for long.
 */
struct expansion_member {
	struct address address; /* canonical, of a mailbox of ours or a next server's; or of others */
	char *via;              /* NULL = none */
};
struct expansion_refusal { /* a branch that gets nothing: the sender is told */
	struct address address;
	char status[12];
	char text[200];
};
/* Members with an envelope sender of their own go as a message of their own. */
struct expansion_list {
	char *sender; /* NULL: that of the message; an owner's address (reportToOwner); "" = nobody is told */
	struct expansion_member *members;
	size_t count;
};
struct expansion {
	struct expansion_list *lists;
	size_t lists_count;
	struct expansion_refusal *refusals;
	size_t refusals_count;
	size_t groups, searches; /* for the log */
	char status[12];
	char text[200];  /* TEMP, PERM: why */
	char cause[400];
};
enum {
	EXPANSION_DEPTH = 32, /* lists in lists; more: PERM 5.4.6 */
	EXPANSION_MEMBERS = 100000, /* more: PERM 5.2.4 */
	EXPANSION_MS = 300000 /* longer: TEMP */
};
enum outcome routing_expand(struct routing *routing, const struct route_ask *ask,
			    struct expansion *expansion);
void expansion_clear(struct expansion *expansion);

/* May they send? At MAIL, and for the addresses of the From field. */
struct sender_ask {
	struct route_sender who;     /* with the address to be used */
	bool header;                 /* of the From field */
	enum conf_send_as send_as;   /* of the virtual server */
	const struct route_teller *teller;
};
struct sender_answer {
	bool reported;         /* would be refused, were it not for CONF_SEND_AS_REPORT */
	struct route_mailbox mailbox; /* of who has logged in; id "" = no mailbox here */
	uint64_t quota;        /* octets in it from which he may not send; 0 = no limit */
	uint64_t size;         /* largest message, UINT64_MAX = no limit of his own */
	uint32_t recipients;   /* most a message, 0 = no limit of his own */
	unsigned code;
	char status[12], text[200], cause[400];
	unsigned good_for;
};
/* PERM: not in this name. TEMP: the directory cannot say. */
enum outcome routing_sender(struct routing *routing, const struct sender_ask *ask, struct sender_answer *answer);

#endif
