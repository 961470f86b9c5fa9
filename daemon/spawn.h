/* SPDX-License-Identifier: ISC */
/* Starts this binary again as a role, with a control channel on descriptor 3 and nothing else open. */
#ifndef DAEMON_SPAWN_H
#define DAEMON_SPAWN_H

#include <sys/types.h>

#include "base/span.h"
#include "daemon/message.h"

/* The binary's own path, found once at start: it may be replaced on disk later (an upgrade). */
bool spawn_init(void);
/* Pid, or -1. *control is the master's end. */
pid_t spawn_role(enum role role, const char *conf_name, int *control);
/* A memory file that holds the bytes; -1 when there is none to be had. */
int spawn_memory_file(struct span bytes);

#endif
