/* SPDX-License-Identifier: ISC */
/*
 * A graph of entries in place of a directory: what routing decides about groups, forwarding and
 * policies needs no server. An entry is a line of words: its name, then what it says:
 *
 *	alice mail=alice@corp.example forward=bob keep
 *
 * Names of others become DNs ("CN=bob,DC=x"). `broken` entries cannot be read.
 */
#ifndef TESTS_ROUTING_GRAPH_H
#define TESTS_ROUTING_GRAPH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "conf/conf.h"
#include "routing/routing_private.h"

enum { GRAPH_MAX = 400 };

struct graph_entry {
	struct mail_object *object;
	struct texts members; /* DNs */
	bool broken;
};

struct graph {
	struct graph_entry entries[GRAPH_MAX];
	size_t count;
	size_t searches;
	struct conf *conf;
	struct routing *routing;
};

static inline void graph_add_text(struct texts *texts, char *text)
{
	texts->at = memory_grow(texts->at, texts->count + 1, sizeof(char *));
	texts->at[texts->count++] = text;
}

static inline char *graph_dn(const char *name)
{
	return memory_format("CN=%s,DC=x", name);
}

static inline void graph_limit(struct object_size *size, const char *value)
{
	*size = (struct object_size){ true, strtoull(value, NULL, 10) };
}

static inline struct quota graph_quota(const char *value)
{
	return quota_parse(span_text(value), 1);
}

/* One word; true when it was known. */
static inline bool graph_flag(struct graph_entry *entry, const char *word)
{
	struct mail_object *object = entry->object;
	static const struct {
		const char *word;
		enum person_kind kind;
	} kinds[] = { { "group", PERSON_GROUP },
		      { "contact", PERSON_CONTACT },
		      { "folder", PERSON_FOLDER } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(word, kinds[i].word) == 0) {
			object->person.kind = kinds[i].kind;
			return true;
		}
	if (strcmp(word, "keep") == 0)
		return object->keep = true;
	if (strcmp(word, "auth") == 0)
		return object->authenticated_only = true;
	if (strcmp(word, "tellowner") == 0)
		return object->report_owner = true;
	if (strcmp(word, "broken") == 0)
		return entry->broken = true;
	if (strcmp(word, "disabled") == 0)
		return object->person.state |= PERSON_DISABLED;
	return false;
}

static inline void graph_mail(struct mail_object *object, const char *value,
			      const struct conf *conf)
{
	const char *at = strchr(value, '@');

	if (!object->person.address[0] && at && conf_find_domain(conf, at + 1))
		(void)span_copy(span_text(value), object->person.address,
				sizeof(object->person.address));
	graph_add_text(&object->addresses, memory_text(value));
}

static inline void graph_value(const struct graph *graph, struct graph_entry *entry,
			       const char *key, const char *value)
{
	struct mail_object *object = entry->object;
	const struct {
		const char *key;
		struct texts *texts;
	} dns[] = { { "forward", &object->forward },
		    { "member", &entry->members },
		    { "accept", &object->accept_from },
		    { "reject", &object->reject_from },
		    { "acceptgroup", &object->accept_groups },
		    { "rejectgroup", &object->reject_groups },
		    { "delegate", &object->delegates } };
	const struct {
		const char *key;
		char **text;
	} texts[] = { { "target", &object->target },
		      { "route", &object->routing_address },
		      { "legacy", &object->legacy_dn } };

	for (size_t i = 0; i < sizeof(dns) / sizeof(*dns); i++)
		if (strcmp(key, dns[i].key) == 0) {
			graph_add_text(dns[i].texts, graph_dn(value));
			return;
		}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(key, texts[i].key) == 0) {
			*texts[i].text = memory_text(value);
			return;
		}
	if (strcmp(key, "mail") == 0)
		graph_mail(object, value, graph->conf);
	else if (strcmp(key, "forwardto") == 0)
		graph_add_text(&object->forward_address, memory_text(value));
	else if (strcmp(key, "memberaddr") == 0)
		graph_add_text(&object->member_address, memory_text(value));
	else if (strcmp(key, "owner") == 0)
		object->owner = graph_dn(value);
	else if (strcmp(key, "host") == 0)
		(void)span_copy(span_text(value), object->person.host, sizeof(object->person.host));
	else if (strcmp(key, "fault") == 0)
		(void)span_copy(span_text(value), object->fault, sizeof(object->fault));
	else if (strcmp(key, "size") == 0)
		graph_limit(&object->size_receive, value);
	else if (strcmp(key, "sendsize") == 0)
		graph_limit(&object->size_send, value);
	else if (strcmp(key, "rcpts") == 0)
		graph_limit(&object->recipients, value);
	else if (strcmp(key, "quota") == 0)
		object->person.quota = graph_quota(value);
	else if (strcmp(key, "qsend") == 0)
		object->quota_send = graph_quota(value);
	else if (strcmp(key, "qwarn") == 0)
		object->quota_warn = graph_quota(value);
	else
		abort();
}

