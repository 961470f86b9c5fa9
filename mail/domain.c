/* SPDX-License-Identifier: ISC */
#include "mail/domain.h"

#include <arpa/inet.h>
#include <string.h>

#define LABEL_MAX 63 /* octets, RFC 1035 section 2.3.4 */

bool domain_text_valid(struct span text)
{
	if (!utf8_valid(text))
		return false;
	for (size_t i = 0; i + 1 < text.length; i++) {
		if ((unsigned char)text.at[i] == 0xc2 && (unsigned char)text.at[i + 1] < 0xa0)
			return false;
	}
	return true;
}

/*
 * sub-domain of RFC 5321 section 4.1.2 or a U-label of RFC 6531 section 3.3. UTF-8 is
 * kept as it was given: whether it is the U-label of a known domain is a comparison
 * for the routing, not a matter of syntax.
 */
static bool label_valid(struct span label)
{
	if (label.length == 0 || label.length > LABEL_MAX)
		return false;
	if (label.at[0] == '-' || label.at[label.length - 1] == '-')
		return false;
	for (size_t i = 0; i < label.length; i++) {
		char c = label.at[i];

		if (!ascii_is_alnum(c) && c != '-' && (unsigned char)c < 128)
			return false;
	}
	return true;
}

bool domain_valid(struct span text)
{
	struct span rest = text;

	if (text.length == 0 || text.length > ADDRESS_DOMAIN_MAX || !domain_text_valid(text))
		return false;
	while (rest.length > 0) {
		const char *dot = memchr(rest.at, '.', rest.length);
		size_t length = dot != NULL ? (size_t)(dot - rest.at) : rest.length;

		if (!label_valid(span_make(rest.at, length)))
			return false;
		if (dot == NULL)
			return true;
		rest = span_skip(rest, length + 1);
	}
	return false; /* a dot at the end */
}

/* General-address-literal needs a tag registered at IANA; IPv6 is the only one. */
bool domain_literal_valid(struct span text)
{
	unsigned char address[sizeof(struct in6_addr)];
	char number[INET6_ADDRSTRLEN];
	struct span inner;
	int family = AF_INET;

	if (text.length < 2 || text.at[0] != '[' || text.at[text.length - 1] != ']')
		return false;
	inner = span_make(text.at + 1, text.length - 2);
	if (span_starts_nocase(inner, "IPv6:")) {
		family = AF_INET6;
		inner = span_skip(inner, strlen("IPv6:"));
	}
	if (span_has_nul(inner) || !span_copy(inner, number, sizeof(number)))
		return false;
	return inet_pton(family, number, address) == 1;
}
