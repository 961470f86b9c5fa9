/* SPDX-License-Identifier: ISC */
/* What a configuration file that cannot be right is told, and on which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/conf.h"

#define DIRECTORY "directory d { servers = {'ldap://dc1.corp.example'} keytab = /k }\n"
#define DOMAIN    "domain corp.example { }\n"
#define SMTP      "smtp x { listen '*:25' { tls = none } }\n"
#define REST      DOMAIN SMTP
#define ALL       DIRECTORY DOMAIN SMTP
#define SIMPLE    "bind = simple bind_dn = 'cn=x' password_file = /p "
#define OPEN_DIRECTORY \
	"directory d { preset = inetorgperson base = 'dc=x' bind = simple bind_dn = 'cn=x'" \
	" password_file = /p servers = {'ldap://dc1.corp.example'} }\n"
#define LOCAL     "servers = {'ldap://127.0.0.1', 'ldap://[::1]:1389/'}"

struct heard {
	unsigned count;
	unsigned line;
	char text[1024];
};

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	struct heard *heard = context;

	assert_string_equal(file, "t");
	/* Every complaint says what is wrong, then what to do. */
	assert_non_null(strstr(text, ": "));
	if (heard->count++ == 0) {
		heard->line = line;
		strncpy(heard->text, text, sizeof(heard->text) - 1);
	}
}