static inline void graph_add(struct graph *graph, const char *line)
{
	struct graph_entry *entry = &graph->entries[graph->count++];
	struct person person = { 0 };
	char *words = memory_text(line), *rest = words, *word = strtok_r(words, " ", &rest);

	if (graph->count > GRAPH_MAX)
		abort();
	snprintf(person.id, sizeof(person.id), "%.60s", word);
	snprintf(person.dn, sizeof(person.dn), "CN=%.60s,DC=x", word);
	*entry = (struct graph_entry){ .object = object_of_person(&person) };
	while ((word = strtok_r(NULL, " ", &rest))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (value)
			graph_value(graph, entry, word, value);
		else if (!graph_flag(entry, word))
			abort();
	}
	free(words);
}

static inline void graph_drop_entries(struct graph *graph)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct graph_entry *entry = &graph->entries[i];

		object_drop(entry->object);
		for (size_t j = 0; j < entry->members.count; j++)
			free(entry->members.at[j]);
		free(entry->members.at);
	}
	graph->count = 0;
}

/* ---- the source ---- */

static inline void graph_hit(struct graph *graph, const struct graph_entry *entry,
			     struct directory_hit *hit)
{
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY, .good_for = 10 };
	graph->searches++;
	snprintf(hit->cause, sizeof(hit->cause), "graph");
	if (!entry)
		return;
	hit->person = entry->object->person;
	hit->found = entry->broken ? DIRECTORY_FAILED : DIRECTORY_ONE;
	hit->good_for = entry->broken ? 0 : 10;
	if (!entry->broken)
		hit->object = object_hold(entry->object);
}

static inline const struct graph_entry *graph_of_dn(const struct graph *graph, const char *dn)
{
	for (size_t i = 0; i < graph->count; i++)
		if (strcmp(graph->entries[i].object->person.dn, dn) == 0)
			return &graph->entries[i];
	return NULL;
}

static inline void graph_find_address(void *context, const struct conf_directory *directory,
				      const struct address *address, struct directory_hit *hit)
{
	struct graph *graph = context;
	const struct graph_entry *found = NULL;
	char text[ADDRESS_TEXT_SIZE];
	bool many = false;

	(void)directory;
	address_text(address, text);
	for (size_t i = 0; i < graph->count; i++)
		if (object_has_address(graph->entries[i].object, text)) {
			many = found != NULL;
			found = &graph->entries[i];
		}
	graph_hit(graph, found, hit);
	if (many) {
		directory_hit_clear(hit);
		hit->found = DIRECTORY_MANY;
	}
}

static inline void graph_find_dn(void *context, const struct conf_directory *directory,
				 const char *dn, struct directory_hit *hit)
{
	(void)directory;
	graph_hit(context, graph_of_dn(context, dn), hit);
}

static inline void graph_find_id(void *context, const struct conf_directory *directory,
				 const char *id, struct directory_hit *hit)
{
	char *dn = graph_dn(id);

	(void)directory;
	graph_hit(context, graph_of_dn(context, dn), hit);
	free(dn);
}

static inline void graph_find_legacy(void *context, const struct conf_directory *directory,
				     const char *legacy_dn, struct directory_hit *hit)
{
	struct graph *graph = context;
	const struct graph_entry *found = NULL;

	(void)directory;
	for (size_t i = 0; i < graph->count; i++)
		if (graph->entries[i].object->legacy_dn &&
		    span_is_nocase(span_text(legacy_dn), graph->entries[i].object->legacy_dn))
			found = &graph->entries[i];
	graph_hit(graph, found, hit);
}

