/* SPDX-License-Identifier: ISC */
/* Base64 (RFC 4648 section 4), strict: padding required, nothing else allowed. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/span.h"

#define BASE64_ENCODED(n) (((n) + 2) / 3 * 4 + 1)
#define BASE64_DECODED(n) ((n) / 4 * 3)

size_t base64_encode(struct span bytes, char *to, size_t size); /* terminated; length without NUL */
/* False on a stray character, wrong padding, or when it does not fit. Not constant-time. */
bool base64_decode(struct span text, void *to, size_t size, size_t *length);

void hex_encode(struct span bytes, char *to); /* 2*length+1 chars, lower case */
bool hex_decode(struct span text, void *to, size_t size, size_t *length);

#endif