static const struct {
	const char *text;
	unsigned line;
	const char *part;
} wrong[] = {
	/* The text itself. */
	{ "", 0, "no section directory" },
	{ ALL "\001", 4, "control character" },
	{ "# \xff\n" ALL, 1, "UTF-8" },
	{ "\n\"abc\n" ALL, 2, "not closed on its line" },
	{ "\n'abc", 2, "not closed on its line" },
	{ "\n/* abc\n\n" ALL, 2, "add */" },
	{ ALL "}", 4, "closing brace without" },
	{ "\ndirectory d {\n\n", 2, "never closed" },
	{ "user_prefix = \"a\\x\"\n" ALL, 1, "single quotes" },
	{ "\nuser_prefix = \"${HOME}\"\n" ALL, 2, "environment" },
	{ "user_prefix = $a\n" ALL, 1, "\"$\" outside quotes" },
	{ "\n\"user_prefix\" = a\n" ALL, 2, "without quotes" },
	{ "directory d { servers = ldap://x }", 1, "// outside quotes" },
	{ "directory d { servers = {a+b} }", 1, "\"+\" outside quotes" },
	{ "smtp x { listen *:25 {} }", 1, "\"*\" outside quotes" },
	{ ALL "smtp y { authentication = {basic\n basic} }", 5, "unexpected token" },
	{ "a { b { c { d { e { f { g { h { i { } } } } } } } } }", 1, "too many braces" },
	/* Its grammar. */
	{ "# one\n/* two\n */ // three\n\nfrontend = 1\n" ALL, 5, "did you mean \"frontends\"" },
	{ ALL "\npop { }", 5, "did you mean \"pop3\"" },
	{ ALL "zzzzzz = 1", 4, "see postern.conf(5)" },
	{ "directory d {\n\ttimeot = 1\n}", 2, "in section directory: did you mean \"timeout\"" },
	{ "smtp x {\n listen '*:25' {\n ttls = none\n}\n}", 3, "in section listen" },
	{ "frontends 1", 1, "write key = value" },
	{ ALL "frontends =", 4, "write key = value" },
	{ "directory {", 1, "never closed" },
	{ "directory { }", 1, "kind \"name\"" },
	{ "directory d\nfrontends = 1\n", 2, "write {" },
	{ "frontends += 1", 1, "write = instead" },
	{ "frontends = = 1", 1, "unexpected token" },
	{ "frontends = 1\nfrontends = 2\n", 2, "given twice" },
	{ "smtp x { authentication = {a}\n authentication = {b} }", 2, "given twice" },
	{ ALL "smtp x {\n listen '*:26' {} }", 4, "its own name" },
	{ ALL "log { }\nlog { }\n", 5, "second section log" },
	{ ALL "store { }\n\nstore { }\n", 6, "second section store" },
	/* Values. */
	{ "frontends = x\n" ALL, 1, "no number" },
	{ "frontends = -1\n" ALL, 1, "no number" },
	{ "frontends = 257\n" ALL, 1, "0 to 256" },
	{ "run = run\n" ALL, 1, "relative path" },
	{ "run = ''\n" ALL, 1, "run is empty" },
	{ "user_prefix = Postern\n" ALL, 1, "no user name" },
	{ ALL "log { level = loud }", 4, "\"warning\", \"info\"" },
	{ ALL "log { to = file }", 4, "without a file" },
	{ ALL "log {\n file = /x }", 5, "does not go to a file" },
	{ ALL "store { root = '' }", 4, "root is empty" },
	{ ALL "store { root = /q\n queue = /q }", 5, "same directory" },
	{ ALL "store { workers = 0 }", 4, "1 to 256" },
	/* Sections that are missing or refer to nothing. */
	/* The method. */
	{ "\nmethod = pop\n" ALL, 2, "write one of \"directory\", \"local\", \"password-file\"" },
	{ "method = local\n" ALL, 2, "asks no directory" },
	{ "method = password-file\n" DIRECTORY REST, 2, "write method = \"directory\"" },
	{ "method = local\ndomain a.example {\n directory = d }" SMTP, 3, "no effect with method" },
	{ "method = local\n\npam_service = '../x'\n" REST, 3, "in /etc/pam.d" },
	{ DIRECTORY DOMAIN "smtp x {\n listen '*:25' { tls = none }\n authentication = { scram, anonymous } }", 5,
	  "method = \"password-file\" keeps" },
	{ "mailboxes = here\n" ALL, 1, "relative path" },
	{ REST, 0, "no section directory" },
	{ DIRECTORY SMTP, 0, "no section domain" },
	{ DIRECTORY DOMAIN, 0, "no section smtp" },
	{ DIRECTORY SMTP "domain corp.example {\n directory = e }", 4,
	  "\"e\" is none of the sections" },
	{ "directory e { domain = x.example keytab = /k }\n" ALL, 3,
	  "does not say which directory" },
	{ ALL "domain 'a b' { alias_of = corp.example }", 4, "no domain name" },
	{ ALL "domain 'm\xc3\xbcller.example' { alias_of = corp.example }", 4, "xn--" },
	{ ALL "domain CORP.example { default = true }", 4, "on line 2 already" },
	{ ALL "domain b.example { alias_of = c.example }", 4, "\"c.example\" is none" },
	{ ALL "domain b.example { alias_of = B.example }", 4, "the domain itself" },
	{ ALL "domain b.example { alias_of = corp.example }\n domain c.example { alias_of = "
	      "b.example }",
	  5, "which is an alias" },
	{ ALL "domain b.example { alias_of = corp.example\n quota = 1G }", 5,
	  "no effect in an alias" },
	{ ALL "domain b.example { }", 2, "no domain is the default" },
	{ ALL "domain b.example { default = true }\ndomain c.example { \ndefault = yes }", 6,
	  "second default" },
	{ DIRECTORY SMTP "domain corp.example { default = maybe }", 3, "neither true nor false" },
	{ DIRECTORY SMTP "domain corp.example { quota = 1T }", 3, "K, M or G" },
	{ DIRECTORY SMTP "domain corp.example { postmaster = alice }", 3, "no mail address" },
	{ DIRECTORY SMTP "domain corp.example { postmaster = 'a b@c' }", 3, "no mail address" },
	{ DIRECTORY SMTP "domain corp.example { postmaster = a@other.example }", 3, "none of the domains" },
	/* Directories. */
	{ REST "directory '' { domain = a.example keytab = /k }", 3, "empty name" },
	{ REST "directory d { keytab = /k }", 3, "neither domain nor servers" },
	{ REST "directory d { domain = 'a..b' keytab = /k }", 3, "no domain name" },
	{ REST "directory d { domain = a.example keytab = /k\n site = 'a b' }", 4, "no name of a site" },
	{ REST "directory d { domain = a.example keytab = /k\n site = 'a.b' }", 4, "no name of a site" },
	{ REST "directory d { domain = a.example servers = {'ldap://b'} keytab = /k\n site = a }", 4,
	  "no effect where servers" },
	{ REST "directory d { domain = a.example preset = inetorgperson base = 'dc=x' keytab = /k\n site = a }",
	  4, "only Active Directory has sites" },
	{ REST "directory d {\n servers = {'http://x'} keytab = /k }", 4, "neither ldap://" },
	{ REST "directory d { servers = {'ldap://'} keytab = /k }", 3, "no host name" },
	{ REST "directory d { servers = {'ldap://a/dc=b'} keytab = /k }", 3, "no host name" },
	{ REST "directory d { servers = {'ldap://[a]'} keytab = /k }", 3, "no host name" },
	{ REST "directory d { servers = {'ldap://a:0'} keytab = /k }", 3, "the port" },
	{ REST "directory d { servers = {'ldap://a:'} keytab = /k }", 3, "the port" },
	{ REST "directory d { servers = {'ldaps://a'} keytab = /k\n tls = starttls }", 3,
	  "write ldap://" },
	{ REST "directory d { servers = {'ldap://a'} keytab = /k tls = ldaps }", 3,
	  "write ldaps://" },
	{ REST "directory d { domain = a.example\n bind = gssapi }", 4, "needs a keytab" },
	{ REST "directory d { domain = a.example bind = simple password_file = /p }", 3,
	  "needs bind_dn" },
	{ REST "directory d { domain = a.example bind = simple bind_dn = x }", 3,
	  "needs password_file" },
	{ REST "directory d { domain = a.example bind = krb keytab = /k }", 3,
	  "\"gssapi\", \"simple\"" },
	{ REST "directory d { domain = a.example keytab = /k\n tls = none }", 4, "in the clear" },
	{ REST "directory d { " LOCAL SIMPLE "tls = none }", 3, "in the clear" },
	{ REST "directory d { servers = {'ldap://127.0.0.1', 'ldap://10.0.0.1'} tls = none " SIMPLE
	       "\nallow_plaintext_on_loopback = true }",
	  4, "for tests" },
	{ REST "directory d { domain = a.example tls = none " SIMPLE
	       "allow_plaintext_on_loopback = on }",
	  3, "for tests" },
	{ REST "directory d { domain = a.example keytab = /k\n\n recycle = 900 }", 5, "1 to 899" },
	{ REST "directory d { domain = a.example keytab = /k timeout = 1m }", 3, "1 to 25" },
	{ REST "directory d { domain = a.example keytab = /k timeout = soon }", 3, "no time" },
	{ REST "directory d { domain = a.example keytab = k }", 3, "relative path" },
	{ REST "directory d { domain = a.example keytab = /k\n preset = exchange }", 4,
	  "not known" },
	{ REST "directory d { domain = a.example preset = inetorgperson " SIMPLE "}", 3,
	  "no base" },
	{ REST "directory d { domain = a.example keytab = /k attribute_id = '' }", 3, "is empty" },
	{ REST "directory d { domain = a.example keytab = /k attribute_mail = 'a b' }", 3,
	  "attribute name" },
	{ REST "directory d { domain = a.example keytab = /k quota_unit = 0 }", 3, "out of range" },
	{ REST "directory d { domain = a.example keytab = /k cache_password = 61 }", 3,
	  "write 0 to 60 seconds" },
	{ ALL "password_expired_text = 'M\xc3\xb6glich'", 4, "printable ASCII" },
	{ ALL "password_expired_text = 'a\tb'", 4, "printable ASCII" },
	{ REST
	  "directory d { domain = a.example keytab = /k\nrecipient_filter = 'mail=%{address}' }",
	  4, "at character 1: \"(\" is missing" },
	{ REST "directory d { domain = a.example keytab = /k login_filter = '(uid=%s)' }", 3,
	  "write one of %{login}, %{user}, %{domain}" },
	/* Servers. */
	{ DIRECTORY DOMAIN "smtp '' { listen '*:25' { tls = none } }", 3, "empty name" },
	{ DIRECTORY DOMAIN "\nsmtp x { }", 4, "no listener" },
	{ DIRECTORY DOMAIN "smtp x { listen 'localhost:25' { tls = none } }", 3, "not numeric" },
	{ DIRECTORY DOMAIN "smtp x { listen '::1:25' { tls = none } }", 3, "no address and port" },
	{ DIRECTORY DOMAIN "smtp x { listen '*' { tls = none } }", 3, "no address and port" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:65536' { tls = none } }", 3, "1 to 65535" },
	{ DIRECTORY DOMAIN "smtp x { listen '[::1:25' { tls = none } }", 3, "no address and port" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = yes } }", 3,
	  "\"starttls\", \"implicit\"" },
	{ DIRECTORY DOMAIN
	  "smtp x { listen '*:25' { tls = none }\nlisten '127.0.0.1:25' { tls = none } }",
	  4, "clashes with * on line 3" },
	{ ALL "smtp y { listen '[::1]:25' { tls = none } }", 4, "clashes" },
	{ ALL "pop3 { basic_without_tls = true listen '0.0.0.0:25' { tls = none } }", 4,
	  "clashes" },
	{ DIRECTORY DOMAIN "smtp x {\n listen '*:25' { } }", 4, "no certificate" },
	{ DIRECTORY DOMAIN "smtp x { certificate = /c\n listen '*:465' { tls = implicit } }", 4,
	  "no key" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none }\n key = /k }", 4,
	  "belong together" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none }\n authentication = {} }", 4,
	  "an empty list" },
	{ DIRECTORY DOMAIN
	  "smtp x { listen '*:25' { tls = none } authentication = {anonymous, digest} }",
	  3, "\"digest\" is not known in smtp" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none } }"
			   "\npop3 { listen '*:110' { tls = none }\n authentication = {anonymous, integrated} }",
	  5, "\"anonymous\" is not known in pop3" },
	{ DIRECTORY DOMAIN
	  "smtp x { listen '*:25' { tls = none }\n authentication = {anonymous, certificate} }",
	  4, "needs client_ca" },
	{ DIRECTORY DOMAIN
	  "smtp x { client_ca = /ca\n listen '*:25' { tls = none }\n"
	  " authentication = {anonymous, certificate} }",
	  5, "needs a listener with TLS" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none }\n client_ca = /ca }", 4,
	  "no certificate is asked for" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none }\n channel_binding = require }",
	  4, "needs a listener with TLS" },
	{ OPEN_DIRECTORY DOMAIN
	  "smtp x { listen '*:25' { tls = none } authentication = {anonymous,\n integrated} }",
	  3, "needs a directory with preset" },
	{ OPEN_DIRECTORY DOMAIN
	  "smtp x { listen '*:25' { tls = none }\n authentication = {anonymous, ntlm} }",
	  4, "\"ntlm\" needs a directory" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none } authentication = {basic} }", 3,
	  "nobody can log in" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none }\n\n session_size = 1M }", 5,
	  "smaller than message_size" },
	{ DIRECTORY DOMAIN
	  "smtp x { listen '*:25' { tls = none } session_size = 1M message_size = 0 }",
	  3, "smaller than message_size" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none } recipients = 0 }", 3,
	  "1 to 1000" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none } fqdn = 'a b' }", 3,
	  "no host name" },
	{ DIRECTORY DOMAIN "smtp x { listen '*:25' { tls = none } default_domain = b.example }", 3,
	  "none of the domains" },
	{ ALL "pop3 { listen '*:110' { tls = none } authentication = {basic} }", 4,
	  "nobody can log in" },
	{ ALL "pop3 { listen '*:110' { tls = none } authentication = {ntlm} }", 4,
	  "nobody can log in" },
	{ ALL "pop3 { }", 4, "listen \"*:110\"" },
};

