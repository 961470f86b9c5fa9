/* SPDX-License-Identifier: ISC */
/*
 * A message as a file of its own (NAME.eml) in a directory that other programs empty: a
 * drop. Written and made durable without a name first, so that nobody ever sees half of
 * one. Blocks.
 */
#ifndef STORE_EML_FILE_H
#define STORE_EML_FILE_H

#include "base/span.h"
#include "store/store.h"

struct eml_file;

/* `head`, then the first `size` octets of `message`. NULL with a reason. */
struct eml_file *eml_file_write(const char *directory, struct span head, int message, uint64_t size,
				struct store_failure *failure);
/* Gives it a name that no other file has, durably. */
enum outcome eml_file_commit(struct eml_file *file, struct store_failure *failure);
void eml_file_free(struct eml_file *file); /* NULL is fine; what was not committed goes */

#endif
