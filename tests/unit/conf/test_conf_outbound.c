/* SPDX-License-Identifier: ISC */
/* What goes out and who may send there: what is refused, what is taken, what it becomes. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "conf/conf.h"

#define DIRECTORY "directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }"
#define DOMAIN    "domain corp.example { }\n"
#define TOP       DIRECTORY "\n" DOMAIN
#define LISTEN    "fqdn = mail.corp.example listen '*:25' { tls = none } "
#define SMTP(x)   TOP "smtp x { " LISTEN "\n" x " }\n" /* x begins on line 4 */
#define OUT(x)                                                                                     \
	DIRECTORY DOMAIN "smtp x { " LISTEN "\noutbound {\n" x " } }\n" /* x begins on line 4 */
#define REMOTE(n, x)                                                                               \
	TOP "smtp x { " LISTEN " }\nremote '" n "' {\n" x " }\n" /* x begins on line 5 */
#define SECRET "user = u password_file = /p "
#define TOKEN                                                                                      \
	"tls = verify login = oauth2 user = u token_url = 'https://a.example/t' client_id = c "

struct heard {
	unsigned count, line;
	char text[1024];
};

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	struct heard *heard = context;

	(void)file;
	assert_non_null(strstr(text, ": "));
	if (heard->count++ == 0) {
		heard->line = line;
		strncpy(heard->text, text, sizeof(heard->text) - 1);
	}
}

static struct conf *parse(const char *text)
{
	struct heard heard = { 0, 0, "" };
	struct conf *conf = conf_parse("t", text, hear, &heard);

	if (!conf || heard.count)
		fail_msg("%u: %s\nfrom: %s", heard.line, heard.text, text);
	return conf;
}

struct wrong {
	const char *text;
	unsigned line;
	const char *part;
};

static void expect_wrong(const struct wrong *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = conf_parse("t", rows[i].text, hear, &heard);

		if (conf || heard.count != 1 || heard.line != rows[i].line ||
		    !strstr(heard.text, rows[i].part))
			fail_msg("row %zu: wanted %u: ... %s, heard %u of %u: %s\nfrom: %s", i,
				 rows[i].line, rows[i].part, heard.line, heard.count, heard.text,
				 rows[i].text);
	}
}

