/* SPDX-License-Identifier: ISC */
/*
 * The methods local and password-file: mailboxes are files (accounts/mailbox_file.h)
 * that the administrator made; a person is such a file. They differ in how a login
 * is written and who proves the password.
 */
#include "directory/directory_private.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "accounts/mailboxes.h"
#include "accounts/password.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "mail/address.h"

enum { ENTRY_SIZE = 16384 };

static void say(struct directory_hit *hit, enum directory_found found, const char *what,
		const char *whose)
{
	hit->found = found;
	snprintf(hit->cause, sizeof hit->cause, "%s %.200s", what, whose);
}

static void take_person(const struct mailbox_file *file, const char *domain, const char *name,
			struct person *person)
{
	*person = (struct person){ .kind = PERSON_ACCOUNT, .password_set = file->password_set };
	memcpy(person->id, file->id, sizeof file->id);
	snprintf(person->address, sizeof person->address, "%s@%s", name, domain);
	snprintf(person->dn, sizeof person->dn, "%s", person->address);
	snprintf(person->account, sizeof person->account, "%s", name);
	if (file->has_quota && file->quota > 0)
		person->quota = (struct quota){ QUOTA_LIMIT, file->quota };
	else if (file->has_quota)
		person->quota.kind = QUOTA_NONE;
}

/* The mailbox of that name in a domain that is no alias. */
static void find_in(const struct directory *directory, const struct conf_domain *domain,
		    const char *name, struct directory_hit *hit)
{
	char why[MAILBOXES_WHY], *lower = memory_text(name);
	struct mailbox_file file;

	ascii_lower_text(lower);
	switch (mailboxes_read(directory->conf->mailboxes, domain->name, lower, &file, why)) {
	case MAILBOXES_FOUND:
		take_person(&file, domain->name, lower, &hit->person);
		say(hit, DIRECTORY_ONE, "mailbox", hit->person.address);
		if (!file.id[0])
			say(hit, DIRECTORY_FAILED, "no id in the mailbox file of", hit->person.address);
		break;
	case MAILBOXES_NONE:
		say(hit, DIRECTORY_NOBODY, "no mailbox", name);
		break;
	case MAILBOXES_TROUBLE:
		say(hit, DIRECTORY_FAILED, why, "");
		break;
	}
	mailbox_file_wipe(&file);
	free(lower);
}

/* Nobody when the domain is none of ours or an alias: routing follows aliases. */
static void find_address(const struct directory *directory, const char *local, const char *text,
			 struct directory_hit *hit)
{
	const struct conf_domain *domain = conf_find_domain(directory->conf, text);

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (domain && !domain->alias_of)
		find_in(directory, domain, local, hit);
	else
		say(hit, DIRECTORY_NOBODY, "no mailboxes in", text);
	hit->good_for = hit->found == DIRECTORY_ONE ? directory->section->cache_positive : 0;
}

static void file_find_recipient(struct directory *directory, const struct address *address,
				struct directory_hit *hit)
{
	find_address(directory, address->local, address->domain, hit);
}

static void copy_text(struct span text, char *to, size_t size)
{
	if (!span_copy(text, to, size))
		to[0] = '\0';
}

/* The login name is the address. */
static void file_find_login(struct directory *directory, const struct filter_values *values,
			    int64_t deadline, struct directory_hit *hit)
{
	char user[300], domain[300];

	(void)deadline;
	copy_text(values->user, user, sizeof user);
	copy_text(values->domain, domain, sizeof domain);
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (values->login.length > values->user.length)
		find_address(directory, user, domain, hit);
	else
		say(hit, DIRECTORY_NOBODY, "a login name is a whole address, not", user);
}

static void judge(struct checker_answer *answer, enum password_result result, const char *cause)
{
	*answer = (struct checker_answer){ .result = result };
	snprintf(answer->cause, sizeof answer->cause, "%s", cause);
}

static bool split_address(const char *dn, struct address *address)
{
	const char *why;

	return address_parse(span_text(dn), address, &why);
}

static void file_check_password(struct directory *directory, const char *dn, struct span password,
				int64_t deadline, struct checker_answer *answer)
{
	struct address address = { .local = "" };
	char why[MAILBOXES_WHY] = "the mailbox is gone";
	struct mailbox_file file;

	(void)deadline;
	memset(&file, 0, sizeof file);
	if (split_address(dn, &address) &&
	    mailboxes_read(directory->conf->mailboxes, address.domain, address.local, &file, why) ==
		    MAILBOXES_TROUBLE)
		judge(answer, PASSWORD_TEMPORARY, why);
	else if (password_is(&file, password))
		judge(answer, PASSWORD_RIGHT, "password right");
	else
		judge(answer, PASSWORD_WRONG, file.verifier[0] ? "wrong password" : "no password is set");
	mailbox_file_wipe(&file);
}

