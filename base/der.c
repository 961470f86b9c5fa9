/* SPDX-License-Identifier: ISC */
#include "base/der.h"

enum { LENGTH_OCTETS_MAX = 3 };

static unsigned octet(struct span bytes, size_t at)
{
	return (unsigned char)bytes.at[at];
}

bool der_take(struct span *rest, unsigned *tag, struct span *content)
{
	size_t length, head = 2;

	if (rest->length < 2)
		return false;
	*tag = octet(*rest, 0);
	length = octet(*rest, 1);
	if (length & 0x80) {
		size_t octets = length & 0x7f;

		if (octets == 0 || octets > LENGTH_OCTETS_MAX || rest->length < 2 + octets)
			return false;
		for (length = 0; head < 2 + octets; head++)
			length = length << 8 | octet(*rest, head);
	}
	if (length > rest->length - head)
		return false;
	*content = span_make(rest->at + head, length);
	*rest = span_skip(*rest, head + length);
	return true;
}

bool der_take_tag(struct span *rest, unsigned wanted, struct span *content)
{
	unsigned tag;

	return der_take(rest, &tag, content) && tag == wanted;
}
