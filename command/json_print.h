/* SPDX-License-Identifier: ISC */
/* Texts inside JSON (RFC 8259 section 7), on standard output. */
#ifndef COMMAND_JSON_PRINT_H
#define COMMAND_JSON_PRINT_H

#include "base/span.h"

/* Quoted and escaped; octets that are no UTF-8 become "?". */
void json_print_text(struct span text);

#endif
