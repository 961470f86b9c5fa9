/* SPDX-License-Identifier: ISC */
/*
 * What the files of the SMTP server engine share. smtp_server.c has the life of a
 * session and the pump; smtp_verbs.c the verb table and the order of commands; the
 * others one group of commands each. Only they include this.
 */
#ifndef GATEWAY_SMTP_PRIVATE_H
#define GATEWAY_SMTP_PRIVATE_H

#include "base/buffer.h"
#include "base/span.h"
#include "gateway/smtp_server.h"
#include "mail/dot.h"
#include "mail/header.h"
#include "mail/lines.h"

#define SMTP_FLOOD 10 /* a client that sends so many times the limit is cut off */

enum smtp_state {
	SMTP_CONNECTED = 1 << 0, /* no EHLO or HELO yet */
	SMTP_READY = 1 << 1,
	SMTP_MAIL = 1 << 2,  /* a sender, no recipient */
	SMTP_RCPT = 1 << 3,  /* at least one recipient */
	SMTP_BDAT = 1 << 4,  /* between chunks */
	SMTP_CHUNK = 1 << 5, /* inside a chunk */
	SMTP_DATA = 1 << 6,  /* inside DATA */
	SMTP_AUTH = 1 << 7,  /* a line of an AUTH exchange is due */
	SMTP_TLS = 1 << 8,   /* the owner does the handshake */
	SMTP_CLOSED = 1 << 9
};
#define SMTP_ANY_STATE 0x3ffu

enum smtp_step {
	SMTP_NEXT,
	SMTP_WAIT, /* an ask is outstanding */
	SMTP_CLOSE /* nothing behind in this input may be used */
};

enum smtp_ask {
	SMTP_ASK_NONE,
	SMTP_ASK_LOGIN,
	SMTP_ASK_EXCHANGE,
	SMTP_ASK_RELEASE,
	SMTP_ASK_TURN,
	SMTP_ASK_SENDER,
	SMTP_ASK_RECIPIENT,
	SMTP_ASK_SPOOL,
	SMTP_ASK_COMMIT
};

struct smtp_words { /* a reply that the engine knows */
	unsigned code;
	const char *status, *text;
};

struct smtp_answer { /* an answer between smtp_server_answer and its use */
	enum outcome outcome;
	unsigned code; /* 0 = the engine's own words */
	char status[12];
	char text[SMTP_REASON_MAX + 1];
	char *challenge; /* the line for the client: the exchange goes on; NULL = an answer */
};

struct smtp_chunk { /* the BDAT command being worked on */
	uint64_t left;
	bool present, last;
	bool refused;         /* was answered already: swallow */
	enum smtp_state back; /* behind a refused chunk */
};

struct smtp_transaction {
	struct envelope envelope;
	struct smtp_delivery delivery;
	struct dot dot;
	struct lines lines; /* BDAT: line ends, unless binary */
	struct header header;
	uint64_t octets;  /* of the message as sent, without what the engine adds */
	uint64_t written; /* through `body` */
	bool spooled;     /* a place for the body was given */
	bool too_big, session_too_big, disk_failed, nul;
	char tail[2]; /* the last octets of the message */
};

struct smtp_password { /* a mechanism that the engine takes apart itself */
	const char *name;
	const char *prompt; /* the first challenge */
	enum smtp_step (*respond)(struct smtp_server *server, const char *response, size_t length);
};

struct smtp_exchange { /* AUTH: one of the two is set */
	const struct smtp_password *password;
	const struct mechanism *mechanism; /* the owner's */
	char *user;                        /* password: NULL until known */
	bool begun;                        /* mechanism: the owner was asked */
};

struct smtp_server {
	const struct smtp_profile *profile;
	const struct smtp_calls *calls;
	void *owner;
	enum smtp_state state;
	enum smtp_ask pending;
	bool asking;   /* inside the owner's ask call */
	bool skipping; /* inside a command line that was too long */
	bool skipped_cr;
	bool esmtp, shutdown, expelled;
	bool authenticated;
	unsigned errors;
	unsigned refused;  /* recipients for good, less those that were taken since */
	unsigned messages; /* accepted */
	uint64_t session_octets;
	char *client, *session;
	bool names_known; /* somebody asked for the client's names */
	char *names;      /* NULL = without an answer */
	char *helo;         /* NULL = none yet */
	bool certificate;   /* the client showed one */
	char *tls;          /* "TLS1.3 TLS_AES_256_GCM_SHA384"; NULL = plain */
	char *identity;     /* NULL = anonymous */
	struct span detail; /* for the log; set only while one of our functions runs */
	struct smtp_chunk chunk;
	struct smtp_answer *answer;
	struct smtp_exchange *exchange;
	struct smtp_transaction *transaction;
};

/* smtp_server.c */
enum smtp_step smtp_hang_up_expelled(struct smtp_server *server);
enum smtp_step smtp_close(struct smtp_server *server);
void smtp_forget_transaction(struct smtp_server *server, bool committed);

/* smtp_reply.c: status NULL = none. text without CRLF; control characters become "?". */
void smtp_reply(struct smtp_server *server, unsigned code, const char *status, const char *text);
/* The same, and the event in the log. */
void smtp_reply_noted(struct smtp_server *server, const char *event, unsigned code,
		      const char *status, const char *text);
/* The client's mistake: counted, and the session ends when there were too many. */
enum smtp_step smtp_refuse(struct smtp_server *server, unsigned code, const char *status,
			   const char *text);
