/* SPDX-License-Identifier: ISC */
#include "directory/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "directory/entry.h"
#include "directory/range.h"

enum { ATTRIBUTE_SIZE = 256 };

/* MS-ADTS 3.1.1.3.4.1.4 and .14: no references to other domains; entries that were deleted. */
static char domain_scope[] = "1.2.840.113556.1.4.1339", show_deleted[] = "1.2.840.113556.1.4.417";

void search_result_start(struct search_result *result, const struct search *search)
{
	size_t most = search->most ? search->most : SEARCH_ENTRIES_MAX;

	*result = (struct search_result){ .code = LDAP_SERVER_DOWN,
					  .most = search->page ? search->page : most };
}

/* False with *code: no memory, or a cookie that cannot be written. */
static bool make_page_control(LDAP *ldap, const struct search *search, LDAPControl *control,
			      int *code)
{
	struct berval cookie = { search->cookie.length, (char *)(uintptr_t)search->cookie.at };

	*control = (LDAPControl){ .ldctl_oid = (char *)(uintptr_t)LDAP_CONTROL_PAGEDRESULTS,
				  .ldctl_iscritical = 1 };
	*code = ldap_create_page_control_value(ldap, (ber_int_t)search->page,
					       cookie.bv_len ? &cookie : NULL,
					       &control->ldctl_value);
	return *code == LDAP_SUCCESS;
}

int search_send(LDAP *ldap, const struct search *search, int *code)
{
	LDAPControl scope = { .ldctl_oid = domain_scope }, page = { .ldctl_oid = NULL };
	LDAPControl deleted = { .ldctl_oid = show_deleted, .ldctl_iscritical = 1 };
	LDAPControl *controls[4] = { NULL };
	int most = search->most ? (int)search->most : SEARCH_ENTRIES_MAX, id = -1;
	size_t count = 0;

	if (search->ad)
		controls[count++] = &scope;
	if (search->deleted)
		controls[count++] = &deleted;
	if (search->page) {
		if (!make_page_control(ldap, search, &page, code))
			return -1;
		controls[count++] = &page;
		most = 0;
	}
	*code = ldap_search_ext(ldap, search->base, search->scope, search->filter,
				(char **)(void *)(const void *)search->attributes, 0,
				count ? controls : NULL, NULL, NULL, most, &id);
	ber_memfree(page.ldctl_value.bv_val);
	return *code == LDAP_SUCCESS ? id : -1;
}

/* Values of a part of an attribute are values of it, and the entry notes where the next part
 * begins. */
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

	if (result->count == result->most) {
		result->cut = true;
		return;
	}
	dn = ldap_get_dn(ldap, message);
	entry = entry_new(dn ? dn : "");
	ldap_memfree(dn);
	for (char *name = ldap_first_attribute(ldap, message, &state); name;
	     name = ldap_next_attribute(ldap, message, state)) {
		take_values(ldap, message, name, entry);
		ldap_memfree(name);
	}
	ber_free(state, 0);
	if (result->count == result->room) {
		result->room = result->room ? result->room * 2 : 4;
		result->entries =
			memory_grow(result->entries, result->room, sizeof(*result->entries));
	}
	result->entries[result->count++] = entry;
}

/* The cookie of RFC 2696; an empty one says that this was the last page. */
static void take_controls(LDAP *ldap, LDAPControl **controls, struct search_result *result)
{
	LDAPControl *control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	struct berval cookie = { 0, NULL };
	ber_int_t estimate;

	if (!control)
		return;
	if (ldap_parse_pageresponse_control(ldap, control, &estimate, &cookie) != LDAP_SUCCESS) {
		result->code = LDAP_DECODING_ERROR;
	} else if (cookie.bv_len > 0) {
		free(result->cookie);
		result->cookie = memory_text_n(cookie.bv_val, cookie.bv_len);
		result->cookie_length = cookie.bv_len;
	}
	ber_memfree(cookie.bv_val);
}

static void take_end(LDAP *ldap, LDAPMessage *message, struct search_result *result)
{
	LDAPControl **controls = NULL;
	char *text = NULL;

	if (ldap_parse_result(ldap, message, &result->code, NULL, &text, NULL, &controls, 0) !=
	    LDAP_SUCCESS)
		result->code = LDAP_DECODING_ERROR;
	else if (controls)
		take_controls(ldap, controls, result);
	snprintf(result->diagnostic, sizeof(result->diagnostic), "%s", text ? text : "");
	ldap_controls_free(controls);
	ldap_memfree(text);
}

void search_take(LDAP *ldap, LDAPMessage *messages, struct search_result *result)
{
	result->code = LDAP_DECODING_ERROR;
	for (LDAPMessage *m = ldap_first_message(ldap, messages); m;
	     m = ldap_next_message(ldap, m)) {
		int type = ldap_msgtype(m);

		if (type == LDAP_RES_SEARCH_ENTRY)
			take_entry(ldap, m, result);
		/* LDAP_RES_SEARCH_REFERENCE: other domains' parts of the tree; never followed. */
		if (type == LDAP_RES_SEARCH_RESULT)
			take_end(ldap, m, result);
	}
	ldap_msgfree(messages);
}

void search_now(struct connection *connection, const struct search *search, int64_t deadline,
		struct search_result *result)
{
	LDAPMessage *messages = NULL;
	struct watch watch;
	int id, type = -1;

	search_result_start(result, search);
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
	free(result->entries);
	result->entries = NULL;
	result->count = result->room = 0;
	free(result->cookie);
	result->cookie = NULL;
	result->cookie_length = 0;
}

bool search_succeeded(const struct search_result *result)
{
	/* RFC 4511 section 4.5.1.4: with the size limit reached, what came is true but not all. */
	return result->code == LDAP_SUCCESS ||
	       (result->code == LDAP_SIZELIMIT_EXCEEDED && result->count > 1);
}

bool search_is_whole(const struct search_result *result)
{
	return result->code == LDAP_SUCCESS && !result->cut;
}
