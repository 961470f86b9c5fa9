/* SPDX-License-Identifier: ISC */
/* What only the machine can tell, on files made for the purpose in a temporary directory. */
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <gnutls/x509.h>

#include "base/memory.h"
#include "conf/conf.h"

#define DAY 86400

static char folder[64];

static void write_file(const char *name, const void *bytes, size_t length, mode_t mode)
{
	char *path = memory_format("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static gnutls_x509_privkey_t make_key(const char *name, mode_t mode)
{
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_file(name, pem.data, pem.size, mode);
	gnutls_free(pem.data);
	return key;
}

static void make_certificate(const char *name, gnutls_x509_privkey_t key, int from, int until)
{
	gnutls_x509_crt_t certificate;
	gnutls_datum_t pem;
	time_t now = time(NULL);

	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	gnutls_x509_crt_set_version(certificate, 3);
	gnutls_x509_crt_set_serial(certificate, "\1", 1);
	gnutls_x509_crt_set_activation_time(certificate, now + (time_t)from * DAY);
	gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)until * DAY);
	gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "mail.corp.example",
					     17, GNUTLS_FSAN_SET);
	gnutls_x509_crt_set_key(certificate, key);
	assert_int_equal(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
			 0);
	assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_file(name, pem.data, pem.size, 0644);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(certificate);
}

/* Root, and conf/users.sh has run. */
static bool has_users(void)
{
	static const char *const users[] = { "postern-front", "postern-dir", "postern-store",
					     "postern-relay", "postern-resolver" };

	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++)
		if (!getpwnam(users[i]))
			return false;
	return geteuid() == 0;
}

