/* SPDX-License-Identifier: ISC */
/*
 * One file of a pickup directory on its way: its text into a spool file, that and the
 * envelope into the queue, and what came of it to the store that gave it.
 */
#ifndef RELAY_PICKUP_FILE_H
#define RELAY_PICKUP_FILE_H

#include "daemon/message_queue.h"
#include "relay/relay.h"

/*
 * From `claimed` on, whose descriptor it takes over; at the end it is freed and pickup_file_over
 * is called, at once or later.
 */
void pickup_file_take(struct relay *relay, const struct message_claimed *claimed, int fd);
void pickup_file_over(struct relay *relay); /* pickup.c */

#endif
