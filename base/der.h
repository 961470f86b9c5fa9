/* SPDX-License-Identifier: ISC */
/* Elements of DER (X.690), one after the other: enough to find a part of something that others
 * parse whole. */
#ifndef BASE_DER_H
#define BASE_DER_H

#include "base/span.h"

enum {
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_APPLICATION = 0x60, /* and the number */
	DER_CONTEXT = 0xa0,     /* constructed, and the number */
};

/* Takes one element off; false at the end, or when it is longer than what there is. Numbers of more
 * than 30 are unknown here. */
bool der_take(struct span *rest, unsigned *tag, struct span *content);
/* The same, false also when it is another one. */
bool der_take_tag(struct span *rest, unsigned wanted, struct span *content);

#endif