static int set_up(void **state)
{
	gnutls_x509_privkey_t key, other;

	(void)state;
	strcpy(folder, "/tmp/postern-conf-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0); /* the store's user has to get in */
	key = make_key("key", 0600);
	other = make_key("other", 0600);
	gnutls_x509_privkey_deinit(make_key("open", 0644));
	make_certificate("good", key, -1, 365);
	make_certificate("expired", key, -10, -1);
	make_certificate("soon", key, -10, 3);
	make_certificate("early", key, 5, 365);
	write_file("text", "text\n", 5, 0644);
	write_file("warning", "Subject: full\n\nIt is.\n", 22, 0644);
	write_file("secret", "secret\n", 7, 0600);
	write_file("empty", "\nsecret\n", 8, 0600);
	write_file("public", "secret\n", 7, 0644);
	write_file("rc4", "\5\2\0\0\0\7\0\0\0\0\0\0\0", 13, 0600);
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_privkey_deinit(other);
	return 0;
}

static int clean_up(void **state)
{
	char *command = memory_format("rm -rf '%s'", folder);
	int result = system(command);

	(void)state;
	free(command);
	return result;
}

#define POP3 \
	"pop3 { listen '*:110' { tls = starttls } certificate = '@/good' key = '@/key' fqdn = " \
	"mail.corp.example }\n"

/* In these, "@" is the temporary directory. */
static const struct {
	const char *password_file, *certificate, *key, *fqdn;
	const char *others;
	unsigned line;
	const char *part; /* NULL: no complaint */
	bool passes;
} rows[] = {
	{ "@/secret", "@/good", "@/key", "mail.corp.example", "", 0, NULL, true },
	{ "@/missing", "@/good", "@/key", "mail.corp.example", "", 4, "No such file", false },
	{ "@/empty", "@/good", "@/key", "mail.corp.example", "", 4, "empty first line", false },
	{ "@/public", "@/good", "@/key", "mail.corp.example", "", 4, "open to everybody", false },
	{ "@", "@/good", "@/key", "mail.corp.example", "", 4, "no file of at most", false },
	{ "@/secret", "@/missing", "@/key", "mail.corp.example", "", 9, "No such file", false },
	{ "@/secret", "@/text", "@/key", "mail.corp.example", "", 9, "PEM", false },
	{ "@/secret", "@/expired", "@/key", "mail.corp.example", "", 9, "expired at", false },
	{ "@/secret", "@/early", "@/key", "mail.corp.example", "", 9, "valid only from", false },
	{ "@/secret", "@/soon", "@/key", "mail.corp.example", "", 9, "warning: certificate", true },
	{ "@/secret", "@/good", "@/key", "mail2.corp.example", "", 9, "does not name mail2", true },
	{ "@/secret", "@/good", "@/other", "mail.corp.example", "", 10, "does not belong", false },
	{ "@/secret", "@/good", "@/text", "mail.corp.example", "", 10, "everybody", false },
	{ "@/secret", "@/good", "@/secret", "mail.corp.example", "", 10, "cannot be used", false },
	{ "@/secret", "@/good", "@/missing", "mail.corp.example", "", 10, "No such file", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example",
	  "log { to = file\n file = '@/no/where' }", 15, "is no directory", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example", "log { to = file file = '@' }", 14,
	  "is a directory", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example",
	  "\n directory e { domain = a.example\n\n keytab = '@/text' }", 17, "everybody", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example",
	  "directory e { domain = a.example keytab = '@/secret' }", 14, "no keytab", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example",
	  "directory e { domain = a.example keytab = '@/rc4' }", 14, "damaged", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example",
	  "directory e { domain = a.example bind = simple bind_dn = x password_file = '@/secret'\n"
	  "tls_ca = '@/text' }",
	  15, "PEM", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example", POP3 "pop3_proxy {\n tls_ca = '@/text' }",
	  16, "PEM", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example",
	  POP3 "pop3_proxy { login = basic user = x\n password_file = '@/public' }", 16,
	  "open to everybody", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example", "quota {\n template = '@/missing' }", 15,
	  "No such file", false },
	{ "@/secret", "@/good", "@/key", "mail.corp.example", "quota { template = '@/warning' }", 0, NULL,
	  true },
};

static char *filled(const char *template)
{
	char *text = memory_new(strlen(template) * sizeof(folder) + 1), *to = text;

	for (; *template; template ++) {
		if (*template == '@')
			to += sprintf(to, "%s", folder);
		else
			*to++ = *template;
	}
	return text;
}

struct heard {
	unsigned count, line;
	char text[1024];
};

static void hear(void *context, const char *file, unsigned line, const char *text)
{
	struct heard *heard = context;

	assert_string_equal(file, "t");
	/* These depend on the machine that runs the test. */
	if (!strncmp(text, "user \"", 6) || strstr(text, "lies in memory"))
		return;
	if (heard->count++ == 0) {
		heard->line = line;
		strncpy(heard->text, text, sizeof(heard->text) - 1);
	}
}

static struct conf *parse(const char *template, void *heard)
{
	char *text = filled(template);
	struct conf *conf = conf_parse("t", text, hear, heard);

	free(text);
	return conf;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct heard heard = { 0, 0, "" };
		char *text = memory_format("run = '@/run'\n"
					   "directory d {\n"
					   "domain = a.example bind = simple bind_dn = x\n"
					   "password_file = '%s'\n"
					   "}\n"
					   "domain corp.example { directory = d }\n"
					   "smtp x {\n"
					   "listen '*:25' { }\n"
					   "certificate = '%s'\n"
					   "key = '%s'\n"
					   "fqdn = '%s'\n"
					   "}\n"
					   "store { root = '@/a/mail' queue = '@/a/queue' }\n"
					   "%s\n",
					   rows[i].password_file, rows[i].certificate, rows[i].key,
					   rows[i].fqdn, rows[i].others);
		struct conf *conf = parse(text, &heard);

		if (!conf)
			fail_msg("row %zu: %u: %s", i, heard.line, heard.text);
		conf_check_machine(conf, hear, &heard);
		if (!rows[i].part ? heard.count != 0
				  : heard.line != rows[i].line || !strstr(heard.text, rows[i].part))
			fail_msg("row %zu: %u: %s", i, heard.line, heard.text);
		assert_int_equal(rows[i].passes,
				 heard.count == 0 || !strncmp(heard.text, "warning:", 8));
		conf_free(conf);
		free(text);
	}
}

