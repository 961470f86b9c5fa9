/* SPDX-License-Identifier: ISC */
/* Texts in JSON (RFC 8259 section 7) for the commands' --json. */
#ifndef COMMAND_JSON_H
#define COMMAND_JSON_H

#include <stdio.h>

#include "base/span.h"

/* In quotes. What is not UTF-8 is shown octet by octet as U+0080 to U+00FF. */
void json_text(FILE *to, struct span text);

#endif
