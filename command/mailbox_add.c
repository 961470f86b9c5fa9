/* SPDX-License-Identifier: ISC */
/*
 * `postern mailbox add ADDRESS`: a mailbox and, where the method has accounts, the account
 * if there is none yet: in the directory with the administrator's ticket, or in the system.
 */
#include "command/mailbox.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/password.h"
#include "base/base64.h"
#include "base/memory.h"
#include "command/directory.h"
#include "domain/create.h"
#include "io/tls.h"
#include "routing/routing.h"

enum { LOCAL_NAME_MAX = 32, AD_NAME_MAX = 20 };

enum user_wish { USER_IF_NEEDED, USER_CREATE, USER_NEVER };

struct addition {
	struct mailbox_named named;
	enum user_wish wish;
	bool from_stdin;
	bool has_quota;
	uint64_t quota;
	const char *user;      /* --user: account name in the directory; "" = the mailbox's */
	const char *container; /* --container */
	char password[PASSWORD_NORMAL_SIZE];
};

/* Always false. */
static bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool refuse(const char *format, ...)
{
	va_list arguments;

	fputs("postern: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

static bool ask_password(struct addition *addition)
{
	return password_choose(&addition->named, addition->from_stdin, addition->password,
			       sizeof addition->password);
}

/* ---- a mailbox file ---- */

static bool new_file(const struct addition *addition, struct mailbox_file *file)
{
	unsigned char identity[(MAILBOX_ID_SIZE - 1) / 2];

	memset(file, 0, sizeof *file);
	random_bytes(identity, sizeof identity);
	hex_encode(span_make(identity, sizeof identity), file->id);
	file->has_quota = addition->has_quota;
	file->quota = addition->quota;
	return true;
}

static bool is_free(const struct mailbox_named *named)
{
	struct mailbox_file file;
	enum mailboxes_found found = mailbox_named_read(named, &file);

	mailbox_file_wipe(&file);
	return found == MAILBOXES_NONE ||
	       (found == MAILBOXES_FOUND &&
		refuse("the mailbox %s is there already", named->address));
}

static bool add_password_file(struct addition *addition)
{
	struct mailbox_file file;
	bool good;

	if (addition->wish == USER_CREATE || addition->user[0])
		return refuse("method = \"password-file\" has no accounts: leave %s out",
			      addition->user[0] ? "--user" : "--create-user");
	if (!is_free(&addition->named) || !ask_password(addition) || !new_file(addition, &file))
		return false;
	good = password_set(&file, span_text(addition->password));
	if (!good)
		(void)refuse("the password cannot be hashed: %s", strerror(errno));
	good = good && mailbox_named_write(&addition->named, &file);
	mailbox_file_wipe(&file);
	return good;
}

/* ---- an account of the system ---- */

/* As useradd(8) of Debian takes them by default. */
static bool local_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length <= LOCAL_NAME_MAX && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_') &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* An account is one person: two mailboxes of one name would be read with one password. */
static bool is_unique(const struct mailbox_named *named)
{
	for (size_t i = 0; i < named->conf->domains_count; i++) {
		struct mailbox_named other = *named;
		struct mailbox_file file;
		enum mailboxes_found found;

		other.domain = &named->conf->domains[i];
		if (other.domain->alias_of || other.domain == named->domain)
			continue;
		found = mailbox_named_read(&other, &file);
		mailbox_file_wipe(&file);
		if (found == MAILBOXES_TROUBLE)
			return false;
		if (found == MAILBOXES_FOUND) {
			fprintf(stderr,
				"postern: %s has the mailbox %s@%s already, and with method = "
				"\"local\" a user name "
				"is unique over all domains: choose another name\n",
				named->name, named->name, other.domain->name);
			return false;
		}
	}
	return true;
}

static bool settle_account(struct addition *addition)
{
	const struct mailbox_named *named = &addition->named;
	bool system, exists = account_exists(named->name, &system);

	if (system)
		return refuse(
			"%s is the system's administrator: no mailbox is read with that password",
			named->name);
	if (exists && addition->wish == USER_CREATE)
		return refuse("the account %s exists: leave --create-user out to use it",
			      named->name);
	if (exists)
		return true;
	if (addition->wish == USER_NEVER)
		return refuse("there is no account %s: make it, or leave --no-create-user out",
			      named->name);
	if (!ask_password(addition) || !account_create(named->name, named->address))
		return false;
	if (account_set_password(named->name, addition->password))
		return true;
	(void)account_remove(named->name);
	return false;
}

static bool add_local(struct addition *addition)
{
	struct mailbox_file file;

	if (addition->user[0])
		return refuse("with method = \"local\" the account is called %s, as the mailbox",
			      addition->named.name);
	if (!local_name_valid(addition->named.name))
		return refuse("\"%s\" cannot be an account of this system: a letter, then letters, "
			      "digits, _ and "
			      "-, at most 32",
			      addition->named.name);
	return is_free(&addition->named) && is_unique(&addition->named) &&
	       settle_account(addition) && new_file(addition, &file) &&
	       mailbox_named_write(&addition->named, &file);
}

/* ---- an account of a directory ---- */

static bool ad_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= AD_NAME_MAX && name[0] != '-' && name[length - 1] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       length;
}

static bool create_in_directory(struct addition *addition)
{
	const struct mailbox_named *named = &addition->named;
	struct directory_account account = {
		.address = named->address,
		.name = addition->user[0] ? addition->user : named->name,
		.container = addition->container,
		.quota = addition->has_quota ? addition->quota : 0,
	};

	if (!ad_name_valid(account.name))
		return refuse("\"%s\" cannot be the name of an account (1 to 20 letters, digits, . "
			      "_ -): give one "
			      "with --user NAME",
			      account.name);
	if (!ask_password(addition))
		return false;
	account.password = span_text(addition->password);
	return directory_make(named, &account);
}

static bool add_directory(struct addition *addition)
{
	struct mailbox_named *named = &addition->named;
	struct route route = { .kind = ROUTE_REFUSED };

	if (!directory_ask(named, &route))
		return false;
	if (route.kind == ROUTE_MAILBOX && addition->wish == USER_CREATE)
		return refuse("somebody has the address %s already: leave --create-user out",
			      named->address);
	if (route.kind == ROUTE_MAILBOX && addition->has_quota)
		return refuse("the quota of %s is set in its directory entry", named->address);
	if (route.kind == ROUTE_MAILBOX)
		return true;
	if (strcmp(route.status, "5.1.1") != 0) {
		fprintf(stderr, "postern: %s: %s (%s)\n", named->address, route.text, route.cause);
		return false;
	}
	if (addition->wish == USER_NEVER)
		return refuse(
			"no account of the directory has the address %s: set it there, or leave "
			"--no-create-user out",
			named->address);
	return create_in_directory(addition);
}

/* ---- */

static bool take_quota(struct addition *addition, const char *text)
{
	addition->has_quota = conf_size(text, &addition->quota);
	return addition->has_quota ||
	       refuse("quota \"%s\" is no size: write octets, or a number and K, M or G", text);
}

static bool take_options(struct addition *addition, int argc, char **argv)
{
	static const struct option long_options[] = { { "create-user", no_argument, NULL, 'c' },
						      { "no-create-user", no_argument, NULL, 'n' },
						      { "stdin", no_argument, NULL, 's' },
						      { "quota", required_argument, NULL, 'q' },
						      { "user", required_argument, NULL, 'u' },
						      { "container", required_argument, NULL, 'o' },
						      { 0 } };
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == 'c')
			addition->wish = USER_CREATE;
		else if (option == 'n')
			addition->wish = USER_NEVER;
		else if (option == 's')
			addition->from_stdin = true;
		else if (option == 'u')
			addition->user = optarg;
		else if (option == 'o')
			addition->container = optarg;
		else if (option != 'q' || !take_quota(addition, optarg))
			return false;
	}
	return argc - optind == 1;
}

int mailbox_add(const struct command_options *options, int argc, char **argv)
{
	static bool (*const methods[CONF_METHODS])(struct addition * addition) = {
		[CONF_METHOD_DIRECTORY] = add_directory,
		[CONF_METHOD_LOCAL] = add_local,
		[CONF_METHOD_PASSWORD_FILE] = add_password_file,
	};
	struct addition addition = { .user = "", .container = "" };
	bool good;

	if (!take_options(&addition, argc, argv))
		return COMMAND_USAGE;
	if (!mailbox_named_open(options, argv[optind], true, &addition.named))
		return COMMAND_FAILED;
	good = methods[addition.named.conf->method](&addition);
	if (good)
		printf("%s: ready\n", addition.named.address);
	memory_wipe(addition.password, sizeof addition.password);
	mailbox_named_close(&addition.named);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}
