/* SPDX-License-Identifier: ISC */
#include "directory/person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "directory/entry.h"

enum { NOW = 1790000000 };

static struct conf_domain domains[] = { { .name = (char[]){ "corp.example" }, .is_default = true },
					{ .name = (char[]){ "sales.example" } } };
static struct conf conf = { .domains = domains, .domains_count = 2 };
static const struct conf_schema ad = {
	.active_directory = true,
	.attribute[CONF_ATTRIBUTE_ID] = (char[]){ "objectGUID" },
	.attribute[CONF_ATTRIBUTE_MAIL] = (char[]){ "mail" },
	.attribute[CONF_ATTRIBUTE_ALIAS] = (char[]){ "proxyAddresses" },
	.attribute[CONF_ATTRIBUTE_QUOTA] = (char[]){ "maxStorage" },
	.quota_unit = 1,
};
static const struct conf_schema plain = {
	.attribute[CONF_ATTRIBUTE_ID] = (char[]){ "entryUUID" },
	.attribute[CONF_ATTRIBUTE_MAIL] = (char[]){ "mail" },
	.attribute[CONF_ATTRIBUTE_ALIAS] = (char[]){ "" },
	.attribute[CONF_ATTRIBUTE_QUOTA] = (char[]){ "" },
};

enum { PAIRS_MAX = 12 };

struct pair {
	const char *attribute, *value;
};

static struct entry *make_entry(const struct pair *pairs)
{
	struct entry *entry = entry_new("CN=x,DC=corp,DC=example");

	for (size_t i = 0; i < PAIRS_MAX && pairs[i].attribute; i++)
		entry_add(entry, pairs[i].attribute, span_text(pairs[i].value));
	return entry;
}

static void reads_addresses(void **state)
{
	static const struct {
		struct pair pairs[PAIRS_MAX];
		const char *address;
	} cases[] = {
		{ { { "mail", "alice@corp.example" } }, "alice@corp.example" },
		{ { { "mail", "alice@elsewhere.example" },
		    { "userPrincipalName", "a@corp.example" } },
		  "a@corp.example" },
		{ { { "proxyAddresses", "smtp:x@corp.example" },
		    { "proxyAddresses", "SMTP:Alice@Corp.Example" },
		    { "mail", "m@corp.example" } },
		  "Alice@corp.example" },
		{ { { "proxyAddresses", "SMTP:alice@elsewhere.example" },
		    { "mail", "m@sales.example" } },
		  "m@sales.example" },
		/* Neither primary nor mail nor user principal name: the same alias whatever the
		   order. */
		{ { { "proxyAddresses", "smtp:z@corp.example" },
		    { "proxyAddresses", "smtp:b@corp.example" },
		    { "proxyAddresses", "X500:/o=x" },
		    { "proxyAddresses", "sip:a@corp.example" } },
		  "b@corp.example" },
		{ { { "mail", "no address" } }, "" },
		{ { { "mail", "alice" } }, "" },
		{ { { NULL, NULL } }, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry *entry = make_entry(cases[i].pairs);
		struct person person;
		const char *why;

		entry_add(entry, "objectGUID", span_make("\x01\xab", 2));
		assert_true(person_read(entry, &ad, &conf, NOW, &person, &why));
		assert_string_equal(person.address, cases[i].address);
		assert_string_equal(person.id, "01ab");
		entry_free(entry);
	}
}

static void reads_states(void **state)
{
	static const struct {
		struct pair pairs[PAIRS_MAX];
		unsigned state;
	} cases[] = {
		{ { { "userAccountControl", "512" } }, 0 },
		{ { { "userAccountControl", "514" } }, PERSON_DISABLED },
		{ { { "useraccountcontrol", "514" } }, PERSON_DISABLED },
		{ { { "accountExpires", "0" } }, 0 },
		{ { { "accountExpires", "9223372036854775807" } }, 0 },
		{ { { "accountExpires", "130000000000000000" } }, PERSON_EXPIRED },
		{ { { "accountExpires", "150000000000000000" } }, 0 },
		{ { { "msDS-User-Account-Control-Computed", "16" } }, PERSON_LOCKED },
		{ { { "msDS-User-Account-Control-Computed", "8388608" } }, PERSON_MUST_CHANGE },
		{ { { "pwdLastSet", "0" } }, PERSON_MUST_CHANGE },
		{ { { "pwdLastSet", "0" }, { "userAccountControl", "66048" } }, 0 },
		{ { { "pwdLastSet", "133500000000000000" } }, 0 },
		{ { { "userAccountControl", "514" },
		    { "accountExpires", "1" },
		    { "msDS-User-Account-Control-Computed", "16" } },
		  PERSON_DISABLED | PERSON_EXPIRED | PERSON_LOCKED },
		{ { { "userAccountControl", "514" }, { "objectClass", "group" } }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry *entry = make_entry(cases[i].pairs);
		struct person person;
		const char *why;

		entry_add(entry, "objectGUID", span_make("\x01", 1));
		assert_true(person_read(entry, &ad, &conf, NOW, &person, &why));
		assert_int_equal(person.state, cases[i].state);
		entry_free(entry);
	}
}

static void reads_kinds(void **state)
{
	static const struct {
		const char *object_class;
		enum person_kind kind;
	} cases[] = {
		{ "user", PERSON_ACCOUNT },    { "group", PERSON_GROUP },
		{ "Group", PERSON_GROUP },     { "groupOfNames", PERSON_GROUP },
		{ "contact", PERSON_CONTACT }, { "inetOrgPerson", PERSON_ACCOUNT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pairs[PAIRS_MAX] = { { "objectClass", "top" },
						 { "objectClass", cases[i].object_class } };
		struct entry *entry = make_entry(pairs);
		struct person person;
		const char *why;

		entry_add(entry, "objectGUID", span_make("\x01", 1));
		assert_true(person_read(entry, &ad, &conf, NOW, &person, &why));
		assert_int_equal(person.kind, cases[i].kind);
		entry_free(entry);
	}
}

static void reads_the_rest(void **state)
{
	struct pair pairs[PAIRS_MAX] = { { "sAMAccountName", "alice" },
					 { "userPrincipalName", "alice@corp.example" },
					 { "maxStorage", "262144" },
					 { "pwdLastSet", "133500000000000000" } };
	struct entry *entry = make_entry(pairs);
	struct person person;
	const char *why;

	(void)state;
	entry_add(entry, "objectGUID", span_make("\x01\x02\x03\x04", 4));
	entry_add(entry, "objectSid",
		  span_make("\x01\x02\0\0\0\0\0\x05\x15\0\0\0\xff\xff\xff\xff", 16));
	assert_true(person_read(entry, &ad, &conf, NOW, &person, &why));
	assert_string_equal(person.account, "alice");
	assert_string_equal(person.upn, "alice@corp.example");
	assert_string_equal(person.sid, "S-1-5-21-4294967295");
	assert_int_equal(person.quota.kind, QUOTA_LIMIT);
	assert_int_equal(person.quota.octets, 262144);
	assert_true(person.password_set == 133500000000000000);
	entry_free(entry);
}

static void reads_inetorgperson(void **state)
{
	struct pair pairs[PAIRS_MAX] = { { "uid", "alice" },
					 { "mail", "alice@corp.example" },
					 { "entryUUID", "D2B47332-7A44-1041-84C0-6B022D252D3A" },
					 { "userAccountControl", "514" } };
	struct entry *entry = make_entry(pairs);
	struct person person;
	const char *why;

	(void)state;
	assert_true(person_read(entry, &plain, &conf, NOW, &person, &why));
	assert_string_equal(person.id, "d2b473327a44104184c06b022d252d3a");
	assert_string_equal(person.account, "alice");
	assert_string_equal(person.sid, "");
	assert_int_equal(person.state, 0);
	assert_int_equal(person.quota.kind, QUOTA_ABSENT);
	entry_free(entry);
}

static void refuses_the_unusable(void **state)
{
	struct pair none[PAIRS_MAX] = { { "mail", "alice@corp.example" } };
	struct entry *entry = make_entry(none);
	char dn[PERSON_DN_SIZE + 10];
	struct person person;
	const char *why;

	(void)state;
	assert_false(person_read(entry, &ad, &conf, NOW, &person, &why));
	assert_string_equal(why, "the entry has no readable identity attribute");
	entry_free(entry);
	memset(dn, 'x', sizeof(dn) - 1);
	dn[sizeof(dn) - 1] = '\0';
	entry = entry_new(dn);
	entry_add(entry, "objectGUID", span_make("\x01", 1));
	assert_false(person_read(entry, &ad, &conf, NOW, &person, &why));
	assert_string_equal(why, "the entry's DN is too long");
	entry_free(entry);
}

static void writes_sids(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *text; /* NULL: none */
	} cases[] = {
		{ "\x01\x01\0\0\0\0\0\x05\x12\0\0\0", 12, "S-1-5-18" },
		{ "\x01\0\0\0\0\0\0\x05", 8, "S-1-5" },
		{ "\x02\0\0\0\0\0\0\x05", 8, NULL },
		{ "\x01\x01\0\0\0\0\0\x05", 8, NULL },
		{ "\x01\x10\0\0\0\0\0\x05", 8, NULL },
		{ "", 0, NULL },
	};
	char text[192];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			sid_text(span_make(cases[i].bytes, cases[i].length), text, sizeof(text)),
			cases[i].text != NULL);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
	}
}

