/* SPDX-License-Identifier: ISC */
/* Whether name servers send signatures at all; without them every domain would look bogus. */
#include "base/log.h"
#include "resolver/dns_lookup_private.h"

enum {
	PROBE_MS = 20000,
	PROBE_SOON = 10, /* seconds: nobody answered */
	PROBE_LATER = 600
};

void dns_proofs_again(struct lookups *lookups, time_t seconds)
{
	struct timeval pause = { seconds, 0 };

	evtimer_add(lookups->probe, &pause);
}

static void probe_plain(struct lookups *lookups, const char *name, lookup_answer answer)
{
	dns_lookup_in(lookups, lookups->plain, dns_lookup_new(name, DNS_SOA, answer, lookups),
		      PROBE_MS);
}

static void note_unproved(struct lookups *lookups)
{
	if (!lookups->unproved)
		log_warning(
			"resolver.no_dnssec",
			LOG_TEXT("why", "the name servers leave signatures out: DANE is off"),
			LOG_TEXT("do", "let name servers answer that know DNSSEC (dns_servers)"));
	lookups->unproved = true;
	dns_proofs_again(lookups, PROBE_LATER);
}

static void on_plain_root(void *context, const struct lookup_result *result)
{
	if (result->outcome == LOOKUP_TROUBLE)
		dns_proofs_again(context, PROBE_SOON);
	else
		note_unproved(context);
}

/* A sign of life: servers inside a network may know its own domains only. */
static void on_plain_own(void *context, const struct lookup_result *result)
{
	if (result->outcome == LOOKUP_TROUBLE)
		probe_plain(context, "", on_plain_root);
	else
		note_unproved(context);
}

static void on_probe(void *context, const struct lookup_result *result)
{
	struct lookups *lookups = context;

	if (result->outcome == LOOKUP_FOUND && result->secure) {
		if (lookups->unproved)
			log_info("resolver.dnssec",
				 LOG_TEXT("why", "the name servers send signatures now"));
		lookups->unproved = false;
		dns_proofs_again(lookups, PROBE_LATER);
		return;
	}
	if (!result->bogus)
		dns_proofs_again(lookups, PROBE_SOON);
	else if (lookups->own[0])
		probe_plain(lookups, lookups->own, on_plain_own);
	else
		probe_plain(lookups, "", on_plain_root);
}

void dns_proofs_due(evutil_socket_t fd, short what, void *context)
{
	struct lookups *lookups = context;

	(void)fd;
	(void)what;
	dns_lookup_in(lookups, lookups->proving, dns_lookup_new("", DNS_DNSKEY, on_probe, lookups),
		      PROBE_MS);
}
