/* SPDX-License-Identifier: ISC */
/*
 * What the files of the SMTP client engine share. smtp_client.c has the life of a
 * session and its turns; smtp_client_phase.c the tables of who hears which reply;
 * smtp_client_reply.c makes replies of octets; the others one group of commands each.
 * Only they include this.
 *
 * Every entry of the engine changes the state only; what follows from it is done in
 * turns, by the outermost entry. So an owner may enter from inside a call.
 */
#ifndef GATEWAY_SMTP_CLIENT_PRIVATE_H
#define GATEWAY_SMTP_CLIENT_PRIVATE_H

#include "base/buffer.h"
#include "gateway/smtp_client.h"
#include "mail/dot.h"

enum smtp_client_phase {
	SMTP_PHASE_NEW, /* not connected */
	SMTP_PHASE_GREETING,
	SMTP_PHASE_EHLO, /* LHLO too */
	SMTP_PHASE_HELO,
	SMTP_PHASE_STARTTLS,
	SMTP_PHASE_HANDSHAKE, /* the owner's turn */
	SMTP_PHASE_LOGIN,     /* AUTH: the owner's turn */
	SMTP_PHASE_AUTH,      /* AUTH: the server's */
	SMTP_PHASE_CANCEL,    /* AUTH: "*" was sent */
	SMTP_PHASE_READY,
	SMTP_PHASE_TRANSACTION,
	SMTP_PHASE_QUIT,
	SMTP_PHASE_CLOSED
};

enum smtp_client_step { /* of a transaction, in the order of sending and of hearing */
			SMTP_STEP_RSET,
			SMTP_STEP_MAIL,
			SMTP_STEP_RCPT,
			SMTP_STEP_DATA, /* or BDAT, whose reply is that of END */
			SMTP_STEP_GO,   /* DATA was sent: its reply says how to go on */
			SMTP_STEP_BODY,
			SMTP_STEP_END,
			SMTP_STEP_DONE
};

struct smtp_client_cursor {
	enum smtp_client_step step;
	size_t recipient; /* of RCPT */
};

enum smtp_client_standing { /* of a recipient */
			    SMTP_RECIPIENT_OPEN,
			    SMTP_RECIPIENT_UNFIT, /* decided before anything was sent: it is in no
						     command */
			    SMTP_RECIPIENT_ACCEPTED,
			    SMTP_RECIPIENT_DECIDED
};

struct smtp_client_transaction {
	struct smtp_client_message message;
	struct smtp_client_cursor send, hear; /* what comes next */
	unsigned char *standing;              /* enum smtp_client_standing */
	size_t undecided, accepted;           /* the second are among the first */
	size_t told; /* LMTP: recipients before this one have their reply */
	bool begun, bdat, utf8;
	bool unreadable;       /* the owner cannot give the body */
	uint64_t given, asked; /* octets of the body */
	struct dot_stuff stuff;
};

struct smtp_client {
	const struct smtp_client_profile *profile;
	const struct smtp_client_calls *calls;
	void *owner;
	enum smtp_client_phase phase;
	unsigned depth; /* of entries */
	bool freed, announce, quit_wanted;
	bool secure, starttls_refused;
	bool dirty; /* the server has a transaction that was not finished: RSET */
	bool moved; /* since the owner was told how patient to be */
	unsigned patience;
	size_t owed;                         /* replies to what was sent */
	char *lost;                          /* why; NULL = it is not */
	struct buffer input, line, response; /* response: of AUTH, until it is asked for */
	bool line_cut;
	bool login_begun;                  /* the server was told a mechanism */
	bool login_bare;                   /* and nothing else yet */
	struct smtp_client_reply *refusal; /* of the owner, to log in; NULL = none */
	enum smtp_client_end refusal_end;
	struct smtp_client_reply reply; /* that is being read */
	size_t reply_octets;
	struct span last; /* the last line of the reply that is being heard */
	struct smtp_client_offer offer;
	struct smtp_client_transaction *transaction;
};

