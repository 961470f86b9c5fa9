/* SPDX-License-Identifier: ISC */
/*
 * Strangers' octets made into text that is safe to show and to put into a header:
 * one line of valid UTF-8 without control characters.
 */
#ifndef MAIL_TEXT_H
#define MAIL_TEXT_H

#include "base/buffer.h"

#define TEXT_WIDTH 76 /* columns after which lines are folded (RFC 5322 section 2.1.1: 78) */

/*
 * Adds `text` as one line. Line ends and other control characters become blanks; octets that are
 * not UTF-8, and the marks that turn the direction of writing, become "?".
 */
void text_add_line(struct buffer *to, struct span text);
/* The same, without what is beyond ASCII: "?" for each octet. */
void text_add_ascii(struct buffer *to, struct span text);
bool text_is_ascii(struct span text);
/*
 * Adds a line of text; where a word would pass TEXT_WIDTH, `fold` ("\r\n\t") comes instead of the
 * blank. A word that is longer than a line may be (RFC 5322 section 2.1.1) is cut in two.
 * `column`: how much stands on the line already.
 */
void text_add_folded(struct buffer *to, struct span text, size_t column, const char *fold);
/* The longest beginning of UTF-8 text of at most `most` octets that cuts no character. */
struct span text_cut(struct span text, size_t most);
/* Quoted-printable of lines with CRLF (RFC 2045 section 6.7). */
void text_add_quoted(struct buffer *to, struct span text);

#endif