enum smtp_step smtp_refuse_words(struct smtp_server *server, const struct smtp_words *words);
enum smtp_step smtp_count_error(struct smtp_server *server);
/* A no that is nobody's mistake. */
enum smtp_step smtp_decline(struct smtp_server *server, unsigned code, const char *status,
			    const char *text);
/* smtp_decline, then the end of the session. */
enum smtp_step smtp_hang_up(struct smtp_server *server, unsigned code, const char *status,
			    const char *text);
void smtp_note(struct smtp_server *server, const char *event, const char *reply);

/* smtp_ask.c: the step is WAIT, or what came of an answer given within the call. */
enum smtp_step smtp_ask(struct smtp_server *server, enum smtp_ask what);
enum smtp_step smtp_ask_login(struct smtp_server *server, const struct smtp_login *login);
enum smtp_step smtp_ask_exchange(struct smtp_server *server,
				 const struct mechanism_message *message);
/* ETRN, ATRN: the question is put by `ask`, between. */
void smtp_ask_begin(struct smtp_server *server, enum smtp_ask what);
enum smtp_step smtp_ask_end(struct smtp_server *server);
void smtp_answer_free(struct smtp_answer *answer);
/* Both use the owner's words if there are any, else these. event NULL: nothing for the log. */
enum smtp_step smtp_say_yes(struct smtp_server *server, const struct smtp_answer *answer,
			    const char *event, const struct smtp_words *words);
enum smtp_step smtp_say_no(struct smtp_server *server, const struct smtp_answer *answer,
			   const struct smtp_words *temporary, const struct smtp_words *permanent);
extern const struct smtp_words smtp_try_later; /* 451 4.3.0 */

/* smtp_verbs.c */
enum smtp_step smtp_command(struct smtp_server *server, struct span line);
void smtp_list_verbs(char *to, size_t size);

/* The steps. */
enum smtp_step smtp_step_ehlo(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_helo(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_starttls(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_auth(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_etrn(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_atrn(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_mail(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_rcpt(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_data(struct smtp_server *server, struct span argument);
enum smtp_step smtp_step_bdat(struct smtp_server *server, struct span argument);

/* smtp_auth.c: AUTH itself, and what all mechanisms have in common. */
#define SMTP_AUTH_INVALID "Authentication credentials invalid"
void smtp_auth_list(const struct smtp_server *server, struct buffer *reply); /* for EHLO */
/* Octets of the line that the input begins with, if AUTH has to do with it; else 0. */
size_t smtp_auth_limit(const struct smtp_server *server, struct span input);
enum smtp_step smtp_auth_line(struct smtp_server *server, struct span line);
/* The exchange is over without a question to the owner. */
enum smtp_step smtp_auth_fail(struct smtp_server *server, unsigned code, const char *status,
			      const char *text);
enum smtp_step smtp_auth_malformed(struct smtp_server *server);
enum smtp_step smtp_login_done(struct smtp_server *server, const struct smtp_answer *answer);

/* smtp_password.c: PLAIN and LOGIN. */
bool smtp_password_usable(const struct smtp_server *server);
const struct smtp_password *smtp_password_find(struct span name);

/* smtp_exchange.c: the owner's mechanisms. */
struct mechanism_session smtp_mechanism_session(const struct smtp_server *server);
enum smtp_step smtp_exchange_respond(struct smtp_server *server, struct span response);
enum smtp_step smtp_exchange_done(struct smtp_server *server, const struct smtp_answer *answer);
void smtp_exchange_drop(struct smtp_server *server);   /* tells the owner, if it was asked */
void smtp_exchange_forget(struct smtp_server *server); /* tells nobody */

/* smtp_turn.c */
enum smtp_step smtp_release_done(struct smtp_server *server, const struct smtp_answer *answer);
enum smtp_step smtp_turn_done(struct smtp_server *server, const struct smtp_answer *answer);

/* smtp_mail.c */
enum smtp_step smtp_sender_done(struct smtp_server *server, const struct smtp_answer *answer);
enum smtp_step smtp_recipient_done(struct smtp_server *server, const struct smtp_answer *answer);

/* smtp_parameters.c: NULL, or the answer to parameters that are wrong. */
const struct smtp_words *smtp_mail_parameters(struct envelope *envelope, struct span text);
const struct smtp_words *smtp_rcpt_parameters(const struct envelope *envelope,
					      struct envelope_recipient *recipient,
					      struct span text);

/* smtp_data.c: takes from the front of *input. */
enum smtp_step smtp_data_take(struct smtp_server *server, struct span *input);
enum smtp_step smtp_chunk_take(struct smtp_server *server, struct span *input);
enum smtp_step smtp_spool_done(struct smtp_server *server, const struct smtp_answer *answer);
enum smtp_step smtp_commit_done(struct smtp_server *server, const struct smtp_answer *answer);

/* smtp_body.c: what goes through `body`. */
void smtp_body_begin(struct smtp_server *server);
void smtp_body_add(struct smtp_server *server, struct span run);
bool smtp_body_floods(const struct smtp_server *server);
/* Completes the message; NULL, or why it cannot be taken. */
const struct smtp_words *smtp_body_finish(struct smtp_server *server);

/* smtp_trace.c: both return texts for free(). */
char *smtp_trace(const struct smtp_server *server, size_t *length);
/* Date and Message-ID where a submitted message lacks them; "" if it lacks none. */
char *smtp_missing_fields(const struct smtp_server *server, size_t *length);
const char *smtp_protocol(const struct smtp_server *server, char to[12]);

#endif
