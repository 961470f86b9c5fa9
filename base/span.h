/* SPDX-License-Identifier: ISC */
/*
 * A run of bytes that belongs to somebody else: a pointer and a length, no
 * terminator, NUL allowed inside. Parsers return spans of what they were given.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *at;
	size_t length;
};

struct span span_text(const char *text); /* of a C string; NULL gives an empty span */
struct span span_make(const void *at, size_t length);
bool span_equal(struct span a, struct span b);
bool span_is(struct span a, const char *text);        /* exact */
bool span_is_nocase(struct span a, const char *text); /* ASCII case folded, locale-free */
bool span_equal_nocase(struct span a, struct span b);
bool span_starts_nocase(struct span a, const char *prefix);
bool span_has_nul(struct span a);
struct span span_trim(struct span a);                       /* SP and HTAB at both ends */
struct span span_skip(struct span a, size_t count);         /* without the first count bytes */
bool span_cut(struct span *rest, char separator, struct span *head); /* false when rest is used up */
bool span_number(struct span a, uint64_t *value); /* decimal digits only, all of it, no overflow */
bool span_copy(struct span a, char *to, size_t size); /* terminates; false when it does not fit */

char ascii_lower(char c); /* A-Z only */
char ascii_upper(char c);
bool ascii_is_alnum(char c);
bool ascii_is_digit(char c);
void ascii_lower_text(char *text);
bool utf8_valid(struct span a); /* RFC 3629: shortest forms, no surrogates */

#endif
