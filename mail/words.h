/* SPDX-License-Identifier: ISC */
/* Encoded words of header fields (RFC 2047): "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=". */
#ifndef MAIL_WORDS_H
#define MAIL_WORDS_H

#include "base/buffer.h"

/*
 * Adds the body of an unstructured field as one line of clean text (mail/text.h). Words in UTF-8,
 * ASCII and ISO 8859-1 are decoded, others stay as they are written.
 */
void words_decode(struct buffer *to, struct span body);
/* Adds a line of UTF-8 as the body of a field, folded; ASCII stays as it is. `column`: as for
 * text_add_folded. */
void words_encode(struct buffer *to, struct span text, size_t column);

#endif
