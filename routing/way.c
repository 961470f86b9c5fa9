/* SPDX-License-Identifier: ISC */
/* What an entry does with mail for it, by what it says alone. */
#include "routing/routing_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/mailbox.h"

static void refuse(struct way *way, const struct refusal *refusal, const char *why)
{
	way->kind = WAY_REFUSED;
	way->refusal = refusal;
	snprintf(way->why, sizeof(way->why), "%s", why);
}

static void refuse_value(struct way *way, enum conf_attribute attribute, const char *value,
			 const char *why)
{
	way->kind = WAY_REFUSED;
	way->refusal = &refusal_fault;
	way->decided = attribute;
	snprintf(way->why, sizeof(way->why), "\"%.100s\" cannot be used: %.120s", value, why);
}

/*
 * Locked accounts and those whose password must be changed still receive: both
 * end by themselves, and a stranger can bring the first about.
 */
static const struct refusal *objection(const struct person *person)
{
	if (person->kind == PERSON_FOLDER)
		return &refusal_folder;
	if (person->state & (PERSON_DISABLED | PERSON_EXPIRED))
		return &refusal_disabled;
	return NULL;
}

/*
 * Our own name or address, alone or with a port that we listen on: that the mailbox is here is
 * all it says.
 */
static bool hop_is_here(const struct conf *conf, const struct conf_hop *hop)
{
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_smtp *smtp = &conf->smtps[i];

		for (size_t j = 0; j < smtp->listens_count; j++) {
			const struct conf_listen *listen = &smtp->listens[j];

			if (!hop->lmtp && (hop->port == 0 || hop->port == listen->port) &&
			    (span_is_nocase(span_text(hop->host), smtp->fqdn) ||
			     strcmp(hop->host, listen->address) == 0))
				return true;
		}
	}
	return false;
}

enum mailbox_place mailbox_place(const struct conf *conf, const struct person *person,
				 char host[256], const char **why)
{
	struct conf_hop hop;
	bool here;

	host[0] = '\0';
	*why = "more than one value, or no text";
	if (!person->host[0] && !person->host_unreadable)
		return MAILBOX_HERE;
	if (person->host_unreadable || !conf_hop_parse(person->host, &hop, why))
		return MAILBOX_UNKNOWN;
	here = hop_is_here(conf, &hop);
	if (!here)
		(void)span_copy(span_text(hop.host), host, 256);
	free(hop.text);
	free(hop.host);
	return here ? MAILBOX_HERE : MAILBOX_ELSEWHERE;
}

/* The next hop into way->via, "" when it is here. */
static bool read_host(const struct conf *conf, const struct person *person, struct way *way)
{
	const char *why;
	char host[256];

	switch (mailbox_place(conf, person, host, &why)) {
	case MAILBOX_HERE:
		return true;
	case MAILBOX_ELSEWHERE:
		(void)span_copy(span_text(person->host), way->via, sizeof(way->via));
		return true;
	case MAILBOX_UNKNOWN:
		break;
	}
	refuse_value(way, CONF_ATTRIBUTE_HOST, person->host, why);
	return false;
}

/* "SMTP:x@y" as Exchange has it, or without the type. */
static bool become_address(struct way *way, enum conf_attribute attribute, const char *text)
{
	struct span value = span_text(text);
	const char *why = "no domain";

	if (span_starts_nocase(value, "smtp:"))
		value = span_skip(value, 5);
	way->kind = WAY_BECOMES;
	way->decided = attribute;
	if (address_parse(value, &way->address, &why) && way->address.domain[0])
		return true;
	refuse_value(way, attribute, text, why);
	return false;
}

/* One without a target is its own address elsewhere. */
static void become_contact(const struct conf *conf, const struct mail_object *object,
			   struct way *way)
{
	for (size_t i = 0; i < object->addresses.count; i++) {
		const char *text = object->addresses.at[i], *why;

		if (address_parse(span_text(text), &way->address, &why) && way->address.domain[0] &&
		    !conf_find_domain(conf, way->address.domain)) {
			way->kind = WAY_BECOMES;
			way->decided = CONF_ATTRIBUTE_MAIL;
			return;
		}
	}
	way->address = (struct address){ 0 };
	refuse(way, &refusal_nowhere, "no target, and no address outside our domains");
}

