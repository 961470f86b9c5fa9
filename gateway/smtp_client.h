/* SPDX-License-Identifier: ISC */
/*
 * The client side of an SMTP or LMTP session (RFC 5321, 2033, 1870, 2034, 2920, 3030,
 * 3207, 3461, 4954, 6152, 6531, 8689): bytes in, bytes out, a struct of calls. Pure, as
 * smtp_server.h is, and never calls back into itself: what the owner does inside a call
 * is taken when that call returns.
 *
 * A session: greeting, EHLO (HELO where it must be), STARTTLS and EHLO again, AUTH, then
 * transactions as long as the owner has some, then QUIT. Commands of a transaction go
 * in one piece where PIPELINING is offered, the body in BDAT where CHUNKING is. Whatever
 * a server can grow is capped.
 */
#ifndef GATEWAY_SMTP_CLIENT_H
#define GATEWAY_SMTP_CLIENT_H

#include "base/outcome.h"
#include "mail/envelope.h"

#define SMTP_CLIENT_LINE_MAX      2048  /* of a reply line that counts; longer ones are cut */
#define SMTP_CLIENT_CHALLENGE_MAX 12288 /* the same, in AUTH (RFC 4954 section 4) */
#define SMTP_CLIENT_REPLY_MAX     65536 /* octets of one reply; more ends the session */
/* Of a reply, kept for the report: its lines joined by blanks, a status in front if the server gave
 * one. */
#define SMTP_CLIENT_TEXT_MAX 500

enum smtp_client_tls { SMTP_CLIENT_TLS_NEVER, SMTP_CLIENT_TLS_MAY, SMTP_CLIENT_TLS_MUST };

struct smtp_client_profile { /* of one session; the owner's, constant while it lasts */
	const char *name;    /* ours, in EHLO */
	bool lmtp;
	bool helo;     /* HELO at once: no extension is used */
	bool reversed; /* ATRN (RFC 2645): the peer's greeting is due as always, but the connection
			  was its own */
	bool secure;   /* TLS is on from the first octet */
	enum smtp_client_tls tls;
	bool login; /* AUTH is to be used: without it nothing is sent */
};

struct smtp_client_offer { /* what EHLO said, after TLS if there is some */
	bool esmtp, pipelining, size, eightbitmime, chunking, binarymime, smtputf8, dsn, enhanced,
		starttls, requiretls;
	uint64_t size_max;    /* of SIZE; 0 = none told */
	char mechanisms[512]; /* behind AUTH; "" = none */
	char name[256];       /* the first word of the reply: who the server says it is */
};

struct smtp_client_reply { /* a reply, or what we say in the place of one */
	unsigned code;     /* 0 = none came: text says why */
	char status[12]; /* "5.1.1"; made from the code where the server gave none or one of another
			    class */
	char text[SMTP_CLIENT_TEXT_MAX + 1]; /* printable */
};

struct smtp_client_message {
	const struct envelope *envelope; /* all its recipients are tried */
	const char *sender; /* instead of the envelope's, already rewritten (masquerade); NULL = the
			       envelope's */
	uint64_t size;      /* octets of the body, wire form */
	bool has_8bit;      /* the content has octets above 127: needs 8BITMIME */
	bool header_utf8;   /* the header has: needs SMTPUTF8 */
};

/* When it is said that a session cannot be used: what the owner does next. */
enum smtp_client_end {
	SMTP_CLIENT_ORDERLY,  /* QUIT was answered, or need not be */
	SMTP_CLIENT_TRY_NEXT, /* this host is not able now: another host may be */
	SMTP_CLIENT_LATER,    /* nobody will be: 4yz for the hop */
	SMTP_CLIENT_NEVER /* 5yz for the hop: refused us for good (greeting 5yz), login impossible
			   */
};

struct smtp_client_calls {
	void (*write)(void *owner, const char *bytes,
		      size_t length); /* many may come: send when feed returns */
	void (*start_tls)(
		void *owner); /* answered by smtp_client_secured, or the connection fails */
	/* AUTH: the first challenge is empty. Answered by smtp_client_respond. */
	void (*ask_login)(void *owner, bool first, const struct smtp_client_offer *offer,
			  struct span challenge);
	void (*ready)(void *owner); /* logged in, idle: smtp_client_send or smtp_client_quit */
	/* The body from `offset`; the owner gives it by smtp_client_body until `length` octets are
	 * there. */
	void (*ask_body)(void *owner, uint64_t offset, size_t length);
	/* One recipient is decided. Each exactly once for each smtp_client_send, in any order,
	 * before `sent`. */
	void (*result)(void *owner, size_t recipient, enum outcome outcome,
		       const struct smtp_client_reply *reply);
	void (*sent)(
		void *owner); /* the transaction is over; `ready` follows if the session is good */
	/* Once, at last. Recipients without a result were told TEMP before. */
	void (*ended)(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why);
	/* How long the peer may take for what it owes now (RFC 5321 4.5.3.2): greeting 300, MAIL
	 * 300, RCPT 300, DATA 120, a block of the body 180, the final dot 600, others 300. 0 = it
	 * owes nothing. */
	void (*patience)(void *owner, unsigned seconds);
};

struct smtp_client;

struct smtp_client *smtp_client_new(const struct smtp_client_profile *profile,
				    const struct smtp_client_calls *calls, void *owner);
/* Calls nothing; inside a call too, of which none comes afterwards. */
void smtp_client_free(struct smtp_client *client);
void smtp_client_connected(struct smtp_client *client);
/* All of the input is taken. */
void smtp_client_feed(struct smtp_client *client, const char *bytes, size_t length);
/* After start_tls. All that was known before is forgotten. */
void smtp_client_secured(struct smtp_client *client);
/* TEMP or PERM: no login; then `ended`. has_response false: no initial response. */
void smtp_client_respond(struct smtp_client *client, enum outcome outcome, const char *mechanism,
			 bool has_response, struct span response, const char *text);
/* In `ready` only. The message is the owner's until `sent` or `ended`. */
void smtp_client_send(struct smtp_client *client, const struct smtp_client_message *message);
void smtp_client_body(struct smtp_client *client, const char *bytes, size_t length);
/* The message cannot be read any more: what is sent cannot be taken back, so `ended` follows and
 * the connection must be cut, without an end of the message. */
void smtp_client_body_failed(struct smtp_client *client);
void smtp_client_quit(struct smtp_client *client);
/* The network failed, or the peer took too long: `why` is for the report ("connection lost after
 * DATA"). */
void smtp_client_lost(struct smtp_client *client, const char *why);
const struct smtp_client_offer *smtp_client_offered(const struct smtp_client *client);
/* For reports: what was being done, "greeting", "EHLO", "RCPT TO". "end of data": all of the
 * message is sent, and a server that is lost now may have taken it. */
const char *smtp_client_doing(const struct smtp_client *client);

#endif
