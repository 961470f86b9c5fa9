/* SPDX-License-Identifier: ISC */
/*
 * What every role does first: take the control channel that the master left on
 * descriptor 3, read MESSAGE_START, parse the configuration it carries.
 */
#ifndef DAEMON_ROLE_H
#define DAEMON_ROLE_H

#include "daemon/message.h"

#define ROLE_CONTROL_FD 3

struct conf;
struct packet;

struct role_start {
	enum role role;
	struct message_start start;
	struct conf *conf;
	int control; /* the channel to the master */
	int parent;  /* the master's pid */
};

/* Dies with a log line when the master sent anything else. */
void role_begin(struct role_start *begin, enum role role, const char *conf_name);
/* Becomes <prefix>-<role> when root, gives up what the role does not need, filters; dies when it cannot. */
void role_confine(const struct role_start *begin, const char *chroot);
void role_ready(const struct role_start *begin);
/* MESSAGE_LOG: the log's new descriptor in place of 2. */
void role_take_log(enum role role, const struct packet *packet);
/* All of a descriptor's content, at most `limit` octets; NULL on trouble. Terminated; *length without NUL. Closes fd. */
char *role_read_all(int fd, size_t limit, size_t *length);

/* The roles: each runs until the master is gone or says so, and returns an exit code. */
int frontend_main(struct role_start *begin);
int directory_main(struct role_start *begin);
int store_main(struct role_start *begin);
int local_main(struct role_start *begin);
int relay_main(struct role_start *begin);
int resolver_main(struct role_start *begin);

#endif
