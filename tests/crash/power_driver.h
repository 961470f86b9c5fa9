/* SPDX-License-Identifier: ISC */
/* What the two halves of power_driver share. */
#ifndef TESTS_CRASH_POWER_DRIVER_H
#define TESTS_CRASH_POWER_DRIVER_H

#include "queue/queue.h"
#include "store/store.h"

#define TEXT  8192
#define TOKEN 24

/* power_driver.c */
void say(const char *what, const char *token, unsigned first, unsigned count);
size_t text_fill(char text[TEXT], const char *token);
int spool_filled(struct store *store, const char *token); /* -1: none */
enum outcome boxes_deliver(struct store *store, int fd, const char *token, unsigned first,
			   unsigned count);

/* power_queue.c */
struct queue *queue_below(const char *root);
/* To one to three others; with `count` also into so many boxes, as one message. */
void queue_deliver(struct queue *queue, struct store *store, const char *token, unsigned first,
		   unsigned count);
void queue_work_off(struct queue *queue, unsigned dice);
/* Says what waits (HAS, from 100 on), who was told (TOLD), what is not whole, and whether it goes
 * on. */
void queue_check(const char *root);

#endif
