/* SPDX-License-Identifier: ISC */
/*
 * The keys with which tickets made for us are opened: every keytab that a directory
 * names, each in memory, under any name it has a key for. A keytab that its owner
 * has renewed is read again when a ticket needs it. Called from many threads.
 */
#ifndef AUTH_ACCEPTORS_H
#define AUTH_ACCEPTORS_H

#include <gssapi/gssapi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acceptors;
struct conf;

/* While there are privileges, before threads. NULL with *why in `room`. */
struct acceptors *acceptors_open(const struct conf *conf, char *room, size_t size);
void acceptors_free(struct acceptors *acceptors);
size_t acceptors_count(const struct acceptors *acceptors);
const char *acceptors_keytab(const struct acceptors *acceptors, size_t index); /* its file */
#define ACCEPT_NTLM       1u /* lets NTLM in, where the client negotiates; not together with: */
#define ACCEPT_UNRECORDED 2u /* does not remember the tickets it has seen */
/*
 * A credential of keytab `index` that accepts Kerberos, with or without negotiation
 * around it, and nothing else unless the ACCEPT_ bits say so. For gss_release_cred.
 * False with *why.
 */
bool acceptors_credential(struct acceptors *acceptors, size_t index, unsigned bits,
			  gss_cred_id_t *credential, char *why, size_t size);
/*
 * A ticket came for which there was no key among those of `version`. True: there are others
 * now, by this call or another. Looks at the files until `deadline` (clock_ms), since the
 * domain knows a new password some seconds before the file has its keys, one after the other.
 */
unsigned acceptors_version(struct acceptors *acceptors);
bool acceptors_renew(struct acceptors *acceptors, unsigned version, int64_t deadline);

#endif