#define FRAME                                                                                      \
	"directory d { domain = a.example bind = simple bind_dn = x password_file = '@/secret' "   \
	"}\n"                                                                                      \
	"domain corp.example { }\n smtp x { listen '*:25' { tls = none } }\n"

#define ACCOUNTS "domain corp.example { }\n smtp x { listen '*:25' { tls = none } }\n"

/* Files and users of the methods without a directory; what is root's to see is seen by root alone.
 */
static void test_methods(void **state)
{
	static const struct {
		const char *text, *part; /* NULL: no complaint */
		unsigned line;
		bool root;
	} cases[] = {
		{ "run = '@/run'\nmethod = password-file\nstore { root = '@/a/mail' queue = "
		  "'@/a/queue' }\n" ACCOUNTS,
		  NULL, 0, false },
		{ "run = '@/run'\nmethod = local pam_service = no-such-service\n"
		  "store { root = '@/a/mail' queue = '@/a/queue' }\n" ACCOUNTS,
		  "/etc/pam.d/no-such-service cannot be read", 2, false },
		{ "run = '@/run'\nmethod = password-file\nmailboxes = '@/shut/mailboxes'\n"
		  "store { root = '@/a/mail' queue = '@/a/queue' }\n" ACCOUNTS,
		  "cannot be reached by user postern-dir", 3, true },
	};
	char *shut = memory_format("%s/shut", folder);

	(void)state;
	assert_int_equal(chmod(folder, 0711), 0); /* mkdtemp shuts it too */
	assert_int_equal(mkdir(shut, 0700), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = parse(cases[i].text, &heard);

		assert_non_null(conf);
		conf_check_machine(conf, hear, &heard);
		if (cases[i].part && (!cases[i].root || (geteuid() == 0 && getpwnam("postern-dir")))) {
			assert_int_equal(heard.line, cases[i].line);
			assert_non_null(strstr(heard.text, cases[i].part));
		} else if (heard.count) {
			fail_msg("%s", heard.text);
		}
		conf_free(conf);
	}
	assert_int_equal(chmod(folder, 0700), 0);
	free(shut);
}

static void test_directories(void **state)
{
	struct heard heard = { 0, 0, "" };
	struct conf *conf =
		parse(FRAME "store {\n root = '@/text/mail'\n queue = '@/q' }\nrun = '@'", &heard);

	(void)state;
	assert_non_null(conf);
	assert_false(conf_check_machine(conf, hear, &heard));
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.line, 5);
	assert_non_null(strstr(heard.text, "is no directory"));
	conf_free(conf);
}

/* Root may go everywhere, and the store, which is not root, may not. */
static void test_way(void **state)
{
	static const struct {
		mode_t mode;
		const char *root;
		bool passes;
	} ways[] = {
		{ 0700, "@/closed/mail", false },
		{ 0700, "@/closed/not/yet/mail", false },
		{ 0711, "@/closed/mail", true },
		{ 0711, "@/closed/not/yet/mail", true },
	};
	char *closed;

	(void)state;
	if (!has_users())
		skip();
	closed = memory_format("%s/closed", folder);
	assert_int_equal(mkdir(closed, 0700), 0);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct heard heard = { 0, 0, "" };
		char *text = memory_format(FRAME "store {\n root = '%s' queue = '@/q' }\nrun = '@'",
					   ways[i].root);
		struct conf *conf = parse(text, &heard);

		assert_int_equal(chmod(closed, ways[i].mode), 0);
		assert_non_null(conf);
		assert_int_equal(conf_check_machine(conf, hear, &heard), ways[i].passes);
		assert_int_equal(heard.count, ways[i].passes ? 0 : 1);
		if (!ways[i].passes)
			assert_non_null(
				strstr(heard.text, "cannot be reached by user postern-store"));
		conf_free(conf);
		free(text);
	}
	free(closed);
}

