/* SPDX-License-Identifier: ISC */
#include "directory/keytab.h"

#include <stdio.h>

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
	return error;
}

void keytab_copy_clear(krb5_context context, struct keytab_copy *copy)
{
	if (copy->memory)
		krb5_kt_close(context, copy->memory);
	krb5_free_principal(context, copy->chosen);
	*copy = (struct keytab_copy){ 0 };
}
