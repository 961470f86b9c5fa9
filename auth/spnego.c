/* SPDX-License-Identifier: ISC */
#include "auth/spnego.h"

#include "auth/mechanisms.h"
#include "base/der.h"

enum { INIT = DER_CONTEXT, RESPONSE = DER_CONTEXT + 1, TOKEN = DER_CONTEXT + 2 /* of both */ };

struct span spnego_inner(struct span token)
{
	struct span content, part, none = { NULL, 0 };
	unsigned tag;

	if (!der_take(&token, &tag, &content))
		return none;
	/* The frame of a first token, RFC 2743 section 3.1. */
	if (tag == DER_APPLICATION) {
		if (!der_take_tag(&content, DER_OID, &part) ||
		    !span_equal(part,
				span_make(mechanism_spnego->elements, mechanism_spnego->length)) ||
		    !der_take(&content, &tag, &part) || tag != INIT)
			return none;
		content = part;
	} else if (tag != RESPONSE) {
		return none;
	}
	if (!der_take_tag(&content, DER_SEQUENCE, &part))
		return none;
	for (content = part; der_take(&content, &tag, &part);)
		if (tag == TOKEN)
			return der_take_tag(&part, DER_OCTETS, &content) ? content : none;
	return none;
}
