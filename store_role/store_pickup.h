/* SPDX-License-Identifier: ISC */
/* The store role's answers to those who take in files of pickup directories. */
#ifndef STORE_ROLE_STORE_PICKUP_H
#define STORE_ROLE_STORE_PICKUP_H

#include <stdbool.h>

struct work;

/* MESSAGE_CLAIM: answered at once; handle 0 where there is no file. */
bool store_handle_claim(struct work *work);
/* MESSAGE_CLAIMED: the file goes, to badmail if it is bad. */
bool store_handle_claimed(struct work *work);

#endif