static void test_complaints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = conf_parse("t", wrong[i].text, hear, &heard);
		bool first_of_many = wrong[i].text[0] == '\0';

		if (conf || heard.line != wrong[i].line || !strstr(heard.text, wrong[i].part) ||
		    (heard.count != 1 && !first_of_many))
			fail_msg("row %zu: wanted %u: ... %s, heard %u of %u: %s\nfrom: %s", i,
				 wrong[i].line, wrong[i].part, heard.line, heard.count, heard.text,
				 wrong[i].text);
	}
}

static const char *const right[] = {
	ALL,
	"\r\n" DIRECTORY "\r\n# x\r\n" REST,
	REST "directory d { " LOCAL SIMPLE "tls = none allow_plaintext_on_loopback = true }",
	REST "directory d { servers = {'ldaps://a.example:636', \"LDAPS://b\"} " SIMPLE "}",
	REST "directory d { domain = a.example keytab = /k # comment\n}// other",
	REST "directory d { domain = a.example keytab = /k login_filter = "
	     "'(&(uid=%{login})(!(a=\\2a))(b=*))' }",
	ALL "domain b.example { alias_of = CORP.example }",
	ALL "smtp y { listen '127.0.0.1:26' { tls = none } listen '[::1]:26' { tls = none } }",
	ALL "pop3 { listen '*:110' { tls = none } basic_without_tls = true }",
	DIRECTORY DOMAIN
	"smtp x { listen '0.0.0.0:25' {tls=none} listen '[::]:25' {tls=none} session_size=32M }",
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = conf_parse("t", right[i], hear, &heard);

		if (!conf || heard.count)
			fail_msg("row %zu: %u: %s", i, heard.line, heard.text);
		conf_free(conf);
	}
	conf_free(NULL);
}

