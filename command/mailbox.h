/* SPDX-License-Identifier: ISC */
/* What the commands about mailboxes share: whose mailbox is meant, its file, its mail. */
#ifndef COMMAND_MAILBOX_H
#define COMMAND_MAILBOX_H

#include "accounts/mailboxes.h"
#include "command/command.h"
#include "conf/conf.h"
#include "store/store.h"

/* A mailbox that was named on the command line. */
struct mailbox_named {
	struct conf *conf;
	const struct conf_domain *domain; /* aliases followed */
	char name[MAILBOX_NAME_MAX + 1];  /* lower case */
	char address[MAILBOX_NAME_MAX + 1 + 256];
	int lock; /* of the mailbox files; -1 = not held */
};

/*
 * Reads the configuration, looks whether its method is the mailboxes', finds the domain.
 * False after an explanation on standard error. The lock is taken if wanted.
 */
bool mailbox_named_open(const struct command_options *options, const char *text, bool lock,
			struct mailbox_named *named);
void mailbox_named_close(struct mailbox_named *named);

/* Of the file; TROUBLE is explained. */
enum mailboxes_found mailbox_named_read(const struct mailbox_named *named,
					struct mailbox_file *file);
bool mailbox_named_write(const struct mailbox_named *named, const struct mailbox_file *file);

/* One row of `mailbox list` and `mailbox stat`. */
struct mailbox_row {
	char address[600];
	bool locked;
	bool exists; /* mail was stored, or somebody logged in */
	struct store_usage usage;
	uint64_t quota; /* octets; 0 = no limit */
};

/* `domain` NULL: of all. Prints; false after an explanation. */
bool mailbox_rows_print(const struct command_options *options, const struct conf *conf,
			const struct conf_domain *domain, const char *name);
/* The number of mailboxes of a domain. */
size_t mailbox_count_domain(const struct conf *conf, const struct conf_domain *domain);

/* prompt.c: a password into `to`; false after an explanation. `twice`: as it must be right. */
bool password_ask(const char *question, bool from_stdin, bool twice, char *to, size_t size);
/* passwd.c: asks for a new one and looks whether it may be taken; false after an explanation. */
bool password_choose(const struct mailbox_named *named, bool from_stdin, char *to, size_t size);
/* A yes at the terminal; false without one. */
bool confirm(const char *question);

/* account.c: the system's accounts, for method local. Each false after an explanation. */
bool account_exists(const char *name, bool *system);
bool account_create(const char *name, const char *address);
bool account_remove(const char *name);
bool account_set_password(const char *name, const char *password);

command_run mailbox_add, mailbox_delete, mailbox_list, mailbox_lock, mailbox_unlock, mailbox_stat;

#endif
