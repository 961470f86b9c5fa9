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

/* A mailbox whose account was taken away receives nothing more. */
static void require_account(struct directory_hit *hit)
{
	char *memory;
	struct passwd entry, *found = NULL;
	int error;

	if (hit->found != DIRECTORY_ONE)
		return;
	hit->person.password_set = shadow_changed();
	memory = memory_new(ENTRY_SIZE);
	error = getpwnam_r(hit->person.account, &entry, memory, ENTRY_SIZE, &found);
	if (!found && (error == 0 || error == ENOENT || error == ESRCH)) {
		accounts_say(hit, DIRECTORY_ONE, "no system account", hit->person.account);
		hit->person.state |= PERSON_DISABLED;
	} else if (!found) {
		accounts_say(hit, DIRECTORY_FAILED,
			     "the system's accounts cannot be read:", strerror(error));
	}
	free(memory);
}

static void local_find_recipient(struct directory *directory, const struct address *address,
				 struct directory_hit *hit)
{
	accounts_find_address(directory, address->local, address->domain, hit);
	require_account(hit);
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
	.find_login = local_find_login,
	.check_password = local_check_password,
};