static inline bool graph_members(void *context, const struct conf_directory *directory,
				 const struct mail_object *group, int64_t deadline,
				 bool (*each)(void *context, const struct directory_hit *hit),
				 void *each_context, char why[400])
{
	struct graph *graph = context;
	const struct graph_entry *entry = graph_of_dn(graph, group->person.dn);

	(void)directory;
	(void)deadline;
	for (size_t i = 0; i < entry->members.count; i++) {
		const struct graph_entry *member = graph_of_dn(graph, entry->members.at[i]);
		struct directory_hit hit;
		bool more;

		if (member && member->broken) {
			snprintf(why, 400, "a member cannot be read");
			return false;
		}
		graph_hit(graph, member, &hit);
		if (!member)
			(void)span_copy(span_text(entry->members.at[i]), hit.person.dn,
					sizeof(hit.person.dn));
		more = each(each_context, &hit);
		directory_hit_clear(&hit);
		if (!more)
			return false;
	}
	return true;
}

static inline bool graph_inside(const struct graph *graph, const char *dn, const char *group,
				unsigned depth)
{
	const struct graph_entry *entry = graph_of_dn(graph, group);

	for (size_t i = 0; depth < 10 && entry && i < entry->members.count; i++)
		if (strcmp(entry->members.at[i], dn) == 0 ||
		    graph_inside(graph, dn, entry->members.at[i], depth + 1))
			return true;
	return false;
}

static inline enum directory_found graph_is_member(void *context,
						   const struct conf_directory *directory,
						   const struct person *person, char *const *groups,
						   size_t count, int64_t deadline, char why[400])
{
	(void)directory;
	(void)deadline;
	for (size_t i = 0; i < count; i++) {
		const struct graph_entry *group = graph_of_dn(context, groups[i]);

		if (group && group->broken) {
			snprintf(why, 400, "the group cannot be read");
			return DIRECTORY_FAILED;
		}
		if (graph_inside(context, person->dn, groups[i], 0))
			return DIRECTORY_ONE;
	}
	return DIRECTORY_NOBODY;
}

/* ---- the scene ---- */

static inline void graph_complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

/* `domain`: more for the section of corp.example. */
static inline struct graph *graph_new(const char *domain)
{
	struct graph *graph = memory_new(sizeof(*graph));
	struct routing_source source = {
		.find_address = graph_find_address,
		.find_dn = graph_find_dn,
		.find_id = graph_find_id,
		.find_legacy = graph_find_legacy,
		.members = graph_members,
		.is_member = graph_is_member,
		.context = graph,
	};
	char *text = memory_format(
		"directory \"d\" { preset = \"ad-exchange\" servers = { \"ldap://127.0.0.1:1\" } "
		"bind = "
		"\"simple\" bind_dn = \"cn=svc,dc=x\" password_file = \"/nowhere/secret\" tls = "
		"\"none\" base = \"dc=x\" allow_plaintext_on_loopback = true netbios = \"CORP\" }\n"
		"domain \"corp.example\" { directory = \"d\" default = true %s }\n"
		"domain \"sales.example\" { directory = \"d\" }\n"
		"domain \"files.example\" { directory = \"d\" drop = \"/nowhere/drop\" }\n"
		"domain \"corp-alias.example\" { alias_of = \"corp.example\" }\n"
		"smtp \"s\" { listen \"127.0.0.1:2525\" { tls = \"none\" } fqdn = "
		"\"mail.corp.example\" authentication = { \"anonymous\" } }\n"
		"store { root = \"/nowhere/mail\" queue = \"/nowhere/queue\" }\n",
		domain);

	graph->conf = conf_parse("graph.conf", text, graph_complain, NULL);
	free(text);
	if (!graph->conf)
		abort();
	graph->routing = routing_new_from(graph->conf, &source);
	return graph;
}

static inline void graph_free(struct graph *graph)
{
	graph_drop_entries(graph);
	routing_free(graph->routing);
	conf_free(graph->conf);
	free(graph);
}

static inline struct address graph_address(const char *text)
{
	struct address address = { 0 };
	const char *why;

	if (text[0] && !address_parse(span_text(text), &address, &why))
		abort();
	return address;
}

#endif
