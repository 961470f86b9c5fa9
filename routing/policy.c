/* SPDX-License-Identifier: ISC */
/*
 * Who may send to an entry. Only who has logged in is anybody; an address of ours that a stranger
 * claims proves nothing, though it may shut him out. Somebody of others cannot log in here, so the
 * entry that a directory has for his address (a contact) stands for him.
 */
#include "routing/routing_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { POLICY_MS = 20000 };

void policy_sender_init(struct policy_sender *sender, const struct routing *routing,
			const struct route_ask *ask)
{
	*sender = (struct policy_sender){ .routing = routing,
					  .said = &ask->sender,
					  .size = ask->size,
					  .teller = ask->teller,
					  .hit = { .found = DIRECTORY_NOBODY } };
}

void policy_sender_clear(struct policy_sender *sender)
{
	directory_hit_clear(&sender->hit);
	sender->hit = (struct directory_hit){ .found = DIRECTORY_NOBODY };
}

static void look_up_login(struct policy_sender *sender)
{
	const struct routing_source *source = &sender->routing->source;

	sender->directory =
		conf_directory_named(sender->routing->conf, log_some(sender->said->directory));
	source->find_id(source->context, sender->directory, sender->said->id, &sender->hit);
	sender->proved = sender->hit.found == DIRECTORY_ONE;
}

/* In the directory of the entry that is asked for: contacts stand beside those who know them. */
static void look_up_address(struct policy_sender *sender, const struct conf_directory *directory)
{
	const struct routing_source *source = &sender->routing->source;
	const struct address *address = sender->said->address;
	const struct conf_domain *domain;

	sender->directory = directory;
	sender->hit.found = DIRECTORY_NOBODY;
	if (!address || !address->domain[0] || address->literal)
		return;
	domain = conf_find_domain(sender->routing->conf, address->domain);
	source->find_address(source->context, directory, address, &sender->hit);
	if (sender->hit.found == DIRECTORY_MANY)
		sender->hit.found = DIRECTORY_NOBODY;
	/* An account has other addresses than ours, too, or is found by a local part alone: its
	 * owner can log in, and who only claims to be him is nobody. */
	sender->proved = sender->hit.found == DIRECTORY_ONE && !domain &&
			 sender->hit.person.kind == PERSON_CONTACT;
}

static bool has_login(const struct policy_sender *sender)
{
	return sender->said->id && sender->said->id[0];
}

/* False: the directory cannot say. */
static bool look_up(struct policy_sender *sender, const struct conf_directory *directory,
		    char why[400])
{
	if (!sender->looked || (!has_login(sender) && sender->directory != directory)) {
		policy_sender_clear(sender);
		sender->proved = false;
		if (has_login(sender))
			look_up_login(sender);
		else
			look_up_address(sender, directory);
		hit_complete(&sender->hit);
		tell(sender->teller, "sender", "%s%s",
		     sender->hit.found == DIRECTORY_ONE ? sender->hit.person.dn
							: "nobody that the directory knows",
		     has_login(sender) ? ", logged in" : ", not logged in");
		sender->looked = true;
	}
	if (sender->hit.found != DIRECTORY_FAILED)
		return true;
	snprintf(why, 400, "the sender cannot be looked up: %.300s", sender->hit.cause);
	return false;
}

static enum directory_found in_groups(struct policy_sender *sender,
				      const struct conf_directory *directory, char *const *groups,
				      size_t count, char why[400])
{
	const struct routing_source *source = &sender->routing->source;

	if (count == 0 || sender->hit.found != DIRECTORY_ONE || sender->directory != directory)
		return DIRECTORY_NOBODY;
	return source->is_member(source->context, directory, &sender->hit.person, groups, count,
				 clock_ms() + POLICY_MS, why);
}

static bool is_named(const struct policy_sender *sender, const struct conf_directory *directory,
		     const struct texts *names)
{
	return sender->hit.found == DIRECTORY_ONE && sender->directory == directory &&
	       texts_have_dn(names, sender->hit.person.dn);
}

static const struct refusal *verdict(char why[400], const struct refusal *refusal,
				     const char *decided)
{
	snprintf(why, 400, "%s", decided);
	return refusal;
}

static const struct refusal *rejected(struct policy_sender *sender,
				      const struct conf_directory *directory,
				      const struct mail_object *object, char why[400])
{
	if (is_named(sender, directory, &object->reject_from))
		return verdict(why, &refusal_sender, "reject_from names the sender");
	switch (in_groups(sender, directory, object->reject_groups.at, object->reject_groups.count,
			  why)) {
	case DIRECTORY_ONE:
		return verdict(why, &refusal_sender, "reject_groups has the sender");
	case DIRECTORY_NOBODY:
		return NULL;
	case DIRECTORY_MANY:
	case DIRECTORY_FAILED:
		break;
	}
	return &refusal_unavailable;
}