static struct conf *parse(const char *text)
{
	struct heard heard = { 0, 0, "" };
	struct conf *conf = conf_parse("t", text, hear, &heard);

	if (!conf)
		fail_msg("%u: %s", heard.line, heard.text);
	return conf;
}

static void test_defaults(void **state)
{
	struct conf *conf = parse(ALL);
	const struct conf_directory *directory = &conf->directories[0];
	const struct conf_smtp *smtp = &conf->smtps[0];

	(void)state;
	assert_string_equal(conf->user_prefix, "postern");
	assert_string_equal(conf->run, "/run/postern");
	assert_int_equal(directory->bind, CONF_BIND_GSSAPI);
	assert_int_equal(directory->tls, CONF_TLS_STARTTLS);
	assert_int_equal(directory->timeout, 5);
	assert_int_equal(directory->recycle, 600);
	assert_int_equal(directory->cache_positive, 30);
	assert_int_equal(directory->cache_negative, 10);
	assert_int_equal(directory->cache_password, 0);
	assert_true(directory->schema.active_directory);
	assert_string_equal(directory->schema.attribute[CONF_ATTRIBUTE_ID], "objectGUID");
	assert_string_equal(directory->schema.attribute[CONF_ATTRIBUTE_QUOTA], "maxStorage");
	assert_int_equal(directory->schema.quota_unit, 1);
	assert_int_equal(directory->line, 1);
	assert_ptr_equal(conf->domains[0].directory, directory);
	assert_true(conf->domains[0].is_default);
	assert_int_equal(smtp->message_size, 32 * 1024 * 1024);
	assert_int_equal(smtp->session_size, 0);
	assert_int_equal(smtp->recipients, 100);
	assert_int_equal(smtp->idle_timeout, 600);
	assert_int_equal(smtp->hops, 15);
	assert_true(smtp->anonymous && smtp->methods.basic && !smtp->methods.basic_without_tls);
	assert_string_equal(smtp->default_domain, "corp.example");
	assert_true(smtp->fqdn[0]);
	assert_string_equal(smtp->listens[0].address, "*");
	assert_int_equal(smtp->listens[0].port, 25);
	assert_false(conf->pop3.enabled);
	assert_string_equal(conf->store.root, "/var/lib/postern/mail");
	assert_int_equal(conf->store.workers, 16);
	assert_int_equal(conf->log.to, CONF_LOG_STDERR);
	conf_free(conf);
}

