/* SPDX-License-Identifier: ISC */
/*
 * Files of pickup directories: asks the store for one every second, reads what stands in
 * it (mail/pickup.h), writes the message into a spool file and has it put into the
 * queue with all recipients; then the store takes the file away. What is wrong with a
 * file the store is told, and sets it aside.
 */
#ifndef RELAY_PICKUP_H
#define RELAY_PICKUP_H

#include <stdbool.h>
#include <stddef.h>

struct relay;

/* Asks, if a server has a pickup directory and no ask is open. */
void pickup_tick(struct relay *relay);

#endif
