/* SPDX-License-Identifier: ISC */
/*
 * A keytab taken into memory: afterwards nobody needs the right to read the file,
 * and a file that is being replaced is never seen half.
 */
#ifndef DIRECTORY_KEYTAB_H
#define DIRECTORY_KEYTAB_H

#include <krb5.h>
#include <stdbool.h>
#include <stddef.h>

struct keytab_copy {
	krb5_keytab memory;    /* "MEMORY:" and the name */
	krb5_principal chosen; /* the first, or better the first computer account */
	bool chosen_is_computer;
	size_t entries, strong; /* strong: not RC4 */
};

/* Puts "what: why", as libkrb5 says it. Always false. */
bool keytab_explain(krb5_context context, krb5_error_code error, const char *what, char *why,
		    size_t size);
/* `copy` is zeroed before. It is to be cleared whatever the result. KRB5_KT_NOTFOUND: the file holds no key. */
krb5_error_code keytab_copy(krb5_context context, const char *file, const char *name,
			    struct keytab_copy *copy);
void keytab_copy_clear(krb5_context context, struct keytab_copy *copy);
/*
 * A keytab in memory with the keys of the principal that are older than its newest, among which
 * libkrb5 takes the newest. The caller closes it. KRB5_KT_NOTFOUND when there are none.
 */
krb5_error_code keytab_older(krb5_context context, krb5_keytab all, krb5_principal principal,
			     krb5_keytab *older);

#endif
