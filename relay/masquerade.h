/* SPDX-License-Identifier: ISC */
/*
 * Another domain in the place of ours, in what goes out: in the sender of the envelope
 * and, if that is wanted, in the From field (RFC 5322 section 3.6.2). Pure.
 */
#ifndef RELAY_MASQUERADE_H
#define RELAY_MASQUERADE_H

#include "base/buffer.h"
#include "mail/address.h"

/* Is the domain (any case) one of ours? */
typedef bool (*masquerade_ours)(const void *context, const char *domain);

/* True: *to has the sender that is to be said, as text without brackets. */
bool masquerade_sender(const struct address *sender, const char *domain, masquerade_ours ours,
		       const void *context, char to[ADDRESS_TEXT_SIZE]);
/*
 * Writes header (whole lines, to the blank one) to `to` with all domains of ours in From fields
 * replaced. Comments and quoted strings are left alone. False: nothing was to be replaced, and
 * `to` is of no use.
 */
bool masquerade_header(struct span header, const char *domain, masquerade_ours ours,
		       const void *context, struct buffer *to);

#endif
