/* SPDX-License-Identifier: ISC */
/* The method password-file, and what the method local has in common with it. */
#include "directory/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/mailboxes.h"
#include "accounts/password.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "mail/address.h"

void accounts_say(struct directory_hit *hit, enum directory_found found, const char *what,
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
void accounts_find_in(const struct directory *directory, const struct conf_domain *domain,
		      const char *name, struct directory_hit *hit)
{
	char why[MAILBOXES_WHY], *lower = memory_text(name);
	struct mailbox_file file;

	ascii_lower_text(lower);
	switch (mailboxes_read(directory->conf->mailboxes, domain->name, lower, &file, why)) {
	case MAILBOXES_FOUND:
		take_person(&file, domain->name, lower, &hit->person);
		account_clear(&hit->account);
		hit->account.password_set = file.password_set;
		accounts_say(hit, DIRECTORY_ONE, "mailbox", hit->person.address);
		if (!file.id[0])
			accounts_say(hit, DIRECTORY_FAILED, "no id in the mailbox file of",
				     hit->person.address);
		break;
	case MAILBOXES_NONE:
		accounts_say(hit, DIRECTORY_NOBODY, "no mailbox", name);
		break;
	case MAILBOXES_TROUBLE:
		accounts_say(hit, DIRECTORY_FAILED, why, "");
		break;
	}
	mailbox_file_wipe(&file);
	free(lower);
}

/* Nobody when the domain is none of ours or an alias: routing follows aliases. */
void accounts_find_address(const struct directory *directory, const char *local, const char *text,
			   struct directory_hit *hit)
{
	const struct conf_domain *domain = conf_find_domain(directory->conf, text);

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (domain && !domain->alias_of)
		accounts_find_in(directory, domain, local, hit);
	else
		accounts_say(hit, DIRECTORY_NOBODY, "no mailboxes in", text);
	hit->good_for = hit->found == DIRECTORY_ONE ? directory->section->cache_positive : 0;
}

void accounts_give_object(struct directory_hit *hit)
{
	if (hit->found == DIRECTORY_ONE)
		hit->object = object_of_person(&hit->person);
}

static void file_find_recipient(struct directory *directory, const struct address *address,
				struct directory_hit *hit)
{
	accounts_find_address(directory, address->local, address->domain, hit);
	accounts_give_object(hit);
}

void accounts_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit)
{
	struct address address = { .local = "" };

	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (accounts_split(dn, &address))
		accounts_find_address(directory, address.local, address.domain, hit);
	else
		accounts_say(hit, DIRECTORY_NOBODY, "no mailbox", dn);
}

void accounts_find_id(struct directory *directory, const char *id, struct directory_hit *hit)
{
	char domain[256], name[256], why[MAILBOXES_WHY];
	struct mailbox_file file;
	enum mailboxes_found found =
		mailboxes_find(directory->conf->mailboxes, id, domain, name, &file, why);

	mailbox_file_wipe(&file);
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (found == MAILBOXES_FOUND)
		accounts_find_address(directory, name, domain, hit);
	else if (found == MAILBOXES_NONE)
		accounts_say(hit, DIRECTORY_NOBODY, "no mailbox of identity", id);
	else
		accounts_say(hit, DIRECTORY_FAILED, "mailboxes cannot be read:", why);
}

static void file_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit)
{
	accounts_find_dn(directory, dn, hit);
	accounts_give_object(hit);
}

static void file_find_id(struct directory *directory, const char *id, struct directory_hit *hit)
{
	accounts_find_id(directory, id, hit);
	accounts_give_object(hit);
}

void accounts_copy(struct span text, char *to, size_t size)
{
	if (!span_copy(text, to, size))
		to[0] = '\0';
}

/* The login name is the address. */
void accounts_find_login(struct directory *directory, const struct filter_values *values,
			 int64_t deadline, struct directory_hit *hit)
{
	char user[300], domain[300];

	(void)deadline;
	accounts_copy(values->user, user, sizeof user);
	accounts_copy(values->domain, domain, sizeof domain);
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (values->login.length > values->user.length)
		accounts_find_address(directory, user, domain, hit);
	else
		accounts_say(hit, DIRECTORY_NOBODY, "a login name is a whole address, not", user);
}

void accounts_judge(struct checker_answer *answer, enum password_result result, const char *cause)
{
	*answer = (struct checker_answer){ .result = result };
	snprintf(answer->cause, sizeof answer->cause, "%s", cause);
}

bool accounts_split(const char *dn, struct address *address)
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
	if (accounts_split(dn, &address) &&
	    mailboxes_read(directory->conf->mailboxes, address.domain, address.local, &file, why) ==
		    MAILBOXES_TROUBLE)
		accounts_judge(answer, PASSWORD_TEMPORARY, why);
	else if (password_is(&file, password))
		accounts_judge(answer, PASSWORD_RIGHT, "password right");
	else
		accounts_judge(answer, PASSWORD_WRONG,
			       file.verifier[0] ? "wrong password" : "no password is set");
	mailbox_file_wipe(&file);
}

bool accounts_read_again(struct directory *directory, int64_t deadline,
			 struct directory_again *again, size_t count)
{
	(void)deadline;
	for (size_t i = 0; i < count; i++) {
		char domain[256], name[256], why[MAILBOXES_WHY];
		struct mailbox_file file;
		enum mailboxes_found found = mailboxes_find(
			directory->conf->mailboxes, again[i].id, domain, name, &file, why);

		again[i].there = found == MAILBOXES_FOUND;
		again[i].kind = PERSON_ACCOUNT;
		again[i].state = file.locked ? PERSON_LOCKED | PERSON_SHUT : 0;
		again[i].password_set = file.password_set;
		mailbox_file_wipe(&file);
		if (found == MAILBOXES_TROUBLE)
			return false;
	}
	return true;
}

static enum directory_found file_scram_keys(struct directory *directory, const char *dn,
					    struct scram_keys *keys)
{
	enum directory_found found = DIRECTORY_NOBODY;
	struct address address = { .local = "" };
	char why[MAILBOXES_WHY];
	struct mailbox_file file;

	memset(&file, 0, sizeof file);
	if (accounts_split(dn, &address) &&
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

const struct directory_method method_password_file = {
	.find_recipient = file_find_recipient,
	.find_dn = file_find_dn,
	.find_id = file_find_id,
	.find_login = accounts_find_login,
	.check_password = file_check_password,
	.scram_keys = file_scram_keys,
	.read_again = accounts_read_again,
};
