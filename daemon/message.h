/* SPDX-License-Identifier: ISC */
/*
 * What roles say to each other: kinds, bodies, and who may send what. One pair
 * of functions a body, used by both ends, so that the two cannot disagree.
 * docs/MESSAGES.md tells the same for people.
 *
 * _put_ writes a body (a failed writer is the caller's to notice); _get_ is false
 * on anything that is not exactly one well-formed body.
 */
#ifndef DAEMON_MESSAGE_H
#define DAEMON_MESSAGE_H

#include "auth/auth.h"
#include "auth/ticket.h"
#include "base/wire.h"
#include "directory/errors.h"
#include "routing/routing.h"

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
	/* any role -> master */
	MESSAGE_READY = 16, /* no body: set up, sandboxed */
	MESSAGE_CULPRIT,    /* struct message_peer: this peer sent something malformed or not permitted */

	/* frontend -> directory; the answer has the same kind */
	MESSAGE_RESOLVE = 32, /* struct message_resolve -> struct message_route */
	MESSAGE_LOGIN,        /* struct message_login -> struct message_identity */
	MESSAGE_EXCHANGE,     /* struct message_exchange -> struct message_turn */
	MESSAGE_EXCHANGE_DROP, /* handle (u32); no answer */
	MESSAGE_RECHECK,      /* struct message_recheck -> one octet a ticket, enum standing_state */

	/* frontend -> store; the answer has the same kind */
	MESSAGE_SPOOL = 48, /* no body -> struct message_result + descriptor */
	MESSAGE_DELIVER,    /* struct message_deliver + the spool's descriptor -> struct message_result */
	MESSAGE_USAGE,      /* a delivery ticket -> struct message_result, value = octets used */
	MESSAGE_OPEN,       /* struct message_open -> struct message_result, value = handle, + listing */
	MESSAGE_FETCH,      /* struct message_fetch -> struct message_result + descriptor */
	MESSAGE_REMOVE,     /* struct message_remove -> struct message_result, value = how many went */
	MESSAGE_CLOSE,      /* handle (u32); no answer */

	/* directory -> local; the answer has the same kind */
	MESSAGE_PROVE = 64 /* struct message_prove -> struct message_proof */
};

const char *role_name(enum role role); /* "frontend" */
const char *role_user(enum role role); /* "front", "dir", "store": behind the configured prefix */

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

struct message_resolve {
	struct address address;
	char session[SESSION_SIZE];
};

struct message_route {
	enum outcome outcome;
	enum route_kind kind;
	uint32_t code;
	char status[12];
	char text[200];
	uint32_t good_for; /* seconds */
	uint64_t quota;    /* octets; 0 = no limit: no use in asking for the usage */
	struct span ticket; /* TICKET_DELIVER; empty unless ROUTE_MAILBOX */
};

struct message_login {
	char service[8];
	char user[512];
	char authzid[512];
	char password[1024];
	char default_domain[256];
	char client[64];
	char session[SESSION_SIZE];
};

struct message_identity {
	enum auth_verdict verdict;
	char who[324];
	struct span ticket; /* TICKET_READ; empty without a mailbox */
	struct span standing; /* auth/standing.h, for MESSAGE_RECHECK; empty unless OK or NO_MAILBOX */
};

struct message_recheck {
	uint32_t count;      /* STANDING_BATCH_MAX at most */
	struct span tickets; /* count of them in wire form, one behind the other */
};

enum message_question { QUESTION_LOGIN };
struct message_explain {
	enum message_question question;
	char subject[512]; /* the name */
};

#define MESSAGE_TOKEN_MAX       (48 * 1024) /* octets of one message of an exchange */
#define MESSAGE_CERTIFICATE_MAX (8 * 1024)  /* octets of a client's certificates */
#define MESSAGE_BINDING_MAX     64 /* STREAM_BINDING_MAX */

/* One message of a client in a login of several. What belongs to the first is empty in the others. */
struct message_exchange {
	uint32_t handle; /* the frontend's own number for it, used once */
	uint8_t first;
	uint32_t server; /* that the client is connected to: what is permitted there is in the configuration */
	uint8_t tls;
	char mechanism[24];
	char client[64];
	char session[SESSION_SIZE];
	struct span end_point;   /* channel bindings of the connection (RFC 5929); empty = none */
	struct span exporter;    /* likewise (RFC 9266) */
	struct span certificate; /* what the client showed, PEM, the client's own first; empty = nothing */
	struct span response;
};