/* Is it one of its own in our domains? Then nothing is replaced. */
static bool is_own(const struct conf *conf, const struct mail_object *object,
		   const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(address, text);
	return conf_find_domain(conf, address->domain) && object_has_address(object, text);
}

/*
 * The local-mail-recipient schema: with a host the address is replaced on the way there, also by
 * one that is its own; without one, or with ours, it is looked up anew, unless it is its own.
 */
static bool is_routed(const struct conf *conf, const struct mail_object *object, struct way *way)
{
	if (!object->routing_address)
		return false;
	if (!become_address(way, CONF_ATTRIBUTE_ROUTING_ADDRESS, object->routing_address))
		return true;
	if (way->via[0] || !is_own(conf, object, &way->address))
		return true;
	way->address = (struct address){ 0 };
	return false;
}

static bool has_target(const struct conf *conf, const struct mail_object *object, struct way *way)
{
	if (!object->target)
		return false;
	if (!become_address(way, CONF_ATTRIBUTE_TARGET, object->target))
		return true;
	if (!is_own(conf, object, &way->address))
		return true;
	way->address = (struct address){ 0 };
	return false;
}

static bool forwards(const struct mail_object *object, struct way *way)
{
	if (object->forward.count == 0 && object->forward_address.count == 0)
		return false;
	way->kind = WAY_BECOMES;
	way->decided =
		object->forward.count ? CONF_ATTRIBUTE_FORWARD : CONF_ATTRIBUTE_FORWARD_ADDRESS;
	way->forwards = true;
	way->keep = object->keep;
	return true;
}

void way_of_object(const struct conf *conf, const struct mail_object *object, struct way *way)
{
	const struct refusal *refusal = objection(&object->person);

	*way = (struct way){ .kind = WAY_MAILBOX, .decided = CONF_ATTRIBUTES };
	if (refusal) {
		refuse(way, refusal, person_state_name(object->person.state));
		return;
	}
	if (object->fault[0]) {
		refuse(way, &refusal_fault, object->fault);
		return;
	}
	if (!read_host(conf, &object->person, way) || has_target(conf, object, way))
		return;
	if (object->person.kind == PERSON_GROUP) {
		way->kind = WAY_BECOMES;
		way->members = true;
		way->decided = CONF_ATTRIBUTES;
		return;
	}
	if (object->person.kind == PERSON_CONTACT) {
		become_contact(conf, object, way);
		return;
	}
	if (is_routed(conf, object, way) || forwards(object, way))
		return;
	way->kind = way->via[0] ? WAY_ELSEWHERE : WAY_MAILBOX;
	way->decided = way->via[0] ? CONF_ATTRIBUTE_HOST : CONF_ATTRIBUTES;
}

void object_canonical(const struct conf *conf, const struct mail_object *object,
		      const char *fallback, char to[ADDRESS_TEXT_SIZE])
{
	const char *text = object->person.address[0] ? object->person.address : fallback;
	const struct conf_domain *domain;
	struct address address;
	const char *why;
	/* `fallback` may be `to`. */
	bool good = text[0] && address_parse(span_text(text), &address, &why);

	to[0] = '\0';
	if (!good)
		return;
	domain = conf_find_domain(conf, address.domain);
	if (!domain)
		return;
	address_text(&address, to);
	if (!object->person.host[0])
		ascii_lower_text(to);
}

const struct conf_domain *object_domain(const struct conf *conf, const struct mail_object *object,
					const struct conf_domain *fallback)
{
	const char *at = strrchr(object->person.address, '@');
	const struct conf_domain *domain = at ? conf_find_domain(conf, at + 1) : NULL;

	return domain ? domain_canonical(domain) : fallback;
}
