/* SPDX-License-Identifier: ISC */
#include "directory/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "directory/entry.h"

enum { NOW = 1790000000, PAIRS_MAX = 12 };

static struct conf_domain domains[] = { { .name = (char[]){ "corp.example" },
					  .is_default = true } };
static struct conf conf = { .domains = domains, .domains_count = 1 };
static const struct conf_schema schema = {
	.active_directory = true,
	.attribute[CONF_ATTRIBUTE_ID] = (char[]){ "objectGUID" },
	.attribute[CONF_ATTRIBUTE_MAIL] = (char[]){ "mail" },
	.attribute[CONF_ATTRIBUTE_ALIAS] = (char[]){ "proxyAddresses" },
	.attribute[CONF_ATTRIBUTE_ENABLED] = (char[]){ "accountStatus" },
	.attribute[CONF_ATTRIBUTE_QUOTA] = (char[]){ "mDBOverHardQuotaLimit" },
	.attribute[CONF_ATTRIBUTE_QUOTA_SEND] = (char[]){ "mDBOverQuotaLimit" },
	.attribute[CONF_ATTRIBUTE_QUOTA_WARN] = (char[]){ "mDBStorageQuota" },
	.attribute[CONF_ATTRIBUTE_QUOTA_DEFAULTS] = (char[]){ "mDBUseDefaults" },
	.attribute[CONF_ATTRIBUTE_ROUTING_ADDRESS] = (char[]){ "mailRoutingAddress" },
	.attribute[CONF_ATTRIBUTE_TARGET] = (char[]){ "targetAddress" },
	.attribute[CONF_ATTRIBUTE_FORWARD] = (char[]){ "altRecipient" },
	.attribute[CONF_ATTRIBUTE_FORWARD_ADDRESS] = (char[]){ "mailForwardingAddress" },
	.attribute[CONF_ATTRIBUTE_FORWARD_KEEP] = (char[]){ "deliverAndRedirect" },
	.attribute[CONF_ATTRIBUTE_SIZE_SEND] = (char[]){ "submissionContLength" },
	.attribute[CONF_ATTRIBUTE_SIZE_RECEIVE] = (char[]){ "delivContLength" },
	.attribute[CONF_ATTRIBUTE_RECIPIENTS] = (char[]){ "msExchRecipLimit" },
	.attribute[CONF_ATTRIBUTE_ACCEPT_FROM] = (char[]){ "authOrig" },
	.attribute[CONF_ATTRIBUTE_AUTHENTICATED] = (char[]){ "msExchRequireAuthToSendTo" },
	.attribute[CONF_ATTRIBUTE_DELEGATES] = (char[]){ "publicDelegates" },
	.attribute[CONF_ATTRIBUTE_LEGACY_DN] = (char[]){ "legacyExchangeDN" },
	.attribute[CONF_ATTRIBUTE_MEMBER] = (char[]){ "member" },
	.attribute[CONF_ATTRIBUTE_MEMBER_FILTER] = (char[]){ "msExchDynamicDLFilter" },
	.attribute[CONF_ATTRIBUTE_OWNER] = (char[]){ "managedBy" },
	.attribute[CONF_ATTRIBUTE_REPORT_OWNER] = (char[]){ "reportToOwner" },
	.quota_unit = 1024,
	.size_unit = 1024,
};

struct pair {
	const char *attribute, *value;
};

static struct entry *make_entry(const struct pair *pairs)
{
	struct entry *entry = entry_new("CN=x,DC=corp,DC=example");

	entry_add(entry, "objectGUID", span_make("\x01\xab", 2));
	for (size_t i = 0; i < PAIRS_MAX && pairs[i].attribute; i++)
		entry_add(entry, pairs[i].attribute, span_text(pairs[i].value));
	return entry;
}

static struct mail_object *read_entry(struct entry *entry)
{
	const char *why;
	struct mail_object *object = object_read(entry, &schema, &conf, NOW, &why);

	assert_non_null(object);
	assert_null(why);
	entry_free(entry);
	return object;
}

static struct mail_object *read_pairs(const struct pair *pairs)
{
	return read_entry(make_entry(pairs));
}

