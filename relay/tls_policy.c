/* SPDX-License-Identifier: ISC */
#include "relay/tls_policy.h"

#include <string.h>

bool tls_policy_matches(const struct message_hosts_found *found, const char *host)
{
	const char *point = strchr(host, '.');

	for (uint32_t i = 0; i < found->patterns_count; i++) {
		const char *pattern = found->patterns[i];

		if (span_is_nocase(span_text(host), pattern))
			return true;
		if (strncmp(pattern, "*.", 2) == 0 && point && point > host &&
		    span_is_nocase(span_text(point), pattern + 1))
			return true;
	}
	return false;
}

static void refuse(struct tls_policy *policy, bool never, const char *status, const char *why,
		   const char *failure)
{
	policy->usable = false;
	policy->never = never;
	policy->status = status;
	policy->why = why;
	policy->failure = failure;
}

static void demand_at_least(struct tls_policy *policy, enum tls_demand demand)
{
	policy->tls = SMTP_CLIENT_TLS_MUST;
	if (policy->demand == TLS_ANY)
		policy->demand = demand;
}

/* RFC 7672 section 2.2. True: DANE decides about this host. */
static bool decide_dane(const struct tls_policy_ask *ask, struct tls_policy *policy)
{
	const struct hosts_host *host = ask->host;

	if (!ask->dane || !host || !host->secure)
		return false;
	if (host->tlsa_trouble) {
		policy->kind = TLS_POLICY_DANE;
		refuse(policy, false, "4.7.5", "the TLSA records of the host cannot be found out",
		       "dnssec-invalid");
		return true;
	}
	if (host->tlsa_count == 0 && !host->unusable)
		return false;
	policy->kind = TLS_POLICY_DANE;
	demand_at_least(policy, host->tlsa_count > 0 ? TLS_DANE : TLS_ANY);
	return true;
}

static void decide_sts(const struct tls_policy_ask *ask, struct tls_policy *policy)
{
	if (!ask->mta_sts || !ask->mx || !ask->found || !ask->host ||
	    ask->found->policy == HOSTS_POLICY_NONE)
		return;
	policy->kind = TLS_POLICY_STS;
	if (ask->found->policy != HOSTS_POLICY_ENFORCE)
		return;
	if (!tls_policy_matches(ask->found, ask->host->name))
		refuse(policy, false, "4.7.5",
		       "the MTA-STS policy of the domain does not name this host",
		       "validation-failure");
	else
		demand_at_least(policy, TLS_NAMED);
}

/* RFC 8689 section 4.2.1: who the host is must be known, and its certificate good. */
static void decide_requiretls(const struct tls_policy_ask *ask, struct tls_policy *policy)
{
	bool named = !ask->mx || (ask->found && ask->host &&
				  ((ask->dane && ask->found->mx_secure) ||
				   (ask->found->policy != HOSTS_POLICY_NONE && ask->mta_sts &&
				    tls_policy_matches(ask->found, ask->host->name))));

	if (!named)
		refuse(policy, true, "5.7.30",
		       "REQUIRETLS: neither DNSSEC nor an MTA-STS policy vouches for the host",
		       NULL);
	else
		demand_at_least(policy, TLS_NAMED);
}

void tls_policy_decide(const struct tls_policy_ask *ask, struct tls_policy *policy)
{
	*policy = (struct tls_policy){ .usable = true,
				       .tls = SMTP_CLIENT_TLS_MAY,
				       .demand = TLS_ANY };
	if (ask->tls == CONF_TLS_OUT_NONE) {
		policy->tls = SMTP_CLIENT_TLS_NEVER;
		if (ask->requiretls)
			refuse(policy, true, "5.7.30",
			       "REQUIRETLS: TLS is switched off for this destination", NULL);
		return;
	}
	if (ask->tls == CONF_TLS_OUT_ENCRYPT)
		policy->tls = SMTP_CLIENT_TLS_MUST;
	if (!decide_dane(ask, policy))
		decide_sts(ask, policy);
	if (policy->usable && ask->tls == CONF_TLS_OUT_VERIFY)
		demand_at_least(policy, TLS_NAMED);
	if (policy->usable && ask->requiretls)
		decide_requiretls(ask, policy);
}
