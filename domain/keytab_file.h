/* SPDX-License-Identifier: ISC */
/*
 * A keytab file looked at and kept in order: which keys it holds, and the old ones
 * that a rotation dropped although tickets under them are still about. Key bytes
 * never leave libkrb5's own structures.
 */
#ifndef DOMAIN_KEYTAB_FILE_H
#define DOMAIN_KEYTAB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEYTAB_PRINCIPAL_SIZE = 320, KEYTAB_KEYS_MAX = 4096 };

struct keytab_key {
	char principal[KEYTAB_PRINCIPAL_SIZE]; /* with its realm */
	unsigned version;                      /* kvno */
	int enctype;
	int64_t made; /* unix seconds, of the entry in the file */
};

struct keytab {
	struct keytab_key *keys;
	size_t count;
};

/* False with the reason; a file without keys is one. */
bool keytab_read(const char *path, struct keytab *keytab, char *why, size_t size);
void keytab_clear(struct keytab *keytab);
/* The newest key's version, of a principal; without one of any. 0 when there is none. */
unsigned keytab_newest(const struct keytab *keytab, const char *principal);
/* The principal of the computer account ("GW$@CORP.EXAMPLE"); NULL when there is none. */
const char *keytab_computer(const struct keytab *keytab);
/* A key that controllers which have turned RC4 and DES off accept. */
bool keytab_is_strong(const struct keytab_key *key);
/* "aes256-cts-hmac-sha1-96"; a number for an unknown one. */
void keytab_enctype_name(int enctype, char *to, size_t size);

/*
 * The keys of `before` that a rotation must put back: not in `after`, and their
 * successor was made after `since`, so that tickets under them may still be shown.
 * Marks them in `wanted` (before->count places); the number of them.
 */
size_t keytab_dropped(const struct keytab *before, const struct keytab *after, int64_t since,
		      bool *wanted);

/* A rotation in three steps: hold what is there, let the file be rewritten, put old keys back. */
struct keytab_hold;
struct keytab_hold *keytab_hold(const char *path, char *why, size_t size);
/* Adds the dropped keys to the file; their number, -1 with the reason. */
int keytab_put_back(struct keytab_hold *hold, int64_t since, char *why, size_t size);
void keytab_hold_free(struct keytab_hold *hold); /* NULL is fine */

#endif
