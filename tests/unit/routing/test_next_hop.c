/* SPDX-License-Identifier: ISC */
#include "routing/next_hop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(text) ((char[]){ text })
#define HOST(name, brackets, number)                                                               \
	{                                                                                          \
		.text = TEXT(name), .host = TEXT(name), .bracketed = brackets, .port = number      \
	}
#define NO_HOST                                                                                    \
	{                                                                                          \
		.text = TEXT(""), .host = TEXT("")                                                 \
	}

static struct conf_domain domains[] = {
	{ .name = (char[]){ "corp.example" }, .is_default = true },
	{ .name = (char[]){ "alias.example" }, .alias_of = &domains[0] },
};
static struct conf_remote remotes[] = {
	{ .name = TEXT("routed.example"), .route = HOST("192.0.2.7", true, 587) },
	{ .name = TEXT("named.example"), .route = HOST("hub.example.net", false, 0) },
	{ .name = TEXT("*.mx.example"), .route = NO_HOST, .route_mx = true },
	{ .name = TEXT("*.plain.example"), .route = NO_HOST },
	{ .name = TEXT("trigger.example"), .route = NO_HOST, .trigger = true },
	{ .name = TEXT("lmtp.example"),
	  .route = { .text = TEXT("lmtp:[::1]:24"),
		     .lmtp = true,
		     .host = TEXT("::1"),
		     .bracketed = true,
		     .port = 24 } },
};
static const struct conf conf = {
	.domains = domains,
	.domains_count = 2,
	.remotes = remotes,
	.remotes_count = 6,
};
static const struct conf_smtp direct = { .outbound = { .smart_host = NO_HOST, .port = 25 } };
static const struct conf_smtp smart = {
	.outbound = { .smart_host = HOST("smart.example.net", false, 0), .port = 2525 }
};
static const struct conf_smtp first = {
	.outbound = { .smart_host = HOST("192.0.2.9", true, 26), .direct_first = true, .port = 25 }
};