static const struct refusal *not_accepted(struct policy_sender *sender,
					  const struct conf_directory *directory,
					  const struct mail_object *object, char why[400])
{
	enum directory_found found;

	if (sender->proved && is_named(sender, directory, &object->accept_from))
		return NULL;
	if (!sender->proved)
		return verdict(why, &refusal_sender,
			       "accept_from or accept_groups, and nobody has logged in");
	found = in_groups(sender, directory, object->accept_groups.at, object->accept_groups.count,
			  why);
	if (found == DIRECTORY_ONE)
		return NULL;
	return found == DIRECTORY_NOBODY
		       ? verdict(why, &refusal_sender,
				 "neither accept_from nor accept_groups have the sender")
		       : &refusal_unavailable;
}

static const struct refusal *group_default(struct policy_sender *sender,
					   const struct conf_directory *directory,
					   const struct conf_domain *domain,
					   const struct mail_object *object, char why[400])
{
	char *groups[1] = { (char *)object->person.dn };
	enum directory_found found;

	switch (domain ? domain->group_senders : CONF_GROUP_AUTHENTICATED) {
	case CONF_GROUP_ANYBODY:
		return NULL;
	case CONF_GROUP_AUTHENTICATED:
		return has_login(sender) && sender->proved
			       ? NULL
			       : verdict(why, &refusal_anonymous, "group_senders = authenticated");
	case CONF_GROUP_MEMBERS:
		if (!has_login(sender) || !sender->proved)
			return verdict(why, &refusal_members,
				       "group_senders = members, and nobody has logged in");
		found = in_groups(sender, directory, groups, 1, why);
		if (found == DIRECTORY_ONE)
			return NULL;
		return found == DIRECTORY_NOBODY
			       ? verdict(why, &refusal_members, "group_senders = members")
			       : &refusal_unavailable;
	case CONF_GROUP_NOBODY:
		break;
	}
	return verdict(why, &refusal_closed, "group_senders = nobody");
}

/* Who has not logged in is looked up for these alone. */
static bool has_lists(const struct mail_object *object)
{
	return object->accept_from.count > 0 || object->accept_groups.count > 0 ||
	       object->reject_from.count > 0 || object->reject_groups.count > 0;
}

static bool is_open_group(const struct mail_object *object)
{
	return object->person.kind == PERSON_GROUP && !object->authenticated_only &&
	       object->accept_from.count == 0 && object->accept_groups.count == 0;
}

bool policy_asks(const struct mail_object *object, const struct conf_domain *domain)
{
	return object->authenticated_only || has_lists(object) ||
	       (object->person.kind == PERSON_GROUP &&
		(!domain || domain->group_senders != CONF_GROUP_ANYBODY));
}

static const struct refusal *judge(struct policy_sender *sender,
				   const struct conf_directory *directory,
				   const struct conf_domain *domain,
				   const struct mail_object *object, char why[400])
{
	const struct refusal *refusal;

	if ((has_login(sender) || has_lists(object)) && !look_up(sender, directory, why))
		return &refusal_unavailable;
	refusal = rejected(sender, directory, object, why);
	if (refusal)
		return refusal;
	if (object->authenticated_only && !(has_login(sender) && sender->proved))
		return verdict(why, &refusal_anonymous, "authenticated_only");
	if (object->accept_from.count || object->accept_groups.count)
		return not_accepted(sender, directory, object, why);
	return is_open_group(object) ? group_default(sender, directory, domain, object, why) : NULL;
}

const struct refusal *policy_refuses(struct policy_sender *sender,
				     const struct conf_directory *directory,
				     const struct conf_domain *domain,
				     const struct mail_object *object, char why[400])
{
	const struct refusal *refusal = NULL;

	why[0] = '\0';
	if (sender->said->trusted)
		return NULL;
	if (object->size_receive.given && sender->size > object->size_receive.octets)
		refusal = verdict(why, &refusal_too_large, "size_receive");
	else if (policy_asks(object, domain))
		refusal = judge(sender, directory, domain, object, why);
	else
		return NULL;
	tell(sender->teller, "policy", "%s%s%s", refusal ? "refused" : "may send",
	     why[0] ? ": " : "", why);
	return refusal;
}
