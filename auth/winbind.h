/* SPDX-License-Identifier: ISC */
/*
 * What NTLM needs on this machine. gss-ntlmssp says the same of every failure: this
 * tells what is our trouble from what is the client's.
 */
#ifndef AUTH_WINBIND_H
#define AUTH_WINBIND_H

struct winbind_probe;

/* Version 2 only, and no passwords from a file; loads libwbclient, which gss-ntlmssp brings
 * along. Before threads. */
void winbind_prepare(void);
/* After privileges were dropped: what stands in the way is logged, with the remedy. */
void winbind_examine(void);
/* The winbind of this machine, and the domain it is a member of. */
struct winbind_probe *winbind_probe(void);

#endif
