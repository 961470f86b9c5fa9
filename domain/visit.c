/* SPDX-License-Identifier: ISC */
#include "domain/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "directory/entry.h"
#include "domain/ticket.h"

/* RFC 2782: lower priorities first; among equals the name server's own turn will do for one call.
 */
static int by_priority(const void *a, const void *b)
{
	const struct srv *left = a, *right = b;

	return (int)left->priority - (int)right->priority;
}

size_t visit_find(const char *domain, struct srv servers[SRV_MAX], const char **why)
{
	char name[SRV_HOST_SIZE];
	size_t count;

	*why = "no DNS name is so long";
	if (!srv_name(SRV_LDAP, domain, "", true, name))
		return 0;
	count = srv_query(name, servers, why);
	qsort(servers, count, sizeof(*servers), by_priority);
	return count;
}

int64_t visit_deadline(const struct visit *visit)
{
	return clock_ms() + (int64_t)visit->conf->timeout * 1000;
}

void visit_search(struct visit *visit, const struct search *search, struct search_result *result)
{
	search_now(&visit->connection, search, visit_deadline(visit), result);
}

static void take_value(const struct entry *entry, const char *attribute, char *to, size_t size)
{
	struct span value;

	if (!entry_value(entry, attribute, 0, &value) || span_has_nul(value) ||
	    !span_copy(value, to, size))
		to[0] = '\0';
}

/* GeneralizedTime as AD writes it: 20261126162109.0Z. */
static void take_clock(struct visit *visit, const struct entry *entry)
{
	char text[40];
	struct tm parts = { 0 };

	take_value(entry, "currentTime", text, sizeof(text));
	visit->has_clock = strptime(text, "%Y%m%d%H%M%S", &parts) != NULL;
	if (visit->has_clock)
		visit->clock_skew = (int64_t)timegm(&parts) - clock_unix();
}

static bool read_root(struct visit *visit, char why[CONNECTION_TEXT_SIZE])
{
	static const char *const attributes[] = { "currentTime", "dnsHostName",
						  "defaultNamingContext",
						  "configurationNamingContext", NULL };
	const struct search search = { .base = "",
				       .scope = LDAP_SCOPE_BASE,
				       .filter = "(objectClass=*)",
				       .attributes = attributes };
	struct search_result result;

	visit_search(visit, &search, &result);
	if (result.code != LDAP_SUCCESS || result.count != 1) {
		snprintf(why, CONNECTION_TEXT_SIZE, "the root entry cannot be read: %s",
			 ldap_err2string(result.code));
		search_result_clear(&result);
		return false;
	}
	take_clock(visit, result.entries[0]);
	take_value(result.entries[0], "dnsHostName", visit->host, sizeof(visit->host));
	take_value(result.entries[0], "defaultNamingContext", visit->base, sizeof(visit->base));
	take_value(result.entries[0], "configurationNamingContext", visit->configuration,
		   sizeof(visit->configuration));
	search_result_clear(&result);
	return true;
}

bool visit_begin(struct visit *visit, const struct conf_directory *conf,
		 const struct server *server, enum connection_use use,
		 char why[CONNECTION_TEXT_SIZE])
{
	int64_t start;
	const char *trouble;

	*visit = (struct visit){ .conf = conf, .server = *server };
	if (!dial_resolve(visit->server.host, &visit->server.addresses, &trouble)) {
		snprintf(why, CONNECTION_TEXT_SIZE, "name lookup: %s", trouble);
		return false;
	}
	start = clock_ms();
	visit->watchdog = watchdog_new();
	if (!connection_open(&visit->connection, conf, &visit->server, use, visit->watchdog,
			     visit_deadline(visit), why)) {
		watchdog_free(visit->watchdog);
		return false;
	}
	visit->connect_ms = clock_ms() - start;
	start = clock_ms();
	if (!read_root(visit, why)) {
		visit_end(visit);
		return false;
	}
	visit->answer_ms = clock_ms() - start;
	return true;
}

void visit_end(struct visit *visit)
{
	connection_close(&visit->connection);
	watchdog_free(visit->watchdog);
}

bool visit_bind_ticket(struct visit *visit, const struct ticket *ticket,
		       char why[CONNECTION_TEXT_SIZE])
{
	return connection_bind_ticket(&visit->connection, ticket->cache, ticket->principal,
				      visit_deadline(visit), why);
}

bool visit_bind_service(struct visit *visit, struct credentials *credentials, struct span password,
			char why[CONNECTION_TEXT_SIZE])
{
	return connection_bind_service(&visit->connection, visit->conf, credentials, password,
				       visit_deadline(visit), why);
}
