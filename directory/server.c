/* SPDX-License-Identifier: ISC */
#include "directory/server.h"

#include <stdio.h>
#include <string.h>

#include "base/span.h"

/* Short enough that a directory that comes back is used again at once. */
enum { RETRY_FIRST_MS = 500, RETRY_LAST_MS = 5000 };

void server_set(struct server *server, const char *host, uint16_t port, bool implicit,
		unsigned rank)
{
	bool literal = strchr(host, ':') != NULL;

	*server = (struct server){ .port = port, .implicit = implicit, .rank = rank };
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

bool server_failed(struct server *server, const char *reason, int64_t now)
{
	bool news = !server->down || strcmp(server->reason, reason) != 0;
	unsigned shift = server->failures < 4 ? server->failures : 4;
	int64_t pause = (int64_t)RETRY_FIRST_MS << shift;

	server->down = true;
	server->failures++;
	server->retry = now + (pause < RETRY_LAST_MS ? pause : RETRY_LAST_MS);
	snprintf(server->reason, sizeof(server->reason), "%s", reason);
	return news;
}

bool server_succeeded(struct server *server)
{
	bool news = server->down;

	server->down = false;
	server->failures = 0;
	server->retry = 0;
	server->reason[0] = '\0';
	return news;
}

static bool is_better(const struct server *a, const struct server *b)
{
	if (a->down != b->down)
		return !a->down;
	return a->rank < b->rank;
}

size_t server_choose(const struct server *servers, size_t count, int64_t now)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		if (servers[i].gone || servers[i].retry > now)
			continue;
		if (best == count || is_better(&servers[i], &servers[best]))
			best = i;
	}
	return best;
}
