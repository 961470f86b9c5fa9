/* SPDX-License-Identifier: ISC */
/*
 * One connection on which mail goes out: joins a stream to gateway/smtp_client.h. The
 * engine's patience becomes a timer, its wish for a login questions to the directory
 * role, its wish for the body reads of a descriptor. Where to and what is the owner's:
 * the relay role, or a frontend after ATRN, whose stream it already is.
 */
#ifndef DAEMON_OUTGOING_SESSION_H
#define DAEMON_OUTGOING_SESSION_H

#include "gateway/smtp_client.h"
#include "io/tls.h"

struct channel;
struct event_base;
struct outgoing_body;
struct outgoing_session;
struct stream;

struct outgoing_way { /* of one connection; the owner's, constant while it lasts */
	struct event_base *base;
	struct smtp_client_profile profile;
	const char *host;       /* its name, or its address as text */
	unsigned patience;      /* seconds a peer is waited for at most; 0 = as the engine says */
	struct tls_client *tls; /* NULL: no TLS can be had */
	struct tls_wish wish;
	const char *remote, *server; /* whose login: struct message_client */
	struct span elsewhere;	     /* or whose: POP3, of a frontend; empty otherwise */
	struct channel **directory;  /* NULL while that role is away */
	uint32_t *exchanges;         /* numbers given to logins on that channel */
};

struct outgoing_calls {             /* none of them may free the session but `ended` */
	void (*ready)(void *owner); /* outgoing_session_send, _quit, or later */
	void (*result)(void *owner, size_t recipient, enum outcome outcome,
		       const struct smtp_client_reply *reply);
	void (*sent)(void *owner);
	/* Once; then it is to be freed. */
	void (*ended)(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why);
};

/* Connects; NULL with errno when there is no socket for it. */
struct outgoing_session *outgoing_session_connect(const struct outgoing_way *way,
						  const unsigned char address[16], uint16_t port,
						  unsigned connect_seconds,
						  const struct outgoing_calls *calls, void *owner);
/* On a stream of the owner's, who brings what comes from it: outgoing_session_input and so on. */
struct outgoing_session *outgoing_session_new(const struct outgoing_way *way, struct stream *stream,
					      const struct outgoing_calls *calls, void *owner);
/* Closes a stream of its own at once. */
void outgoing_session_free(struct outgoing_session *session);

/* In `ready`, or while nothing is sent. Both are the owner's until `sent` or `ended`. */
void outgoing_session_send(struct outgoing_session *session,
			   const struct smtp_client_message *message,
			   const struct outgoing_body *body);
void outgoing_session_quit(struct outgoing_session *session);
/* The owner has had enough: as if the connection were lost. `ended` follows before this returns. */
void outgoing_session_cut(struct outgoing_session *session, const char *why);

const struct smtp_client_offer *outgoing_session_offered(const struct outgoing_session *session);
const char *outgoing_session_doing(const struct outgoing_session *session);
/* "TLSv1.3"; "" = not encrypted. */
const char *outgoing_session_tls(const struct outgoing_session *session);
bool outgoing_session_verified(const struct outgoing_session *session);
bool outgoing_session_tls_failed(const struct outgoing_session *session); /* in the handshake */
bool outgoing_session_login_failed(const struct outgoing_session *session);

/* What the owner of the stream passes on. */
size_t outgoing_session_input(void *session, const char *bytes, size_t length);
void outgoing_session_drained(void *session);
void outgoing_session_connected(void *session);
void outgoing_session_secured(void *session, const char *version, const char *cipher);
void outgoing_session_gone(void *session, const char *why);

#endif
