/* SPDX-License-Identifier: ISC */
#include "directory/person.h"

#include <string.h>

#include "directory/entry.h"
#include "directory/filetime.h"
#include "mail/address.h"

/* userAccountControl and its computed sister (MS-ADTS 2.2.16). */
#define UAC_DISABLED         0x2u
#define UAC_LOCKED           0x10u
#define UAC_PASSWORD_EXPIRED 0x800000u
#define UAC_NEVER_EXPIRES    0x10000u

static const char computed_name[] = "msDS-User-Account-Control-Computed";

static const char *const ad_names[] = {
	"objectSid",      "sAMAccountName", "userPrincipalName", "userAccountControl",
	"accountExpires", "pwdLastSet",     computed_name,
};
/* The second is there where the overlay ppolicy is. */
static const char *const plain_names[] = { "uid", "pwdChangedTime" };

static size_t names_add(const char **names, size_t count, const char *const *more, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (more[i] && more[i][0] && count + 1 < PERSON_ATTRIBUTES)
			names[count++] = more[i];
	return count;
}

void person_attributes(const struct conf_schema *schema, const char *names[PERSON_ATTRIBUTES])
{
	const char *const common[] = { "objectClass", schema->attribute[CONF_ATTRIBUTE_ID], schema->attribute[CONF_ATTRIBUTE_MAIL],
				       schema->attribute[CONF_ATTRIBUTE_ALIAS], schema->attribute[CONF_ATTRIBUTE_QUOTA],
				       schema->attribute[CONF_ATTRIBUTE_HOST],
				       schema->attribute[CONF_ATTRIBUTE_ENABLED],
				       schema->attribute[CONF_ATTRIBUTE_QUOTA_DEFAULTS] };
	size_t count = names_add(names, 0, common, sizeof(common) / sizeof(common[0]));

	if (schema->active_directory)
		count = names_add(names, count, ad_names, sizeof(ad_names) / sizeof(ad_names[0]));
	else
		count = names_add(names, count, plain_names,
				  sizeof(plain_names) / sizeof(plain_names[0]));
	names[count] = NULL;
}

static void copy_first(const struct entry *entry, const char *attribute, char *to, size_t size)
{
	struct span value;

	to[0] = '\0';
	if (entry_value(entry, attribute, 0, &value) && !span_has_nul(value) &&
	    !span_copy(value, to, size))
		to[0] = '\0';
}

int64_t person_password_set(const struct entry *entry, int64_t absent)
{
	int64_t set = entry_number(entry, "pwdLastSet", absent);
	struct span value;
	uint64_t digits;

	/* "20261126161452Z": as a number it grows with time all the same. */
	if (set != absent || !entry_value(entry, "pwdChangedTime", 0, &value) ||
	    value.length < 14 || !span_number(span_make(value.at, 14), &digits))
		return set;
	return (int64_t)digits;
}

