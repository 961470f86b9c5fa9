/* SPDX-License-Identifier: ISC */
/* Shared by object.c (life) and object_read.c (how an entry is read). */
#ifndef DIRECTORY_OBJECT_PRIVATE_H
#define DIRECTORY_OBJECT_PRIVATE_H

#include "directory/object.h"

enum { OBJECT_LISTS = 10 /* struct texts in it */, OBJECT_TEXTS = 6 };

struct mail_object *object_new(void);                 /* empty, one reference */
void object_count_octets(struct mail_object *object); /* it is complete */

#endif