/* smtp_client.c */
void smtp_client_write(struct smtp_client *client, const char *bytes, size_t length);
/* One line, its CRLF in it; a reply is owed. */
void smtp_client_command(struct smtp_client *client, const char *line);
void smtp_client_become_ready(struct smtp_client *client);
/* The session is over: recipients without a result are told TEMP. */
void smtp_client_over(struct smtp_client *client, enum smtp_client_end end,
		      const struct smtp_client_reply *why);
/* The same, with a QUIT that is not waited for. */
void smtp_client_give_up(struct smtp_client *client, enum smtp_client_end end,
			 const struct smtp_client_reply *why);

/* smtp_client_reply.c */
/* Takes input until a reply is whole. True: it was heard. */
bool smtp_client_hear(struct smtp_client *client);
struct smtp_client_reply smtp_client_words(const char *status, const char *text);
enum outcome smtp_client_outcome(const struct smtp_client_reply *reply);
/* No server says this there: the session ends. */
void smtp_client_senseless(struct smtp_client *client, const struct smtp_client_reply *reply);

/* smtp_client_phase.c */
void smtp_client_dispatch(struct smtp_client *client, const struct smtp_client_reply *reply);
unsigned smtp_client_seconds(const struct smtp_client *client);
/* All of the message was sent for somebody, and what became of it is not known. */
bool smtp_client_may_have_it(const struct smtp_client *client);

/* smtp_client_hello.c */
void smtp_client_hello(struct smtp_client *client);
void smtp_client_heard_greeting(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_ehlo(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_helo(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_starttls(struct smtp_client *client, const struct smtp_client_reply *reply);

/* smtp_client_offer.c: a line of the reply to EHLO. */
void smtp_client_offer_line(struct smtp_client_offer *offer, struct span line);

/* smtp_client_auth.c */
void smtp_client_log_in(struct smtp_client *client);
void smtp_client_take_response(struct smtp_client *client, const char *mechanism, bool has_response,
			       struct span response);
void smtp_client_take_refusal(struct smtp_client *client, enum outcome outcome, const char *text);
/* True: the owner had refused, and the session has ended for it. */
bool smtp_client_refuse(struct smtp_client *client);
void smtp_client_heard_auth(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_cancel(struct smtp_client *client, const struct smtp_client_reply *reply);

/* smtp_client_send.c: does the next thing of the transaction. False: it must wait. */
bool smtp_client_transact(struct smtp_client *client);
void smtp_client_decide(struct smtp_client *client, size_t recipient, enum outcome outcome,
			const struct smtp_client_reply *reply);
void smtp_client_decide_all(struct smtp_client *client, enum outcome outcome,
			    const struct smtp_client_reply *reply);
void smtp_client_transaction_free(struct smtp_client *client);
void smtp_client_put_body(struct smtp_client *client, struct span bytes);
/* Past recipients that are in no command; DATA comes behind the last one. */
struct smtp_client_cursor
smtp_client_first_recipient(const struct smtp_client_transaction *transaction);
void smtp_client_next_recipient(const struct smtp_client_transaction *transaction,
				struct smtp_client_cursor *cursor);

/* smtp_client_heard.c: the replies of a transaction. */
void smtp_client_heard_rset(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_mail(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_rcpt(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_data(struct smtp_client *client, const struct smtp_client_reply *reply);
void smtp_client_heard_end(struct smtp_client *client, const struct smtp_client_reply *reply);

/* smtp_client_mail.c: commands with their parameters, as the server offers them. */
void smtp_client_put_mail(struct smtp_client *client);
void smtp_client_put_rcpt(struct smtp_client *client, size_t recipient);

/* smtp_client_fit.c: can this server be sent this message? Decides who it cannot be sent to. */
void smtp_client_fit(struct smtp_client *client);

#endif