static void test_complaints(void **state)
{
	static const struct wrong rows[] = {
		{ OUT("connections = 0"), 4, "1 to 100000" },
		{ OUT("connections = 50"), 3, "connections_per_domain = 100 is more" },
		{ OUT("\nconnections_per_domain = 1001"), 5, "lower it" },
		{ OUT("port = 0"), 4, "1 to 65535" },
		{ OUT("port = 65536"), 4, "1 to 65535" },
		{ OUT("recipients = 1001"), 4, "1 to 1000" },
		{ OUT("retry = {0}"), 4, "out of range" },
		{ OUT("retry = {15m, soon}"), 4, "no time" },
		{ OUT("delay_notice = 3d"), 4, "not before expiry" },
		{ OUT("expiry = 12h"), 3, "not before expiry" },
		{ OUT("local_delay_notice = 2d"), 4, "not before local_expiry" },
		{ OUT("expiry = 10000d"), 4, "out of range" },
		{ OUT("fqdn = 'a b'"), 4, "no name" },
		{ OUT("masquerade = 'm\xc3\xbcller.example'"), 4, "no name" },
		{ OUT("masquerade_header = yes"), 4, "no effect without masquerade" },
		{ OUT("failure_copy = postmaster"), 4, "no mail address" },
		{ OUT("pickup_unstuff = yes"), 4, "no effect without pickup" },
		{ OUT("direct_first = yes"), 4, "no effect without smart_host" },
		{ OUT("smart_host = 'lmtp:[127.0.0.1]:24'\ndirect_first = yes"), 5, "before LMTP" },
		{ OUT("pickup = pickup"), 4, "relative path" },
		{ OUT("tls = always"), 4, "\"encrypt\", \"verify\"" },
		{ OUT("} outbound {"), 4, "second section outbound" },
		{ OUT("pickup = /a\nbadmail = /a/"), 4, "same directory" },
		{ OUT("pickup = /var/lib/postern/queue"), 4, "the queue of line" },
		{ OUT("pickup = /a") "smtp y { listen '*:26' { tls = none } outbound {\n pickup = "
				     "/a } }",
		  6, "same directory" },
		{ "domain b.example { default = yes\n drop = /a }\n" OUT("pickup = /a"), 6,
		  "the drop of line 2" },
		{ SMTP("") "domain b.example { alias_of = corp.example\n drop = /a }", 6,
		  "no effect in an alias" },
		{ "dns_servers = {'192.0.2.53', 'ns.example'}\n" SMTP(""), 1, "no address" },
		{ "dns_servers = {'192.0.2.53@0'}\n" SMTP(""), 1, "no address" },
		{ "dns_trust_anchor = root.key\n" SMTP(""), 1, "relative path" },
		{ TOP "smtp 'a/b' { " LISTEN "}", 3, "no name of a directory" },
		{ TOP "smtp '..' { " LISTEN "}", 3, "no name of a directory" },
		{ TOP "smtp '0123456789012345678901234567890123456789012345678901234567890123' "
		      "{ " LISTEN "}",
		  3, "no name of a directory" },
		/* Next hops. */
		{ OUT("smart_host = '192.0.2.1'"), 4, "stands in brackets" },
		{ OUT("smart_host = '[192.0.2.1'"), 4, "no host" },
		{ OUT("smart_host = '[192.0.2.1]:'"), 4, "the port" },
		{ OUT("smart_host = 'a.example:x'"), 4, "the port" },
		{ OUT("smart_host = ':25'"), 4, "no host" },
		{ OUT("smart_host = 'a b'"), 4, "no host" },
		{ OUT("smart_host = '2001:db8::1'"), 4, "the port" },
		{ OUT("smart_host = 'lmtp:a.example'"), 4, "LMTP has no port" },
		{ OUT("smart_host = 'lmtp:a.example:25'"), 4, "LMTP has no port" },
		{ OUT("smart_host = 'lmtp:'"), 4, "no host" },
		/* Ourselves. */
		{ OUT("smart_host = 'mail.corp.example'"), 4, "in a circle" },
		{ OUT("smart_host = '[MAIL.corp.example]:25'"), 4, "in a circle" },
		{ OUT("smart_host = '[127.0.0.2]'"), 4, "in a circle" },
		{ OUT("smart_host = '[::1]:25'"), 4, "in a circle" },
		{ OUT("smart_host = 'localhost'"), 4, "in a circle" },
		{ OUT("smart_host = '[127.0.0.1]' port = 2525") "smtp y { listen '127.0.0.1:2525' "
								"{ tls = none } }",
		  4, "smtp \"y\"" },
		{ OUT("smart_host = 'CORP.example'"), 4, "a domain of ours" },
		{ REMOTE("a.example", "route = 'mail.corp.example:25'"), 5, "in a circle" },
		{ REMOTE("a.example", "route = 'corp.example'"), 5, "a domain of ours" },
		/* Remote domains. */
		{ REMOTE("a b", ""), 4, "no domain name" },
		{ REMOTE("*a.example", ""), 4, "no domain name" },
		{ REMOTE("*.", ""), 4, "no domain name" },
		{ REMOTE("CORP.example", ""), 4, "a domain of ours, on line 2" },
		{ REMOTE("a.example", "") "remote 'A.example' { }", 6, "on line 4 already" },
		{ REMOTE("a.example", "") "remote 'a.example' { }", 6, "its own name" },
		{ REMOTE("a.example", "helo = yes tls = verify"), 5, "no TLS after HELO" },
		{ REMOTE("a.example", "helo = yes login = integrated"), 5, "nobody can log in" },
		{ REMOTE("a.example", "helo = yes route = 'lmtp:[192.0.2.1]:24'"), 5,
		  "no HELO in LMTP" },
		{ OUT("tls = encrypt") "remote a.example {\nhelo = yes }", 6,
		  "smtp \"x\" wants it" },
		{ REMOTE("a.example", "trigger_accounts = {a}"), 5, "without trigger" },
		{ REMOTE("a.example", "trigger = yes"), 5, "nobody could fetch" },
		{ REMOTE("a.example", "trigger = yes\ntrigger_accounts = {a, ''}"), 6,
		  "an empty name" },
		{ REMOTE("*", "trigger = yes trigger_accounts = {a}"), 5, "hold all mail" },
		{ REMOTE("a.example", "rout = x"), 5, "did you mean \"route\"" },
	};

	(void)state;
	expect_wrong(rows, sizeof(rows) / sizeof(*rows));
}

