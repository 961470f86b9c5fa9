/* SPDX-License-Identifier: ISC */
#include "auth/find.h"

#include <stdio.h>
#include <string.h>

#include "auth/login_name.h"
#include "conf/conf.h"
#include "directory/directories.h"
#include "routing/mailbox.h"

static void say(struct find_answer *answer, enum directory_found found, const char *cause)
{
	answer->hit.found = found;
	snprintf(answer->hit.cause, sizeof(answer->hit.cause), "%s", cause);
}

static const struct conf_domain *default_domain(const struct find_place *place)
{
	const struct conf_domain *domain = NULL;

	if (place->default_domain && place->default_domain[0])
		domain = conf_find_domain(place->conf, place->default_domain);
	return domain_canonical(domain ? domain : conf_default_domain(place->conf));
}

static bool is_name_of(const struct conf_directory *section, const struct facts *facts,
		       const char *domain)
{
	struct span name = span_text(domain);

	return span_is_nocase(name, section->netbios) || span_is_nocase(name, section->domain) ||
	       span_is_nocase(name, facts->netbios) || span_is_nocase(name, facts->dns_domain);
}

/*
 * By a NetBIOS or AD name. Those that are known are asked first: one that is down must
 * hold nobody up who means another. *doubt: the first that could not be asked, and may
 * be the one.
 */
static struct directory *directory_by_name(const struct find_place *place, const char *domain,
					   struct directory **doubt)
{
	const struct conf *conf = place->conf;

	for (int waits = 0; waits < 2; waits++) {
		*doubt = NULL;
		for (size_t i = 0; i < conf->directories_count; i++) {
			const struct conf_directory *section = &conf->directories[i];
			struct directory *directory = directories_find(place->directories, section);
			struct facts facts = { 0 };
			bool known =
				directory_facts(directory, waits ? place->deadline : 0, &facts);

			if (is_name_of(section, &facts, domain))
				return directory;
			if (!known && !*doubt)
				*doubt = directory;
		}
		if (!*doubt || !place->deadline)
			break;
	}
	return NULL;
}

/* The directory, and in *mail the canonical mail domain that goes with the name. */
static struct directory *choose(const struct find_place *place, const struct login_name *name,
				const struct conf_domain **mail, struct directory **doubt)
{
	struct directory *directory;

	*doubt = NULL;
	if (name->form == LOGIN_DOWN_LEVEL) {
		*mail = NULL;
		return directory_by_name(place, name->domain, doubt);
	}
	*mail = name->form == LOGIN_BARE
			? default_domain(place)
			: domain_canonical(conf_find_domain(place->conf, name->domain));
	if (*mail)
		return directories_find(place->directories, (*mail)->directory);
	directory = directory_by_name(place, name->domain, doubt);
	if (directory || *doubt)
		return directory;
	/* A user principal name may have any suffix of the forest. */
	return directories_find(place->directories, default_domain(place)->directory);
}

static void search(const struct find_place *place, const struct login_try *try,
		   struct find_answer *answer)
{
	struct filter_values values = {
		.address = span_text(try->login),
		.local = span_text(try->user),
		.domain = span_text(try->domain),
		.login = span_text(try->login),
		.user = span_text(try->user),
	};

	directory_find_login(answer->directory, &values, place->deadline, &answer->hit);
	if (place->tried)
		place->tried(place->context, &answer->hit);
}

const struct conf_directory *find_directory(const struct find_place *place, const char *text)
{
	struct find_place at_once = *place;
	const struct conf_domain *mail;
	struct directory *directory, *doubt = NULL;
	struct login_name name;
	const char *why;

	at_once.deadline = 0;
	if (!login_name_parse(span_text(text), &name, &why))
		return NULL;
	directory = choose(&at_once, &name, &mail, &doubt);
	if (!directory)
		directory = doubt;
	return directory ? directory_conf(directory) : NULL;
}

