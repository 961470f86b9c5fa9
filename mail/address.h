/* SPDX-License-Identifier: ISC */
/*
 * Mailbox addresses of the SMTP envelope (RFC 5321 section 4.1.2, RFC 6531):
 * parsed once, never repaired. A source route is recognised and dropped
 * (RFC 5321 appendix C). Local parts keep their case and lose needless quoting,
 * so that "alice"@x and alice@x are the same; domains become lower case.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/span.h"

#define ADDRESS_LOCAL_MAX  64  /* octets, RFC 5321 4.5.3.1.1, after unquoting */
#define ADDRESS_DOMAIN_MAX 255 /* octets, 4.5.3.1.2 */
/* Local part quoted at its worst, "@", domain, NUL. */
#define ADDRESS_TEXT_SIZE (2 * ADDRESS_LOCAL_MAX + 2 + 1 + ADDRESS_DOMAIN_MAX + 1)

struct address {
	char local[ADDRESS_LOCAL_MAX + 1]; /* unquoted; "" only in the null address */
	char domain[ADDRESS_DOMAIN_MAX +
		    1]; /* lower case; "" = none given; "[192.0.2.1]" = literal */
	bool utf8;      /* local part or domain has octets above 127 (RFC 6531) */
	bool literal;   /* the domain is an address literal */
};

/*
 * Parses a Path: "<a@b>", "<>" if null_ok, "<@x,@y:a@b>", and "<local>" without a
 * domain (the caller appends its default domain). *rest is what follows ">".
 * False with *why (static text) on anything else.
 */
bool address_parse_path(struct span text, bool null_ok, struct address *address, struct span *rest,
			const char **why);
/* Parses "local@domain" or "local", all of the text. */
bool address_parse(struct span text, struct address *address, const char **why);
bool address_is_null(const struct address *address);
/* Canonical text without angle brackets, quoted where it must be; "" for the null address. */
void address_text(const struct address *address, char to[ADDRESS_TEXT_SIZE]);
/* A host name: labels of letters, digits, hyphens (and UTF-8), at least one, lengths checked. */
bool domain_valid(struct span text);
/* "[1.2.3.4]" or "[IPv6:...]" (RFC 5321 4.1.3). */
bool domain_literal_valid(struct span text);

#endif
