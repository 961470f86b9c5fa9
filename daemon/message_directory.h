/* SPDX-License-Identifier: ISC */
/*
 * Bodies of what the directory role is asked, and of its answers: recipients, logins,
 * open sessions, an administrator's questions. Spans point into the packet that was
 * read. The rules of daemon/message.h hold.
 */
#ifndef DAEMON_MESSAGE_DIRECTORY_H
#define DAEMON_MESSAGE_DIRECTORY_H

#include "auth/auth.h"
#include "auth/ticket.h"
#include "daemon/message.h"
#include "mail/address.h"
#include "routing/routing.h"

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
	uint32_t good_for;  /* seconds */
	uint64_t quota;     /* octets; 0 = no limit: no use in asking for the usage */
	struct span ticket; /* TICKET_DELIVER; empty unless ROUTE_MAILBOX */
	char via[ROUTE_VIA_SIZE]; /* only of ROUTE_REMOTE; "" = none */
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
	struct span
		standing; /* auth/standing.h, for MESSAGE_RECHECK; empty unless OK or NO_MAILBOX */
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
