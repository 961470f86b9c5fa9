/* SPDX-License-Identifier: ISC */
/* Who may send to domains of others, and who may ask for what waits here. */
#include "frontend/relaying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/wire.h"
#include "daemon/message_resolver.h"

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fail_msg("%s:%u: %s", file, line, text);
}

static struct conf *conf;

static const struct conf_smtp *server(const char *name)
{
	return conf_find_smtp(conf, name);
}

static int set_up(void **state)
{
	static const char text[] =
		"directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }\n"
		"domain corp.example { }\n"
#define SMTP(name, port, keys)                                                                     \
	"smtp " name " { fqdn = a.example listen '127.0.0.1:" port "' { tls = none }\n" keys " }"  \
	"\n"
		SMTP("plain", "1", "") SMTP("addresses", "2",
					    "relay = {'192.0.2.0/24', '2001:db8::/32'}")
			SMTP("names", "3", "relay = {'192.0.2.0/24', '.branch.example'}") SMTP(
				"strict", "4", "relay = {'192.0.2.0/24'} relay_authenticated = no")
				SMTP("except", "5",
				     "relay = {'192.0.2.0/24', '.bad.example'} relay_list = "
				     "all-except "
				     "open_relay = yes")
					SMTP("groups", "6",
					     "relay = {'192.0.2.0/24'} relay_groups = {'Senders'}")
						"remote partner.example { relay = yes }\n"
							 "remote '*.open.example' { relay = yes }\n"
							 "remote fetch.example { trigger = yes "
							 "trigger_accounts = "
							 "{'branch@corp.example', 'B2'} }\n"
							 "remote '*.fetch.example' { trigger = yes "
							 "trigger_accounts = "
							 "{'branch@corp.example'} }\n";

	(void)state;
	conf = conf_parse("t", text, hear, NULL);
	return conf == NULL;
}

static int clean_up(void **state)
{
	(void)state;
	conf_free(conf);
	return 0;
}

/* names: NULL = not asked, "!" = the name servers do not answer, "!x" = and one name all the same.
 */
static struct relay_client client_of(const char *identity, const char *address, const char *names,
				     struct message_names_found *found)
{
	struct relay_client client = { .identity = identity };

	assert_true(relaying_address(address, client.address));
	*found = (struct message_names_found){ 0 };
	if (!names)
		return client;
	client.names = found;
	found->trouble = *names == '!';
	names += found->trouble;
	if (*names) {
		found->count = 1;
		snprintf(found->names[0], sizeof found->names[0], "%s", names);
	}
	return client;
}

