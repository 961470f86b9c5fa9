/* SPDX-License-Identifier: ISC */
/* `postern mailbox delete ADDRESS`: the mailbox, and all mail in it. */
#include "command/mailbox.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct deletion {
	struct mailbox_named named;
	bool sure;        /* --yes */
	bool delete_user; /* --delete-user */
};

static bool ask(const struct deletion *deletion)
{
	char question[400];

	if (deletion->sure)
		return true;
	snprintf(question, sizeof question, "Delete the mailbox %s and all mail in it?",
		 deletion->named.address);
	if (confirm(question))
		return true;
	fputs("postern: nothing was deleted; --yes answers the question\n", stderr);
	return false;
}

/* Mail and binding; a mailbox that never got any is as good. */
static bool remove_mail(const struct mailbox_named *named, const char *id, bool *existed)
{
	struct store_failure failure = { .reason = "" };
	struct store *store = store_visit(named->conf->store.root, &failure);
	struct store_mailbox who = { .id = "" };
	bool good;

	*existed = false;
	if (!store)
		return true;
	snprintf(who.domain, sizeof who.domain, "%s", named->domain->name);
	snprintf(who.name, sizeof who.name, "%s", named->name);
	snprintf(who.id, sizeof who.id, "%s", id);
	good = store_visit_remove(store, &who, existed, &failure) == OUTCOME_OK;
	if (!good)
		fprintf(stderr, "postern: %s\n", failure.reason);
	store_visit_end(store);
	return good;
}

/* The file first: without it no new mail is let in. */
static bool remove_all(const struct mailbox_named *named)
{
	struct mailbox_file file;
	char why[MAILBOXES_WHY] = "", id[MAILBOX_ID_SIZE];
	enum mailboxes_found found = mailbox_named_read(named, &file);
	bool existed = false;

	memcpy(id, file.id, sizeof id);
	mailbox_file_wipe(&file);
	if (found == MAILBOXES_TROUBLE)
		return false;
	if (found == MAILBOXES_FOUND &&
	    !mailboxes_remove(named->conf->mailboxes, named->domain->name, named->name, why)) {
		fprintf(stderr, "postern: %s\n", why);
		return false;
	}
	if (found == MAILBOXES_NONE && named->conf->method != CONF_METHOD_DIRECTORY) {
		fprintf(stderr, "postern: there is no mailbox %s\n", named->address);
		return false;
	}
	if (!remove_mail(named, id, &existed))
		return false;
	if (found == MAILBOXES_FOUND || existed)
		return true;
	fprintf(stderr, "postern: there is no mailbox %s\n", named->address);
	return false;
}

static bool delete (struct deletion *deletion)
{
	const struct mailbox_named *named = &deletion->named;

	if (deletion->delete_user && named->conf->method != CONF_METHOD_LOCAL) {
		fprintf(stderr, "postern: --delete-user is for method = \"local\"; an account of a "
				"directory is "
				"removed with the directory's own tools\n");
		return false;
	}
	if (!ask(deletion) || !remove_all(named))
		return false;
	printf("%s: deleted\n", named->address);
	if (named->conf->method == CONF_METHOD_DIRECTORY)
		printf("its account in the directory is still there: mail to it makes a new "
		       "mailbox\n");
	return !deletion->delete_user || account_remove(named->name);
}

int mailbox_delete(const struct command_options *options, int argc, char **argv)
{
	static const struct option long_options[] = { { "yes", no_argument, NULL, 'y' },
						      { "delete-user", no_argument, NULL, 'u' },
						      { 0 } };
	struct deletion deletion = { .sure = false };
	bool good;
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == 'y')
			deletion.sure = true;
		else if (option == 'u')
			deletion.delete_user = true;
		else
			return COMMAND_USAGE;
	}
	if (argc - optind != 1)
		return COMMAND_USAGE;
	if (!mailbox_named_open(options, argv[optind], true, &deletion.named))
		return COMMAND_FAILED;
	good = delete (&deletion);
	mailbox_named_close(&deletion.named);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}
