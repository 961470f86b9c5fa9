/* SPDX-License-Identifier: ISC */
/*
 * The directory of mailbox files on disk. Directories belong to root and can be
 * passed through by everybody; files belong to the directory role's user, who can
 * read them and nobody else. Writing is the `postern` command's alone: a file is
 * replaced whole and durably, so readers see the old one or the new one.
 */
#ifndef ACCOUNTS_MAILBOXES_H
#define ACCOUNTS_MAILBOXES_H

#include <sys/types.h>

#include "accounts/mailbox_file.h"

#define MAILBOXES_WHY 300

enum mailboxes_found { MAILBOXES_FOUND, MAILBOXES_NONE, MAILBOXES_TROUBLE };

/* TROUBLE with *why: it cannot be read, or is malformed. `name` may be anything: NONE if no name.
 */
enum mailboxes_found mailboxes_read(const char *root, const char *domain, const char *name,
				    struct mailbox_file *file, char why[MAILBOXES_WHY]);

/*
 * Whose identity that is: <mailboxes>/.id/<id> leads to the file, which has it too.
 * NONE also when the file is another one's by now. domain and name: room of 256 each.
 */
enum mailboxes_found mailboxes_find(const char *root, const char *id, char domain[256],
				    char name[256], struct mailbox_file *file,
				    char why[MAILBOXES_WHY]);

/* Makes the directory if need be. A descriptor to close, or -1 with *why. */
int mailboxes_open(const char *root, char why[MAILBOXES_WHY]);
/* The same for one writer at a time. */
int mailboxes_lock(const char *root, char why[MAILBOXES_WHY]);
/* `owner`: of the file, when we are root. With the lock held, as remove. */
bool mailboxes_write(const char *root, const char *domain, const char *name,
		     const struct mailbox_file *file, uid_t owner, char why[MAILBOXES_WHY]);
bool mailboxes_remove(const char *root, const char *domain, const char *name,
		      char why[MAILBOXES_WHY]);
/* Names in no order; stops when each() says false. False with *why; no directory is no name. */
bool mailboxes_each(const char *root, const char *domain,
		    bool (*each)(void *context, const char *name), void *context,
		    char why[MAILBOXES_WHY]);

#endif
