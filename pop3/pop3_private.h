/* SPDX-License-Identifier: ISC */
/*
 * The inside of the POP3 engine. A step does one command and says how to go on;
 * the pump in pop3_server.c is the only place that loops. Steps never call the
 * pump, and answers are kept until the call that asked has returned, so nothing
 * here recurses.
 */
#ifndef POP3_POP3_PRIVATE_H
#define POP3_POP3_PRIVATE_H

#include "mail/dot.h"
#include "pop3/pop3_server.h"

#define POP3_CHUNK      16384 /* octets read and written at once in a long reply */
#define POP3_REPLY_MAX  512   /* RFC 2449 section 4 */
#define POP3_REASON_MAX 400   /* text of an answer that the owner words */

enum pop3_state { /* bits: the verb table names sets of them */
		  POP3_STATE_AUTHORIZATION = 0x01,
		  POP3_STATE_NAMED = 0x02,         /* USER was accepted */
		  POP3_STATE_SASL_PLAIN = 0x04,    /* the next line is a response, not a command */
		  POP3_STATE_SASL_NAME = 0x08,     /* LOGIN: user name */
		  POP3_STATE_SASL_PASSWORD = 0x10, /* LOGIN: password */
		  POP3_STATE_HANDSHAKE = 0x20,     /* between the +OK of STLS and TLS */
		  POP3_STATE_TRANSACTION = 0x40,
		  POP3_STATE_UPDATE = 0x80, /* QUIT was given, removal is under way */
		  POP3_STATE_CLOSED = 0x100,
		  POP3_STATE_SASL_EXCHANGE = 0x200 /* a response in one of the owner's mechanisms */
};

#define POP3_STATES_LOGIN (POP3_STATE_AUTHORIZATION | POP3_STATE_NAMED)
#define POP3_STATES_SASL                                                                           \
	(POP3_STATE_SASL_PLAIN | POP3_STATE_SASL_NAME | POP3_STATE_SASL_PASSWORD |                 \
	 POP3_STATE_SASL_EXCHANGE)
#define POP3_STATES_ALL (POP3_STATES_LOGIN | POP3_STATE_TRANSACTION)

enum pop3_next { POP3_NEXT, POP3_WAIT, POP3_CLOSE };

enum pop3_ask {
	POP3_ASK_NONE,
	POP3_ASK_LOGIN,
	POP3_ASK_EXCHANGE,
	POP3_ASK_MESSAGE,
	POP3_ASK_REMOVE,
	POP3_ASK_QUOTA
};

enum pop3_answer_kind {
	POP3_ANSWER_NONE,
	POP3_ANSWER_OPENED,
	POP3_ANSWER_CHALLENGE,
	POP3_ANSWER_MESSAGE,
	POP3_ANSWER_REFUSED,
	POP3_ANSWER_REMOVED,
	POP3_ANSWER_QUOTA
};

struct pop3_answer {
	enum pop3_answer_kind kind;
	enum pop3_code code;
	enum outcome outcome;
	uint64_t used, limit; /* QUOTA */
	char *text; /* owned; NULL = the engine's words. CHALLENGE: the line */
};

enum pop3_long_kind { POP3_LONG_NONE, POP3_LONG_LIST, POP3_LONG_UIDL, POP3_LONG_MESSAGE };

struct pop3_long {
	enum pop3_long_kind kind;
	size_t next;      /* LIST, UIDL: number of the next message to list; MESSAGE: its number */
	uint64_t lines;   /* TOP: body lines still to be sent */
	bool top;         /* stop after `lines` lines of the body */
	bool in_body;     /* TOP: the empty line has passed */
	struct dot_stuff stuff;
	bool line_cr;     /* TOP: this line is one CR so far */
	bool line_filled; /* TOP: this line is not empty */
};

