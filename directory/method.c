/* SPDX-License-Identifier: ISC */
/* directory/directory.h: hands every question to the configured method. */
#include "directory/directory_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "accounts/mailboxes.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "mail/address.h"

static const struct directory_method *const methods[CONF_METHODS] = {
	[CONF_METHOD_DIRECTORY] = &method_ldap,
	[CONF_METHOD_LOCAL] = &method_local,
	[CONF_METHOD_PASSWORD_FILE] = &method_password_file,
};

struct directory *directory_open(const struct conf *conf, const struct conf_directory *section,
				 char *room, size_t size)
{
	struct directory *directory = memory_new(sizeof(*directory));

	directory->method = methods[conf->method];
	directory->conf = conf;
	directory->section = section;
	if (!directory->method->open || directory->method->open(directory, room, size))
		return directory;
	directory_close(directory);
	return NULL;
}

void directory_start(struct directory *directory, struct watchdog *watchdog)
{
	if (directory->method->start)
		directory->method->start(directory, watchdog);
}

void directory_close(struct directory *directory)
{
	if (!directory)
		return;
	if (directory->method->close)
		directory->method->close(directory);
	free(directory);
}

void directory_set_prover(struct directory *directory, const struct directory_prover *prover)
{
	directory->prover = prover;
}

const struct conf_directory *directory_conf(const struct directory *directory)
{
	return directory->section;
}

void directory_find_recipient(struct directory *directory, const struct address *address,
			      struct directory_hit *hit)
{
	directory->method->find_recipient(directory, address, hit);
}

void directory_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit)
{
	directory->method->find_dn(directory, dn, hit);
}

void directory_find_id(struct directory *directory, const char *id, struct directory_hit *hit)
{
	directory->method->find_id(directory, id, hit);
}

bool directory_members(struct directory *directory, const struct mail_object *group,
		       int64_t deadline,
		       bool (*each)(void *context, const struct directory_hit *hit), void *context,
		       char why[400])
{
	why[0] = '\0';
	return !directory->method->members ||
	       directory->method->members(directory, group, deadline, each, context, why);
}

enum directory_found directory_is_member(struct directory *directory, const struct person *person,
					 char *const *groups, size_t count, int64_t deadline,
					 size_t *which, char why[400])
{
	why[0] = '\0';
	*which = 0;
	if (count == 0 || !directory->method->is_member)
		return DIRECTORY_NOBODY;
	return directory->method->is_member(directory, person, groups, count, deadline, which, why);
}

void directory_find_legacy(struct directory *directory, const char *legacy_dn,
			   struct directory_hit *hit)
{
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (directory->method->find_legacy)
		directory->method->find_legacy(directory, legacy_dn, hit);
}

void directory_hit_clear(struct directory_hit *hit)
{
	object_drop(hit->object);
	hit->object = NULL;
}

bool directory_apply_lock(const struct directory *directory, struct person *person,
			  char why[MAILBOXES_WHY])
{
	const struct conf_domain *domain;
	struct mailbox_file file;
	struct address address;
	enum mailboxes_found found;
	const char *wrong;

	if (!address_parse(span_text(person->address), &address, &wrong))
		return true;
	domain = conf_find_domain(directory->conf, address.domain);
	if (!domain)
		return true;
	ascii_lower_text(address.local);
	found = mailboxes_read(directory->conf->mailboxes,
			       domain->alias_of ? domain->alias_of->name : domain->name,
			       address.local, &file, why);
	if (found == MAILBOXES_FOUND && file.locked)
		person->state |= PERSON_LOCKED | PERSON_SHUT;
	mailbox_file_wipe(&file);
	return found != MAILBOXES_TROUBLE;
}

static void apply_lock(struct directory *directory, struct directory_hit *hit)
{
	char why[MAILBOXES_WHY];

	if (hit->found != DIRECTORY_ONE || directory_apply_lock(directory, &hit->person, why))
		return;
	hit->found = DIRECTORY_FAILED;
	snprintf(hit->cause, sizeof hit->cause, "%s", why);
}

void directory_find_login(struct directory *directory, const struct filter_values *values,
			  int64_t deadline, struct directory_hit *hit)
{
	directory->method->find_login(directory, values, deadline, hit);
	apply_lock(directory, hit);
}

void directory_find_value(struct directory *directory, const char *attribute, struct span value,
			  int64_t deadline, struct directory_hit *hit)
{
	*hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
	if (directory->method->find_value)
		directory->method->find_value(directory, attribute, value, deadline, hit);
	apply_lock(directory, hit);
}

void directory_check_password(struct directory *directory, const char *dn, struct span password,
			      int64_t deadline, struct checker_answer *answer)
{
	directory->method->check_password(directory, dn, password, deadline, answer);
}

enum directory_found directory_scram_keys(struct directory *directory, const char *dn,
					  struct scram_keys *keys)
{
	return directory->method->scram_keys ? directory->method->scram_keys(directory, dn, keys)
					     : DIRECTORY_NOBODY;
}

bool directory_facts(struct directory *directory, int64_t deadline, struct facts *facts)
{
	*facts = (struct facts){ .base = "" };
	return !directory->method->facts || directory->method->facts(directory, deadline, facts);
}

void directory_policy(struct directory *directory, const struct account *account, int64_t deadline,
		      struct policy *policy)
{
	*policy = (struct policy){ .threshold = 0 };
	if (directory->method->policy)
		directory->method->policy(directory, account, deadline, policy);
}

bool directory_read_again(struct directory *directory, int64_t deadline,
			  struct directory_again *again, size_t count)
{
	return directory->method->read_again(directory, deadline, again, count);
}
