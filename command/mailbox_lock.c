/* SPDX-License-Identifier: ISC */
/* `postern mailbox lock` and `unlock`: mail goes on arriving, and nobody may log in. */
#include "command/mailbox.h"

#include <stdio.h>

#include "command/directory.h"

/* With method directory a file is there for the lock alone. */
static bool write_lock(const struct mailbox_named *named, struct mailbox_file *file, bool locked)
{
	char why[MAILBOXES_WHY];

	file->locked = locked;
	if (locked || file->id[0])
		return mailbox_named_write(named, file);
	if (mailboxes_remove(named->conf->mailboxes, named->domain->name, named->name, why))
		return true;
	fprintf(stderr, "postern: %s\n", why);
	return false;
}

static bool change(struct mailbox_named *named, bool locked)
{
	struct mailbox_file file;
	enum mailboxes_found found;
	bool good;

	if (named->conf->method == CONF_METHOD_DIRECTORY && !directory_settle(named))
		return false;
	found = mailbox_named_read(named, &file);
	if (found == MAILBOXES_TROUBLE)
		return false;
	if (found == MAILBOXES_NONE && named->conf->method != CONF_METHOD_DIRECTORY) {
		fprintf(stderr, "postern: there is no mailbox %s\n", named->address);
		return false;
	}
	if (file.locked == locked) {
		printf("%s: was %s before\n", named->address, locked ? "locked" : "open");
		mailbox_file_wipe(&file);
		return true;
	}
	good = write_lock(named, &file, locked);
	mailbox_file_wipe(&file);
	if (good)
		printf("%s: %s\n", named->address, locked ? "locked" : "open");
	return good;
}

static int run(const struct command_options *options, int argc, char **argv, bool locked)
{
	struct mailbox_named named;
	bool good;

	if (argc != 2 || argv[1][0] == '-')
		return COMMAND_USAGE;
	if (!mailbox_named_open(options, argv[1], true, &named))
		return COMMAND_FAILED;
	good = change(&named, locked);
	mailbox_named_close(&named);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}

int mailbox_lock(const struct command_options *options, int argc, char **argv)
{
	return run(options, argc, argv, true);
}

int mailbox_unlock(const struct command_options *options, int argc, char **argv)
{
	return run(options, argc, argv, false);
}
