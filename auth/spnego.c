/* SPDX-License-Identifier: ISC */
#include "auth/spnego.h"

#include "auth/mechanisms.h"

/* Tags of the encoding (X.690). */
enum {
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_APPLICATION = 0x60, /* the frame of a first token, RFC 2743 section 3.1 */
	TAG_INIT = 0xa0,
	TAG_RESPONSE = 0xa1,
	TAG_TOKEN = 0xa2, /* mechToken and responseToken alike */
};

static unsigned octet(struct span bytes, size_t at)
{
	return (unsigned char)bytes.at[at];
}

/* Takes one element off; false at the end, or when it is longer than what there is. */
static bool take(struct span *rest, unsigned *tag, struct span *content)
{
	size_t length, head = 2;

	if (rest->length < 2)
		return false;
	*tag = octet(*rest, 0);
	length = octet(*rest, 1);
	if (length & 0x80) {
		size_t octets = length & 0x7f;

		if (octets == 0 || octets > 3 || rest->length < 2 + octets)
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

static bool take_tag(struct span *rest, unsigned wanted, struct span *content)
{
	unsigned tag;

	return take(rest, &tag, content) && tag == wanted;
}

struct span spnego_inner(struct span token)
{
	struct span content, part, none = { NULL, 0 };
	unsigned tag;

	if (!take(&token, &tag, &content))
		return none;
	if (tag == TAG_APPLICATION) {
		if (!take_tag(&content, TAG_OID, &part) ||
		    !span_equal(part,
				span_make(mechanism_spnego->elements, mechanism_spnego->length)) ||
		    !take(&content, &tag, &part) || tag != TAG_INIT)
			return none;
		content = part;
	} else if (tag != TAG_RESPONSE) {
		return none;
	}
	if (!take_tag(&content, TAG_SEQUENCE, &part))
		return none;
	for (content = part; take(&content, &tag, &part);)
		if (tag == TAG_TOKEN)
			return take_tag(&part, TAG_OCTETS, &content) ? content : none;
	return none;
}