static enum person_kind read_kind(const struct entry *entry)
{
	static const struct {
		const char *name;
		enum person_kind kind;
	} classes[] = {
		{ "group", PERSON_GROUP },
		{ "groupOfNames", PERSON_GROUP },
		{ "groupOfUniqueNames", PERSON_GROUP },
		{ "groupOfMembers", PERSON_GROUP },
		{ "groupOfEntries", PERSON_GROUP },
		{ "groupOfURLs", PERSON_GROUP },
		{ "posixGroup", PERSON_GROUP },
		{ "nisMailAlias", PERSON_GROUP },
		{ "rfc822MailGroup", PERSON_GROUP },
		{ "mailGroup", PERSON_GROUP },
		{ "qmailGroup", PERSON_GROUP },
		{ "zarafa-group", PERSON_GROUP },
		{ "zarafa-dynamicgroup", PERSON_GROUP },
		{ "kopano-group", PERSON_GROUP },
		{ "kopano-dynamicgroup", PERSON_GROUP },
		{ "msExchDynamicDistributionList", PERSON_GROUP },
		{ "contact", PERSON_CONTACT },
		{ "zarafa-contact", PERSON_CONTACT },
		{ "kopano-contact", PERSON_CONTACT },
		{ "publicFolder", PERSON_FOLDER },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (entry_has(entry, "objectClass", classes[i].name))
			return classes[i].kind;
	return PERSON_ACCOUNT;
}

/* The schema's own switch. "noaccess" takes mail and lets nobody in. */
static void read_switch(const struct entry *entry, const char *attribute, struct person *person)
{
	static const unsigned states[] = { [CONF_ENABLED_YES] = 0,
					   [CONF_ENABLED_NO_LOGIN] = PERSON_LOCKED,
					   [CONF_ENABLED_NO] = PERSON_DISABLED,
					   [CONF_ENABLED_UNKNOWN] = PERSON_LOCKED };
	enum conf_enabled said;
	struct span value, other;

	if (!entry_value(entry, attribute, 0, &value))
		return;
	said = entry_value(entry, attribute, 1, &other) ? CONF_ENABLED_UNKNOWN
							: conf_enabled_value(value);
	person->state |= states[said];
	person->state_unreadable = said == CONF_ENABLED_UNKNOWN;
}

static unsigned read_ad_state(const struct entry *entry, int64_t now)
{
	unsigned control = (unsigned)entry_number(entry, "userAccountControl", 0);
	unsigned computed = (unsigned)entry_number(entry, computed_name, 0);
	unsigned state = 0;

	if (control & UAC_DISABLED)
		state |= PERSON_DISABLED;
	if (filetime_unix(entry_number(entry, "accountExpires", 0)) <= now)
		state |= PERSON_EXPIRED;
	if (computed & UAC_LOCKED)
		state |= PERSON_LOCKED;
	if (computed & UAC_PASSWORD_EXPIRED)
		state |= PERSON_MUST_CHANGE;
	if (entry_number(entry, "pwdLastSet", 1) == 0 && !(control & UAC_NEVER_EXPIRES))
		state |= PERSON_MUST_CHANGE;
	return state;
}

/* Takes the text as our address if it is one: "local@domain" with a domain we accept. */
static bool take_address(struct span text, const struct conf *conf, char to[PERSON_ADDRESS_SIZE])
{
	struct address address;
	char whole[ADDRESS_TEXT_SIZE];
	const char *why;

	if (!address_parse(text, &address, &why) || !address.domain[0] ||
	    !conf_find_domain(conf, address.domain))
		return false;
	address_text(&address, whole);
	return span_copy(span_text(whole), to, PERSON_ADDRESS_SIZE);
}

/* The proxy address marked as primary by its upper-case prefix. */
static bool take_primary_proxy(const struct entry *entry, const struct conf_schema *schema,
			       const struct conf *conf, char *to)
{
	struct span value;

	for (size_t i = 0; entry_value(entry, schema->attribute[CONF_ATTRIBUTE_ALIAS], i, &value); i++)
		if (value.length > 5 && memcmp(value.at, "SMTP:", 5) == 0 &&
		    take_address(span_skip(value, 5), conf, to))
			return true;
	return false;
}

static bool take_any(const struct entry *entry, const char *attribute, const struct conf *conf,
		     char *to)
{
	struct span value;

	for (size_t i = 0; entry_value(entry, attribute, i, &value); i++)
		if (take_address(value, conf, to))
			return true;
	return false;
}

/* Of the other aliases the alphabetically first: the directory gives them in any order. */
static void take_least_alias(const struct entry *entry, const struct conf_schema *schema,
			     const struct conf *conf, char *to)
{
	char candidate[PERSON_ADDRESS_SIZE];
	struct span value;

	for (size_t i = 0; entry_value(entry, schema->attribute[CONF_ATTRIBUTE_ALIAS], i, &value); i++) {
		if (span_starts_nocase(value, "smtp:"))
			value = span_skip(value, 5);
		if (take_address(value, conf, candidate) && (!to[0] || strcmp(candidate, to) < 0))
			memcpy(to, candidate, sizeof(candidate));
	}
}

static void read_address(const struct entry *entry, const struct conf_schema *schema,
			 const struct conf *conf, char *to)
{
	to[0] = '\0';
	if (take_primary_proxy(entry, schema, conf, to) ||
	    take_any(entry, schema->attribute[CONF_ATTRIBUTE_MAIL], conf, to) ||
	    take_any(entry, "userPrincipalName", conf, to))
		return;
	take_least_alias(entry, schema, conf, to);
}

/*
 * The entry's own levels do not count: it says so (mDBUseDefaults), or does not say the opposite
 * where that is wanted (zarafaQuotaOverride).
 */
static bool quota_is_default(const struct entry *entry, const struct conf_schema *schema)
{
	const char *name = schema->attribute[CONF_ATTRIBUTE_QUOTA_DEFAULTS];

	if (!name || !name[0])
		return false;
	return (entry_has(entry, name, "TRUE") || entry_has(entry, name, "1")) !=
	       schema->quota_override;
}

struct quota person_quota(const struct entry *entry, const struct conf_schema *schema,
			  enum conf_attribute attribute)
{
	struct span value;

