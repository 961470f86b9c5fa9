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

#define LOAD_OUT_SIZE  8192
#define LOAD_LINE_SIZE 1100

struct load_options {
	struct sockaddr_in server;
	const char *domain;
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
	bool login;               /* pop3-idle: log in first */
};

enum load_verdict { LOAD_GO, LOAD_END, LOAD_BAD };

struct load;

struct load_session {
	int fd;
	unsigned slot;
	int state;
	bool waits_writable;
	char out[LOAD_OUT_SIZE]; /* goes first */
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
	enum load_verdict (*line)(struct load *load, struct load_session *session, const char *line,
				  size_t length);
};

extern const struct load_protocol load_smtp, load_pop3_login, load_pop3_fetch, load_pop3_idle;

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
	char *block; /* smtp: the body all messages share, with its final dot */
	size_t block_length;
};

/* Queues text to be sent; at most LOAD_OUT_SIZE until all of it is gone. */
void load_send(struct load_session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* May one more message or session begin? Counts it. */
bool load_begin(struct load *load);
double load_clock(void);
bool load_smtp_prepare(struct load *load);

struct load_times {      /* seconds since the start */
	double accepted; /* the last session ended */
	double complete; /* and everything is delivered */
};

/* False when anything was not as expected. */
bool load_run(struct load *load, struct load_times *times);

#endif