static void test_authorities_of_root(void **state)
{
	(void)state;
	if (!has_users())
		skip();
	for (int open = 0; open < 2; open++) {
		struct heard heard = { 0, 0, "" };
		char *path = memory_format("%s/good", folder);
		struct conf *conf =
			parse("directory d { domain = a.example bind = simple bind_dn = x\n"
			      "password_file = '@/secret'\ntls_ca = '@/good' }\n"
			      "domain corp.example { }\n smtp x { listen '*:25' { tls = none } }\n"
			      "store { root = '@/m' queue = '@/q' }\nrun = '@'",
			      &heard);

		assert_int_equal(chmod(path, open ? 0644 : 0600), 0);
		assert_non_null(conf);
		assert_int_equal(conf_check_machine(conf, hear, &heard), open);
		assert_int_equal(heard.count, open ? 0 : 1);
		assert_int_equal(heard.line, open ? 0 : 3);
		if (!open)
			assert_non_null(strstr(heard.text, "cannot be read by user postern-dir"));
		conf_free(conf);
		free(path);
	}
}

static void make_folder(const char *name, mode_t mode)
{
	char *path = memory_format("%s/%s", folder, name);
	const struct passwd *user = geteuid() == 0 ? getpwnam("postern-store") : NULL;

	assert_int_equal(mkdir(path, 0700), 0);
	if (user && mode != 0700)
		assert_int_equal(chown(path, user->pw_uid, user->pw_gid), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void make_folders(void)
{
	char *group = memory_format("%s/group", folder);
	const struct passwd *user = getpwnam("postern-front");
	gnutls_x509_privkey_t key = make_key("shut_key", 0600);

	assert_int_equal(chmod(folder, 0755), 0);
	make_folder("pickup", 0775);
	make_folder("pickup/t", 0755);
	write_file("pickup/t/failed.txt", "Subject: a\n\nb\n", 14, 0644);
	make_folder("words", 0755);
	write_file("words/delayed.txt", "Subject: a\n\n%{what}\n", 20, 0644);
	make_folder("badmail", 0755);
	make_folder("badmail/t", 0755);
	make_folder("open_pickup", 0777);
	make_folder("closed_pickup", 0700);
	make_certificate("shut_ca", key, -1, 365);
	gnutls_x509_privkey_deinit(key);
	write_file("group", "secret\n", 7, 0640);
	if (has_users())
		assert_int_equal(chown(group, 0, user->pw_gid), 0);
	free(group);
	group = memory_format("%s/shut_ca", folder);
	assert_int_equal(chmod(group, 0600), 0);
	free(group);
}

#define OUTBOUND(x)                                                                        \
	"directory d { domain = a.example bind = simple bind_dn = x password_file = '@/secret' }\n" \
	"domain corp.example { }\n smtp x { fqdn = a.example listen '*:25' { tls = none } "  \
	"outbound {\n" x " } }\nstore { root = '@/m' queue = '@/q' }\nrun = '@'"

/* What goes out: a row that is root's to see is looked at by root alone. */
static void test_outbound(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *part; /* NULL: no complaint */
		bool root;
	} cases[] = {
		{ OUTBOUND("tls_ca = '@/good'"), 0, NULL, false },
		{ OUTBOUND("tls_ca = '@/text'"), 4, "PEM", false },
		{ OUTBOUND("tls_ca = '@/missing'"), 4, "No such file", false },
		{ OUTBOUND("tls_ca = '@/shut_ca'"), 4, "cannot be read by user postern-relay", true },
		{ OUTBOUND("smart_host = b.example tls = verify login = basic user = u\n"
			   "password_file = '@/secret'"), 0, NULL, false },
		{ OUTBOUND("smart_host = b.example tls = verify login = basic user = u\n"
			   "password_file = '@/public'"), 5, "open to everybody", false },
		{ OUTBOUND("smart_host = b.example tls = verify login = basic user = u\n"
			   "password_file = '@/empty'"), 5, "empty first line", false },
		{ OUTBOUND("smart_host = b.example tls = verify login = basic user = u\n"
			   "password_file = '@/group'"), 5, "can be read by user postern-front", true },
		{ OUTBOUND("smart_host = b.example tls = verify login = oauth2 user = u client_id = c\n"
			   "token_url = 'https://b.example/t' client_secret_file = '@/missing'"),
		  5, "client_secret_file", false },
		{ OUTBOUND("smart_host = b.example tls = verify login = oauth2 user = u client_id = c\n"
			   "token_url = 'https://b.example/t'\nrefresh_token_file = '@/public'"),
		  6, "refresh_token_file", false },
		{ OUTBOUND("pickup = '@/pickup' badmail = '@/badmail' templates = '@/pickup/t'"),
		  0, NULL, false },
		{ OUTBOUND("pickup = '@/none'"), 4, "is not there (No such file", false },
		{ OUTBOUND("badmail = '@/text'"), 4, "is not there (Not a directory", false },
		{ OUTBOUND("pickup = '@/closed_pickup'"), 4,
		  "may not be written to by user postern-store", true },
		{ OUTBOUND("templates = '@/closed_pickup'"), 4, "may not be read by user", true },
		{ OUTBOUND("templates = '@/words'"), 4, "/words/delayed.txt:3: a placeholder", false },
		{ OUTBOUND("badmail = /dev/shm"), 4, "different file systems", false },
		{ OUTBOUND("pickup = '@/open_pickup'"), 4, "warning: pickup", false },
		{ OUTBOUND("} } domain b.example { alias_of = corp.example } remote c.example {\ntls = verify\n"
			   "tls_ca = '@/text' } smtp y { listen '*:26' { tls = none } outbound {"),
		  6, "PEM", false },
		{ "dns_trust_anchor = '@/missing'\n" OUTBOUND(""), 1, "No such file", false },
		{ "dns_trust_anchor = '@/secret'\n" OUTBOUND(""), 1,
		  "cannot be read by user postern-resolver", true },
	};

	(void)state;
	make_folders();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heard heard = { 0, 0, "" };
		struct conf *conf = parse(cases[i].text, &heard);

		if (!conf)
			fail_msg("row %zu: %u: %s", i, heard.line, heard.text);
		if (!cases[i].root || has_users()) {
			conf_check_machine(conf, hear, &heard);
			if (cases[i].part ? heard.line != cases[i].line ||
						    !strstr(heard.text, cases[i].part)
					  : heard.count > 0)
				fail_msg("row %zu: %u: %s", i, heard.line, heard.text);
		}
		conf_free(conf);
	}
}

