/* SPDX-License-Identifier: ISC */
#include "routing/routing_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct refusal refusal_unknown = { OUTCOME_PERM, 550, "5.1.1",
					 "no mailbox here by this address" };
const struct refusal refusal_ambiguous = {
	OUTCOME_TEMP, 451, "4.1.4", "address is ambiguous, the administrator has been told"
};
const struct refusal refusal_disabled = { OUTCOME_PERM, 550, "5.2.1", "mailbox is disabled" };
const struct refusal refusal_folder = { OUTCOME_PERM, 550, "5.7.1",
					"public folders take no mail on this server" };
const struct refusal refusal_nowhere = { OUTCOME_PERM, 550, "5.1.1",
					 "contact without an address elsewhere" };
const struct refusal refusal_unavailable = { OUTCOME_TEMP, 451, "4.3.0",
					     "directory temporarily unavailable, try again later" };
const struct refusal refusal_fault = {
	OUTCOME_TEMP, 451, "4.3.5",
	"the directory's entry for this address cannot be used now, the administrator has been told"
};
const struct refusal refusal_loop = { OUTCOME_PERM, 554, "5.4.6", "forwards to itself" };
const struct refusal refusal_gone = { OUTCOME_PERM, 550, "5.1.1",
				      "forwards to somebody who is not there" };
const struct refusal refusal_anonymous = { OUTCOME_PERM, 550, "5.7.1",
					   "takes mail from authenticated senders only" };
const struct refusal refusal_sender = { OUTCOME_PERM, 550, "5.7.1",
					"does not take mail from this sender" };
const struct refusal refusal_members = { OUTCOME_PERM, 550, "5.7.1",
					 "takes mail from its members only" };
const struct refusal refusal_closed = { OUTCOME_PERM, 550, "5.7.1",
					"mail to groups is not enabled on this server" };
const struct refusal refusal_too_large = { OUTCOME_PERM, 552, "5.2.3",
					   "message is larger than this recipient takes" };

const struct refusal refusal_too_many = { OUTCOME_PERM, 554, "5.2.4",
					  "list has more members than this server takes" };
const struct refusal refusal_too_deep = { OUTCOME_PERM, 554, "5.4.6",
					  "lists stand in lists too deeply" };

void refusal_text(const struct refusal *refusal, const char *address, char *to, size_t size)
{
	snprintf(to, size, "<%.90s> %s", address, refusal->text);
}

enum outcome route_refuse(struct route *route, const struct refusal *refusal, const char *address)
{
	route->kind = ROUTE_REFUSED;
	route->code = refusal->code;
	snprintf(route->status, sizeof(route->status), "%s", refusal->status);
	refusal_text(refusal, address, route->text, sizeof(route->text));
	/* How large it is says this message alone. */
	if (refusal->outcome == OUTCOME_TEMP || refusal == &refusal_too_large)
		route->good_for = 0;
	return refusal->outcome;
}

void route_explain(struct route *route, const char *format, ...)
{
	size_t used = strlen(route->cause);
	va_list arguments;

	if (used > 0 && used + 3 < sizeof(route->cause)) {
		memcpy(route->cause + used, "; ", 3);
		used += 2;
	}
	va_start(arguments, format);
	(void)vsnprintf(route->cause + used, sizeof(route->cause) - used, format, arguments);
	va_end(arguments);
}