static void test_logins(void **state)
{
	static const struct wrong rows[] = {
		{ REMOTE("a.example", "login = maybe"), 5, "\"oauth2\"" },
		{ OUT("tls = verify login = basic " SECRET), 4, "no effect without smart_host" },
		{ REMOTE("a.example", "login = basic " SECRET), 5, "needs TLS" },
		{ REMOTE("a.example", "tls = may login = basic " SECRET), 5, "needs TLS" },
		{ REMOTE("a.example", "tls = none login = basic " SECRET), 5, "needs TLS" },
		{ OUT("tls = encrypt") "remote a.example {\nlogin = basic " SECRET "}", 6,
		  "needs TLS" },
		{ REMOTE("a.example", "tls = none login = ntlm " SECRET), 5, "guessed" },
		{ REMOTE("a.example", "tls = verify login = basic password_file = /p"), 5,
		  "needs user" },
		{ REMOTE("a.example", "tls = verify login = basic user = u"), 5,
		  "needs password_file" },
		{ REMOTE("a.example", "user = u"), 5, "user has no effect" },
		{ REMOTE("a.example", "tls = verify login = basic " SECRET "\nscope = s"), 6,
		  "scope has no effect with login = \"basic\"" },
		{ REMOTE("a.example", "login = integrated\npassword_file = /p"), 6,
		  "password_file has no effect" },
		{ REMOTE("a.example", "tls = none " TOKEN "client_secret_file = /s"), 5,
		  "given twice" },
		{ REMOTE("a.example", TOKEN), 5, "client_secret_file or refresh_token_file" },
		{ REMOTE("a.example", "tls = verify login = oauth2 user = u client_id = c "
				      "refresh_token_file = /r"),
		  5, "needs token_url" },
		{ REMOTE("a.example", "tls = verify login = oauth2 user = u client_id = c "
				      "refresh_token_file = /r token_url = 'http://a.example/t'"),
		  5, "no https address" },
		{ REMOTE("a.example", "tls = verify login = oauth2 user = u client_id = c "
				      "refresh_token_file = /r token_url = 'https:///t'"),
		  5, "no https address" },
		{ REMOTE("a.example",
			 "tls = verify login = oauth2 user = u client_id = c "
			 "refresh_token_file = /r token_url = 'https://u@a.example/t'"),
		  5, "no https address" },
		{ REMOTE("a.example",
			 "tls = verify login = oauth2 user = u client_id = c "
			 "refresh_token_file = /r token_url = 'http://127.0.0.1.example/t'"),
		  5, "no https address" },
		{ "method = password-file\ndomain corp.example { }\nsmtp x { " LISTEN
		  "}\nremote a.example { tls = encrypt\nlogin = integrated }",
		  5, "needs a directory with a keytab" },
	};
	static const char *const right[] = {
		OUT("smart_host = a.example tls = verify login = basic " SECRET),
		OUT("smart_host = '[192.0.2.1]:587' tls = encrypt login = basic " SECRET),
		OUT("smart_host = a.example login = integrated"),
		REMOTE("a.example", "login = ntlm " SECRET),
		REMOTE("a.example", TOKEN "client_secret_file = /s scope = 'a b'"),
		REMOTE("a.example", TOKEN "refresh_token_file = /r token_ca = /ca"),
		REMOTE("a.example",
		       "tls = verify login = oauth2 user = u client_id = c "
		       "refresh_token_file = /r token_url = 'http://127.0.0.1:8080/t?x=y'"),
	};

	(void)state;
	expect_wrong(rows, sizeof(rows) / sizeof(*rows));
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		conf_free(parse(right[i]));
}

