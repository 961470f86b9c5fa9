/* SPDX-License-Identifier: ISC */
/*
 * The server side of an SMTP session (RFC 5321, 1870, 1985, 2034, 2645, 2920, 3030,
 * 3207, 3461, 4954, 6152, 6531, 8689, 9422): bytes in, bytes out, a struct of calls. It
 * does no I/O, knows no directory and no disk, and never calls back into itself:
 * an answer given inside the call that asked is taken when that call returns.
 *
 * At most one ask is outstanding; while it is, input waits. The owner feeds what
 * the network brings with smtp_server_feed and must not feed again before what is
 * left over was consumed. Everything a client can grow is capped by the profile.
 */
#ifndef GATEWAY_SMTP_SERVER_H
#define GATEWAY_SMTP_SERVER_H

#include "base/outcome.h"
#include "mail/envelope.h"
#include "mail/mechanism.h"

#define SMTP_LINE_MAX   2048  /* command line with CRLF; RFC 5321 4.5.3.1.4 plus extensions */
#define SMTP_LOGIN_MAX  12288 /* AUTH lines of PLAIN and LOGIN; RFC 4954 section 4 */
#define SMTP_AUTH_MAX   65536 /* of the owner's mechanisms: tickets of people in many groups */
#define SMTP_TEXT_MAX   1000  /* text line with CRLF, 4.5.3.1.6; longer ones are taken as well */
#define SMTP_REASON_MAX 400   /* reply text */

/* What one virtual server offers on one kind of listener. Shared, constant. */
struct smtp_profile {
	const char *fqdn;           /* in the greeting, EHLO and Received */
	const char *default_domain; /* appended to addresses without a domain, and to user names */
	bool starttls;              /* offered while the session is plain */
	bool anonymous;             /* MAIL allowed without AUTH */
	bool basic;                 /* AUTH PLAIN and LOGIN */
	bool basic_without_tls;
	const struct mechanism *mechanisms; /* that AUTH offers besides; NULL = none */
	bool etrn; /* somebody's mail waits here to be asked for (RFC 1985) */
	bool atrn; /* and some account may have it brought on its own connection (RFC 2645) */
	uint64_t message_size;              /* octets; 0 = none */
	uint64_t session_size;              /* octets of bodies; 0 = none */
	unsigned recipients;   /* a message; the next one gets 452 4.5.3; 0 = no limit, as below */
	unsigned hops;         /* Received headers; more is 554 5.4.6 */
	unsigned bad_commands; /* after so many errors, since the last message: 421 4.7.0, close */
	unsigned refused_recipients; /* likewise, after so many more refused for good than taken */
};

/* Words of replies that are told elsewhere too. */
#define SMTP_SENDER_OK      "Sender ok"               /* 250 2.1.0 */
#define SMTP_RECIPIENT_OK   "Recipient ok"            /* 250 2.1.5 */
#define SMTP_NEEDS_LOGIN    "Authentication required" /* 530 5.7.0 */

struct smtp_reply {         /* the answer to an ask when it is not a plain yes */
	unsigned code;      /* 0 = the engine's own words for the outcome */
	const char *status; /* "5.1.1"; NULL with code 0 */
	const char *text;   /* one line, no CR or LF; copied */
};

struct smtp_login {
	const char *mechanism; /* "PLAIN" or "LOGIN" */
	const char *authzid;   /* PLAIN only; "" = none */
	const char *user;      /* as typed */
	const char *password;  /* never empty, never with NUL; wiped by the engine after the call */
};

struct smtp_delivery { /* the finished message, for the commit */
	const struct envelope *envelope;
	uint64_t size; /* octets written through `body`, trace headers included */
	uint64_t sent; /* octets of the message as the client sent it: what SIZE= speaks of (RFC 1870) */
	unsigned hops; /* Received headers found */
};

struct smtp_calls {
	/* Reply bytes. Many calls may come in a row: send when feed or answer returns. */
	void (*write)(void *owner, const char *bytes, size_t length);
	/* The 220 was written: drop unread input, handshake, then smtp_server_tls_started. */
	void (*start_tls)(void *owner);
	/* Nothing follows: send what was written, then close. */
	void (*close)(void *owner);

