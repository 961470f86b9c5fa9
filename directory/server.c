/* SPDX-License-Identifier: ISC */
#include "directory/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"

/* Latencies that differ by less say nothing. */
enum { LATENCY_NOISE_US = 5000 };

void server_set(struct server *server, const char *host, uint16_t port, bool implicit,
		unsigned priority)
{
	bool literal = strchr(host, ':') != NULL;

	*server = (struct server){ .port = port, .implicit = implicit, .priority = priority };
	/* One slow answer is no reason to send nobody's password there any more. */
	server->breakers[CONNECTION_FOR_PASSWORDS].tolerance = 2;
	snprintf(server->host, sizeof(server->host), "%s", host);
	snprintf(server->name, sizeof(server->name), "%s://%s%s%s:%u", implicit ? "ldaps" : "ldap",
		 literal ? "[" : "", server->host, literal ? "]" : "", port);
}

static bool split_host(struct span *rest, struct span *host)
{
	if (rest->length > 0 && rest->at[0] == '[') {
		*rest = span_skip(*rest, 1);
		return span_cut(rest, ']', host);
	}
	const char *colon = memchr(rest->at, ':', rest->length);
	size_t length = colon ? (size_t)(colon - rest->at) : rest->length;

	*host = span_make(rest->at, length);
	*rest = span_skip(*rest, length);
	return true;
}

bool server_parse(const char *uri, struct server *server, const char **why)
{
	struct span rest = span_text(uri), host;
	bool implicit = span_starts_nocase(rest, "ldaps://");
	uint64_t port = implicit ? 636 : 389;
	char name[SERVER_HOST_SIZE];

	*why = "not an ldap:// or ldaps:// URI";
	if (!implicit && !span_starts_nocase(rest, "ldap://"))
		return false;
	rest = span_skip(rest, implicit ? 8 : 7);
	if (rest.length > 0 && rest.at[rest.length - 1] == '/')
		rest.length--;
	*why = "no host name in the URI";
	if (!split_host(&rest, &host) || host.length == 0 || !span_copy(host, name, sizeof(name)))
		return false;
	*why = "no port number in the URI";
	if (rest.length > 0 && (rest.at[0] != ':' || !span_number(span_skip(rest, 1), &port) ||
				port == 0 || port > 65535))
		return false;
	server_set(server, name, (uint16_t)port, implicit, 0);
	return true;
}

void server_measured(struct server *server, int64_t microseconds)
{
	if (microseconds < 1)
		microseconds = 1;
	server->latency = server->latency ? (3 * server->latency + microseconds) / 4 : microseconds;
}

static bool are_equals(const struct server *a, const struct server *b)
{
	return a->tier == b->tier && a->priority == b->priority;
}

/*
 * RFC 2782: each next one is drawn from those that are left, as likely as its weight
 * says; those without weight come in at the end, unless the draw is zero.
 */
static struct server *draw_one(struct server *servers, size_t count, const struct server *group,
			       const bool *drawn, uint32_t (*random)(uint32_t below))
{
	struct server *last = NULL;
	uint32_t sum = 0, at;

	for (size_t i = 0; i < count; i++)
		if (!drawn[i] && are_equals(&servers[i], group))
			sum += servers[i].weight;
	at = random(sum + 1);
	for (size_t i = 0; i < count; i++) {
		if (drawn[i] || !are_equals(&servers[i], group))
			continue;
		last = &servers[i];
		if (at <= servers[i].weight)
			break;
		at -= servers[i].weight;
	}
	return last;
}

void server_draw(struct server *servers, size_t count, uint32_t (*random)(uint32_t below))
{
	bool *drawn = memory_array(count, sizeof(*drawn));

	for (size_t i = 0; i < count; i++) {
		struct server *next;
		unsigned place = 0;

		if (drawn[i])
			continue;
		while ((next = draw_one(servers, count, &servers[i], drawn, random))) {
			next->place = place++;
			drawn[next - servers] = true;
		}
	}
	free(drawn);
}

/* Not measured is not near. */
static bool is_nearer(const struct server *a, const struct server *b)
{
	return a->latency && (!b->latency || a->latency + LATENCY_NOISE_US < b->latency);
}

void server_rank(struct server *servers, size_t count)
{
	bool moved = true;

	/* Each exchange puts a nearer server in front, so this ends. */
	for (size_t turn = 0; moved && turn < count; turn++) {
		moved = false;
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0; k < count; k++) {
				struct server *a = &servers[i], *b = &servers[k];

				if (!are_equals(a, b) || a->weight != b->weight ||
				    a->place > b->place || !is_nearer(b, a))
					continue;
				unsigned place = a->place;

				a->place = b->place;
				b->place = place;
				moved = true;
			}
	}
}

/* Where not even searches get through, passwords are tried last. */
static bool is_down(const struct server *server, enum connection_use use)
{
	return server->breakers[use].state != BREAKER_CLOSED ||
	       server->breakers[CONNECTION_FOR_LOOKUPS].state != BREAKER_CLOSED;
}

static bool is_before(const struct server *a, const struct server *b, enum connection_use use)
{
	if (is_down(a, use) != is_down(b, use))
		return is_down(b, use);
	if (a->paused != b->paused)
		return b->paused;
	if (a->tier != b->tier)
		return a->tier < b->tier;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->place < b->place;
}

bool server_precedes(const struct server *a, const struct server *b)
{
	return a->gone != b->gone ? b->gone : is_before(a, b, CONNECTION_FOR_LOOKUPS);
}

size_t server_choose(const struct server *servers, size_t count, enum connection_use use,
		     const char *but_not, int64_t now)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		if (servers[i].gone || !breaker_admits(&servers[i].breakers[use], now) ||
		    (but_not && strcmp(servers[i].name, but_not) == 0))
			continue;
		if (best == count || is_before(&servers[i], &servers[best], use))
			best = i;
	}
	return best;
}

bool server_is_preferred(const struct server *server, const struct server *to)
{
	if (server->paused != to->paused)
		return to->paused;
	if (server->tier != to->tier)
		return server->tier < to->tier;
	if (server->priority != to->priority)
		return server->priority < to->priority;
	return server->latency && to->latency && is_nearer(server, to) &&
	       server->latency * 2 < to->latency;
}
