/* SPDX-License-Identifier: ISC */
/* MESSAGE_EXPAND: what a list becomes, as a sealed memory file. */
#ifndef DIRECTORY_ROLE_DIRECTORY_EXPAND_H
#define DIRECTORY_ROLE_DIRECTORY_EXPAND_H

#include <stdbool.h>

struct work;

bool directory_expand(struct work *work);

#endif
