/* SPDX-License-Identifier: ISC */
#include "directory/search.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "directory/entry.h"
#include "directory/range.h"

enum { ATTRIBUTE_SIZE = 256 };

/* LDAP_SERVER_DOMAIN_SCOPE_OID (MS-ADTS 3.1.1.3.4.1.4). */
static char domain_scope[] = "1.2.840.113556.1.4.1339";

int search_send(LDAP *ldap, const struct search *search, int *code)
{
	LDAPControl control = { .ldctl_oid = domain_scope };
	LDAPControl *controls[] = { &control, NULL };
	int most = search->most ? (int)search->most : SEARCH_ENTRIES_MAX, id = -1;

	*code = ldap_search_ext(ldap, search->base, search->scope, search->filter,
				(char **)(void *)(const void *)search->attributes, 0,
				search->ad ? controls : NULL, NULL, NULL, most, &id);
	return *code == LDAP_SUCCESS ? id : -1;
}

/* Values of a part of an attribute are values of it, and the entry notes where the next part begins. */
static void take_values(LDAP *ldap, LDAPMessage *message, const char *description,
			struct entry *entry)
{
	struct berval **values = ldap_get_values_len(ldap, message, description);
	char attribute[ATTRIBUTE_SIZE];
	struct range range;
	bool sound = range_parse(description, &range);

	snprintf(attribute, sizeof(attribute), "%.*s", (int)range.name, description);
	for (size_t i = 0; values && values[i]; i++)
		if (!entry_add(entry, attribute, span_make(values[i]->bv_val, values[i]->bv_len)))
			break;
	if (!sound)
		entry_set_part(entry, attribute, 0, ENTRY_LOST);
	else if (range.given)
		entry_set_part(entry, attribute, range.first, range.next);
	ldap_value_free_len(values);
}

static void take_entry(LDAP *ldap, LDAPMessage *message, struct search_result *result)
{
	BerElement *state = NULL;
	struct entry *entry;
	char *dn;

	if (result->count == SEARCH_ENTRIES_ROOM)
		return;
	dn = ldap_get_dn(ldap, message);
	entry = entry_new(dn ? dn : "");
	ldap_memfree(dn);
	for (char *name = ldap_first_attribute(ldap, message, &state); name;
	     name = ldap_next_attribute(ldap, message, state)) {
		take_values(ldap, message, name, entry);
		ldap_memfree(name);
	}
	ber_free(state, 0);
	result->entries[result->count++] = entry;
}

void search_take(LDAP *ldap, LDAPMessage *messages, struct search_result *result)
{
	char *text = NULL;

	result->code = LDAP_DECODING_ERROR;
	for (LDAPMessage *m = ldap_first_message(ldap, messages); m;
	     m = ldap_next_message(ldap, m)) {
		int type = ldap_msgtype(m);

		if (type == LDAP_RES_SEARCH_ENTRY)
			take_entry(ldap, m, result);
		/* LDAP_RES_SEARCH_REFERENCE: other domains' parts of the tree; never followed. */
		if (type == LDAP_RES_SEARCH_RESULT &&
		    ldap_parse_result(ldap, m, &result->code, NULL, &text, NULL, NULL, 0) !=
			    LDAP_SUCCESS)
			result->code = LDAP_DECODING_ERROR;
	}
	snprintf(result->diagnostic, sizeof(result->diagnostic), "%s", text ? text : "");
	ldap_memfree(text);
	ldap_msgfree(messages);
}

void search_now(struct connection *connection, const struct search *search, int64_t deadline,
		struct search_result *result)
{
	LDAPMessage *messages = NULL;
	struct watch watch;
	int id, type = -1;

	*result = (struct search_result){ .code = LDAP_SERVER_DOWN };
	memcpy(result->server, connection->server, sizeof(result->server));
	watchdog_arm(connection->watchdog, &watch, connection->guard, deadline);
	id = search_send(connection->ldap, search, &result->code);
	if (id >= 0)
		type = ldap_result(connection->ldap, id, LDAP_MSG_ALL, NULL, &messages);
	if (type > 0)
		search_take(connection->ldap, messages, result);
	else if (id >= 0)
		result->code = LDAP_SERVER_DOWN;
	if (watchdog_disarm(connection->watchdog, &watch))
		result->code = LDAP_TIMEOUT;
}

void search_result_clear(struct search_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		entry_free(result->entries[i]);
	result->count = 0;
}

bool search_succeeded(const struct search_result *result)
{
	/* RFC 4511 section 4.5.1.4: with the size limit reached, what came is true but not all. */
	return result->code == LDAP_SUCCESS ||
	       (result->code == LDAP_SIZELIMIT_EXCEEDED && result->count > 1);
}