struct message_turn {
	uint8_t more;          /* 1: the challenge goes to the client; 0: the identity is the outcome */
	struct span challenge; /* may be empty */
	struct message_identity identity;
};

struct message_result {
	enum outcome outcome;
	uint32_t flags; /* MESSAGE_RESULT_ bits */
	uint64_t value;
};

#define MESSAGE_RESULT_FULL       0x1u /* the disk, not the mailbox */
#define MESSAGE_RESULT_OVER_QUOTA 0x2u /* value = which recipient, from 0 */
#define MESSAGE_RESULT_BUSY       0x4u /* the maildrop is locked */
#define MESSAGE_RESULT_GONE       0x8u /* the handle or the message is not there any more */

#define MESSAGE_RECIPIENTS_MAX 1000
struct message_deliver {
	char label[SESSION_SIZE];
	uint8_t another; /* 1: the answer shall bring a fresh spool file for the next message */
	uint32_t count;
	struct span tickets; /* count texts in wire form, one behind the other */
};

struct message_open {
	char session[SESSION_SIZE];
	struct span ticket;
};

struct message_fetch {
	uint32_t handle;
	uint32_t number;
	uint32_t wanted; /* that one and those behind it, as far as they fit into the answer */
};

/* What OPEN and FETCH answer: octets in the packet, or else a descriptor with it. */
struct message_handed {
	struct message_result result;
	struct span octets; /* OPEN: the listing. FETCH: messages in wire form, one behind the other */
};

struct message_prove {
	char account[64];
	char password[1024];
};

struct message_proof {
	enum password_result result;
	char cause[200]; /* for the log */
};

/* One bit a message, number `first` is bit 0 of octet 0. */
struct message_remove {
	uint32_t handle;
	uint32_t first;
	struct span bits;
};

void message_put_start(struct wire_writer *writer, const struct message_start *start);
bool message_get_start(struct span body, struct message_start *start);
void message_put_pair(struct wire_writer *writer, uint32_t first, uint32_t second);
bool message_get_pair(struct span body, uint32_t *first, uint32_t *second);
void message_put_peer(struct wire_writer *writer, const struct message_peer *peer);
bool message_get_peer(struct span body, struct message_peer *peer);
void message_put_resolve(struct wire_writer *writer, const struct message_resolve *resolve);
bool message_get_resolve(struct span body, struct message_resolve *resolve);
void message_put_route(struct wire_writer *writer, const struct message_route *route);
bool message_get_route(struct span body, struct message_route *route);
void message_put_login(struct wire_writer *writer, const struct message_login *login);
bool message_get_login(struct span body, struct message_login *login);
void message_put_identity(struct wire_writer *writer, const struct message_identity *identity);
bool message_get_identity(struct span body, struct message_identity *identity);
void message_put_exchange(struct wire_writer *writer, const struct message_exchange *exchange);
bool message_get_exchange(struct span body, struct message_exchange *exchange);
void message_put_turn(struct wire_writer *writer, const struct message_turn *turn);
bool message_get_turn(struct span body, struct message_turn *turn);
void message_put_recheck(struct wire_writer *writer, const struct message_recheck *recheck);
bool message_get_recheck(struct span body, struct message_recheck *recheck);
void message_put_explain(struct wire_writer *writer, const struct message_explain *explain);
bool message_get_explain(struct span body, struct message_explain *explain);
void message_put_result(struct wire_writer *writer, const struct message_result *result);
bool message_get_result(struct span body, struct message_result *result);
void message_put_deliver(struct wire_writer *writer, const struct message_deliver *deliver);
bool message_get_deliver(struct span body, struct message_deliver *deliver);
void message_put_open(struct wire_writer *writer, const struct message_open *ask);
bool message_get_open(struct span body, struct message_open *ask);
void message_put_fetch(struct wire_writer *writer, const struct message_fetch *ask);
bool message_get_fetch(struct span body, struct message_fetch *ask);
void message_put_handed(struct wire_writer *writer, const struct message_handed *handed);
bool message_get_handed(struct span body, struct message_handed *handed);
void message_put_remove(struct wire_writer *writer, const struct message_remove *ask);
bool message_get_remove(struct span body, struct message_remove *ask);
void message_put_prove(struct wire_writer *writer, const struct message_prove *prove);
bool message_get_prove(struct span body, struct message_prove *prove);
void message_put_proof(struct wire_writer *writer, const struct message_proof *proof);
bool message_get_proof(struct span body, struct message_proof *proof);

#endif
