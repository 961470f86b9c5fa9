/* SPDX-License-Identifier: ISC */
/* The maildrop, for the two files that work on it. */
#ifndef STORE_MAILDROP_PRIVATE_H
#define STORE_MAILDROP_PRIVATE_H

#include "store/maildrop_list.h"
#include "store/store_private.h"

#define MESSAGE_PATH_SIZE (MAILDIR_NAME_SIZE + 8)

struct store_maildrop {
	struct store *store;
	struct mailbox mailbox;
	uint64_t quota;
	struct drop_list list;
	struct drop_list later; /* read again: suffixes in list may point into it */
	struct timespec read_at;
};

/* NULL when there is no such number. */
struct drop_message *maildrop_at(const struct store_maildrop *maildrop, size_t number);
/* Brings names up to date after another program renamed files. False when they cannot be read. */
bool maildrop_refresh(struct store_maildrop *maildrop);

#endif
