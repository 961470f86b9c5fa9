/* SPDX-License-Identifier: ISC */
/* Directories above the ones we make. */
#ifndef DAEMON_PARENTS_H
#define DAEMON_PARENTS_H

#include <stdbool.h>

/* Makes the directories above `path` that are missing, mode 0755, durably. False with errno. */
bool parents_make(const char *path);

/* Makes the entry of `path` in the directory above it durable. False with errno. */
bool parents_sync(const char *path);

#endif
