/* SPDX-License-Identifier: ISC */
/* AD's times: 100 ns since 1601-01-01 UTC in decimal text; two values mean "never"
 * (MS-ADTS 2.2.12). */
#ifndef DIRECTORY_FILETIME_H
#define DIRECTORY_FILETIME_H

#include "base/span.h"

#define FILETIME_NEVER INT64_MAX

/* The number as it stands, a minus sign allowed (durations); false when it is none. */
bool filetime_parse(struct span text, int64_t *value);
/* Unix seconds; FILETIME_NEVER for 0 and 0x7fffffffffffffff. */
int64_t filetime_unix(int64_t value);

#endif