struct pop3_server {
	const struct pop3_profile *profile;
	const struct pop3_calls *calls;
	void *owner;
	enum pop3_state state;
	enum pop3_ask asked;
	unsigned errors;
	bool secure, certificate;
	bool proxied;    /* XPROXIED was said */
	bool begun;      /* the owner was asked in an exchange and has given no final answer */
	bool inside;     /* the pump is on the stack: answers wait for it */
	bool held;       /* the output is over its watermark: no more commands */
	bool swallowing; /* the rest of a line that was too long */
	bool discarding; /* STLS was accepted: what came with it in plain text is thrown away */
	char *user;      /* USER or AUTH LOGIN, until the password comes */
	const struct mechanism *mechanism; /* of the exchange under way */
	struct pop3_answer answer;
	const struct pop3_maildrop *maildrop; /* the owner's */
	unsigned char *deleted;               /* one bit a message; NULL = none is */
	size_t *numbers;                      /* what ask_remove was given */
	size_t count;                         /* messages not deleted */
	uint64_t octets;                      /* of them */
	struct pop3_long reply;
};

struct pop3_command {
	const char *verb; /* upper case, from the table; NULL when unknown */
	struct span argument;
	size_t number; /* of an existing message, for verbs with POP3_RULE_MESSAGE */
};

/* pop3_reply.c: short replies. */
void pop3_write_text(struct pop3_server *server, const char *text);
/* "+OK " and one line. */
enum pop3_next pop3_ok(struct pop3_server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "-ERR " with a response code; what names the command for the log, never a stranger's bytes. */
enum pop3_next pop3_error(struct pop3_server *server, const char *what, enum pop3_code code,
			  const char *text);
/* The same for a client's mistake: POP3_CLOSE when there were too many. */
enum pop3_next pop3_mistake(struct pop3_server *server, const char *what, enum pop3_code code,
			    const char *text);
void pop3_note(struct pop3_server *server, const char *event, const char *what, const char *reply);

/* pop3_verbs.c */
enum pop3_next pop3_line_run(struct pop3_server *server, struct span line);
/* NULL, or why passwords in clear text are not taken now. */
const char *pop3_basic_fault(const struct pop3_server *server);
bool pop3_text_clean(struct span text); /* UTF-8 without control characters */

/* pop3_password.c: USER and PASS, PLAIN and LOGIN. */
enum pop3_next pop3_step_user(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_pass(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_password_decoded(struct pop3_server *server, const char *bytes, size_t length);
void pop3_user_forget(struct pop3_server *server);

/* pop3_quota.c: XQUOTA, an extension of ours. */
enum pop3_next pop3_step_quota(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_answer_quota(struct pop3_server *server, const struct pop3_answer *answer);

/* pop3_auth.c */
enum pop3_next pop3_step_auth(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_sasl_response(struct pop3_server *server, struct span line);
enum pop3_next pop3_sasl_fault(struct pop3_server *server, const char *text);
/* Octets of the line that the input begins with, if AUTH has to do with it; else 0. */
size_t pop3_auth_limit(const struct pop3_server *server, struct span input);
/* The names of what is usable now, each between the two texts. */
void pop3_auth_list(const struct pop3_server *server, struct buffer *list, const char *before,
		    const char *behind);
void pop3_exchange_drop(struct pop3_server *server); /* tells the owner, if it was asked */

/* pop3_session.c */
enum pop3_next pop3_step_capa(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_utf8(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_lang(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_proxied(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_stls(struct pop3_server *server, const struct pop3_command *command);

/* pop3_transaction.c */
enum pop3_next pop3_step_stat(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_list(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_uidl(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_retr(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_top(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_dele(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_rset(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_noop(struct pop3_server *server, const struct pop3_command *command);
enum pop3_next pop3_step_quit(struct pop3_server *server, const struct pop3_command *command);
/* Reads a number that names a message still there; says -ERR and sets *next when it does not. */
bool pop3_message_find(struct pop3_server *server, const char *what, struct span text,
		       size_t *number, enum pop3_next *next);
bool pop3_message_deleted(const struct pop3_server *server, size_t number);
const struct maildrop_entry *pop3_entry(const struct pop3_server *server, size_t number);

/* pop3_answer.c: what the owner answered, once the pump may look at it. */
enum pop3_next pop3_answer_apply(struct pop3_server *server);

/* pop3_long.c: starts or goes on; POP3_WAIT while the output is full. */
enum pop3_next pop3_long_run(struct pop3_server *server);

#endif
