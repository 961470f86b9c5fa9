/* SPDX-License-Identifier: ISC */
/*
 * What NTLM needs on this machine. gss-ntlmssp says the same of every failure: this
 * tells what is our trouble from what is the client's.
 */
#ifndef AUTH_WINBIND_H
#define AUTH_WINBIND_H

#include <stdbool.h>

/* Version 2 only, and no passwords from a file. Before threads. */
void winbind_prepare(void);
/* After privileges were dropped: what stands in the way is logged, with the remedy. */
void winbind_examine(void);
bool winbind_there(void); /* somebody answers */

#endif
