/* SPDX-License-Identifier: ISC */
/*
 * Bodies of what the directory role is asked, and of its answers: recipients, logins,
 * open sessions, an administrator's questions. Spans point into the packet that was
 * read. The rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_DIRECTORY_H
#define DAEMON_MESSAGE_DIRECTORY_H

#include "auth/auth.h"
#include "auth/elsewhere.h"
#include "auth/ticket.h"
#include "daemon/message.h"
#include "mail/address.h"
#include "routing/routing.h"

struct message_resolve {
	struct address address;
	char session[SESSION_SIZE];
	/* Who sends: see struct route_sender. */
	struct span standing; /* of who has logged in, as he was given it; empty = nobody has */
	struct address sender; /* "" and "" = the null sender, or not known */
	uint64_t size;         /* of the message; 0 = not known */
	char identity[96];     /* relay only: envelope.identity of the job's message; a frontend shows a standing */
	uint8_t trusted;       /* relay only: the message is a report of ours */
	uint8_t own;           /* relay only: a member of a list that was expanded (struct route_ask) */
};

struct message_route {
	enum outcome outcome;
	enum route_kind kind;
	uint32_t code;
	char status[12];
	char text[200];
	uint32_t good_for;  /* seconds */
	uint64_t quota;     /* octets; 0 = no limit: no use in asking for the usage */
	struct span ticket; /* TICKET_DELIVER; empty unless ROUTE_MAILBOX */
	char via[ROUTE_VIA_SIZE]; /* only of ROUTE_REMOTE; "" = none */
	char canonical[ADDRESS_TEXT_SIZE];
	uint64_t size;     /* largest message, UINT64_MAX = no limit of its own */
	uint8_t by_sender; /* good for this sender only */
};

enum sender_relay { SENDER_RELAY_NO, SENDER_RELAY_YES, SENDER_RELAY_UNKNOWN /* no answer could be had */ };
struct message_sender {
	struct span standing; /* of who has logged in; empty = nobody has */
	struct address address;
	uint8_t header; /* of the From field */
	uint32_t server; /* number of the virtual server */
	char session[SESSION_SIZE];
};
struct message_sender_answer { /* struct sender_answer */
	enum outcome outcome;
	uint8_t reported;
	uint32_t code;
	char status[12];
	char text[200];
	uint32_t good_for;
	uint64_t quota, size;
	uint32_t recipients;
	uint8_t relay;       /* enum sender_relay: by relay_groups of the server */
	struct span ticket;  /* TICKET_DELIVER of his mailbox, to ask for its usage; empty = none */
	char identity[96];   /* "directory/id" for the envelope: struct envelope.identity */
};

/* A recipient of a job of kind QUEUE_HOP_LOCAL whose route is ROUTE_LIST. */
struct message_expand {
	struct address address, sender;
	char identity[96]; /* envelope.identity */
	uint8_t trusted;
	uint64_t size;     /* of the message */
	char id[40];       /* of the message, for the log */
};
struct message_expanded {
	enum outcome outcome; /* OK: the descriptor has the lists (routing/expansion_wire.h) */
	char status[12];
	char text[200];
};

struct message_login {
	uint32_t server; /* that the client is connected to, as in struct message_exchange */
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
	struct span
		standing; /* auth/standing.h, for MESSAGE_RECHECK; empty unless OK or NO_MAILBOX */
	char host[256];   /* the mailbox is there, and `ticket` empty; "" = it is here, or there is none */
	struct span elsewhere; /* auth/elsewhere.h: the session may go on there; empty = it may not */
};

struct message_recheck {
	uint32_t count;      /* STANDING_BATCH_MAX at most */
	struct span tickets; /* count of them in wire form, one behind the other */
};

enum message_question { QUESTION_LOGIN, QUESTION_ADDRESS, QUESTION_SEND };
struct message_explain {
	enum message_question question;
	char subject[1400]; /* the name; the address; FROM, a tab, TO, a tab, the name of who logs in or "" */
};

#define MESSAGE_TOKEN_MAX       (48 * 1024) /* octets of one message of an exchange */
#define MESSAGE_CERTIFICATE_MAX (8 * 1024)  /* octets of a client's certificates */
#define MESSAGE_BINDING_MAX     64          /* STREAM_BINDING_MAX */

/* One message of a client in a login of several. What belongs to the first is empty in the others.
 */
struct message_exchange {
	uint32_t handle; /* the frontend's own number for it, used once */
	uint8_t first;
	uint32_t server; /* that the client is connected to: what is permitted there is in the
			    configuration */
	uint8_t tls;
	char mechanism[24];
	char client[64];
	char session[SESSION_SIZE];
	struct span end_point;   /* channel bindings of the connection (RFC 5929); empty = none */
	struct span exporter;    /* likewise (RFC 9266) */
	struct span certificate; /* what the client showed, PEM, the client's own first; empty =
				    nothing */
	struct span response;
};

struct message_turn {
	uint8_t more; /* 1: the challenge goes to the client; 0: the identity is the outcome */
	struct span challenge; /* may be empty */
	struct message_identity identity;
};

void message_put_resolve(struct wire_writer *writer, const struct message_resolve *resolve);
bool message_get_resolve(struct span body, struct message_resolve *resolve);
void message_put_route(struct wire_writer *writer, const struct message_route *route);
bool message_get_route(struct span body, struct message_route *route);
void message_put_sender(struct wire_writer *writer, const struct message_sender *sender);
bool message_get_sender(struct span body, struct message_sender *sender);
void message_put_sender_answer(struct wire_writer *writer, const struct message_sender_answer *answer);
bool message_get_sender_answer(struct span body, struct message_sender_answer *answer);
void message_put_expand(struct wire_writer *writer, const struct message_expand *expand);
bool message_get_expand(struct span body, struct message_expand *expand);
void message_put_expanded(struct wire_writer *writer, const struct message_expanded *expanded);
bool message_get_expanded(struct span body, struct message_expanded *expanded);
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

#endif
