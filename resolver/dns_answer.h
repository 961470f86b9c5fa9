/* SPDX-License-Identifier: ISC */
/*
 * An answer of the DNS (RFC 1035 section 4) taken apart: the records of the type that
 * was asked for, behind the CNAMEs that lead to them. Pure: bytes in, values out.
 */
#ifndef RESOLVER_DNS_ANSWER_H
#define RESOLVER_DNS_ANSWER_H

#include "base/span.h"

#define DNS_NAME_SIZE   256 /* as text, with NUL */
#define DNS_RECORDS_MAX 512 /* above that they are left out */

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_DNSKEY = 48,
	DNS_TLSA = 52
};

enum dns_code { DNS_NOERROR = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_REFUSED = 5 };

struct dns_record {
	char *name; /* PTR, MX: lower case, without the last point, "" the root; NULL where it
		       is not one of letters, digits, "-" and "_" */
	uint16_t preference; /* MX */
	struct span data;    /* A, AAAA, TLSA, CNAME: as it is; TXT: its strings, joined */
};

struct dns_answer {
	enum dns_code code;
	char canonical[DNS_NAME_SIZE]; /* whose the records are: the end of the CNAMEs; "" when that
					  is no name of a host */
	bool alias;                    /* there were CNAMEs */
	uint32_t ttl; /* seconds; of what is not there by the zone's SOA (RFC 2308) */
	size_t count;
	struct dns_record *records;
};

/* For a question about `name` (as above) and `type`. Copies. False, and nothing to clear:
 * malformed. */
bool dns_answer_parse(struct span packet, const char *name, enum dns_type type,
		      struct dns_answer *answer);
void dns_answer_clear(struct dns_answer *answer);

#endif
