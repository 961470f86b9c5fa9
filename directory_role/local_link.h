/* SPDX-License-Identifier: ISC */
/*
 * The directory role's way to ask the local role whether a password is right. Many
 * threads ask; each waits for its own answer. Who dies at the other end is
 * introduced again by the master: until then the answer is "temporary".
 */
#ifndef DIRECTORY_ROLE_LOCAL_LINK_H
#define DIRECTORY_ROLE_LOCAL_LINK_H

#include "directory/directory.h"

struct local_link;

struct local_link *local_link_new(void);
void local_link_free(struct local_link *link); /* nobody may be asking */
/* The channel of now; who waited for the one before gets no answer. Takes the descriptor. */
void local_link_take(struct local_link *link, int fd);
/* struct directory_prover; `link` is its context. */
void local_link_prove(void *link, const char *account, struct span password, int64_t deadline,
		      struct checker_answer *answer);

#endif