static void test_decide(void **state)
{
	static const struct {
		const char *server, *identity, *address, *names, *domain;
		enum relaying is;
	} rows[] = {
		{ "plain", NULL, "192.0.2.1", NULL, "other.example", RELAYING_NO },
		{ "plain", "alice", "192.0.2.1", NULL, "other.example", RELAYING_YES },
		{ "plain", NULL, "192.0.2.1", NULL, "partner.example", RELAYING_YES },
		{ "plain", NULL, "192.0.2.1", NULL, "PARTNER.example", RELAYING_YES },
		{ "plain", NULL, "192.0.2.1", NULL, "a.partner.example", RELAYING_NO },
		{ "plain", NULL, "192.0.2.1", NULL, "a.open.example", RELAYING_YES },
		{ "plain", NULL, "192.0.2.1", NULL, "open.example", RELAYING_NO },
		/* Mail for a domain that is fetched is no more welcome than other mail. */
		{ "plain", NULL, "192.0.2.1", NULL, "fetch.example", RELAYING_NO },
		{ "plain", NULL, "192.0.2.1", NULL, "[192.0.2.9]", RELAYING_NO },
		{ "addresses", NULL, "192.0.2.255", NULL, "other.example", RELAYING_YES },
		{ "addresses", NULL, "192.0.3.0", NULL, "other.example", RELAYING_NO },
		{ "addresses", NULL, "2001:db8:ffff::1", NULL, "other.example", RELAYING_YES },
		{ "addresses", NULL, "::ffff:192.0.2.1", NULL, "other.example", RELAYING_YES },
		{ "addresses", NULL, "::1", NULL, "other.example", RELAYING_NO },
		{ "names", NULL, "192.0.2.1", NULL, "other.example", RELAYING_YES },
		{ "names", NULL, "198.51.100.1", NULL, "other.example", RELAYING_NAMES },
		{ "names", NULL, "198.51.100.1", "", "other.example", RELAYING_NO },
		{ "names", NULL, "198.51.100.1", "a.branch.example", "other.example",
		  RELAYING_YES },
		{ "names", NULL, "198.51.100.1", "abranch.example", "other.example", RELAYING_NO },
		{ "names", NULL, "198.51.100.1", "!", "other.example", RELAYING_LATER },
		{ "names", NULL, "198.51.100.1", "!branch.example", "other.example", RELAYING_YES },
		{ "names", NULL, "198.51.100.1", "!c.example", "other.example", RELAYING_LATER },
		{ "names", NULL, "198.51.100.1", NULL, "partner.example", RELAYING_YES },
		{ "strict", "alice", "198.51.100.1", NULL, "other.example", RELAYING_NO },
		{ "strict", "alice", "192.0.2.1", NULL, "other.example", RELAYING_YES },
		{ "except", NULL, "192.0.2.1", NULL, "other.example", RELAYING_NO },
		{ "except", NULL, "198.51.100.1", NULL, "other.example", RELAYING_NAMES },
		{ "except", NULL, "198.51.100.1", "", "other.example", RELAYING_YES },
		{ "except", NULL, "198.51.100.1", "x.bad.example", "other.example", RELAYING_NO },
		{ "except", NULL, "198.51.100.1", "!", "other.example", RELAYING_LATER },
		{ "except", "alice", "192.0.2.1", NULL, "other.example", RELAYING_YES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message_names_found found;
		struct relay_client client =
			client_of(rows[i].identity, rows[i].address, rows[i].names, &found);

		if (relaying_decide(conf, server(rows[i].server), &client, rows[i].domain) !=
		    rows[i].is)
			fail_msg("row %zu", i);
	}
}

/* Who has logged in is not enough where groups are named; who is listed needs no group. */
static void test_groups(void **state)
{
	static const struct {
		const char *identity, *address, *domain;
		enum sender_relay member;
		enum relaying is;
	} rows[] = {
		{ "alice", "198.51.100.1", "other.example", SENDER_RELAY_YES, RELAYING_YES },
		{ "alice", "198.51.100.1", "other.example", SENDER_RELAY_NO, RELAYING_NO },
		{ "alice", "198.51.100.1", "other.example", SENDER_RELAY_UNKNOWN, RELAYING_LATER },
		{ "alice", "192.0.2.1", "other.example", SENDER_RELAY_NO, RELAYING_YES },
		{ "alice", "192.0.2.1", "other.example", SENDER_RELAY_UNKNOWN, RELAYING_YES },
		{ "alice", "198.51.100.1", "partner.example", SENDER_RELAY_NO, RELAYING_YES },
		{ NULL, "198.51.100.1", "other.example", SENDER_RELAY_NO, RELAYING_NO },
		/* Nobody has logged in, so nothing that is said of groups counts. */
		{ NULL, "198.51.100.1", "other.example", SENDER_RELAY_YES, RELAYING_NO },
		{ NULL, "198.51.100.1", "other.example", SENDER_RELAY_UNKNOWN, RELAYING_NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message_names_found found;
		struct relay_client client =
			client_of(rows[i].identity, rows[i].address, NULL, &found);

		client.member = rows[i].member;
		if (relaying_decide(conf, server("groups"), &client, rows[i].domain) != rows[i].is)
			fail_msg("row %zu", i);
	}
}

static void test_trigger(void **state)
{
	static const struct {
		const char *server, *identity, *address, *names, *domain;
		enum relaying etrn;
		bool atrn;
	} rows[] = {
		{ "plain", NULL, "192.0.2.1", NULL, "fetch.example", RELAYING_NO, false },
		{ "plain", "branch@corp.example", "192.0.2.1", NULL, "fetch.example", RELAYING_YES,
		  true },
		{ "plain", "BRANCH@corp.example", "192.0.2.1", NULL, "fetch.example", RELAYING_YES,
		  true },
		{ "plain", "b2", "192.0.2.1", NULL, "fetch.example", RELAYING_YES, true },
		{ "plain", "b2", "192.0.2.1", NULL, "a.fetch.example", RELAYING_NO, false },
		{ "plain", "alice@corp.example", "192.0.2.1", NULL, "fetch.example", RELAYING_NO,
		  false },
		{ "plain", "branch@corp.example", "192.0.2.1", NULL, "partner.example", RELAYING_NO,
		  false },
		{ "plain", "branch@corp.example", "192.0.2.1", NULL, "corp.example", RELAYING_NO,
		  false },
		{ "addresses", NULL, "192.0.2.1", NULL, "fetch.example", RELAYING_YES, false },
		{ "addresses", NULL, "192.0.2.1", NULL, "partner.example", RELAYING_NO, false },
		{ "addresses", "alice@corp.example", "192.0.2.1", NULL, "fetch.example",
		  RELAYING_YES, false },
		{ "names", NULL, "198.51.100.1", NULL, "fetch.example", RELAYING_NAMES, false },
		{ "names", NULL, "198.51.100.1", "x.branch.example", "fetch.example", RELAYING_YES,
		  false },
		{ "names", NULL, "198.51.100.1", "!", "fetch.example", RELAYING_LATER, false },
		/* In a list of who may not relay, or not in it: that says nothing here. */
		{ "except", NULL, "192.0.2.1", NULL, "fetch.example", RELAYING_NO, false },
		{ "except", NULL, "198.51.100.1", "", "fetch.example", RELAYING_NO, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message_names_found found;
		struct relay_client client =
			client_of(rows[i].identity, rows[i].address, rows[i].names, &found);
		const struct conf_remote *remote = conf_find_remote(conf, rows[i].domain);

		if (relaying_trigger(server(rows[i].server), &client, remote) != rows[i].etrn ||
		    relaying_fetch(remote, rows[i].identity) != rows[i].atrn)
			fail_msg("row %zu", i);
	}
}

static void test_fetch_list(void **state)
{
	static const struct {
		const char *identity, *list, *domains;
	} rows[] = {
		{ "branch@corp.example", "", "fetch.example " },
		{ "b2", "", "fetch.example " },
		{ "alice@corp.example", "", "" },
		{ "branch@corp.example", "fetch.example", "fetch.example " },
		{ "branch@corp.example", "fetch.example, a.fetch.example",
		  "fetch.example a.fetch.example " },
		{ "b2", "fetch.example,a.fetch.example", "" },
		{ "branch@corp.example", "fetch.example,partner.example", "" },
		{ "branch@corp.example", ",", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer domains = BUFFER_EMPTY;
		uint32_t count =
			relaying_fetch_list(conf, rows[i].identity, rows[i].list, &domains);
		char heard[200] = "";
		struct wire_reader reader;

		wire_reader_init(&reader, buffer_bytes(&domains), buffer_used(&domains));
		for (uint32_t j = 0; j < count; j++) {
			struct span one = wire_get_span(&reader);

			strncat(heard, one.at, one.length);
			strcat(heard, " ");
		}
		if (strcmp(heard, rows[i].domains) != 0 || (count && !wire_done(&reader)))
			fail_msg("row %zu: %s", i, heard);
		buffer_clear(&domains);
	}
}

static void test_addresses(void **state)
{
	static const unsigned char four[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1
	};
	unsigned char address[16];

	(void)state;
	assert_true(relaying_address("192.0.2.1", address));
	assert_memory_equal(address, four, sizeof four);
	assert_true(relaying_address("::ffff:192.0.2.1", address));
	assert_memory_equal(address, four, sizeof four);
	assert_true(relaying_address("fe80::1%eth0", address));
	assert_int_equal(address[0], 0xfe);
	assert_false(relaying_address("", address));
	assert_false(relaying_address("a.example", address));
	assert_false(relaying_address("192.0.2.1:25", address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_trigger),
		cmocka_unit_test(test_fetch_list),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
