/* SPDX-License-Identifier: ISC */
/* What else the store is asked about waiting mail; and what it tells senders. */
#ifndef STORE_ROLE_QUEUE_ACTS_H
#define STORE_ROLE_QUEUE_ACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/queue.h"

struct store_role;
struct work;

bool queue_handle_place(struct work *work);    /* queue_place.c */
bool queue_handle_expanded(struct work *work); /* queue_expanded.c */
bool queue_handle_release(struct work *work); /* queue_orders.c */
bool queue_handle_rules(struct work *work);
bool queue_handle_order(struct work *work);

/* queue_report.c: struct queue_calls. */
enum outcome queue_report(struct store_role *role, const struct queue_message *message, int fd,
			  const struct queue_event *events, size_t count);

#endif
