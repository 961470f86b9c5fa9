/* SPDX-License-Identifier: ISC */
#include "domain/computer.h"

#include <stdio.h>
#include <strings.h>

#include "base/buffer.h"
#include "directory/entry.h"
#include "directory/escape.h"
#include "domain/visit.h"

/* userAccountControl (MS-ADTS 2.2.16); the last is a read-only controller's. */
enum {
	ADS_UF_ACCOUNTDISABLE = 0x2,
	ADS_UF_SERVER_TRUST = 0x2000,
	ADS_UF_PARTIAL_SECRETS = 0x4000000
};

static unsigned number_of(const struct entry *entry, const char *attribute)
{
	struct span value;
	uint64_t number;

	if (!entry_value(entry, attribute, 0, &value) || !span_number(value, &number) ||
	    number > UINT32_MAX)
		return 0;
	return (unsigned)number;
}

static void take(struct computer *account, struct entry *entry)
{
	struct span value;
	unsigned flags;

	*account = (struct computer){ .entry = entry };
	snprintf(account->dn, sizeof(account->dn), "%s", entry_dn(entry));
	if (entry_value(entry, "dNSHostName", 0, &value) && !span_has_nul(value))
		(void)span_copy(value, account->dns_host, sizeof(account->dns_host));
	account->version = number_of(entry, "msDS-KeyVersionNumber");
	account->enctypes = number_of(entry, "msDS-SupportedEncryptionTypes");
	flags = number_of(entry, "userAccountControl");
	account->disabled = flags & ADS_UF_ACCOUNTDISABLE;
	account->controller = flags & (ADS_UF_SERVER_TRUST | ADS_UF_PARTIAL_SECRETS);
}

/* (attribute=value), the value escaped; terminated. */
static void filter_equal(struct buffer *filter, const char *attribute, const char *value)
{
	buffer_add_format(filter, "(%s=", attribute);
	escape_filter_value(filter, span_text(value));
	buffer_add(filter, ")", 2);
}

enum computer_found computer_find(struct visit *visit, const char *name, struct computer *account,
				  char *why, size_t size)
{
	static const char *const attributes[] = {
		"dNSHostName",        "servicePrincipalName",          "msDS-KeyVersionNumber",
		"userAccountControl", "msDS-SupportedEncryptionTypes", NULL
	};
	struct buffer filter = BUFFER_EMPTY;
	struct search_result result;

	filter_equal(&filter, "sAMAccountName", name);
	visit_search(visit,
		     &(struct search){ .base = visit->base,
				       .scope = LDAP_SCOPE_SUBTREE,
				       .filter = buffer_bytes(&filter),
				       .attributes = attributes,
				       .ad = true },
		     &result);
	buffer_clear(&filter);
	*account = (struct computer){ 0 };
	if (result.code == LDAP_SUCCESS && result.count == 1) {
		take(account, result.entries[0]);
		result.count = 0;
		return COMPUTER_FOUND;
	}
	snprintf(why, size, "%s cannot be looked up: %s %.100s", name, ldap_err2string(result.code),
		 result.diagnostic);
	search_result_clear(&result);
	return result.code == LDAP_SUCCESS ? COMPUTER_NONE : COMPUTER_FAILED;
}

void computer_clear(struct computer *account)
{
	entry_free(account->entry);
	*account = (struct computer){ 0 };
}

bool computer_has_spn(const struct computer *account, const char *spn)
{
	return entry_has(account->entry, "servicePrincipalName", spn);
}

int computer_other_owner(struct visit *visit, const char *spn, const char *dn,
			 char other[PERSON_DN_SIZE])
{
	static const char *const attributes[] = { "sAMAccountName", NULL };
	bool catalog = visit->server.port == 3268 || visit->server.port == 3269;
	struct buffer filter = BUFFER_EMPTY;
	struct search_result result;
	int found = 0;

	filter_equal(&filter, "servicePrincipalName", spn);
	/* The catalog's whole forest hangs below the empty base. */
	visit_search(visit,
		     &(struct search){ .base = catalog ? "" : visit->base,
				       .scope = LDAP_SCOPE_SUBTREE,
				       .filter = buffer_bytes(&filter),
				       .attributes = attributes,
				       .ad = true },
		     &result);
	buffer_clear(&filter);
	for (size_t i = 0; !found && i < result.count; i++) {
		if (strcasecmp(entry_dn(result.entries[i]), dn) != 0) {
			snprintf(other, PERSON_DN_SIZE, "%s", entry_dn(result.entries[i]));
			found = 1;
		}
	}
	search_result_clear(&result);
	return search_succeeded(&result) || found ? found : -1;
}
