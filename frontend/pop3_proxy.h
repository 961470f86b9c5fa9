/* SPDX-License-Identifier: ISC */
/*
 * A POP3 session whose mailbox is at another host: pop3_proxy.c has the connection made
 * (daemon/message_dial.h) and logs in there, by pop3/pop3_client.h; from then on pop3_pipe.c
 * carries octets both ways and understands none of them. Ours ends with theirs, and the other way
 * round.
 */
#ifndef FRONTEND_POP3_PROXY_H
#define FRONTEND_POP3_PROXY_H

#include "auth/elsewhere.h"
#include "daemon/message_directory.h"
#include "daemon/outgoing_login.h"
#include "pop3/pop3_client.h"

struct frontend;
struct pop3_session;
struct stream;

struct pop3_secret { /* what the client has logged in with, until it is shown there */
	char user[POP3_NAME_MAX + 1];
	char password[POP3_PASSWORD_MAX + 1];
};

enum pop3_proxy_state {
	PROXY_DIALLING, /* the relay is asked */
	PROXY_LOGIN,    /* the engine has the stream */
	PROXY_OPEN,     /* a pipe */
	PROXY_LEAVING   /* the client is gone: what it has said goes out, then it is over */
};

struct pop3_proxy {
	struct pop3_session *pop3; /* NULL: LEAVING */
	enum pop3_proxy_state state;
	struct stream *stream;
	struct pop3_client *client; /* LOGIN */
	struct pop3_client_profile profile;
	struct outgoing_login login; /* of ours, there */
	struct outgoing_way way;     /* as far as that needs it */
	bool named;                  /* the mechanism was said */
	char ticket[ELSEWHERE_SIZE_MAX];
	size_t ticket_length;
	char host[256], address[64], who[324], session[SESSION_SIZE];
	uint64_t up, down; /* octets: of the client, of the host */
};

/* Before the sandbox: who vouches for certificates of such hosts. */
void pop3_proxy_load(struct frontend *frontend);
/* Keeps the password for a login there, if there may be one. Wiped by pop3_proxy_forget. */
void pop3_proxy_keep(struct pop3_session *pop3, const struct pop3_login *login);
void pop3_proxy_forget(struct pop3_session *pop3);
/* The login was good and the mailbox is at identity->host: goes there, or refuses. */
void pop3_proxy_begin(struct pop3_session *pop3, const struct message_identity *identity);
/* There is a pipe: the engine has nothing more to say. */
bool pop3_proxy_is_open(const struct pop3_session *pop3);
/* At once, without a word to the host: so it removes nothing. Nothing to do without one. */
void pop3_proxy_cut(struct pop3_session *pop3);
/* The client is gone; what it said last, QUIT maybe, still goes there. */
void pop3_proxy_leave(struct pop3_session *pop3);

/* pop3_pipe.c */
extern const struct stream_calls pop3_proxy_stream;
size_t pop3_pipe_input(struct pop3_session *pop3, const char *bytes, size_t length);
void pop3_pipe_drained(struct pop3_session *pop3);
void pop3_proxy_free(struct pop3_proxy *proxy); /* closes; the session has none any more */

#endif
