/* SPDX-License-Identifier: ISC */
/*
 * Persons of the methods local and password-file: mailboxes are files
 * (accounts/mailbox_file.h) that the administrator made; a person is such a file, and
 * his DN is the address. The two differ in how a login is written and who proves the
 * password.
 */
#ifndef DIRECTORY_ACCOUNTS_H
#define DIRECTORY_ACCOUNTS_H

#include "directory/directory_private.h"

struct conf_domain;

/* What was found, and the cause: `what`, a space, `whose`. */
void accounts_say(struct directory_hit *hit, enum directory_found found, const char *what,
		  const char *whose);
/* The mailbox of that name, in any case, in a domain that is no alias. */
void accounts_find_in(const struct directory *directory, const struct conf_domain *domain,
		      const char *name, struct directory_hit *hit);
/* Nobody when the domain is none of ours or an alias: routing follows aliases. */
void accounts_find_address(const struct directory *directory, const char *local, const char *domain,
			   struct directory_hit *hit);
/* directory_find_dn and directory_find_id, without the object. */
void accounts_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit);
void accounts_find_id(struct directory *directory, const char *id, struct directory_hit *hit);
/* The object of the person that was found; last of all, when nothing about him changes any more. */
void accounts_give_object(struct directory_hit *hit);
/* directory_find_login where the login name is the whole address. */
void accounts_find_login(struct directory *directory, const struct filter_values *values,
			 int64_t deadline, struct directory_hit *hit);
/* directory_read_again; a password that was changed is seen. */
bool accounts_read_again(struct directory *directory, int64_t deadline,
			 struct directory_again *again, size_t count);
/* "" when it does not fit. */
void accounts_copy(struct span text, char *to, size_t size);
void accounts_judge(struct checker_answer *answer, enum password_result result, const char *cause);
/* A person's DN taken apart. */
bool accounts_split(const char *dn, struct address *address);

#endif
