/* SPDX-License-Identifier: ISC */
/* Shared by membership.c (what is asked, by which ways) and membership_walk.c (directories that do
 * not say of a person what he is a member of). */
#ifndef DIRECTORY_MEMBERSHIP_H
#define DIRECTORY_MEMBERSHIP_H

#include "directory/directory_private.h"

struct membership {
	struct directory *directory;
	const struct person *person;
	struct mail_object **groups; /* NULL: there is no such group */
	size_t count;
	int64_t deadline;
	bool found;
	size_t which;
	char *why;
	size_t size;
};

bool membership_fail(struct membership *membership, const char *what, const char *why);
/* Each false with a reason; else membership->found. */
bool membership_walk(struct membership *membership);

#endif