	/* Asks. Each is answered by smtp_server_answer (login: with who). */
	void (*ask_login)(void *owner, const struct smtp_login *login);
	/*
	 * The next message of an exchange in one of the profile's mechanisms. Answered by
	 * smtp_server_challenge, to hear the client once more, or finally, as a login is. Data
	 * that goes with a success is sent as a challenge, to which the client responds with
	 * nothing: no reply of RFC 4954 carries any.
	 */
	void (*ask_exchange)(void *owner, const struct mechanism_message *message);
	/*
	 * An exchange that was asked for ends without a final answer: the client cancelled it or
	 * sent what is no response, or the session ends. Forget its state. Called before close;
	 * also while its ask is outstanding, the answer to which is not wanted any more. Never
	 * behind a final answer, never twice.
	 */
	void (*drop_exchange)(void *owner);
	/*
	 * ETRN: send what waits for that domain; `below`: for all below it. The name is lower case.
	 * OK with 250, 251, 252 or 253; TEMP with 458, or 459 for who may not. NULL: nobody may.
	 */
	void (*ask_release)(void *owner, const char *domain, bool below);
	/*
	 * ATRN, of somebody who has logged in: domains, lower case, with commas between; "" = all
	 * that he may. OK: `turn` follows. TEMP with 450, 451 or 453.
	 */
	void (*ask_turn)(void *owner, const char *domains);
	/*
	 * The 250 was written: from now on the peer is the server, and the connection the owner's;
	 * what came behind the command is thrown away. The engine calls nothing any more.
	 */
	void (*turn)(void *owner);
	/* At MAIL: the names of the client may be told before the answer. */
	void (*ask_sender)(void *owner, const struct envelope *envelope);
	/* recipient is the last of the envelope; an answer that is not OK takes it out again. */
	void (*ask_recipient)(void *owner, struct envelope *envelope,
			      struct envelope_recipient *recipient);
	void (*ask_spool)(void *owner, const struct envelope *envelope); /* a place for the body */
	void (*ask_commit)(void *owner, const struct smtp_delivery *delivery);

	/* Message in wire form, CRLF, not dot-stuffed. False: disk trouble (452 4.3.1 later). */
	bool (*body)(void *owner, const char *bytes, size_t length);
	/*
	 * A transaction that asked for its sender is over without a commit: forget the place and
	 * what hangs on the envelope, which is gone when this returns. Called before close as well;
	 * never twice.
	 */
	void (*discard)(void *owner);
	/*
	 * For the log. "smtp.refused": every 4yz and 5yz; "smtp.accepted": detail tells sender,
	 * number of recipients, size, protocol; "smtp.auth": a login, detail is the name as typed,
	 * of an exchange the identity (refused before it was told one: the mechanism); "smtp.tls".
	 * reply is the line as sent, or NULL. detail is the argument of the command, never a
	 * password, or NULL.
	 */
	void (*note)(void *owner, const char *event, const char *detail, const char *reply);
	/* False: enough is written that the peer has not taken. No further command is obeyed. */
	bool (*writable)(void *owner);
};

struct smtp_server;

/* client: "192.0.2.1" for Received. session: the id in Received and replies. Both are copied. */
struct smtp_server *smtp_server_new(const struct smtp_profile *profile,
				    const struct smtp_calls *calls, void *owner, const char *client,
				    const char *session);
/* Wipes; calls no call, drop_exchange and discard included. */
void smtp_server_free(struct smtp_server *server);

void smtp_server_greet(struct smtp_server *server); /* 220 */
/* 421 4.3.2 instead, then close. */
void smtp_server_refuse(struct smtp_server *server, const char *why);
void smtp_server_timeout(struct smtp_server *server); /* 421 4.4.2, then close */
/* 421 4.3.2 at the next command outside a transaction. */
void smtp_server_shutdown(struct smtp_server *server);

/* The login is not good any more: 421 4.7.0 at the next command, or at once between transactions.
 */
void smtp_server_expel(struct smtp_server *server);

/*
 * Takes as much of the input as can be used now and returns how much that was.
 * Less than length: a partial command line (feed it again with more behind it),
 * an ask is outstanding (feed the rest after it was answered), or the peer does not
 * take its replies (feed the rest when it has).
 */
size_t smtp_server_feed(struct smtp_server *server, const char *bytes, size_t length);
bool smtp_server_waiting(const struct smtp_server *server); /* an ask is outstanding */

/*
 * reply may be NULL: the engine's own words. For OUTCOME_OK of a commit, text may name the queue
 * id. A code whose class does not fit the outcome (2yz, 4yz, 5yz) is not used. Without an ask
 * outstanding, because the session ended meanwhile, this does nothing.
 */
void smtp_server_answer(struct smtp_server *server, enum outcome outcome,
			const struct smtp_reply *reply);
/* The answer to ask_exchange that wants another response: 334 with the token, which is copied. */
void smtp_server_challenge(struct smtp_server *server, struct span token);
/*
 * Who the login proved; call before answering OK, in an exchange always. Copied. Received never
 * shows it.
 */
void smtp_server_identify(struct smtp_server *server, const char *who);
/*
 * What reverse DNS says of the client, for Received: its confirmed names with blanks between, ""
 * if it has none; NULL: the name servers gave no answer. Without this call Received says nothing
 * about it. Copied.
 */
void smtp_server_names(struct smtp_server *server, const char *names);
/*
 * TLS is on: "TLS1.3", "TLS_AES_256_GCM_SHA384" for Received. certificate: the client showed one
 * that was verified. All state before it is forgotten.
 */
void smtp_server_tls_started(struct smtp_server *server, const char *version, const char *cipher,
			     bool certificate);
bool smtp_server_idle(const struct smtp_server *server);            /* outside a transaction */
const char *smtp_server_identity(const struct smtp_server *server); /* NULL = anonymous */

#endif
