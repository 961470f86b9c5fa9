/* SPDX-License-Identifier: ISC */
#include "directory/account.h"

#include <stdbool.h>

#include "base/buffer.h"
#include "conf/conf.h"
#include "directory/entry.h"
#include "directory/filetime.h"

static const char *const account_names[] = {
	"lockoutTime",
	"badPwdCount",
	"badPasswordTime",
	"msDS-ResultantPSO",
};

_Static_assert(PERSON_ATTRIBUTES + sizeof(account_names) / sizeof(account_names[0]) <
		       ACCOUNT_ATTRIBUTES,
	       "room for all names");

void account_attributes(const struct conf_schema *schema, const char *names[ACCOUNT_ATTRIBUTES])
{
	size_t count = 0;

	person_attributes(schema, names);
	while (names[count])
		count++;
	for (size_t i = 0;
	     schema->active_directory && i < sizeof(account_names) / sizeof(account_names[0]); i++)
		names[count++] = account_names[i];
	names[count] = NULL;
}

void account_clear(struct account *account)
{
	*account = (struct account){
		.control = ACCOUNT_ABSENT,
		.computed = ACCOUNT_ABSENT,
		.expires = ACCOUNT_ABSENT,
		.locked = ACCOUNT_ABSENT,
		.password_set = ACCOUNT_ABSENT,
		.bad_count = ACCOUNT_ABSENT,
		.bad_time = ACCOUNT_ABSENT,
	};
}

void account_read(const struct entry *entry, struct account *account)
{
	struct span policy;

	*account = (struct account){
		.control = entry_number(entry, "userAccountControl", ACCOUNT_ABSENT),
		.computed =
			entry_number(entry, "msDS-User-Account-Control-Computed", ACCOUNT_ABSENT),
		.expires = entry_number(entry, "accountExpires", ACCOUNT_ABSENT),
		.locked = entry_number(entry, "lockoutTime", ACCOUNT_ABSENT),
		.password_set = person_password_set(entry, ACCOUNT_ABSENT),
		.bad_count = entry_number(entry, "badPwdCount", ACCOUNT_ABSENT),
		.bad_time = entry_number(entry, "badPasswordTime", ACCOUNT_ABSENT),
	};
	if (entry_value(entry, "msDS-ResultantPSO", 0, &policy) &&
	    (span_has_nul(policy) || !span_copy(policy, account->policy, sizeof(account->policy))))
		account->policy[0] = '\0';
}

unsigned account_bad_passwords(const struct account *account, int64_t window, int64_t now)
{
	if (account->bad_count <= 0 || account->bad_time <= 0)
		return 0;
	if (filetime_unix(account->bad_time) + (window + 999) / 1000 <= now)
		return 0;
	return account->bad_count > 1000000 ? 1000000 : (unsigned)account->bad_count;
}

void account_control_text(int64_t control, struct buffer *to)
{
	static const struct {
		unsigned bit;
		const char *name;
	} bits[] = {
		{ 0x2, "account disabled" },
		{ 0x10, "locked out" },
		{ 0x20, "password not required" },
		{ 0x200, "normal account" },
		{ 0x800, "trust account of a domain" },
		{ 0x1000, "account of a computer" },
		{ 0x2000, "account of a controller" },
		{ 0x10000, "password never expires" },
		{ 0x40000, "smart card required" },
		{ 0x400000, "no Kerberos pre-authentication" },
		{ 0x800000, "password expired" },
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (!(control & bits[i].bit))
			continue;
		buffer_add_format(to, "%s%s", first ? "" : ", ", bits[i].name);
		first = false;
	}
}
