/* SPDX-License-Identifier: ISC */
/*
 * The method local: mailbox files, whose names are accounts of the system. A login is
 * the account's name or the address, and somebody else proves the password.
 */
#include "directory/accounts.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "conf/conf.h"
#include "mail/address.h"

enum { ENTRY_SIZE = 16384 };

/*
 * When passwords were changed last: the time of the file with all of them, which anybody may
 * see. A judgement about a password holds no longer than that.
 */
static int64_t shadow_changed(void)
{
	struct stat status;

	if (stat("/etc/shadow", &status) != 0)
		return 0;
	return (int64_t)status.st_mtim.tv_sec * 1000000 + status.st_mtim.tv_nsec / 1000;
}

/* ONE, NOBODY or FAILED with errno. */
static enum directory_found find_entry(const char *name)
{
	char *memory = memory_new(ENTRY_SIZE);
	struct passwd entry, *found = NULL;
	int error = getpwnam_r(name, &entry, memory, ENTRY_SIZE, &found);

	free(memory);
	errno = error;
	if (found)
		return DIRECTORY_ONE;
	return error == 0 || error == ENOENT || error == ESRCH ? DIRECTORY_NOBODY : DIRECTORY_FAILED;
}

/* A mailbox whose account was taken away receives nothing more. */
static void require_account(struct directory_hit *hit)
{
	if (hit->found != DIRECTORY_ONE)
		return;
	hit->person.password_set = shadow_changed();
	hit->account.password_set = ACCOUNT_ABSENT; /* the file with all of them does not say whose */
	switch (find_entry(hit->person.account)) {
	case DIRECTORY_NOBODY:
		accounts_say(hit, DIRECTORY_ONE, "no system account", hit->person.account);
		hit->person.state |= PERSON_DISABLED;
		break;
	case DIRECTORY_FAILED:
		accounts_say(hit, DIRECTORY_FAILED, "the system's accounts cannot be read:",
			     strerror(errno));
		break;
	case DIRECTORY_ONE:
	case DIRECTORY_MANY:
		break;
	}
}

static void local_find_recipient(struct directory *directory, const struct address *address,
				 struct directory_hit *hit)
{
	accounts_find_address(directory, address->local, address->domain, hit);
	require_account(hit);
	accounts_give_object(hit);
}

static void local_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit)
{
	accounts_find_dn(directory, dn, hit);
	require_account(hit);
	accounts_give_object(hit);
}

static void local_find_id(struct directory *directory, const char *id, struct directory_hit *hit)
{
	accounts_find_id(directory, id, hit);
	require_account(hit);
	accounts_give_object(hit);
}

/* A user name is one account and so at most one mailbox, in whichever domain. */
static void find_user(const struct directory *directory, const char *user,
		      struct directory_hit *hit)
{
	const struct conf *conf = directory->conf;
	struct directory_hit other;

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	accounts_say(hit, DIRECTORY_NOBODY, "no mailbox of user", user);
	for (size_t i = 0; i < conf->domains_count; i++) {
		if (conf->domains[i].alias_of)
			continue;
		other = (struct directory_hit){ .found = DIRECTORY_NOBODY };
		accounts_find_in(directory, &conf->domains[i], user, &other);
		if (other.found == DIRECTORY_NOBODY)
			continue;
		if (other.found == DIRECTORY_FAILED || hit->found == DIRECTORY_NOBODY) {
			*hit = other;
		} else {
			hit->found = DIRECTORY_MANY;
			snprintf(hit->other, sizeof hit->other, "%s", other.person.dn);
		}
		if (hit->found == DIRECTORY_FAILED)
			return;
	}
}

/* The user's name, or the address of the mailbox. */
static void local_find_login(struct directory *directory, const struct filter_values *values,
			     int64_t deadline, struct directory_hit *hit)
{
	char user[300];

	if (values->login.length > values->user.length) {
		accounts_find_login(directory, values, deadline, hit);
	} else {
		accounts_copy(values->user, user, sizeof user);
		find_user(directory, user, hit);
	}
	require_account(hit);
}

static bool local_read_again(struct directory *directory, int64_t deadline,
			     struct directory_again *again, size_t count)
{
	if (!accounts_read_again(directory, deadline, again, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		char domain[256], name[256], why[MAILBOXES_WHY];
		struct mailbox_file file;

		again[i].password_set = ACCOUNT_ABSENT;
		if (!again[i].there || mailboxes_find(directory->conf->mailboxes, again[i].id, domain,
						      name, &file, why) != MAILBOXES_FOUND)
			continue;
		mailbox_file_wipe(&file);
		switch (find_entry(name)) {
		case DIRECTORY_NOBODY:
			again[i].state |= PERSON_DISABLED;
			break;
		case DIRECTORY_FAILED:
			return false;
		case DIRECTORY_ONE:
		case DIRECTORY_MANY:
			break;
		}
	}
	return true;
}

static void local_check_password(struct directory *directory, const char *dn, struct span password,
				 int64_t deadline, struct checker_answer *answer)
{
	const struct directory_prover *prover = directory->prover;
	struct address address;

	if (!accounts_split(dn, &address))
		accounts_judge(answer, PASSWORD_WRONG, "no such account");
	else if (password.length == 0)
		accounts_judge(answer, PASSWORD_WRONG, "empty password");
	else if (!prover)
		accounts_judge(answer, PASSWORD_TEMPORARY,
			       "nobody is there to check local passwords");
	else
		prover->prove(prover->context, address.local, password, deadline, answer);
}

const struct directory_method method_local = {
	.find_recipient = local_find_recipient,
	.find_dn = local_find_dn,
	.find_id = local_find_id,
	.find_login = local_find_login,
	.check_password = local_check_password,
	.read_again = local_read_again,
};
