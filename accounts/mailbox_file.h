/* SPDX-License-Identifier: ISC */
/*
 * What is kept of a mailbox that is not an entry of a directory: one small file,
 * <mailboxes>/<domain>/<name>, lines of "key value":
 *
 *	postern-mailbox 1
 *	id 5f0c...                    identity of the mailbox, hexadecimal
 *	state open                    or locked: mail arrives, nobody reads it
 *	quota 1048576                 octets, 0 = no limit; absent: the domain's default
 *	password $y$...               crypt(5)
 *	scram-sha-256 I:SALT:STORED:SERVER
 *	password-set 1764172637000000 microseconds since 1970
 *
 * Method password-file has all of it, method local no password, and with method
 * directory a file without an id is there only for a mailbox that is locked.
 */
#ifndef ACCOUNTS_MAILBOX_FILE_H
#define ACCOUNTS_MAILBOX_FILE_H

#include "accounts/scram_keys.h"
#include "base/span.h"

#define MAILBOX_FILE_MAX      4096 /* octets */
#define MAILBOX_ID_SIZE       33   /* 16 octets in hexadecimal, and NUL */
#define MAILBOX_VERIFIER_SIZE 385  /* CRYPT_OUTPUT_SIZE + 1 */
#define MAILBOX_NAME_MAX      64

struct mailbox_file {
	char id[MAILBOX_ID_SIZE]; /* "" only in a lock of method directory */
	bool locked;
	bool has_quota;
	uint64_t quota;
	char verifier[MAILBOX_VERIFIER_SIZE]; /* "" = none: nobody logs in */
	bool has_scram;
	struct scram_keys scram;
	int64_t password_set;
};

/* False with *why (static): an unknown or repeated key, a value out of its form, no first line. */
bool mailbox_file_parse(struct span text, struct mailbox_file *file, const char **why);
/* The length; 0 when it does not fit, which cannot be with MAILBOX_FILE_MAX. */
size_t mailbox_file_print(const struct mailbox_file *file, char *to, size_t size);
void mailbox_file_wipe(struct mailbox_file *file);

/* A name that may be given to a mailbox: 1 to 64 of a-z 0-9 . _ + - = ' ~, not a dot first. */
bool mailbox_name_valid(struct span name);

#endif