static void reads_what_is_said(void **state)
{
	struct mail_object *object = read_pairs((struct pair[PAIRS_MAX]){
		{ "altRecipient", "CN=b,DC=x" },
		{ "deliverAndRedirect", "TRUE" },
		{ "targetAddress", "SMTP:out@other.example" },
		{ "mailForwardingAddress", "f@other.example" },
		{ "mailForwardingAddress", "smtp:g@other.example" },
		{ "submissionContLength", "0" },
		{ "delivContLength", "10" },
		{ "msExchRecipLimit", "50" },
		{ "authOrig", "CN=Boss,DC=x" },
		{ "legacyExchangeDN", "/o=x/cn=y" },
		{ "msExchRequireAuthToSendTo", "TRUE" },
	});

	(void)state;
	assert_string_equal(object->fault, "");
	assert_string_equal(object->forward.at[0], "CN=b,DC=x");
	assert_true(object->keep);
	assert_string_equal(object->target, "out@other.example");
	assert_int_equal(object->forward_address.count, 2);
	assert_string_equal(object->forward_address.at[1], "g@other.example");
	assert_true(object->size_send.given);
	assert_int_equal(object->size_send.octets, 0);
	assert_int_equal(object->size_receive.octets, 10240);
	assert_int_equal(object->recipients.octets, 50);
	assert_true(texts_have_dn(&object->accept_from, "cn=boss, dc=X"));
	assert_false(texts_have_dn(&object->accept_from, "cn=boss2,dc=x"));
	assert_string_equal(object->legacy_dn, "/o=x/cn=y");
	assert_true(object->authenticated_only);
	assert_false(object->members_by_dn);
	object_drop(object);
}

/* deliveryMode of qmail-ldap: the mailbox keeps what is forwarded unless a word says otherwise. */
static void words_of_a_mode(void **state)
{
	static const struct {
		const char *words[2];
		bool keep, forwards, fault;
	} cases[] = {
		{ { NULL }, true, true, false },
		{ { "reply" }, true, true, false },
		{ { "NoLocal" }, false, true, false },
		{ { "reply", "nolocal" }, false, true, false },
		{ { "forwardonly" }, false, true, false },
		{ { "FALSE" }, false, true, false },
		{ { "noforward" }, true, false, false },
		{ { "noforward", "nolocal" }, false, false, true },
	};
	struct conf_schema mode = schema;
	const char *why;

	(void)state;
	mode.forward_keep = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry *entry = make_entry((struct pair[PAIRS_MAX]){
			{ "mailForwardingAddress", "f@other.example" },
			{ cases[i].words[0] ? "deliverAndRedirect" : NULL, cases[i].words[0] },
			{ cases[i].words[1] ? "deliverAndRedirect" : NULL, cases[i].words[1] } });
		struct mail_object *object = object_read(entry, &mode, &conf, NOW, &why);

		entry_free(entry);
		assert_true(object->keep == cases[i].keep);
		assert_int_equal(object->forward_address.count, cases[i].forwards);
		assert_true((object->fault[0] != '\0') == cases[i].fault);
		object_drop(object);
	}
}

/* mDBUseDefaults, and zarafaQuotaOverride, which means the opposite. */
static void own_levels_or_defaults(void **state)
{
	static const struct {
		bool override;
		const char *said;
		bool own;
	} cases[] = {
		{ false, NULL, true }, { false, "FALSE", true }, { false, "TRUE", false },
		{ true, NULL, false }, { true, "0", false },	 { true, "1", true },
	};
	struct conf_schema turned = schema;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry *entry = make_entry((struct pair[PAIRS_MAX]){
			{ "mDBStorageQuota", "5" },
			{ cases[i].said ? "mDBUseDefaults" : NULL, cases[i].said } });
		struct mail_object *object;

		turned.quota_override = cases[i].override;
		object = object_read(entry, &turned, &conf, NOW, &why);
		entry_free(entry);
		assert_int_equal(object->quota_warn.kind, cases[i].own ? QUOTA_LIMIT : QUOTA_ABSENT);
		object_drop(object);
	}
}

static void nothing_said_is_nothing(void **state)
{
	struct mail_object *object = read_pairs((struct pair[PAIRS_MAX]){ { NULL, NULL } });

	(void)state;
	assert_string_equal(object->fault, "");
	assert_null(object->target);
	assert_false(object->keep || object->authenticated_only || object->size_send.given);
	assert_int_equal(object->person.quota.kind, QUOTA_ABSENT);
	assert_int_equal(object->quota_send.kind, QUOTA_ABSENT);
	object_drop(object);
}