static enum directory_found file_scram_keys(struct directory *directory, const char *dn,
					    struct scram_keys *keys)
{
	enum directory_found found = DIRECTORY_NOBODY;
	struct address address = { .local = "" };
	char why[MAILBOXES_WHY];
	struct mailbox_file file;

	memset(&file, 0, sizeof file);
	if (split_address(dn, &address) &&
	    mailboxes_read(directory->conf->mailboxes, address.domain, address.local, &file, why) ==
		    MAILBOXES_TROUBLE)
		found = DIRECTORY_FAILED;
	if (file.has_scram) {
		*keys = file.scram;
		found = DIRECTORY_ONE;
	}
	mailbox_file_wipe(&file);
	return found;
}

/* A mailbox file has no attributes. */
static void find_no_value(struct directory *directory, const char *attribute, struct span value,
			  int64_t deadline, struct directory_hit *hit)
{
	(void)directory;
	(void)value;
	(void)deadline;
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	say(hit, DIRECTORY_NOBODY, "mailbox files have no attribute", attribute);
}

static bool no_facts(struct directory *directory, int64_t deadline, struct facts *facts)
{
	(void)directory;
	(void)deadline;
	*facts = (struct facts){ .lockout_threshold = 0 };
	return true;
}

static bool accounts_open(struct directory *directory, char *room, size_t size)
{
	(void)directory;
	(void)room;
	(void)size;
	return true;
}

static void accounts_start(struct directory *directory, struct watchdog *watchdog)
{
	(void)directory;
	(void)watchdog;
}

static void accounts_close(struct directory *directory)
{
	(void)directory;
}

const struct directory_method method_password_file = {
	.open = accounts_open,
	.start = accounts_start,
	.close = accounts_close,
	.find_recipient = file_find_recipient,
	.find_login = file_find_login,
	.find_value = find_no_value,
	.check_password = file_check_password,
	.scram_keys = file_scram_keys,
	.facts = no_facts,
};

/* ---- local ---- */

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
		say(hit, DIRECTORY_ONE, "no system account", hit->person.account);
		hit->person.state |= PERSON_DISABLED;
	} else if (!found) {
		say(hit, DIRECTORY_FAILED, "the system's accounts cannot be read:", strerror(error));
	}
	free(memory);
}

static void local_find_recipient(struct directory *directory, const struct address *address,
				 struct directory_hit *hit)
{
	find_address(directory, address->local, address->domain, hit);
	require_account(hit);
}

/* A user name is one account and so at most one mailbox, in whichever domain. */
static void find_user(const struct directory *directory, const char *user, struct directory_hit *hit)
{
	const struct conf *conf = directory->conf;
	struct directory_hit other;

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	say(hit, DIRECTORY_NOBODY, "no mailbox of user", user);
	for (size_t i = 0; i < conf->domains_count; i++) {
		if (conf->domains[i].alias_of)
			continue;
		other = (struct directory_hit){ .found = DIRECTORY_NOBODY };
		find_in(directory, &conf->domains[i], user, &other);
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
		file_find_login(directory, values, deadline, hit);
	} else {
		copy_text(values->user, user, sizeof user);
		find_user(directory, user, hit);
	}
	require_account(hit);
}

static void local_check_password(struct directory *directory, const char *dn, struct span password,
				 int64_t deadline, struct checker_answer *answer)
{
	const struct directory_prover *prover = directory->prover;
	struct address address;

	if (!split_address(dn, &address))
		judge(answer, PASSWORD_WRONG, "no such account");
	else if (password.length == 0)
		judge(answer, PASSWORD_WRONG, "empty password");
	else if (!prover)
		judge(answer, PASSWORD_TEMPORARY, "nobody is there to check local passwords");
	else
		prover->prove(prover->context, address.local, password, deadline, answer);
}

const struct directory_method method_local = {
	.open = accounts_open,
	.start = accounts_start,
	.close = accounts_close,
	.find_recipient = local_find_recipient,
	.find_login = local_find_login,
	.find_value = find_no_value,
	.check_password = local_check_password,
	.facts = no_facts,
};
