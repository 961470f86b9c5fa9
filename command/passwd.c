/* SPDX-License-Identifier: ISC */
/* `postern passwd ADDRESS`: a new password for a mailbox. */
#include "command/mailbox.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "accounts/password.h"
#include "base/memory.h"

bool password_choose(const struct mailbox_named *named, bool from_stdin, char *to, size_t size)
{
	char question[400];
	const char *wrong;

	snprintf(question, sizeof question, "New password of %s", named->address);
	if (!password_ask(question, from_stdin, true, to, size))
		return false;
	wrong = password_wrong(span_text(to), span_text(named->address));
	if (wrong)
		fprintf(stderr, "postern: this password cannot be taken: %s\n", wrong);
	return !wrong;
}

static bool change_file(const struct mailbox_named *named, const char *password)
{
	struct mailbox_file file;
	bool good = mailbox_named_read(named, &file) == MAILBOXES_FOUND;

	if (good && !password_set(&file, span_text(password))) {
		fprintf(stderr, "postern: the password cannot be hashed: %s\n", strerror(errno));
		good = false;
	}
	good = good && mailbox_named_write(named, &file);
	mailbox_file_wipe(&file);
	return good;
}

static bool may_change(const struct mailbox_named *named)
{
	struct mailbox_file file;
	enum mailboxes_found found;

	if (named->conf->method == CONF_METHOD_DIRECTORY) {
		fprintf(stderr, "postern: with method = \"directory\" passwords are the "
				"directory's: change it there, "
				"for example with kpasswd or samba-tool user setpassword\n");
		return false;
	}
	found = mailbox_named_read(named, &file);
	mailbox_file_wipe(&file);
	if (found == MAILBOXES_NONE)
		fprintf(stderr, "postern: there is no mailbox %s: postern mailbox add %s\n",
			named->address, named->address);
	return found == MAILBOXES_FOUND;
}

static bool change(const struct mailbox_named *named, bool from_stdin)
{
	char password[PASSWORD_NORMAL_SIZE];
	bool good =
		may_change(named) && password_choose(named, from_stdin, password, sizeof password);

	if (good && named->conf->method == CONF_METHOD_LOCAL)
		good = account_set_password(named->name, password);
	else if (good)
		good = change_file(named, password);
	memory_wipe(password, sizeof password);
	if (good)
		printf("%s: password changed\n", named->address);
	return good;
}

int command_passwd(const struct command_options *options, int argc, char **argv)
{
	static const struct option long_options[] = { { "stdin", no_argument, NULL, 's' }, { 0 } };
	struct mailbox_named named;
	bool from_stdin = false, good;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 's')
			return COMMAND_USAGE;
		from_stdin = true;
	}
	if (argc - optind != 1)
		return COMMAND_USAGE;
	if (!mailbox_named_open(options, argv[optind], true, &named))
		return COMMAND_FAILED;
	good = change(&named, from_stdin);
	mailbox_named_close(&named);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}
