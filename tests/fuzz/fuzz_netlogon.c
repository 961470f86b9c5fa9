/* SPDX-License-Identifier: ISC */
/* Any bytes as a controller's answer to an LDAP ping: as a datagram, and as the value in it. */
#include "directory/netlogon.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct netlogon *netlogon)
{
	assert(!strpbrk(netlogon->client_site, ". \\\n") &&
	       utf8_valid(span_text(netlogon->client_site)));
	assert(!strpbrk(netlogon->server_site, ". \\\n"));
	assert(!strpbrk(netlogon->next_site, ". \\\n"));
	assert(!strpbrk(netlogon->dns_domain, " \\\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlogon netlogon;

	if (netlogon_reply(span_make(data, size), 7, &netlogon))
		judge(&netlogon);
	if (netlogon_parse(span_make(data, size), &netlogon))
		judge(&netlogon);
	return 0;
}
