/* SPDX-License-Identifier: ISC */
/*
 * Passwords of method password-file: made ready for comparison (RFC 8265
 * OpaqueString, so that the same password typed on two systems has the same
 * octets), hashed with yescrypt (crypt(5)), compared.
 */
#ifndef ACCOUNTS_PASSWORD_H
#define ACCOUNTS_PASSWORD_H

#include "accounts/mailbox_file.h"

#define PASSWORD_LENGTH_MIN  8    /* characters; NIST SP 800-63B section 5.1.1.2 */
#define PASSWORD_CRYPT_MAX   512  /* crypt(3) takes no more */
#define PASSWORD_NORMAL_SIZE 1024 /* normalized, with NUL */
#define PASSWORD_ITERATIONS  100000

/* False when it is no text of RFC 8265, empty or too long. */
bool password_normalize(struct span password, char to[PASSWORD_NORMAL_SIZE]);
/* NULL when it may be chosen for this address; else why not (static, for people). */
const char *password_wrong(struct span password, struct span address);
/* Fills verifier, SCRAM keys and time; false with errno when crypt(3) cannot. Takes a while. */
bool password_set(struct mailbox_file *file, struct span password);
/* A file without a verifier takes as long, and is never right. */
bool password_is(const struct mailbox_file *file, struct span password);

#endif
