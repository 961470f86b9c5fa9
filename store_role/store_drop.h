/* SPDX-License-Identifier: ISC */
/*
 * Mail for domains whose mail goes into a directory (conf: domain.drop): one file a
 * message and directory, with the envelope in lines in front as a pickup file has it:
 * "x-sender: ADDRESS", "x-receiver: ADDRESS" for each recipient.
 */
#ifndef STORE_ROLE_STORE_DROP_H
#define STORE_ROLE_STORE_DROP_H

#include "auth/ticket.h"
#include "mail/address.h"
#include "store/store.h"

struct conf;
struct drop;

struct drops { /* of one message; zero at the start */
	struct drop *all;
	size_t count;
};

/* A recipient, by its ticket of purpose TICKET_DROP. False: its domain has no drop (any more). */
bool drops_add(struct drops *drops, const struct conf *conf, const struct ticket *ticket);
/* Writes the files; they have no names yet. `sender`: of the envelope; null for "<>". */
enum outcome drops_write(struct drops *drops, const struct address *sender, int message,
			 uint64_t size, struct store_failure *failure);
/* Gives them their names, durably. */
enum outcome drops_commit(struct drops *drops, struct store_failure *failure);
void drops_clear(struct drops *drops); /* what was not committed is gone */

/* The sender as the Return-Path in front of a message of ours has it; else the null one. */
void drop_sender(int message, struct address *sender);

#endif
