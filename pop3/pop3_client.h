/* SPDX-License-Identifier: ISC */
/*
 * The client side of a POP3 session as far as its login (RFC 1939, 2449, 2595, 5034): greeting,
 * STLS, CAPA, then USER and PASS or AUTH. What comes behind is the owner's. Bytes in, bytes out, a
 * struct of calls, as the servers' engines; no I/O, no memory but a few words.
 */
#ifndef POP3_POP3_CLIENT_H
#define POP3_POP3_CLIENT_H

#include "base/outcome.h"
#include "base/span.h"
#include "pop3/pop3_server.h"

#define POP3_CLIENT_LINE_MAX 16384 /* octets of a reply line; a challenge is the longest */
#define POP3_CLIENT_CAPA_MAX 100   /* lines of a list of capabilities */
#define POP3_CLIENT_TEXT_MAX 400   /* of a reply's text what is told */

struct pop3_client_profile { /* constant while the client lives */
	bool starttls;       /* STLS before anything else */
	bool proxied; /* XPROXIED, where it is offered: a session like this is not sent on once more
		       */
};

struct pop3_client_offer {
	bool user;            /* USER and PASS; also when the server knows no CAPA */
	bool proxied;         /* XPROXIED */
	char mechanisms[512]; /* "PLAIN GSSAPI", those that fit */
};

enum pop3_client_end {
	POP3_CLIENT_REFUSED, /* the server did not take the login: `code` and `text` are its reply
			      */
	POP3_CLIENT_BROKEN   /* it came to no login; `text` says why */
};

struct pop3_client_failure {
	enum pop3_client_end end;
	enum pop3_code code;
	char text[POP3_CLIENT_TEXT_MAX + 1]; /* printable ASCII */
};

struct pop3_client_calls {
	void (*write)(void *owner, const char *bytes, size_t length);
	void (*start_tls)(void *owner); /* then pop3_client_secured */
	/*
	 * first: how to log in, by the offer. Then a challenge, decoded. -> pop3_client_password,
	 * which answers the first only, or pop3_client_respond; from inside the call or later.
	 */
	void (*ask_login)(void *owner, bool first, const struct pop3_client_offer *offer,
			  struct span challenge);
	/* Logged in; `text` is that of the server's +OK, in printable ASCII. The client has done.
	 */
	void (*opened)(void *owner, const char *text);
	/* No login; once. The client has done. */
	void (*failed)(void *owner, const struct pop3_client_failure *failure);
};

struct pop3_client;

struct pop3_client *pop3_client_new(const struct pop3_client_profile *profile,
				    const struct pop3_client_calls *calls, void *owner);
void pop3_client_free(struct pop3_client *client); /* wipes; in any call of its own too */
/*
 * How much was used: whole lines. The rest is to be offered again with what comes behind it.
 * Nothing is used behind `opened` or `failed`, nor while the owner is asked.
 */
size_t pop3_client_feed(struct pop3_client *client, const char *bytes, size_t length);
void pop3_client_secured(struct pop3_client *client);
void pop3_client_lost(struct pop3_client *client,
		      const char *why);                    /* `failed`, unless it is over */
bool pop3_client_asking(const struct pop3_client *client); /* ask_login is not answered yet */
/* Where the session is, for the log: "greeting", "STLS". */
const char *pop3_client_doing(const struct pop3_client *client);

/* The answer to the first ask_login: AUTH PLAIN where it is offered, else USER and PASS. */
void pop3_client_password(struct pop3_client *client, const char *user, const char *password);
/* OK: what to say; mechanism and has_response count with the first. Otherwise text says why not. */
void pop3_client_respond(struct pop3_client *client, enum outcome outcome, const char *mechanism,
			 bool has_response, struct span response, const char *text);

#endif
