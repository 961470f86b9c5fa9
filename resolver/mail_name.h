/* SPDX-License-Identifier: ISC */
/* Names as people and messages have them, as the DNS has them. Pure. */
#ifndef RESOLVER_MAIL_NAME_H
#define RESOLVER_MAIL_NAME_H

#include "resolver/dns_answer.h"

/* A domain in U-labels or A-labels as A-labels in lower case (IDNA2008); false when it is none. */
bool mail_name_ascii(const char *domain, char ascii[DNS_NAME_SIZE]);
/* "192.0.2.1", "2001:db8::1", in brackets too: as ::ffff:a.b.c.d or itself. False: no address. */
bool mail_name_address(const char *text, unsigned char address[16]);
/* Data of an A or AAAA record, likewise. */
void mail_name_from_record(struct span data, unsigned char address[16]);
/* The name whose PTR records tell the address's names (RFC 1035 section 3.5, RFC 3596 section 2.5).
 */
void mail_name_reverse(const unsigned char address[16], char name[DNS_NAME_SIZE]);
bool mail_name_is_ipv4(const unsigned char address[16]);

#endif
