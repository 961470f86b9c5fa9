/* SPDX-License-Identifier: ISC */
/*
 * What roles say to each other: the roles, the kinds and who sends them, and the
 * bodies that go to and from the master. The others are in message_directory.h,
 * message_store.h and message_local.h, by whom is asked. One pair of functions a
 * body, used by both ends, so that the two cannot disagree. docs/MESSAGES.md tells
 * the same for people.
 *
 * _put_ writes a body (a failed writer is the caller's to notice); _get_ is false
 * on anything that is not exactly one well-formed body.
 */
#ifndef DAEMON_MESSAGE_H
#define DAEMON_MESSAGE_H

#include "auth/ticket.h"
#include "base/wire.h"

enum role { ROLE_MASTER, ROLE_FRONTEND, ROLE_DIRECTORY, ROLE_STORE, ROLE_RELAY, ROLE_RESOLVER, ROLE_LOCAL,
	    ROLE_COUNT };

#define SESSION_SIZE 24 /* a session id as text, with NUL */

enum message_kind {
	/* master -> any role, over the control channel */
	MESSAGE_START = 1, /* struct message_start; descriptor: the configuration's text */
	MESSAGE_MATERIAL,  /* struct message_material; descriptor: a PEM file */
	MESSAGE_LISTEN,    /* struct message_listen; descriptor: a listening socket */
	MESSAGE_PEER,      /* struct message_peer; descriptor: a channel to another role */
	MESSAGE_LOG,       /* level and form (enum log_level, log_form) as a pair; descriptor: the log of now */
	MESSAGE_RETIRE,    /* accept nothing new, leave when the last session ends */
	MESSAGE_TALLY,     /* to frontends, no body; descriptor: the memory in which they count connections together */
	MESSAGE_EXPLAIN,   /* to the directory role; struct message_explain -> lines "key TAB value" */
	MESSAGE_DRAIN,     /* as RETIRE, and end sessions as soon as that loses nothing */
	MESSAGE_RULES,     /* to the store; descriptor: the configuration's text; where mail goes from now on */
	MESSAGE_ORDER,     /* to the store; struct message_order -> lines: an administrator's act on the queue */
	/* any role -> master */
	MESSAGE_READY = 16, /* no body: set up, sandboxed */
	MESSAGE_CULPRIT,    /* struct message_peer: this peer sent something malformed or not permitted */

	/* frontend -> directory; the answer has the same kind */
	MESSAGE_RESOLVE = 32, /* struct message_resolve -> struct message_route */
	MESSAGE_LOGIN,        /* struct message_login -> struct message_identity */
	MESSAGE_EXCHANGE,     /* struct message_exchange -> struct message_turn */
	MESSAGE_EXCHANGE_DROP, /* handle (u32); no answer */
	MESSAGE_RECHECK,      /* struct message_recheck -> one octet a ticket, enum standing_state */
	MESSAGE_SENDER,       /* struct message_sender -> struct message_sender_answer */
	/* relay -> directory */
	MESSAGE_CLIENT,       /* struct message_client -> struct message_client_turn: a login of ours, elsewhere */
	MESSAGE_ELSEWHERE,    /* struct message_dial -> struct message_dial_host: where does this ticket lead? */
	MESSAGE_EXPAND,       /* struct message_expand -> struct message_expanded + a memory file with the lists */

	/* frontend -> store; the answer has the same kind */
	MESSAGE_SPOOL = 48, /* no body -> struct message_result + descriptor */
	MESSAGE_DELIVER,    /* struct message_deliver + the spool's descriptor -> struct message_result */
	MESSAGE_USAGE,      /* a delivery ticket -> struct message_result, value = octets used */
	MESSAGE_OPEN,       /* struct message_open -> struct message_handed, value = handle */
	MESSAGE_FETCH,      /* struct message_fetch -> struct message_handed */
	MESSAGE_REMOVE,     /* struct message_remove -> struct message_result, value = how many went */
	MESSAGE_CLOSE,      /* handle (u32); no answer */
	MESSAGE_QUOTA,      /* handle (u32) -> struct message_quota: what the mailbox holds and may hold */
	/* relay (or a frontend, after ATRN) -> store; daemon/message_queue.h */
	MESSAGE_TAKE,       /* struct message_take -> struct message_job + the message's descriptor */
	MESSAGE_DONE,       /* struct message_done -> struct message_result */
	MESSAGE_EXPANDED,   /* struct message_list + that memory file -> struct message_result: a job's recipient becomes others */
	MESSAGE_PLACE,      /* struct message_place -> struct message_result: into a mailbox of ours */
	MESSAGE_CLAIM,      /* no body -> struct message_claimed + a file of a pickup directory */
	MESSAGE_CLAIMED,    /* struct message_claim_end -> struct message_result */
	MESSAGE_RELEASE,    /* a domain (text) -> struct message_result, value = messages: ETRN (RFC 1985) */

	/* relay or frontend -> resolver; daemon/message_resolver.h */
	MESSAGE_HOSTS = 96, /* struct message_hosts -> struct message_hosts_found */
	MESSAGE_NAMES,      /* struct message_names -> struct message_names_found: reverse DNS, confirmed */

	/* frontend -> relay; the answer has the same kind */
	MESSAGE_DIAL = 104, /* struct message_dial -> struct message_dialled + a connected socket: POP3 elsewhere */

	/* directory -> local; the answer has the same kind */
	MESSAGE_PROVE = 112 /* struct message_prove -> struct message_proof */
};

const char *role_name(enum role role); /* "frontend" */
const char *role_user(enum role role); /* "front", "dir", "store": behind the configured prefix */
bool role_asks(enum role role); /* it talks to strangers and asks the others: frontend, relay */

struct message_start {
	uint32_t generation; /* counts reloads */
	uint32_t index;      /* among its role */
	uint32_t count;      /* processes of that role */
	unsigned char key[TICKET_KEY_SIZE]; /* zero for roles that may not have it */
};

/* Servers are numbered: SMTP virtual servers in order, then POP3. */
struct message_material {
	uint32_t server;
	uint32_t part; /* 0 certificate, 1 key, 2 authorities of clients: before the others */
};

struct message_listen {
	uint32_t server;
	uint32_t listen; /* which of the server's listeners */
};

struct message_peer {
	uint32_t role;
	uint32_t generation;
	uint32_t index;
};

void message_put_start(struct wire_writer *writer, const struct message_start *start);
bool message_get_start(struct span body, struct message_start *start);
void message_put_pair(struct wire_writer *writer, uint32_t first, uint32_t second);
bool message_get_pair(struct span body, uint32_t *first, uint32_t *second);
void message_put_peer(struct wire_writer *writer, const struct message_peer *peer);
bool message_get_peer(struct span body, struct message_peer *peer);

#endif
