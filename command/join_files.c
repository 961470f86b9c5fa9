/* SPDX-License-Identifier: ISC */
/* The files that `postern join` leaves on this machine. None is ever overwritten. */
#include "command/join.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "directory/directories.h"
#include "io/tls_make.h"

enum { SELF_SIGNED_DAYS = 365 };

static bool write_all(int fd, struct span text)
{
	while (text.length > 0) {
		ssize_t count = write(fd, text.at, text.length);

		if (count < 0 && errno != EINTR)
			return false;
		if (count > 0)
			text = span_skip(text, (size_t)count);
	}
	return fsync(fd) == 0;
}

bool join_write_new(const char *path, unsigned mode, struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write_all(fd, text) && fchmod(fd, mode) == 0;

	if (!good)
		join_fail("%s cannot be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

static void krb5_text(const struct join *join, struct buffer *text)
{
	buffer_add_format(text,
			  "# Written by postern join, for Postern's own processes.\n"
			  "[libdefaults]\n"
			  "\tdefault_realm = %s\n"
			  "\tdns_lookup_realm = false\n"
			  "\tdns_lookup_kdc = true\n"
			  "\tdns_canonicalize_hostname = false\n"
			  "\trdns = false\n"
			  "\tpermitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96\n"
			  "\n[domain_realm]\n\t.%s = %s\n\t%s = %s\n",
			  join->realm, join->domain, join->realm, join->domain, join->realm);
}

/* "corp" of "corp.example": a name for the section. */
static void directory_text(const struct join *join, const char *krb5_config, struct buffer *text)
{
	int first = (int)strcspn(join->domain, ".");

	buffer_add_format(text,
			  "directory \"%.*s\" {\n\tdomain = \"%s\"\n\tpreset = \"ad\"\n"
			  "\tbind = \"gssapi\"\n\tkeytab = \"%s\"\n\tprincipal = \"%s$@%s\"\n"
			  "\tkrb5_config = \"%s\"\n\ttls = \"starttls\"\n",
			  first, join->domain, join->domain, join->keytab, join->name, join->realm,
			  krb5_config);
	if (join->authority_path[0])
		buffer_add_format(text, "\ttls_ca = \"%s\"\n", join->authority_path);
	buffer_add_format(text,
			  "}\n\ndomain \"%s\" {\n\tdirectory = \"%.*s\"\n\tdefault = true\n"
			  "\t# postmaster = \"it@%s\"\n}\n\n",
			  join->domain, first, join->domain, join->domain);
}

static void server_text(const struct join *join, const char *section, const char *listens,
			const char *anonymous, struct buffer *text)
{
	buffer_add_format(text,
			  "%s {\n%s\tfqdn = \"%s\"\n\tcertificate = \"%s\"\n\tkey = \"%s\"\n"
			  "\tauthentication = { %s\"basic\", \"integrated\"%s }\n}\n\n",
			  section, listens, join->hosts[0], join->certificate_path, join->key_path,
			  anonymous, join->ntlm ? ", \"ntlm\"" : "");
}

void join_conf_text(const struct join *join, const char *krb5_config, struct buffer *text)
{
	buffer_add_format(text,
			  "# Written by postern join for %s$@%s. Every key: postern.conf(5);\n"
			  "# after a change: postern check, then postern reload.\n\n",
			  join->name, join->realm);
	directory_text(join, krb5_config, text);
	server_text(join, "smtp \"Default SMTP Virtual Server\"",
		    "\tlisten \"*:25\" { tls = \"starttls\" }\n", "\"anonymous\", ", text);
	server_text(join, "smtp \"Submission\"",
		    "\tlisten \"*:587\" { tls = \"starttls\" }\n"
		    "\tlisten \"*:465\" { tls = \"implicit\" }\n",
		    "", text);
	server_text(join, "pop3",
		    "\tlisten \"*:110\" { tls = \"starttls\" }\n"
		    "\tlisten \"*:995\" { tls = \"implicit\" }\n",
		    "", text);
	buffer_add_text(text, "store {\n\troot = \"/var/lib/postern/mail\"\n"
			      "\tqueue = \"/var/lib/postern/queue\"\n}\n");
}

void join_smbconf_text(const struct join *join, struct buffer *text)
{
	/* One owner of the password: winbind must not change it behind the keytab's back. */
	buffer_add_format(text,
			  "[global]\n"
			  "\tworkgroup = %s\n\trealm = %s\n\tsecurity = ads\n\tnetbios name = %s\n"
			  "\tkerberos method = secrets only\n"
			  "\tkerberos encryption types = strong\n"
			  "\tmachine password timeout = 0\n"
			  "\tidmap config * : backend = tdb\n"
			  "\tidmap config * : range = 3000000-3999999\n",
			  join->facts.netbios, join->realm, join->name);
}

bool join_write_scratch(struct join *join)
{
	struct buffer text = BUFFER_EMPTY;
	char why[400];
	bool good;

	snprintf(join->scratch, sizeof(join->scratch), "%s/postern-join.XXXXXX",
		 geteuid() == 0 ? "/run" : "/tmp");
	if (!mkdtemp(join->scratch)) {
		join->scratch[0] = '\0';
		return join_fail("no folder can be made below /run: %s", strerror(errno));
	}
	snprintf(join->krb5, sizeof(join->krb5), "%s/krb5.conf", join->scratch);
	krb5_text(join, &text);
	good = join_write_new(join->krb5, 0600, buffer_span(&text));
	buffer_clear(&text);
	join_conf_text(join, join->krb5, &text);
	buffer_add(&text, "", 1);
	if (good)
		join->conf = conf_parse(join->file, buffer_bytes(&text), check_complain, NULL);
	buffer_clear(&text);
	if (!join->conf)
		return false;
	return directories_prepare(join->conf, why, sizeof(why)) || join_fail("%s", why);
}

void join_clear_scratch(struct join *join)
{
	static const char *const names[] = { "krb5.conf", "ticket", "keytab", "authority.pem" };
	char path[128];

	if (!join->scratch[0])
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", join->scratch, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(join->scratch);
}

static bool copy_file(const char *from, int to)
{
	char bytes[4096];
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t count = -1;

	while (fd >= 0 && (count = read(fd, bytes, sizeof(bytes))) > 0)
		if (!write_all(to, span_make(bytes, (size_t)count)))
			break;
	memory_wipe(bytes, sizeof(bytes));
	if (fd >= 0)
		close(fd);
	return count == 0;
}

bool join_write_keytab(struct join *join)
{
	char from[128], fresh[JOIN_PATH_SIZE + 8];
	const struct passwd *user = getpwnam("postern-dir");
	int fd;
	bool good;

	snprintf(from, sizeof(from), "%s/keytab", join->scratch);
	snprintf(fresh, sizeof(fresh), "%s.new", join->keytab);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	good = fd >= 0 && user && copy_file(from, fd) && fchown(fd, user->pw_uid, 0) == 0 &&
	       rename(fresh, join->keytab) == 0;
	if (!good)
		join_fail("keytab %s cannot be written: %s", join->keytab, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (good)
		join_step(join, "keytab", "%s, for the user postern-dir alone", join->keytab);
	return good;
}

static bool exists(const char *path)
{
	struct stat about;

	return lstat(path, &about) == 0;
}

static bool write_certificate(struct join *join)
{
	struct buffer certificate = BUFFER_EMPTY, key = BUFFER_EMPTY;
	const char *why = "";
	bool good;

	if (exists(join->certificate_path) || exists(join->key_path)) {
		join_step(join, "certificate", "%s is there and stays", join->certificate_path);
		return true;
	}
	if (!tls_make_self_signed(join->hosts, join->hosts_count, SELF_SIGNED_DAYS, &certificate,
				  &key, &why))
		return join_fail("no certificate can be made: %s", why);
	good = join_write_new(join->key_path, 0600, buffer_span(&key)) &&
	       join_write_new(join->certificate_path, 0644, buffer_span(&certificate));
	buffer_clear(&certificate);
	buffer_wipe(&key);
	if (good)
		join_step(join, "certificate",
			  "%s, self-signed: put one of your authority in its place, and its key in "
			  "%s",
			  join->certificate_path, join->key_path);
	return good;
}

static bool write_krb5(struct join *join, char path[JOIN_PATH_SIZE + 16])
{
	struct buffer text = BUFFER_EMPTY;
	bool good = true;

	snprintf(path, JOIN_PATH_SIZE + 16, "%s/krb5.conf", join->folder);
	krb5_text(join, &text);
	if (exists(path))
		join_step(join, "Kerberos", "%s is there and stays", path);
	else if ((good = join_write_new(path, 0644, buffer_span(&text))))
		join_step(join, "Kerberos", "%s, for our processes alone", path);
	buffer_clear(&text);
	return good;
}

bool join_write_files(struct join *join)
{
	struct buffer text = BUFFER_EMPTY;
	char krb5[JOIN_PATH_SIZE + 16];
	bool good = write_krb5(join, krb5) && write_certificate(join);

	join_conf_text(join, krb5, &text);
	if (!good) {
		buffer_clear(&text);
		return false;
	}
	if (exists(join->file)) {
		join_step(join, "configuration",
			  "%s is there and stays; what would have been written:", join->file);
		printf("\n%.*s\n", (int)buffer_used(&text), buffer_bytes(&text));
	} else if ((good = join_write_new(join->file, 0644, buffer_span(&text)))) {
		join_step(join, "configuration", "%s", join->file);
	}
	buffer_clear(&text);
	return good;
}