static void faults_are_told(void **state)
{
	static const struct {
		struct pair pairs[PAIRS_MAX];
		const char *attribute;
	} cases[] = {
		{ { { "deliverAndRedirect", "perhaps" } }, "deliverAndRedirect" },
		{ { { "targetAddress", "X400:c=de" } }, "targetAddress" },
		{ { { "targetAddress", "a@b.example" }, { "targetAddress", "c@d.example" } },
		  "targetAddress" },
		{ { { "altRecipient", "Bob" } }, "altRecipient" },
		{ { { "authOrig", "CN=a,DC=x" }, { "authOrig", "a@b" } }, "authOrig" },
		{ { { "delivContLength", "-1" } }, "delivContLength" },
		{ { { "delivContLength", "18446744073709551615" } }, "delivContLength" },
		{ { { "delivContLength", "many" } }, "delivContLength" },
		{ { { "msExchRequireAuthToSendTo", "" } }, "msExchRequireAuthToSendTo" },
		{ { { "accountStatus", "sleeping" } }, "accountStatus" },
		{ { { "mDBUseDefaults", "x" } }, "mDBUseDefaults" },
		{ { { "mailForwardingAddress", "<>" } }, "mailForwardingAddress" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mail_object *object = read_pairs(cases[i].pairs);

		assert_memory_equal(object->fault, cases[i].attribute, strlen(cases[i].attribute));
		object_drop(object);
	}
}

static void octets_that_are_no_text(void **state)
{
	struct entry *entry = make_entry((struct pair[PAIRS_MAX]){ { NULL, NULL } });
	struct mail_object *object;

	(void)state;
	entry_add(entry, "legacyExchangeDN", span_make("/o\0x", 4));
	object = read_entry(entry);
	assert_null(object->legacy_dn);
	assert_memory_equal(object->fault, "legacyExchangeDN", 16);
	object_drop(object);
}

static void a_part_of_a_policy_is_a_fault(void **state)
{
	struct entry *entry =
		make_entry((struct pair[PAIRS_MAX]){ { "authOrig", "CN=a,DC=x" }, { NULL, NULL } });
	struct mail_object *object;

	(void)state;
	entry_set_part(entry, "authOrig", 0, 1500);
	assert_string_equal(entry_incomplete(entry), "authOrig");
	object = read_entry(entry);
	assert_memory_equal(object->fault, "authOrig", 8);
	object_drop(object);
}

static void quotas_of_three_levels(void **state)
{
	static const struct {
		struct pair pairs[PAIRS_MAX];
		struct quota receive, send, warn;
	} cases[] = {
		{ { { "mDBOverHardQuotaLimit", "30" },
		    { "mDBOverQuotaLimit", "20" },
		    { "mDBStorageQuota", "10" } },
		  { QUOTA_LIMIT, 30720 },
		  { QUOTA_LIMIT, 20480 },
		  { QUOTA_LIMIT, 10240 } },
		{ { { "mDBOverHardQuotaLimit", "30" }, { "mDBUseDefaults", "FALSE" } },
		  { QUOTA_LIMIT, 30720 },
		  { QUOTA_ABSENT, 0 },
		  { QUOTA_ABSENT, 0 } },
		{ { { "mDBOverHardQuotaLimit", "30" },
		    { "mDBOverQuotaLimit", "20" },
		    { "mDBUseDefaults", "TRUE" } },
		  { QUOTA_ABSENT, 0 },
		  { QUOTA_ABSENT, 0 },
		  { QUOTA_ABSENT, 0 } },
		{ { { "mDBOverQuotaLimit", "plenty" } },
		  { QUOTA_ABSENT, 0 },
		  { QUOTA_UNREADABLE, 0 },
		  { QUOTA_ABSENT, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mail_object *object = read_pairs(cases[i].pairs);
		const struct quota got[] = { object->person.quota, object->quota_send,
					     object->quota_warn };
		const struct quota want[] = { cases[i].receive, cases[i].send, cases[i].warn };

		for (size_t j = 0; j < 3; j++) {
			assert_int_equal(got[j].kind, want[j].kind);
			assert_int_equal(got[j].octets, want[j].octets);
		}
		object_drop(object);
	}
}

static void kinds_and_switches(void **state)
{
	static const struct {
		struct pair pairs[PAIRS_MAX];
		enum person_kind kind;
		unsigned state;
		bool members;
	} cases[] = {
		{ { { "objectClass", "user" } }, PERSON_ACCOUNT, 0, false },
		{ { { "objectClass", "publicFolder" } }, PERSON_FOLDER, 0, false },
		{ { { "objectClass", "group" } }, PERSON_GROUP, 0, true },
		{ { { "objectClass", "msExchDynamicDistributionList" } }, PERSON_GROUP, 0, true },
		{ { { "accountStatus", "Active" } }, PERSON_ACCOUNT, 0, false },
		{ { { "accountStatus", "disabled" } }, PERSON_ACCOUNT, PERSON_DISABLED, false },
		{ { { "accountStatus", "FALSE" } }, PERSON_ACCOUNT, PERSON_DISABLED, false },
		{ { { "accountStatus", "noaccess" } }, PERSON_ACCOUNT, PERSON_LOCKED, false },
		{ { { "accountStatus", "?" } }, PERSON_ACCOUNT, PERSON_LOCKED, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mail_object *object = read_pairs(cases[i].pairs);

		assert_int_equal(object->person.kind, cases[i].kind);
		assert_int_equal(object->person.state, cases[i].state);
		assert_int_equal(object->members_by_dn, cases[i].members);
		object_drop(object);
	}
}

static void all_addresses_the_primary_first(void **state)
{
	struct mail_object *object = read_pairs((struct pair[PAIRS_MAX]){
		{ "mail", "alice@corp.example" },
		{ "mail", "a2@corp.example" },
		{ "proxyAddresses", "smtp:Alice@corp.example" },
		{ "proxyAddresses", "SMTP:a.lice@corp.example" },
		{ "proxyAddresses", "smtp:alice@elsewhere.example" },
		{ "proxyAddresses", "X500:/o=x" },
	});

	(void)state;
	assert_int_equal(object->addresses.count, 4);
	assert_string_equal(object->addresses.at[0], "a.lice@corp.example");
	assert_true(object_has_address(object, "ALICE@corp.example"));
	assert_true(object_has_address(object, "alice@elsewhere.example"));
	assert_false(object_has_address(object, "bob@corp.example"));
	object_drop(object);
}

static void ten_thousand_addresses(void **state)
{
	struct entry *entry = make_entry((struct pair[PAIRS_MAX]){ { NULL, NULL } });
	struct mail_object *object, *other;
	char text[64];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "smtp:a%d@corp.example", i);
		assert_true(entry_add(entry, "proxyAddresses", span_text(text)));
	}
	object = read_entry(entry);
	assert_int_equal(object->addresses.count, 10000);
	assert_true(object_has_address(object, "A9999@corp.example"));
	assert_true(object_octets(object) > 10000 * sizeof("a0@corp.example"));
	other = object_hold(object);
	object_drop(object);
	assert_string_equal(other->person.id, "01ab");
	object_drop(other);
	object_drop(NULL);
}

static void asks_for_every_attribute(void **state)
{
	const char *names[OBJECT_ATTRIBUTES];
	size_t count = 0;

	(void)state;
	object_attributes(&schema, names);
	for (; names[count]; count++)
		assert_string_not_equal(names[count], "member");
	assert_true(count > 20 && count < OBJECT_ATTRIBUTES);
}

static void without_an_identity_it_is_none(void **state)
{
	struct entry *entry = entry_new("CN=x,DC=corp,DC=example");
	const char *why = NULL;

	(void)state;
	assert_null(object_read(entry, &schema, &conf, NOW, &why));
	assert_non_null(why);
	entry_free(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_said),
		cmocka_unit_test(words_of_a_mode),
		cmocka_unit_test(own_levels_or_defaults),
		cmocka_unit_test(nothing_said_is_nothing),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(octets_that_are_no_text),
		cmocka_unit_test(a_part_of_a_policy_is_a_fault),
		cmocka_unit_test(quotas_of_three_levels),
		cmocka_unit_test(kinds_and_switches),
		cmocka_unit_test(all_addresses_the_primary_first),
		cmocka_unit_test(ten_thousand_addresses),
		cmocka_unit_test(asks_for_every_attribute),
		cmocka_unit_test(without_an_identity_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
