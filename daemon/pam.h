/* SPDX-License-Identifier: ISC */
/*
 * Is this the password of that account of the system? By PAM, in the calling
 * process, one thread of it: modules may not be made for more. Blocks.
 */
#ifndef DAEMON_PAM_H
#define DAEMON_PAM_H

#include "daemon/message_local.h"

/* Authentication, then whether the account may be used (expired and the like). */
void pam_prove(const char *service, const struct message_prove *prove, struct message_proof *proof);

#endif
