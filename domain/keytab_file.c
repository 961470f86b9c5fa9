/* SPDX-License-Identifier: ISC */
#include "domain/keytab_file.h"

#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"

/* What the file holds, with key bytes, in libkrb5's memory. */
struct keytab_hold {
	krb5_context context;
	char *path;
	krb5_keytab_entry *entries;
	struct keytab keys; /* beside entries, without bytes */
};

static bool explain(krb5_context context, krb5_error_code error, const char *path, char *why,
		    size_t size)
{
	const char *text = krb5_get_error_message(context, error);

	snprintf(why, size, "keytab %s: %s", path, text);
	krb5_free_error_message(context, text);
	return false;
}

static void describe(krb5_context context, const krb5_keytab_entry *entry, struct keytab_key *key)
{
	char *name = NULL;

	*key = (struct keytab_key){ .version = entry->vno,
				    .enctype = entry->key.enctype,
				    .made = (int64_t)(uint32_t)entry->timestamp };
	if (krb5_unparse_name(context, entry->principal, &name) == 0)
		snprintf(key->principal, sizeof(key->principal), "%s", name);
	krb5_free_unparsed_name(context, name);
}

static void take_entry(struct keytab_hold *hold, const krb5_keytab_entry *entry)
{
	size_t count = hold->keys.count;

	hold->entries = memory_grow(hold->entries, count + 1, sizeof(*hold->entries));
	hold->keys.keys = memory_grow(hold->keys.keys, count + 1, sizeof(*hold->keys.keys));
	hold->entries[count] = *entry;
	describe(hold->context, entry, &hold->keys.keys[count]);
	hold->keys.count++;
}

static krb5_error_code take_entries(struct keytab_hold *hold)
{
	krb5_context context = hold->context;
	krb5_keytab file = NULL;
	krb5_kt_cursor cursor;
	krb5_keytab_entry entry;
	krb5_error_code error = krb5_kt_resolve(context, hold->path, &file);

	if (error)
		return error;
	error = krb5_kt_start_seq_get(context, file, &cursor);
	if (!error) {
		while (hold->keys.count < KEYTAB_KEYS_MAX &&
		       (error = krb5_kt_next_entry(context, file, &entry, &cursor)) == 0)
			take_entry(hold, &entry);
		krb5_kt_end_seq_get(context, file, &cursor);
	}
	krb5_kt_close(context, file);
	if (error == 0 || error == KRB5_KT_END)
		return hold->keys.count > 0 ? 0 : KRB5_KT_NOTFOUND;
	return error;
}

struct keytab_hold *keytab_hold(const char *path, char *why, size_t size)
{
	struct keytab_hold *hold = memory_new(sizeof(*hold));
	krb5_error_code error = krb5_init_context(&hold->context);

	hold->path = memory_format("FILE:%s", path);
	if (error) {
		hold->context = NULL;
		snprintf(why, size, "Kerberos cannot be set up: check its configuration file");
	} else {
		error = take_entries(hold);
		if (error)
			explain(hold->context, error, path, why, size);
	}
	if (!error)
		return hold;
	keytab_hold_free(hold);
	return NULL;
}

void keytab_hold_free(struct keytab_hold *hold)
{
	if (!hold)
		return;
	for (size_t i = 0; i < hold->keys.count; i++)
		krb5_free_keytab_entry_contents(hold->context, &hold->entries[i]);
	free(hold->entries);
	keytab_clear(&hold->keys);
	if (hold->context)
		krb5_free_context(hold->context);
	free(hold->path);
	free(hold);
}

bool keytab_read(const char *path, struct keytab *keytab, char *why, size_t size)
{
	struct keytab_hold *hold = keytab_hold(path, why, size);

	*keytab = (struct keytab){ 0 };
	if (!hold)
		return false;
	*keytab = hold->keys;
	for (size_t i = 0; i < hold->keys.count; i++)
		krb5_free_keytab_entry_contents(hold->context, &hold->entries[i]);
	hold->keys = (struct keytab){ 0 };
	keytab_hold_free(hold);
	return true;
}