void find_account(const struct find_place *place, const char *text, struct find_answer *answer)
{
	struct login_name name;
	struct login_try tries[LOGIN_TRIES_MAX];
	const struct conf_domain *mail;
	const char *why;
	struct directory *doubt;

	*answer = (struct find_answer){ 0 };
	say(answer, DIRECTORY_NOBODY, "");
	if (!login_name_parse(span_text(text), &name, &why)) {
		say(answer, DIRECTORY_NOBODY, why);
		return;
	}
	answer->directory = choose(place, &name, &mail, &doubt);
	if (!answer->directory) {
		say(answer, doubt ? DIRECTORY_FAILED : DIRECTORY_NOBODY,
		    doubt ? "a directory cannot be asked for its name"
			  : "no directory of that domain");
		return;
	}
	(void)directory_facts(answer->directory, place->deadline, &answer->facts);
	bool ad_name = is_name_of(directory_conf(answer->directory), &answer->facts, name.domain);
	struct login_place where = {
		.mail_domain = mail ? mail->name : "",
		/* AD takes account@NETBIOS for the same as account@dns.domain. */
		.ad_domain = ad_name ? name.domain : "",
		.append_first = mail && mail != domain_canonical(conf_default_domain(place->conf)),
	};
	size_t count = login_name_tries(&name, &where, tries);

	for (size_t i = 0; i < count && answer->hit.found == DIRECTORY_NOBODY; i++)
		search(place, &tries[i], answer);
}

/* True: no other value need be looked for. The same entry may well be found twice. */
static bool find_value(const struct find_place *place, const char *attribute, struct span value,
		       struct find_answer *answer)
{
	struct find_answer one = { .directory = answer->directory };

	directory_find_value(one.directory, attribute, value, place->deadline, &one.hit);
	if (one.hit.found == DIRECTORY_NOBODY) {
		/* There is somebody, who may not log in. */
		if (one.hit.person.dn[0] && answer->hit.found == DIRECTORY_NOBODY)
			answer->hit = one.hit;
		return false;
	}
	if (one.hit.found == DIRECTORY_ONE && answer->hit.found == DIRECTORY_ONE &&
	    strcmp(one.hit.person.id, answer->hit.person.id) != 0) {
		answer->hit.found = DIRECTORY_MANY;
		memcpy(answer->hit.other, one.hit.person.dn, sizeof(answer->hit.other));
		return true;
	}
	answer->hit = one.hit;
	return one.hit.found != DIRECTORY_ONE;
}

static void find_values(const struct find_place *place, const struct find_proof *proof,
			struct find_answer *answer)
{
	if (proof->sid.length) {
		(void)find_value(place, "objectSid", proof->sid, answer);
		return;
	}
	if (proof->upn[0] && find_value(place, "userPrincipalName", span_text(proof->upn), answer))
		return;
	for (const char *const *identity = proof->identities; *identity; identity++)
		if (find_value(place, "altSecurityIdentities", span_text(*identity), answer))
			return;
}

static bool may_vouch(const struct conf_directory *section, const struct find_proof *proof)
{
	return section->schema.active_directory &&
	       (!proof->keytab || strcmp(section->keytab, proof->keytab) == 0);
}

/* Why nobody; and who it would be, if there is one who may not log in. */
static void keep_nobody(const struct find_answer *here, struct find_answer *found)
{
	if (here->hit.found == DIRECTORY_NOBODY && here->hit.person.dn[0])
		*found = *here;
	else
		memcpy(found->hit.cause, here->hit.cause, sizeof(found->hit.cause));
}

/*
 * A security identifier is given once in the world: who has it is found, whether or
 * not the other directories can be asked. A name in a certificate may be in two.
 */
void find_proved(const struct find_place *place, const struct find_proof *proof,
		 struct find_answer *answer)
{
	struct find_answer found = { 0 };
	bool failed = false;

	if (proof->account) {
		find_account(place, proof->account, answer);
		return;
	}
	say(&found, DIRECTORY_NOBODY, "nobody in the directories has this identity");
	for (size_t i = 0; i < place->conf->directories_count; i++) {
		const struct conf_directory *section = &place->conf->directories[i];
		struct find_answer here = { .directory =
						    directories_find(place->directories, section) };

		if (!may_vouch(section, proof))
			continue;
		say(&here, DIRECTORY_NOBODY, found.hit.cause);
		find_values(place, proof, &here);
		failed |= here.hit.found == DIRECTORY_FAILED;
		if ((here.hit.found == DIRECTORY_FAILED || here.hit.found == DIRECTORY_NOBODY) &&
		    found.hit.found == DIRECTORY_NOBODY)
			keep_nobody(&here, &found);
		if (here.hit.found != DIRECTORY_ONE && here.hit.found != DIRECTORY_MANY)
			continue;
		if (found.hit.found == DIRECTORY_ONE) {
			found.hit.found = DIRECTORY_MANY;
			memcpy(found.hit.other, here.hit.person.dn, sizeof(found.hit.other));
			break;
		}
		found = here;
		if (proof->sid.length || here.hit.found == DIRECTORY_MANY)
			break;
	}
	if (failed && (found.hit.found == DIRECTORY_NOBODY || !proof->sid.length))
		found.hit.found = DIRECTORY_FAILED;
	*answer = found;
}
