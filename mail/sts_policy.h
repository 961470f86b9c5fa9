/* SPDX-License-Identifier: ISC */
/*
 * MTA-STS (RFC 8461): the TXT record that says that a domain has a policy, the policy
 * itself, and whether a host is named in it. Pure: bytes in, values out.
 */
#ifndef MAIL_STS_POLICY_H
#define MAIL_STS_POLICY_H

#include "base/span.h"

#define STS_ID_SIZE      33       /* 32 letters and digits, NUL */
#define STS_PATTERNS_MAX 128      /* above that they are left out */
#define STS_OCTETS_MAX   8192     /* of all of them; likewise */
#define STS_AGE_MAX      31557600 /* seconds; section 3.2 */

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age; /* seconds */
	size_t count;
	char *patterns[STS_PATTERNS_MAX]; /* "mx": lower case, "mail.example.com", "*.example.net"
					   */
};

/* One TXT record of _mta-sts.DOMAIN, its strings joined (section 3.1). False: it is none of ours.
 */
bool sts_record_parse(struct span text, char id[STS_ID_SIZE]);
/* The body that https://mta-sts.DOMAIN/.well-known/mta-sts.txt gave (section 3.2). False: not valid
 * as a whole. */
bool sts_policy_parse(struct span text, struct sts_policy *policy);
void sts_policy_clear(struct sts_policy *policy);
/* Section 4.1; the wildcard stands for one label. Case does not matter. */
bool sts_pattern_matches(const char *pattern, const char *host);
bool sts_policy_names(const struct sts_policy *policy, const char *host);

#endif