void keytab_clear(struct keytab *keytab)
{
	free(keytab->keys);
	*keytab = (struct keytab){ 0 };
}

unsigned keytab_newest(const struct keytab *keytab, const char *principal)
{
	unsigned newest = 0;

	for (size_t i = 0; i < keytab->count; i++)
		if ((!principal || strcmp(keytab->keys[i].principal, principal) == 0) &&
		    keytab->keys[i].version > newest)
			newest = keytab->keys[i].version;
	return newest;
}

const char *keytab_computer(const struct keytab *keytab)
{
	for (size_t i = 0; i < keytab->count; i++)
		if (strstr(keytab->keys[i].principal, "$@") &&
		    !strchr(keytab->keys[i].principal, '/'))
			return keytab->keys[i].principal;
	return NULL;
}

bool keytab_is_strong(const struct keytab_key *key)
{
	switch (key->enctype) {
	case ENCTYPE_AES128_CTS_HMAC_SHA1_96:
	case ENCTYPE_AES256_CTS_HMAC_SHA1_96:
	case ENCTYPE_AES128_CTS_HMAC_SHA256_128:
	case ENCTYPE_AES256_CTS_HMAC_SHA384_192:
		return true;
	default:
		return false;
	}
}

void keytab_enctype_name(int enctype, char *to, size_t size)
{
	if (krb5_enctype_to_name(enctype, FALSE, to, size) != 0)
		snprintf(to, size, "enctype %d", enctype);
}

static bool has_key(const struct keytab *keytab, const struct keytab_key *key)
{
	for (size_t i = 0; i < keytab->count; i++)
		if (keytab->keys[i].version == key->version &&
		    keytab->keys[i].enctype == key->enctype &&
		    strcmp(keytab->keys[i].principal, key->principal) == 0)
			return true;
	return false;
}

/* When the key was replaced: the earliest of its successors. INT64_MAX when it never was. */
static int64_t replaced_at(const struct keytab *keytab, const struct keytab_key *key,
			   int64_t so_far)
{
	for (size_t i = 0; i < keytab->count; i++)
		if (keytab->keys[i].version > key->version && keytab->keys[i].made < so_far &&
		    strcmp(keytab->keys[i].principal, key->principal) == 0)
			so_far = keytab->keys[i].made;
	return so_far;
}

size_t keytab_dropped(const struct keytab *before, const struct keytab *after, int64_t since,
		      bool *wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < before->count; i++) {
		const struct keytab_key *key = &before->keys[i];
		int64_t replaced = replaced_at(after, key, replaced_at(before, key, INT64_MAX));

		wanted[i] = replaced != INT64_MAX && replaced >= since && !has_key(after, key);
		count += wanted[i];
	}
	return count;
}

static krb5_error_code add_wanted(struct keytab_hold *hold, const bool *wanted)
{
	krb5_keytab file = NULL;
	krb5_error_code error = krb5_kt_resolve(hold->context, hold->path, &file);

	for (size_t i = 0; !error && i < hold->keys.count; i++)
		if (wanted[i])
			error = krb5_kt_add_entry(hold->context, file, &hold->entries[i]);
	if (file)
		krb5_kt_close(hold->context, file);
	return error;
}

int keytab_put_back(struct keytab_hold *hold, int64_t since, char *why, size_t size)
{
	struct keytab now;
	bool *wanted;
	size_t count;
	krb5_error_code error = 0;

	if (!keytab_read(hold->path + sizeof("FILE:") - 1, &now, why, size))
		return -1;
	wanted = memory_array(hold->keys.count, sizeof(*wanted));
	count = keytab_dropped(&hold->keys, &now, since, wanted);
	if (count > 0)
		error = add_wanted(hold, wanted);
	free(wanted);
	keytab_clear(&now);
	if (!error)
		return (int)count;
	explain(hold->context, error, hold->path, why, size);
	return -1;
}
