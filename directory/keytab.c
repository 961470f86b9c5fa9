/* SPDX-License-Identifier: ISC */
#include "directory/keytab.h"

#include <stdio.h>

bool keytab_explain(krb5_context context, krb5_error_code error, const char *what, char *why,
		    size_t size)
{
	const char *text = krb5_get_error_message(context, error);

	snprintf(why, size, "%s: %s", what, text);
	krb5_free_error_message(context, text);
	return false;
}

/* The name of a computer account ends in "$" before the realm. */
static bool is_computer(krb5_const_principal principal)
{
	const krb5_data *name = principal->data;

	return principal->length == 1 && name->length > 0 && name->data[name->length - 1] == '$';
}

static krb5_error_code copy_entry(krb5_context context, struct keytab_copy *copy,
				  krb5_keytab_entry *entry)
{
	krb5_error_code error = krb5_kt_add_entry(context, copy->memory, entry);

	if (error)
		return error;
	copy->entries++;
	if (entry->key.enctype != ENCTYPE_ARCFOUR_HMAC)
		copy->strong++;
	if (copy->chosen && (copy->chosen_is_computer || !is_computer(entry->principal)))
		return 0;
	krb5_free_principal(context, copy->chosen);
	copy->chosen_is_computer = is_computer(entry->principal);
	return krb5_copy_principal(context, entry->principal, &copy->chosen);
}

static krb5_error_code copy_entries(krb5_context context, krb5_keytab file,
				    struct keytab_copy *copy)
{
	krb5_kt_cursor cursor;
	krb5_keytab_entry entry;
	krb5_error_code error = krb5_kt_start_seq_get(context, file, &cursor), failure = 0;

	if (error)
		return error;
	while (!failure && (error = krb5_kt_next_entry(context, file, &entry, &cursor)) == 0) {
		failure = copy_entry(context, copy, &entry);
		krb5_free_keytab_entry_contents(context, &entry);
	}
	krb5_kt_end_seq_get(context, file, &cursor);
	if (failure)
		return failure;
	return error == KRB5_KT_END ? 0 : error;
}

krb5_error_code keytab_copy(krb5_context context, const char *path, const char *name,
			    struct keytab_copy *copy)
{
	krb5_keytab file = NULL;
	char memory[320];
	krb5_error_code error = krb5_kt_resolve(context, path, &file);

	snprintf(memory, sizeof(memory), "MEMORY:%s", name);
	if (!error)
		error = krb5_kt_resolve(context, memory, &copy->memory);
	if (!error)
		error = copy_entries(context, file, copy);
	if (file)
		krb5_kt_close(context, file);
	return !error && copy->entries == 0 ? KRB5_KT_NOTFOUND : error;
}

void keytab_copy_clear(krb5_context context, struct keytab_copy *copy)
{
	if (copy->memory)
		krb5_kt_close(context, copy->memory);
	krb5_free_principal(context, copy->chosen);
	*copy = (struct keytab_copy){ 0 };
}

static krb5_error_code newest_version(krb5_context context, krb5_keytab all,
				      krb5_principal principal, krb5_kvno *version)
{
	krb5_keytab_entry entry;
	krb5_error_code error = krb5_kt_get_entry(context, all, principal, 0, 0, &entry);

	if (error)
		return error;
	*version = entry.vno;
	return krb5_free_keytab_entry_contents(context, &entry);
}

/* Adds what is older than `version`; *count says how much. */
static krb5_error_code add_older(krb5_context context, krb5_keytab all, krb5_principal principal,
				 krb5_kvno version, krb5_keytab to, size_t *count)
{
	krb5_kt_cursor cursor;
	krb5_keytab_entry entry;
	krb5_error_code error = krb5_kt_start_seq_get(context, all, &cursor), failure = 0;

	if (error)
		return error;
	while (!failure && krb5_kt_next_entry(context, all, &entry, &cursor) == 0) {
		if (entry.vno < version &&
		    krb5_principal_compare(context, entry.principal, principal)) {
			failure = krb5_kt_add_entry(context, to, &entry);
			++*count;
		}
		krb5_free_keytab_entry_contents(context, &entry);
	}
	krb5_kt_end_seq_get(context, all, &cursor);
	return failure;
}

krb5_error_code keytab_older(krb5_context context, krb5_keytab all, krb5_principal principal,
			     krb5_keytab *older)
{
	char name[64];
	krb5_kvno version = 0;
	size_t count = 0;
	krb5_error_code error = newest_version(context, all, principal, &version);

	if (error)
		return error;
	/* The address makes the name this caller's own; the keytab goes with its last closing. */
	snprintf(name, sizeof(name), "MEMORY:postern-older-%p", (void *)older);
	error = krb5_kt_resolve(context, name, older);
	if (error)
		return error;
	error = add_older(context, all, principal, version, *older, &count);
	if (!error && count > 0)
		return 0;
	krb5_kt_close(context, *older);
	return error ? error : KRB5_KT_NOTFOUND;
}
