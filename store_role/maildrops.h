/* SPDX-License-Identifier: ISC */
/*
 * The maildrops that one frontend has open, by handle. When the frontend dies,
 * all of them are unlocked and nothing is removed.
 */
#ifndef STORE_ROLE_MAILDROPS_H
#define STORE_ROLE_MAILDROPS_H

#include <stdbool.h>

struct work;

void *maildrops_new(void *context);
void maildrops_free(void *context, void *own);

bool maildrops_handle_open(struct work *work);
bool maildrops_handle_fetch(struct work *work);
bool maildrops_handle_remove(struct work *work);
bool maildrops_handle_quota(struct work *work);
bool maildrops_handle_close(struct work *work);
/* Closes, waiting for nobody; false for all else, and when a thread works on that maildrop. */
bool maildrops_at_once(struct work *work);

#endif
