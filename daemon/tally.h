/* SPDX-License-Identifier: ISC */
/*
 * Connections that are open, counted by all frontends of a generation together: the
 * kernel gives most of them to one process while there are few, so that shares of
 * a limit would refuse people long before it is reached. Each process writes a row of
 * its own in memory that all map; what one counted that died is gone with its row.
 *
 * Addresses are hashed with a key of the master's into three buckets each; the smallest
 * counts. It can be too high, when others fall into all three, never too low.
 */
#ifndef DAEMON_TALLY_H
#define DAEMON_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_SERVERS 1024 /* those behind it are not limited */

struct tally;

/* The master's: a memory file for that many processes that nobody can resize; -1 when there is none
 * to be had. */
int tally_file(uint32_t processes);
/* Maps it and empties the own row; closes fd. NULL when it is not such a file. */
struct tally *tally_open(int fd, uint32_t processes, uint32_t own);
void tally_close(struct tally *tally);

/* One more (+1) or one less (-1); how many there are now. */
unsigned tally_server(struct tally *tally, size_t server, int step);
unsigned tally_address(struct tally *tally, size_t server, const char *address, int step);

#endif
