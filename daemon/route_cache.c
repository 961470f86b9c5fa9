/* SPDX-License-Identifier: ISC */
#include "daemon/route_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"

enum { ROUTES_MAX = 50000 };

struct route_answer *route_answer_new(const struct message_route *route)
{
	size_t via = strlen(route->via) + 1, canonical = strlen(route->canonical) + 1;
	struct route_answer *answer =
		memory_new(sizeof *answer + route->ticket.length + via + canonical);

	answer->outcome = route->outcome;
	answer->kind = route->kind;
	answer->code = route->code;
	memcpy(answer->status, route->status, sizeof answer->status);
	memcpy(answer->text, route->text, sizeof answer->text);
	answer->quota = route->quota;
	answer->size = route->size;
	answer->ticket_length = route->ticket.length;
	if (route->ticket.length > 0)
		memcpy(answer->ticket, route->ticket.at, route->ticket.length);
	memcpy(answer->ticket + answer->ticket_length, route->via, via);
	memcpy(answer->ticket + answer->ticket_length + via, route->canonical, canonical);
	return answer;
}

const char *route_answer_via(const struct route_answer *answer)
{
	return answer->ticket + answer->ticket_length;
}

const char *route_answer_canonical(const struct route_answer *answer)
{
	const char *via = route_answer_via(answer);

	return via + strlen(via) + 1;
}

struct route_answer *route_answer_copy(const struct route_answer *answer)
{
	const char *canonical = route_answer_canonical(answer);
	size_t size = (size_t)(canonical + strlen(canonical) + 1 - (const char *)answer);

	return memcpy(memory_new(size), answer, size);
}

struct table *route_cache_new(void)
{
	return table_new(ROUTES_MAX, free);
}

static struct span cache_key(const struct address *address, char room[ADDRESS_TEXT_SIZE])
{
	address_text(address, room);
	ascii_lower_text(room);
	return span_text(room);
}

const struct route_answer *route_cache_find(struct table *routes, const struct address *address)
{
	char room[ADDRESS_TEXT_SIZE];

	return table_find(routes, cache_key(address, room), clock_ms());
}

void route_cache_put(struct table *routes, const struct address *address, const struct message_route *route)
{
	char room[ADDRESS_TEXT_SIZE];

	/*
	 * Never an error: asking again may well help. Nor a refusal: the directory role, whose own
	 * cache spares the directory, logs the cause under the session that is refused. Nor what
	 * depends on who sends.
	 */
	if (route->outcome != OUTCOME_OK || route->good_for == 0 || route->by_sender)
		return;
	table_put(routes, cache_key(address, room), route_answer_new(route),
		  clock_ms() + (int64_t)route->good_for * 1000);
}
