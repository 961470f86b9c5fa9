/* SPDX-License-Identifier: ISC */
#include "directory/connection.h"

#include <stdio.h>

#include "directory/entry.h"
#include "directory/search.h"

/* LDAP_SERVER_FAST_BIND_OID (MS-ADTS 5.1.1.3). */
static const char fast_bind[] = "1.2.840.113556.1.4.1781";

static bool is_offered(struct connection *connection, int64_t deadline)
{
	static const char *const attributes[] = { "supportedExtension", NULL };
	struct search search = { .base = "",
				 .scope = LDAP_SCOPE_BASE,
				 .filter = "(objectClass=*)",
				 .attributes = attributes };
	struct search_result result;
	bool offered;

	search_now(connection, &search, deadline, &result);
	offered = result.code == LDAP_SUCCESS && result.count == 1 &&
		  entry_has(result.entries[0], "supportedExtension", fast_bind);
	search_result_clear(&result);
	return offered;
}

bool connection_fast_bind(struct connection *connection, int64_t deadline)
{
	struct watch watch;
	int result;

	if (!is_offered(connection, deadline))
		return false;
	watchdog_arm(connection->watchdog, &watch, connection->guard, deadline);
	result = ldap_extended_operation_s(connection->ldap, fast_bind, NULL, NULL, NULL, NULL,
					   NULL);
	return !watchdog_disarm(connection->watchdog, &watch) && result == LDAP_SUCCESS;
}
