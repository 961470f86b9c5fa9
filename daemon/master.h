/* SPDX-License-Identifier: ISC */
/*
 * The master: reads the configuration, binds the ports, starts the roles,
 * introduces them to each other, restarts the dead with a throttle, reloads and
 * drains. It parses nothing that a stranger sent.
 *
 * A reload starts a new *generation*: a directory role, a resolver, a relay and
 * frontends with the new configuration. The old ones keep their sessions and jobs
 * until these end. The store is one for all generations, because it holds the
 * maildrop locks and the queue.
 */
#ifndef DAEMON_MASTER_H
#define DAEMON_MASTER_H

#include <sys/types.h>

#include "conf/conf.h"
#include "daemon/message.h"

struct channel;
struct event;
struct event_base;
struct control;

enum process_state { PROCESS_DOWN, PROCESS_STARTING, PROCESS_READY, PROCESS_LEAVING };

struct process {
	struct master *master;
	struct generation *generation; /* NULL: the store */
	enum role role;
	uint32_t index;
	enum process_state state;
	pid_t pid; /* 0 = none */
	struct channel *control;
	int64_t started; /* clock_ms */
	unsigned restarts;
	unsigned hurried; /* deaths in a row soon after the start: the next start waits longer */
	struct event *respawn;
};

struct generation {
	struct master *master;
	uint32_t number;
	struct conf *conf;
	char *text; /* of the configuration, for the roles */
	struct process directory;
	struct process local; /* started with method local only */
	struct process resolver, relay;
	struct process *frontends;
	uint32_t frontends_count;
	int tally;	     /* daemon/tally.h */
	bool up;       /* every process was ready once */
	bool retiring; /* a newer one is up */
	struct generation *next;
};

struct listening {
	char *address;
	uint16_t port;
	int fd;
	struct listening *next;
};

struct master {
	struct event_base *base;
	const char *conf_file;
	unsigned char key[TICKET_KEY_SIZE];
	struct generation *generations; /* newest first */
	uint32_t generation_last;
	struct process store;
	struct listening *listenings;
	struct control *control;
	char *store_text;		 /* of the configuration that the store started with, and keeps */
	uint32_t log_level, log_form;	 /* of the log that descriptor 2 is */
	struct event *signals[4];
	bool reload_due;		 /* asked for while another was under way */
	bool stopping;
	bool stopping_workers;
	int exit_code;
};

int master_main(const char *conf_file);

/* For the control socket. */
void master_reload(struct master *master);
void master_stop(struct master *master, int exit_code);
/* Calls for every process there is. */
void master_each(struct master *master, void (*call)(struct process *process, void *context), void *context);

/* process.c */
void process_init(struct process *process, struct master *master, struct generation *generation,
		  enum role role, uint32_t index);
void process_start(struct process *process);
void process_tell(struct process *process, enum message_kind kind, struct span body, int fd);
void process_leave(struct process *process, enum message_kind how); /* RETIRE or DRAIN */
void process_kill(struct process *process);
void process_died(struct process *process, int status); /* waitpid said so */
void process_clear(struct process *process);
const char *process_state_name(const struct process *process);

/* generation.c, called by process.c */
void master_process_ready(struct process *process);
void master_process_gone(struct process *process, bool failed);
const struct generation *master_conf_of(const struct process *process);

/* master.c */
void master_reload_again(struct master *master); /* if one was asked for while another was under way */
void master_stop_step(struct master *master);	 /* the next of a stop, when a process has ended */
bool master_log_switch(struct master *master, const struct conf *conf, char *why, size_t size);
void master_accuse(struct master *master, const struct message_peer *peer);
void master_tell_log(struct process *process); /* hands it the log of now */

/* listening.c: every address of the configuration is bound once, whatever generation uses it. False with *why. */
bool listenings_bind(struct master *master, const struct conf *conf, char *why, size_t size);
int listening_fd(const struct master *master, const struct conf_listen *listen);
void listenings_trim(struct master *master, const struct conf *conf); /* closes what it does not name; NULL: all */

/* place.c; false with *why. */
bool run_prepare(const struct conf *conf, char *why, size_t size);
bool pid_file(const struct conf *conf, char *why, size_t size);
void descriptors_raise(void);

/* logfile.c: makes descriptor 2 what the configuration says and returns false with *why if that fails. */
bool logfile_open(const struct conf *conf, char *why, size_t size);

#endif