static void test_values(void **state)
{
	struct conf *conf =
		parse("directory one { domain = One.Example keytab = /k site = Berlin fast_bind = true }\n"
		      "directory two { servers = {'ldaps://a', 'ldaps://b:1636'} " SIMPLE
		      " preset = inetorgperson base = 'dc=x' netbios = TWO cache_password = 1m "
		      "quota_unit = 1K }\n"
		      "domain One.Example { directory = one default = true quota = 100M postmaster "
		      "= a@one.example }\n"
		      "domain two.example { directory = two }\n"
		      "domain alias.example { alias_of = two.EXAMPLE }\n"
		      "domain xn--bcher-kva.example { alias_of = two.EXAMPLE }\n"
		      "smtp 'Submission' { listen '[2001:DB8:0::1]:587' { tls = starttls }\n"
		      " listen '192.0.2.1:465' { tls = implicit } authentication = {basic}\n"
		      " certificate = /c key = /d fqdn = mail.one.example default_domain = "
		      "TWO.example hops = 3 }\n"
		      "pop3 { listen '*:995' { tls = implicit } certificate = /c key = /d "
		      "idle_timeout = 90s }\n"
		      "log { to = file file = /l level = debug }\n");
	const struct conf_domain *alias = conf_find_domain(conf, "ALIAS.example");

	(void)state;
	assert_string_equal(conf->directories[0].domain, "one.example");
	assert_string_equal(conf->directories[0].site, "Berlin");
	assert_true(conf->directories[0].fast_bind);
	assert_string_equal(conf->directories[1].site, "");
	assert_false(conf->directories[1].fast_bind);
	assert_int_equal(conf->directories[1].servers_count, 2);
	assert_string_equal(conf->directories[1].servers[1], "ldaps://b:1636");
	assert_int_equal(conf->directories[1].tls, CONF_TLS_IMPLICIT);
	assert_int_equal(conf->directories[1].cache_password, 60);
	assert_int_equal(conf->directories[1].schema.quota_unit, 1024);
	assert_string_equal(conf->directories[1].schema.attribute[CONF_ATTRIBUTE_ID], "entryUUID");
	assert_string_equal(conf->directories[1].schema.attribute[CONF_ATTRIBUTE_ALIAS], "");
	assert_string_equal(conf_default_domain(conf)->name, "one.example");
	assert_int_equal(conf_default_domain(conf)->quota, 100 * 1024 * 1024);
	assert_non_null(alias);
	assert_string_equal(alias->alias_of->name, "two.example");
	assert_null(alias->directory);
	assert_null(conf_find_domain(conf, "three.example"));
	/* both spellings of an internationalized name */
	assert_string_equal(conf_find_domain(conf, "b\xc3\xbc" "cher.example")->name, "xn--bcher-kva.example");
	assert_null(conf_find_domain(conf, "b\xc3\xb6" "cher.example"));
	assert_string_equal(conf->smtps[0].listens[0].address, "2001:db8::1");
	assert_int_equal(conf->smtps[0].listens[1].tls, CONF_TLS_IMPLICIT);
	assert_int_equal(conf->smtps[0].listens[1].line, 8);
	assert_string_equal(conf->smtps[0].default_domain, "two.example");
	assert_true(conf->smtps[0].methods.basic && !conf->smtps[0].anonymous);
	assert_int_equal(conf->pop3.idle_timeout, 90);
	assert_string_equal(conf->pop3.default_domain, "one.example");
	assert_int_equal(conf->log.level, 3);
	conf_free(conf);
}

static void hear_any(void *context, const char *file, unsigned line, const char *text)
{
	struct heard *heard = context;

	(void)file;
	heard->count++;
	heard->line = line;
	strncpy(heard->text, text, sizeof(heard->text) - 1);
}

static void test_files(void **state)
{
	char path[] = "/tmp/postern-conf-XXXXXX", *text = path;
	struct heard heard = { 0, 0, "" };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "run\0= /x", 8), 8);
	assert_int_equal(close(fd), 0);
	assert_null(conf_read(path, &text, hear_any, &heard));
	assert_null(text);
	assert_int_equal(heard.count, 1);
	assert_non_null(strstr(heard.text, "not a text"));
	assert_int_equal(unlink(path), 0);
	assert_null(conf_read(path, NULL, hear_any, &heard));
	assert_non_null(strstr(heard.text, "No such file"));
	assert_null(conf_read("/", NULL, hear_any, &heard));
	assert_non_null(strstr(heard.text, "directory"));
	assert_null(conf_read("/dev/zero", NULL, hear_any, &heard));
	assert_int_equal(heard.count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaints), cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_defaults),   cmocka_unit_test(test_values),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