/* All ways to be an open relay that a file can say. */
static void test_open_relay(void **state)
{
#define MUCH "so much of the Internet"
	static const struct {
		const char *text, *part; /* NULL: it is none */
	} rows[] = {
		{ SMTP("relay_list = all-except"), "lets everybody" },
		{ SMTP("relay_list = all-except relay = {'192.0.2.1'}"), "lets everybody" },
		{ SMTP("authentication = {basic} basic_without_tls = yes relay_list = all-except"),
		  "lets everybody" },
		{ SMTP("relay = {'0.0.0.0/0'}"), MUCH },
		{ SMTP("relay = {'::/0'}"), MUCH },
		{ SMTP("relay = {'0.0.0.0/1', '128.0.0.0/1'}"), MUCH },
		{ SMTP("relay = {'::ffff:0.0.0.0/96'}"), MUCH },
		{ SMTP("relay = {'::ffff:128.0.0.0/97'}"), MUCH },
		{ SMTP("relay = {'64:ff9b::/96'}"), MUCH },
		{ SMTP("relay = {'64:ff9b::8000:0/97'}"), MUCH },
		{ SMTP("relay = {'2002::/16'}"), MUCH },
		{ SMTP("relay = {'2001::/32'}"), MUCH },
		{ SMTP("relay = {'2000::/3'}"), MUCH },
		{ SMTP("relay = {'8000::/1'}"), MUCH },
		{ SMTP("relay = {'64.0.0.0/7'}"), MUCH },
		{ SMTP("relay = {'64.0.0.0/8', '65.0.0.0/8'}"), MUCH },
		{ SMTP("relay = {'com'}"), "top-level domain" },
		{ SMTP("relay = {'.example'}"), "top-level domain" },
		{ REMOTE("*", "relay = yes"), "an open relay" },
		{ REMOTE("*.com", "relay = yes"), "an open relay" },
		{ TOP "smtp x { fqdn = a.example listen '127.0.0.1:25' { tls = none } listen "
		      "'192.0.2.1:25' { tls = none }\nrelay = {'0.0.0.0/0'} }",
		  MUCH },
		{ TOP
		  "smtp x { fqdn = a.example listen '[::]:25' { tls = none } relay = {'::/0'} }",
		  MUCH },
		/* A second server does not excuse the first. */
		{ SMTP("") "smtp y { listen '*:26' { tls = none } open_relay = yes }\n"
			   "remote '*' { relay = yes }",
		  "smtp \"x\" an open relay" },
		/* These are none. */
		{ SMTP("relay = {'10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fd00::/8', "
		       "'127.0.0.0/8'}"),
		  NULL },
		{ SMTP("relay = {'64.0.0.0/8'}"), NULL },
		{ SMTP("relay = {'2001:db8::/32', '2003::/21', '192.0.2.1', '::1', "
		       "'64:ff9b::c000:200/120'}"),
		  NULL },
		{ SMTP("relay = {'.example.com'}"), NULL },
		{ REMOTE("*.example.com", "relay = yes"), NULL },
		{ REMOTE("com", "relay = yes"), NULL },
		{ REMOTE("*", "relay = no tls = encrypt"), NULL },
		{ SMTP("relay_authenticated = no"), NULL },
		/* Nobody gets there, or nobody without a login. */
		{ TOP
		  "smtp x { fqdn = a.example listen '127.0.0.1:25' { tls = none } listen "
		  "'[::1]:25' "
		  "{ tls = none } relay = {'0.0.0.0/0', '.example'} }\nremote '*' { relay = yes }",
		  NULL },
		{ SMTP("authentication = {basic} basic_without_tls = yes relay = {'0.0.0.0/0'}"),
		  NULL },
		/* It is said to be meant. */
		{ SMTP("relay_list = all-except open_relay = yes"), NULL },
		{ SMTP("relay = {'::/0', '.com'} open_relay = yes") "remote '*' { relay = yes }",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = conf_parse("t", rows[i].text, hear, &heard);

		if (!conf != !!rows[i].part || (rows[i].part && !strstr(heard.text, rows[i].part)))
			fail_msg("row %zu: %s\nfrom: %s", i, heard.text, rows[i].text);
		conf_free(conf);
	}
}

static void test_peers(void **state)
{
	static const struct wrong rows[] = {
		{ SMTP("relay = {'192.0.2.1/24'}"), 4, "bits behind the prefix" },
		{ SMTP("relay = {'192.0.2.0/33'}"), 4, "no length of a prefix" },
		{ SMTP("relay = {'192.0.2.0/'}"), 4, "no length of a prefix" },
		{ SMTP("relay = {'192.0.2.0/255.255.255.0'}"), 4, "no length of a prefix" },
		{ SMTP("relay = {'2001:db8::1/64'}"), 4, "bits behind the prefix" },
		{ SMTP("relay = {'::/64'}"), 4, "all of IPv4" },
		{ SMTP("relay = {'::/1'}"), 4, "all of IPv4" },
		{ SMTP("relay = {'192.0.2.999'}"), 4, "neither an address" },
		{ SMTP("relay = {'fe80::1%eth0'}"), 4, "neither an address" },
		{ SMTP("relay = {''}"), 4, "neither an address" },
		{ SMTP("relay = {'.'}"), 4, "neither an address" },
		{ SMTP("relay = {'*.example.com'}"), 4, "neither an address" },
		{ SMTP("relay = {'a.example/24'}"), 4, "neither an address" },
		{ SMTP("relay_list = except"), 4, "\"only\", \"all-except\"" },
	};
	static const struct {
		size_t peer;
		const char *client; /* an address, or a name */
		bool in;
	} clients[] = {
		{ 0, "::ffff:192.0.2.0", true },
		{ 0, "::ffff:192.0.2.127", true },
		{ 0, "::ffff:192.0.2.128", false },
		{ 0, "192.0.2.1", false },
		{ 1, "2001:db8::1", true },
		{ 1, "2001:db8:8000::", false },
		{ 2, "::ffff:198.51.100.1", true },
		{ 2, "::ffff:198.51.100.0", false },
		{ 3, "example.com", true },
		{ 3, "a.b.EXAMPLE.com", true },
		{ 3, "badexample.com", false },
		{ 3, "example.com.net", false },
		{ 3, "com", false },
		{ 0, "example.com", false },
		{ 3, "::ffff:192.0.2.1", false },
	};
	struct conf *conf = parse(
		SMTP("relay = {'192.0.2.0/25', '2001:db8::/33', '198.51.100.1', '.Example.com'}"));
	const struct conf_relay *relay = &conf->smtps[0].relay;

	(void)state;
	expect_wrong(rows, sizeof(rows) / sizeof(*rows));
	assert_int_equal(relay->list_count, 4);
	for (size_t i = 0; i < sizeof(clients) / sizeof(*clients); i++) {
		const struct conf_peer *peer = &relay->list[clients[i].peer];
		unsigned char address[16];
		bool in = inet_pton(AF_INET6, clients[i].client, address) == 1
				  ? conf_peer_has_address(peer, address)
				  : conf_peer_has_name(peer, clients[i].client);

		if (in != clients[i].in)
			fail_msg("%s", clients[i].client);
	}
	conf_free(conf);
}

static void test_hops(void **state)
{
	static const struct {
		const char *text, *host;
		bool lmtp, bracketed;
		uint16_t port;
	} rows[] = {
		{ "", "", false, false, 0 },
		{ "SMTP.example.net", "smtp.example.net", false, false, 0 },
		{ "smtp.example.net:587", "smtp.example.net", false, false, 587 },
		{ "[smtp.example.net]", "smtp.example.net", false, true, 0 },
		{ "[192.0.2.1]:587", "192.0.2.1", false, true, 587 },
		{ "[2001:DB8:0::1]", "2001:db8::1", false, true, 0 },
		{ "lmtp:[::1]:24", "::1", true, true, 24 },
		{ "LMTP:a.example:2003", "a.example", true, true, 2003 },
		{ "mx", "mx", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct conf_hop hop;
		const char *why = "";

		if (!conf_hop_parse(rows[i].text, &hop, &why))
			fail_msg("%s: %s", rows[i].text, why);
		assert_string_equal(hop.text, rows[i].text);
		assert_string_equal(hop.host, rows[i].host);
		assert_true(hop.lmtp == rows[i].lmtp && hop.bracketed == rows[i].bracketed);
		assert_int_equal(hop.port, rows[i].port);
		free(hop.text);
		free(hop.host);
	}
}

static void test_values(void **state)
{
	struct conf *conf = parse(
		"dns_servers = {'127.0.0.1@5353', '2001:db8::53'} dns_trust_anchor = /a\n"
		"directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }\n"
		"domain corp.example { drop = /drop }\n"
		"smtp x { fqdn = mail.corp.example listen '*:25' { tls = none } reverse_dns = "
		"true\n"
		" relay_authenticated = no outbound { connections = 10 connections_per_domain = "
		"10\n"
		" messages_per_connection = 0 recipients = 50 idle_timeout = 30s port = 2525\n"
		" retry = { '1m', 90, '2h' } delay_notice = 0 expiry = 1d local_expiry = 3d\n"
		" smart_host = '[192.0.2.1]' direct_first = yes fqdn = out.corp.example tls = "
		"encrypt\n"
		" tls_ca = /ca dane = no mta_sts = no masquerade = corp.example masquerade_header "
		"= yes\n"
		" failure_copy = a@b.example badmail = /bad pickup = /pick pickup_unstuff = yes\n"
		" templates = /t } }\n"
		"smtp y { fqdn = y.corp.example listen '*:26' { tls = none } }\n"
		"remote '*' { tls = verify }\n"
		"remote '*.example.com' { helo = yes tls = none }\n"
		"remote '*.a.example.com' { route = mx relay = yes }\n"
		"remote Example.com { trigger = yes trigger_accounts = {u, v} tls = none }\n");
	const struct conf_outbound *out = &conf_find_smtp(conf, "x")->outbound;
	const struct conf_outbound *plain = &conf_find_smtp(conf, "y")->outbound;

	(void)state;
	assert_null(conf_find_smtp(conf, "X"));
	assert_string_equal(conf->dns_servers[1], "2001:db8::53");
	assert_string_equal(conf->dns_trust_anchor, "/a");
	assert_string_equal(conf->domains[0].drop, "/drop");
	assert_true(conf->smtps[0].reverse_dns && !conf->smtps[0].relay.authenticated);
	assert_int_equal(out->connections, 10);
	assert_int_equal(out->messages_per_connection, 0);
	assert_int_equal(out->port, 2525);
	assert_int_equal(out->retry_count, 3);
	assert_true(out->retry[0] == 60 && out->retry[1] == 90 && out->retry[2] == 7200);
	assert_true(out->delay_notice == 0 && out->expiry == 86400 &&
		    out->local_expiry == 3 * 86400);
	assert_string_equal(out->smart_host.host, "192.0.2.1");
	assert_true(out->direct_first && !out->dane && !out->mta_sts && out->masquerade_header);
	assert_string_equal(out->fqdn, "out.corp.example");
	assert_int_equal(out->tls, CONF_TLS_OUT_ENCRYPT);
	assert_string_equal(plain->fqdn, "y.corp.example");
	assert_int_equal(plain->connections, 1000);
	assert_int_equal(plain->retry_count, 4);
	assert_true(plain->dane && plain->mta_sts && plain->tls == CONF_TLS_OUT_MAY);
	assert_string_equal(plain->smart_host.host, "");
	assert_string_equal(conf_find_remote(conf, "EXAMPLE.com")->name, "example.com");
	assert_string_equal(conf_find_remote(conf, "b.example.com")->name, "*.example.com");
	assert_string_equal(conf_find_remote(conf, "a.example.com")->name, "*.example.com");
	assert_string_equal(conf_find_remote(conf, "x.y.a.example.com")->name, "*.a.example.com");
	assert_string_equal(conf_find_remote(conf, "badexample.com")->name, "*");
	assert_true(conf->remotes[2].route_mx && !conf->remotes[2].tls_given &&
		    conf->remotes[2].relay);
	assert_string_equal(conf->remotes[2].route.host, "");
	assert_true(conf->remotes[3].tls_given && conf->remotes[3].trigger_accounts_count == 2);
	conf_free(conf);
	conf = parse(REMOTE("*.example.com", ""));
	assert_null(conf_find_remote(conf, "example.com"));
	assert_null(conf_find_remote(conf, ".example.com.net"));
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaints), cmocka_unit_test(test_logins),
		cmocka_unit_test(test_open_relay), cmocka_unit_test(test_peers),
		cmocka_unit_test(test_hops),       cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
