/* SPDX-License-Identifier: ISC */
/* `postern mailbox WHAT`: finds the mailbox that is meant and hands over. */
#include "command/mailbox.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/method.h"
#include "mail/address.h"

static bool take_name(struct mailbox_named *named, const char *text)
{
	const char *why = "it has no domain";
	struct address address;

	if (!address_parse(span_text(text), &address, &why) || !address.domain[0]) {
		fprintf(stderr, "postern: %s is no address like user@example.com: %s\n", text, why);
		return false;
	}
	named->domain = conf_find_domain(named->conf, address.domain);
	if (!named->domain) {
		fprintf(stderr,
			"postern: %s is none of our domains: add domain \"%s\" { } to %s and "
			"reload\n",
			address.domain, address.domain, named->conf->file);
		return false;
	}
	if (named->domain->alias_of)
		named->domain = named->domain->alias_of;
	ascii_lower_text(address.local);
	if (!mailbox_name_valid(span_text(address.local)) ||
	    !span_copy(span_text(address.local), named->name, sizeof named->name)) {
		fprintf(stderr,
			"postern: \"%s\" cannot be the name of a mailbox: write letters, digits "
			"and . _ + - = ' ~, "
			"at most %d of them, no dot in front\n",
			address.local, MAILBOX_NAME_MAX);
		return false;
	}
	snprintf(named->address, sizeof named->address, "%s@%.255s", named->name,
		 named->domain->name);
	return true;
}

bool mailbox_named_open(const struct command_options *options, const char *text, bool lock,
			struct mailbox_named *named)
{
	char why[MAILBOXES_WHY];

	*named = (struct mailbox_named){ .lock = -1 };
	named->conf = conf_read(options->file, NULL, check_complain, NULL);
	if (!named->conf)
		return false;
	if (method_check(named->conf, check_complain, NULL) && take_name(named, text)) {
		named->lock = lock ? mailboxes_lock(named->conf->mailboxes, why) : -1;
		if (!lock || named->lock >= 0)
			return true;
		fprintf(stderr, "postern: %s\n", why);
	}
	mailbox_named_close(named);
	return false;
}

void mailbox_named_close(struct mailbox_named *named)
{
	if (named->lock >= 0)
		close(named->lock);
	conf_free(named->conf);
	*named = (struct mailbox_named){ .lock = -1 };
}

enum mailboxes_found mailbox_named_read(const struct mailbox_named *named,
					struct mailbox_file *file)
{
	char why[MAILBOXES_WHY];
	enum mailboxes_found found =
		mailboxes_read(named->conf->mailboxes, named->domain->name, named->name, file, why);

	if (found == MAILBOXES_TROUBLE)
		fprintf(stderr, "postern: %s\n", why);
	return found;
}

/* The files are for the directory role to read. */
static bool reader_find(const struct conf *conf, uid_t *owner)
{
	char user[64];
	const struct passwd *entry;

	*owner = geteuid();
	if (*owner != 0)
		return true;
	snprintf(user, sizeof user, "%.40s-dir", conf->user_prefix);
	entry = getpwnam(user);
	if (entry)
		*owner = entry->pw_uid;
	else
		fprintf(stderr,
			"postern: user %s does not exist: run make install, or conf/users.sh add\n",
			user);
	return entry != NULL;
}

bool mailbox_named_write(const struct mailbox_named *named, const struct mailbox_file *file)
{
	char why[MAILBOXES_WHY];
	uid_t owner;

	if (!reader_find(named->conf, &owner))
		return false;
	if (!method_remember(named->conf, why, sizeof why) ||
	    !mailboxes_write(named->conf->mailboxes, named->domain->name, named->name, file, owner,
			     why)) {
		fprintf(stderr, "postern: %s\n", why);
		return false;
	}
	return true;
}

int command_mailbox(const struct command_options *options, int argc, char **argv)
{
	static const struct {
		const char *name;
		command_run *run;
	} table[] = {
		{ "add", mailbox_add },   { "delete", mailbox_delete }, { "list", mailbox_list },
		{ "lock", mailbox_lock }, { "unlock", mailbox_unlock }, { "stat", mailbox_stat },
	};

	for (size_t i = 0; argc > 1 && i < sizeof table / sizeof table[0]; i++)
		if (strcmp(argv[1], table[i].name) == 0)
			return table[i].run(options, argc - 1, argv + 1);
	return COMMAND_USAGE;
}
