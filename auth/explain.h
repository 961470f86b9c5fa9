/* SPDX-License-Identifier: ISC */
/*
 * Why a login goes as it goes: the steps of a real one (auth/auth.c), told instead of decided.
 * No password is asked for and none is sent. For `postern explain login`.
 */
#ifndef AUTH_EXPLAIN_H
#define AUTH_EXPLAIN_H

#include "auth/auth.h"
#include "directory/person.h"

/* One thing found out; a key that ends in "[]" may come several times. `value` may hold strangers'
 * octets. */
typedef void (*auth_fact)(void *context, const char *key, const char *value);

/* What the right password would lead to. */
enum auth_verdict auth_explain(struct auth *auth, const char *name, auth_fact fact, void *context);

/* Who would have logged in under that name. Not found, or not to be let in: `directory` is NULL. */
struct auth_explained {
	const char *directory; /* name of the section */
	char id[64];           /* as in struct person */
	char dn[PERSON_DN_SIZE];
	enum auth_verdict verdict; /* what the right password would lead to */
	char cause[400];
};
void auth_explain_who(struct auth *auth, const char *name, struct auth_explained *who);

#endif
