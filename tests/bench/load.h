/* SPDX-License-Identifier: ISC */
/*
 * The load generator: many client sessions in one thread, as cheap as they can be,
 * since it shares the processors with what it measures. A protocol is a function that
 * is given each reply line and answers what becomes of the session. Every reply that
 * is not the expected one is an error, and one error makes the run fail.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <gnutls/gnutls.h>

#define LOAD_OUT_SIZE  8192
#define LOAD_LINE_SIZE 1100

enum load_tls { LOAD_PLAIN, LOAD_STARTTLS, LOAD_IMPLICIT };

struct load_options {
	struct sockaddr_in server;
	const char *domain;
	const char *host;    /* auth-gssapi, auth-ntlm: the server's name in its service name */
	const char *tickets; /* auth-gssapi: directory with a file u0, u1, ... of each user */
	unsigned sessions;   /* at once */
	unsigned messages;   /* smtp: in one session */
	unsigned recipients; /* smtp: of one message */
	unsigned first_user, users;
	unsigned expect;          /* pop3-fetch: messages in each mailbox; 0 = any */
	size_t size;              /* smtp: octets of a message */
	uint64_t total;           /* smtp: messages, pop3: sessions; 0 = until the time is up */
	double seconds;           /* 0 = until the total is reached */
	const char *delivered_in; /* smtp: wait until the messages are in Maildirs below it */
	const char *run;          /* pop3-idle: command to run while all are held */
	bool login;               /* pop3-idle: log in first; smtp: AUTH PLAIN */
	unsigned processes;       /* pop3-idle: the sessions spread over so many */
	unsigned source;          /* 127.0.0.1 + it is the first source address */
	enum load_tls tls;
	bool resume; /* TLS sessions are resumed; otherwise each handshake is a whole one */
};

enum load_verdict { LOAD_GO, LOAD_END, LOAD_BAD };

struct load;

struct load_session {
	int fd;
	unsigned slot;
	int state;
	bool waits_writable;
	gnutls_session_t tls; /* NULL on plain connections */
	bool handshaking;
	bool corked;               /* what is left of out and body lies inside GnuTLS */
	void *context;             /* auth: of GSS-API, while the exchange lasts */
	gnutls_datum_t resumption; /* what the last session of this slot was given */
	char out[LOAD_OUT_SIZE];   /* goes first */
	size_t out_length;
	const char *body; /* goes after it */
	size_t body_length;
	size_t sent;
	char partial[LOAD_LINE_SIZE]; /* a line not yet complete */
	size_t partial_length;
	unsigned user;
	unsigned done;    /* messages of this session */
	unsigned replies; /* still expected in this state */
	unsigned count;   /* messages in the mailbox */
	uint64_t turns;   /* sessions this slot had */
};

struct load_protocol {
	const char *name;
	const char *unit;
	bool counts_inside; /* the work that is counted begins inside the session */
	enum load_verdict (*line)(struct load *load, struct load_session *session, const char *line,
				  size_t length);
};

extern const struct load_protocol load_smtp, load_smtp_rcpt, load_pop3_login, load_pop3_fetch,
	load_pop3_idle, load_auth_plain, load_auth_gssapi, load_auth_ntlm;

struct load {
	const struct load_options *options;
	const struct load_protocol *protocol;
	int epoll;
	struct load_session *sessions;
	unsigned opened, active, held;
	uint64_t begun, finished; /* messages (smtp) or sessions (pop3) */
	uint64_t fetched, octets; /* pop3-fetch: messages and their octets */
	uint64_t errors;
	double started;
	gnutls_certificate_credentials_t credentials;
	bool (*held_all)(struct load *load); /* pop3-idle: instead of the command */
	int barrier[2];
	char *block; /* smtp: the body all messages share, with its final dot */
	size_t block_length;
};

/* Queues text to be sent; at most LOAD_OUT_SIZE until all of it is gone. */
void load_send(struct load_session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* May one more message or session begin? Counts it. */
bool load_begin(struct load *load);
double load_clock(void);
uint64_t load_count_delivered(const char *root);
bool load_smtp_prepare(struct load *load);
/* Reads the tickets or makes a credential for each user, where the protocol needs one. */
bool load_auth_prepare(struct load *load);
/*
 * Who logs in next here. Slots own disjoint users where `users` is a multiple of
 * `sessions`: no lock is met twice.
 */
void load_user_next(const struct load *load, struct load_session *session);

struct load_times {      /* seconds since the start */
	double accepted; /* the last session ended */
	double complete; /* and everything is delivered */
};

/* False when anything was not as expected. */
bool load_run(struct load *load, struct load_times *times);
/* The same from several processes, each of which holds its part of idle connections. */
bool load_run_spread(struct load *load, struct load_times *times);

/* --- TLS, never verifying a certificate: that is the client's work, not the server's --- */

bool load_tls_prepare(struct load *load);
/* The session's next bytes are a TLS handshake; what is queued goes after it. */
bool load_tls_start(struct load *load, struct load_session *session);
/* Goes on with it as far as possible. False when it failed. */
bool load_tls_handshake(struct load *load, struct load_session *session);
void load_tls_close(struct load *load, struct load_session *session);
/* Like recv; bytes that GnuTLS has already read must be taken while load_tls_pending. */
ssize_t load_tls_receive(struct load_session *session, char *data, size_t size);
bool load_tls_pending(const struct load_session *session);
/* Sends out and body; false on failure, *complete tells whether all is gone. */
bool load_tls_flush(struct load_session *session, bool *complete);
const char *load_tls_error(const struct load_session *session);

#endif