/* A drop must be on the file system of the mailboxes, and no one may be both drop and pickup. */
static void test_drop(void **state)
{
	static const struct {
		const char *drop, *part;
	} cases[] = {
		{ "@/badmail", NULL },
		{ "@/none", "drop" },
		{ "/dev/shm", "different file systems" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heard heard = { 0, 0, "" };
		char *text = memory_format(
			"directory d { domain = a.example bind = simple bind_dn = x password_file = "
			"'@/secret' }\ndomain corp.example {\n drop = '%s' }\n"
			"smtp x { listen '*:25' { tls = none } }\n"
			"store { root = '@/m' queue = '@/q' }\nrun = '@'",
			cases[i].drop);
		struct conf *conf = parse(text, &heard);

		assert_non_null(conf);
		conf_check_machine(conf, hear, &heard);
		assert_int_equal(heard.line, cases[i].part ? 3 : 0);
		if (cases[i].part)
			assert_non_null(strstr(heard.text, cases[i].part));
		conf_free(conf);
		free(text);
	}
}

/* A user that is missing stops a start as root only. */
static void test_users(void **state)
{
	struct heard heard = { 0, 0, "" };
	struct conf *conf = parse("user_prefix = no-such-prefix\n" FRAME
				  "store { root = '@/m' queue = '@/q' }\nrun = '@'",
				  &heard);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf_check_machine(conf, hear, &heard), geteuid() != 0);
	assert_int_equal(heard.count, 0);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),  cmocka_unit_test(test_directories),
		cmocka_unit_test(test_way),   cmocka_unit_test(test_authorities_of_root),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_outbound), cmocka_unit_test(test_drop),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