	if (quota_is_default(entry, schema) ||
	    !entry_value(entry, schema->attribute[attribute], 0, &value))
		return (struct quota){ QUOTA_ABSENT, 0 };
	return quota_parse(value, schema->quota_unit ? schema->quota_unit : 1);
}

/* A route that cannot be read is not no route: the mail would go to the wrong mailbox. */
static void read_host(const struct entry *entry, const char *attribute, struct person *person)
{
	struct span value, other;

	if (!attribute || !attribute[0] || !entry_value(entry, attribute, 0, &value))
		return;
	value = span_trim(value);
	if (span_has_nul(value) || !span_copy(value, person->host, sizeof(person->host)) ||
	    entry_value(entry, attribute, 1, &other)) {
		person->host[0] = '\0';
		person->host_unreadable = true;
	}
}

static bool read_identity(const struct entry *entry, const struct conf_schema *schema,
			  struct person *person)
{
	struct span value;

	if (entry_value(entry, "objectSid", 0, &value) &&
	    !sid_text(value, person->sid, sizeof(person->sid)))
		person->sid[0] = '\0';
	return entry_value(entry, schema->attribute[CONF_ATTRIBUTE_ID], 0, &value) &&
	       identity_text(value, schema->active_directory, person->id, sizeof(person->id));
}

bool person_read(const struct entry *entry, const struct conf_schema *schema,
		 const struct conf *conf, int64_t now, struct person *person, const char **why)
{
	*person = (struct person){ 0 };
	*why = "the entry's DN is too long";
	if (!span_copy(span_text(entry_dn(entry)), person->dn, sizeof(person->dn)))
		return false;
	*why = "the entry has no readable identity attribute";
	if (!read_identity(entry, schema, person))
		return false;
	copy_first(entry, schema->active_directory ? "sAMAccountName" : "uid", person->account,
		   sizeof(person->account));
	copy_first(entry, "userPrincipalName", person->upn, sizeof(person->upn));
	read_address(entry, schema, conf, person->address);
	person->kind = read_kind(entry);
	if (schema->active_directory && person->kind == PERSON_ACCOUNT)
		person->state = read_ad_state(entry, now);
	read_switch(entry, schema->attribute[CONF_ATTRIBUTE_ENABLED], person);
	person->quota = person_quota(entry, schema, CONF_ATTRIBUTE_QUOTA);
	read_host(entry, schema->attribute[CONF_ATTRIBUTE_HOST], person);
	person->password_set = person_password_set(entry, 0);
	*why = NULL;
	return true;
}

const char *person_state_name(unsigned state)
{
	if (state & PERSON_DISABLED)
		return "account disabled";
	if (state & PERSON_EXPIRED)
		return "account expired";
	if (state & PERSON_SHUT)
		return "mailbox locked by the administrator";
	if (state & PERSON_LOCKED)
		return "account locked out";
	if (state & PERSON_MUST_CHANGE)
		return "password must be changed";
	return "";
}
