/* SPDX-License-Identifier: ISC */
/* Addresses in a set, by what makes two the same: who is in the message gets it once. */
#ifndef QUEUE_OTHERS_H
#define QUEUE_OTHERS_H

#include "queue/queue.h"

struct others;

/* Room for `count`; what is put must outlive it. */
struct others *others_new(struct queue *queue, size_t count);
void others_free(struct others *others);
/*
 * False: it is there already. Domains are compared without case, and so are local parts of our
 * own (struct queue_calls).
 */
bool others_put(struct others *others, const struct address *address);

#endif