static void asks_for_what_it_reads(void **state)
{
	const char *names[PERSON_ATTRIBUTES];
	size_t count = 0;

	(void)state;
	person_attributes(&ad, names);
	while (names[count])
		count++;
	assert_int_equal(count, 12);
	person_attributes(&plain, names);
	for (count = 0; names[count]; count++)
		assert_true(names[count][0] != '\0');
	assert_int_equal(count, 5);
}

static void names_states(void **state)
{
	(void)state;
	assert_string_equal(person_state_name(0), "");
	assert_string_equal(person_state_name(PERSON_LOCKED | PERSON_DISABLED), "account disabled");
	assert_string_equal(person_state_name(PERSON_MUST_CHANGE), "password must be changed");
}

static void sids_from_text(void **state)
{
	static const char *const good[] = { "S-1-5-21-623636074-2123154552-2943279394-1103",
					    "S-1-5-18", "S-1-281474976710655-4294967295",
					    "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15" };
	static const char *const bad[] = { "",
					   "S-1-",
					   "S-1-5",
					   "S-2-5-18",
					   "S-1-5-",
					   "S-1-281474976710656-1",
					   "S-1-5-x",
					   "S-1-5-4294967296",
					   "S-1--1",
					   "S-1-5-18 ",
					   "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16" };
	char sid[SID_SIZE_MAX], text[192];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(sid_parse(span_text(good[i]), sid, &length));
		assert_true(sid_text(span_make(sid, length), text, sizeof(text)));
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sid_parse(span_text(bad[i]), sid, &length))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_addresses),     cmocka_unit_test(reads_states),
		cmocka_unit_test(reads_kinds),         cmocka_unit_test(reads_the_rest),
		cmocka_unit_test(reads_inetorgperson), cmocka_unit_test(refuses_the_unusable),
		cmocka_unit_test(writes_sids),         cmocka_unit_test(asks_for_what_it_reads),
		cmocka_unit_test(names_states),        cmocka_unit_test(sids_from_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
