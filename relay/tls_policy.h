/* SPDX-License-Identifier: ISC */
/*
 * How much TLS a connection to one host must have, and whether the host may be used at
 * all: by the configuration, DANE (RFC 7672), MTA-STS (RFC 8461) and REQUIRETLS
 * (RFC 8689). DANE goes before MTA-STS (RFC 8461 section 2); both and REQUIRETLS only
 * ever ask for more than the configuration, except that `tls = none` is the
 * administrator's word for a host whose TLS is broken, and holds. Pure.
 */
#ifndef RELAY_TLS_POLICY_H
#define RELAY_TLS_POLICY_H

#include "conf/conf.h"
#include "daemon/message_resolver.h"
#include "gateway/smtp_client.h"
#include "io/tls.h"

struct tls_policy_ask {
	enum conf_tls_out tls;
	bool dane, mta_sts, requiretls;
	bool mx;                                 /* the host was found by MX records */
	const struct message_hosts_found *found; /* NULL: an address of the configuration */
	const struct hosts_host *host;           /* of it */
};

enum tls_policy_kind { TLS_POLICY_NONE, TLS_POLICY_DANE, TLS_POLICY_STS }; /* RFC 8460: 4.4 */

struct tls_policy {
	bool usable;         /* false: not this host; status and why say it */
	bool never;          /* and no other time either */
	const char *status;  /* "4.7.5" */
	const char *why;     /* static */
	const char *failure; /* result type of RFC 8460 section 4.3, when not usable; NULL = none */
	enum smtp_client_tls tls;
	enum tls_demand demand;
	enum tls_policy_kind kind; /* what the report of RFC 8460 counts it under */
};

void tls_policy_decide(const struct tls_policy_ask *ask, struct tls_policy *policy);
/* "mx": "mail.example.com", or "*.example.com" for one label (RFC 8461 section 4.1). */
bool tls_policy_matches(const struct message_hosts_found *found, const char *host);

#endif