static void finds(void **state)
{
	static const struct {
		const struct conf_smtp *server;
		const char *domain, *via;
		enum next_hop_kind kind;
		bool mx, first;
		const char *host;
		unsigned port;
		int remote; /* -1: none */
		const char *key;
	} cases[] = {
		{ &direct, "corp.example", NULL, NEXT_HOP_LOCAL, false, false, "", 0, -1, "local" },
		{ &smart, "alias.example", NULL, NEXT_HOP_LOCAL, false, false, "", 0, -1, "local" },
		{ &direct, "", NULL, NEXT_HOP_LOCAL, false, false, "", 0, -1, "local" },
		{ &direct, "x.example", NULL, NEXT_HOP_SMTP, true, false, "x.example", 25, -1,
		  "x.example" },
		{ &smart, "x.example", NULL, NEXT_HOP_SMTP, true, false, "smart.example.net", 2525,
		  -1, "smart.example.net:2525" },
		{ &first, "x.example", NULL, NEXT_HOP_SMTP, false, true, "192.0.2.9", 26, -1,
		  "x.example" },
		{ &direct, "[192.0.2.1]", NULL, NEXT_HOP_SMTP, false, false, "192.0.2.1", 25, -1,
		  "[192.0.2.1]:25" },
		{ &direct, "[IPv6:2001:db8::1]", NULL, NEXT_HOP_SMTP, false, false, "2001:db8::1",
		  25, -1, "[2001:db8::1]:25" },
		{ &first, "[192.0.2.1]", NULL, NEXT_HOP_SMTP, false, false, "192.0.2.9", 26, -1,
		  "[192.0.2.9]:26" },
		{ &smart, "routed.example", NULL, NEXT_HOP_SMTP, false, false, "192.0.2.7", 587, 0,
		  "[192.0.2.7]:587/routed.example" },
		{ &smart, "named.example", NULL, NEXT_HOP_SMTP, true, false, "hub.example.net",
		  2525, 1, "hub.example.net:2525/named.example" },
		{ &smart, "a.mx.example", NULL, NEXT_HOP_SMTP, true, false, "a.mx.example", 2525, 2,
		  "a.mx.example" },
		{ &smart, "a.plain.example", NULL, NEXT_HOP_SMTP, true, false, "smart.example.net",
		  2525, 3, "smart.example.net:2525/*.plain.example" },
		{ &direct, "a.plain.example", NULL, NEXT_HOP_SMTP, true, false, "a.plain.example",
		  25, 3, "a.plain.example" },
		{ &direct, "trigger.example", NULL, NEXT_HOP_TRIGGER, true, false,
		  "trigger.example", 25, 4, "trigger:trigger.example" },
		{ &smart, "lmtp.example", NULL, NEXT_HOP_SMTP, false, false, "::1", 24, 5,
		  "lmtp:[::1]:24/lmtp.example" },
		/* what the directory says comes first, for our own domains too */
		{ &smart, "corp.example", "lmtp:[192.0.2.1]:24", NEXT_HOP_SMTP, false, false, "192.0.2.1", 24,
		  -1, "lmtp:[192.0.2.1]:24" },
		{ &smart, "trigger.example", "in.example.net", NEXT_HOP_SMTP, true, false, "in.example.net",
		  2525, -1, "in.example.net:2525" },
		{ &smart, "corp.example", "a.mx.example", NEXT_HOP_SMTP, true, false, "a.mx.example", 2525, 2,
		  "a.mx.example:2525/*.mx.example" },
		/* never without the port: others of the domain may have another */
		{ &direct, "corp.example", "corp.example:26", NEXT_HOP_SMTP, true, false, "corp.example", 26,
		  -1, "corp.example:26" },
		{ &direct, "corp.example", "[nonsense", NEXT_HOP_LOCAL, false, false, "", 0, -1, "local" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envelope_recipient recipient = { .via = (char *)cases[i].via };
		struct next_hop hop;
		char key[300];

		strcpy(recipient.address.local, "x");
		strcpy(recipient.address.domain, cases[i].domain);
		recipient.address.literal = cases[i].domain[0] == '[';
		next_hop_find(&conf, cases[i].server, &recipient, &hop);
		next_hop_key(&hop, key, sizeof(key));
		if (strcmp(key, cases[i].key) != 0)
			fail_msg("%zu: %s, not %s", i, key, cases[i].key);
		assert_int_equal(hop.kind, cases[i].kind);
		assert_string_equal(hop.domain, cases[i].domain);
		assert_string_equal(hop.host, cases[i].host);
		assert_int_equal(hop.port, cases[i].port);
		assert_int_equal(hop.mx, cases[i].mx);
		assert_int_equal(hop.direct_first, cases[i].first);
		assert_ptr_equal(hop.remote,
				 cases[i].remote < 0 ? NULL : &remotes[cases[i].remote]);
	}
}

/* The login of the server is for this host and no other. */
static void knows_the_smart_host(void **state)
{
	static const struct {
		const struct conf_smtp *server;
		const char *domain, *via;
		bool smart;
	} cases[] = {
		{ &smart, "x.example", NULL, true },
		{ &first, "x.example", NULL, true },
		{ &smart, "[192.0.2.1]", NULL, true },
		{ &direct, "[192.0.2.1]", NULL, false },
		{ &direct, "x.example", NULL, false },
		{ &smart, "routed.example", NULL, false },
		{ &smart, "a.mx.example", NULL, false },
		{ &smart, "a.plain.example", NULL, true },
		{ &smart, "corp.example", NULL, false },
		{ &smart, "corp.example", "mail2.corp.example", false },
		{ &smart, "corp.example", "smart.example.net", true },
		{ &smart, "corp.example", "smart.example.net:25", false },
		{ &smart, "corp.example", "lmtp:smart.example.net:2525", false },
		{ &first, "corp.example", "[192.0.2.9]:26", true },
		{ &direct, "corp.example", "mail2.corp.example", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envelope_recipient recipient = { .via = (char *)cases[i].via };
		struct next_hop hop;

		strcpy(recipient.address.local, "x");
		strcpy(recipient.address.domain, cases[i].domain);
		recipient.address.literal = cases[i].domain[0] == '[';
		next_hop_find(&conf, cases[i].server, &recipient, &hop);
		if (hop.smart != cases[i].smart)
			fail_msg("%zu", i);
	}
}

/* Longer than it can be, it is cut, not overrun. */
static void key_is_cut(void **state)
{
	struct next_hop hop = { .kind = NEXT_HOP_SMTP, .port = 25 };
	char key[16];

	(void)state;
	memset(hop.host, 'h', sizeof(hop.host) - 1);
	next_hop_key(&hop, key, sizeof(key));
	assert_string_equal(key, "[hhhhhhhhhhhhhh");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(knows_the_smart_host),
		cmocka_unit_test(key_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
