/* SPDX-License-Identifier: ISC */
/* What an administrator has done to waiting mail: one order a message to the store, counted. */
#ifndef DAEMON_CONTROL_QUEUE_H
#define DAEMON_CONTROL_QUEUE_H

#include "base/buffer.h"

struct master;

/*
 * words: "retry ID ID ..." (hold, release, remove, bounce). True: the client is answered, and
 * closed, later; false: what is wrong is in reply.
 */
bool control_queue(struct master *master, int client, struct span words, struct buffer *reply);
/* control.c: sends it to the client, whole or not at all. */
void control_say(int client, struct span reply);

#endif
