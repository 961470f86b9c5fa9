/* SPDX-License-Identifier: ISC */
#include "routing/routing_private.h"

#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "routing/mailbox.h"

enum { FACT_SIZE = 1500 };

void tell(const struct route_teller *teller, const char *key, const char *format, ...)
{
	char value[FACT_SIZE];
	va_list arguments;

	if (!teller)
		return;
	va_start(arguments, format);
	(void)vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	teller->fact(teller->context, key, value);
}

static const char *kind_name(enum person_kind kind)
{
	switch (kind) {
	case PERSON_GROUP:
		return "group";
	case PERSON_CONTACT:
		return "contact";
	case PERSON_FOLDER:
		return "public folder";
	case PERSON_ACCOUNT:
		break;
	}
	return "account";
}

void tell_entry(const struct route_teller *teller, const struct directory_hit *hit)
{
	const struct person *person = &hit->person;

	if (!teller)
		return;
	if (hit->server[0])
		tell(teller, "server", "%s", hit->server);
	if (hit->filter[0])
		tell(teller, "filter", "%s", hit->filter);
	if (hit->found != DIRECTORY_ONE) {
		tell(teller, "search", "%s", hit->cause);
		return;
	}
	if (!hit->filter[0])
		tell(teller, "search", "%s%s", hit->cause,
		     hit->stale ? ", while no server answers" : "");
	tell(teller, "entry", "%s", person->dn);
	tell(teller, "kind", "%s", kind_name(person->kind));
	if (person->state)
		tell(teller, "state", "%s", person_state_name(person->state));
	if (person->address[0])
		tell(teller, "address", "%s", person->address);
}

static void tell_forward(const struct route_teller *teller, const struct mail_object *object,
			 const struct way *way)
{
	tell(teller, "decided", "%s: %zu entries, %zu addresses, %s",
	     conf_attribute_key(way->decided), object->forward.count, object->forward_address.count,
	     way->keep ? "and the mailbox" : "and no copy kept");
	for (size_t i = 0; i < object->forward.count; i++)
		tell(teller, "forwards to", "%s", object->forward.at[i]);
	for (size_t i = 0; i < object->forward_address.count; i++)
		tell(teller, "forwards to", "%s", object->forward_address.at[i]);
}

void tell_way(const struct route_teller *teller, const struct mail_object *object,
	      const struct way *way)
{
	const char *key =
		way->decided < CONF_ATTRIBUTES ? conf_attribute_key(way->decided) : "entry";
	char address[ADDRESS_TEXT_SIZE];

	if (!teller)
		return;
	if (way->kind == WAY_REFUSED) {
		tell(teller, "decided", "%s: %s %s%s%s", key, way->refusal->status,
		     way->refusal->text, way->why[0] ? ": " : "", way->why);
	} else if (way->forwards) {
		tell_forward(teller, object, way);
	} else if (way->members) {
		tell(teller, "decided", "kind: becomes its members");
	} else if (way->address.domain[0]) {
		address_text(&way->address, address);
		tell(teller, "decided", "%s: becomes %s%s%s", key, address,
		     way->via[0] ? ", via " : "", way->via);
	} else if (way->via[0]) {
		tell(teller, "decided", "%s: the mailbox is at %s", key, way->via);
	} else {
		tell(teller, "decided", "kind: a mailbox here");
	}
}

static void tell_level(const struct route_teller *teller, const char *key, uint64_t octets,
		       const char *source, bool unreadable)
{
	if (octets > 0)
		tell(teller, key, "%" PRIu64 ", %s%s", octets, source,
		     unreadable ? ", what the entry says cannot be read" : "");
	else
		tell(teller, key, "no limit, %s", source);
}

void tell_quota(const struct route_teller *teller, const struct conf *conf,
		const struct conf_domain *domain, const struct mail_object *object)
{
	const struct {
		const char *key;
		struct quota said;
		enum quota_level level;
	} levels[] = { { "quota warn", object->quota_warn, QUOTA_LEVEL_WARN },
		       { "quota send", object->quota_send, QUOTA_LEVEL_SEND },
		       { "quota receive", object->person.quota, QUOTA_LEVEL_RECEIVE } };

	for (size_t i = 0; teller && i < sizeof(levels) / sizeof(*levels); i++) {
		const char *source;
		uint64_t octets =
			quota_level(conf, domain, levels[i].said, levels[i].level, &source);

		tell_level(teller, levels[i].key, octets, source,
			   levels[i].said.kind == QUOTA_UNREADABLE);
	}
}

static void tell_where(const struct route_teller *teller, const struct route *route)
{
	switch (route->kind) {
	case ROUTE_MAILBOX:
		tell(teller, "route", "%s %s@%s", route->mailbox.drop ? "directory" : "mailbox",
		     route->mailbox.name, route->mailbox.domain);
		return;
	case ROUTE_REMOTE:
		tell(teller, "route", "%s%s", route->via[0] ? "elsewhere: " : "another domain",
		     route->via);
		return;
	case ROUTE_LIST:
		tell(teller, "route", "list");
		return;
	case ROUTE_REFUSED:
		break;
	}
	tell(teller, "route", "refused");
}

void tell_route(const struct route_teller *teller, const struct route *route)
{
	if (!teller)
		return;
	if (route->size != UINT64_MAX)
		tell(teller, "size", "%" PRIu64, route->size);
	tell_where(teller, route);
	if (route->kind == ROUTE_REFUSED)
		tell(teller, "reply", "%u %s %s", route->code, route->status, route->text);
	else if (route->kind != ROUTE_REMOTE || route->via[0])
		tell(teller, "reply", "250 2.1.5 recipient ok"); /* others: whom we relay for decides */
	tell(teller, "cause", "%s", route->cause);
}
