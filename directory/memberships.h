/* SPDX-License-Identifier: ISC */
/* Answers to "is this person a member of one of those groups", kept for a time. Locked inside. */
#ifndef DIRECTORY_MEMBERSHIPS_H
#define DIRECTORY_MEMBERSHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memberships;

struct memberships *memberships_new(unsigned seconds); /* 0 = nothing is kept */
void memberships_free(struct memberships *memberships);
/* False when nothing is known. *member; and of a member *which group. */
bool memberships_find(struct memberships *memberships, const char *id, char *const *groups,
		      size_t count, int64_t now, bool *member, size_t *which);
void memberships_keep(struct memberships *memberships, const char *id, char *const *groups,
		      size_t count, int64_t now, bool member, size_t which);
void memberships_clear(struct memberships *memberships);

#endif
