/* SPDX-License-Identifier: ISC */
/* Of what goes out, what only the machine can tell: secrets, authorities, directories. */
#include "conf/conf_private.h"
#include "conf/conf_templates.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "mail/report.h"
#include "mail/warning.h"

#define SECRET_MAX 65536

/* The user of a role, when we are root and may ask; NULL. */
static const struct passwd *role_user_of(const struct conf_machine *machine, const char *role)
{
	char *name = memory_format("%s-%s", machine->conf->user_prefix, role);
	const struct passwd *user = geteuid() == 0 ? getpwnam(name) : NULL;

	free(name);
	return user;
}

void conf_machine_readable(struct conf_machine *machine, unsigned begins, const char *key,
			   const char *path, const char *role)
{
	const struct passwd *user = role_user_of(machine, role);

	if (user && !conf_user_may(user, path, R_OK))
		conf_machine_tell(
			machine, begins, key,
			"%s \"%s\" cannot be read by user %s: run chmod o+r on it and o+x "
			"on the directories above it",
			key, path, user->pw_name);
}

/* Only root and the directory role have business with it. */
static void check_closed(struct conf_machine *machine, unsigned begins, const char *key,
			 const char *path)
{
	static const char *const others[] = { "front", "store", "relay", "resolver" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const struct passwd *user = role_user_of(machine, others[i]);

		if (!user || access(path, R_OK) != 0 || !conf_user_may(user, path, R_OK))
			continue;
		conf_machine_tell(
			machine, begins, key,
			"%s \"%s\" can be read by user %s: run chown root %s and chmod 600 %s", key,
			path, user->pw_name, path, path);
		return;
	}
}

void conf_machine_secret(struct conf_machine *machine, unsigned begins, const char *key,
			 const char *path)
{
	size_t length;
	char *bytes = conf_machine_file(machine, begins, key, path, true, SECRET_MAX, &length);
	struct stat about;

	if (!bytes)
		return;
	if (length == 0 || bytes[0] == '\n' || bytes[0] == '\r')
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" has an empty first line: write the secret there", key,
				  path);
	else if (stat(path, &about) == 0 && !(about.st_mode & (S_IROTH | S_IWOTH)))
		check_closed(machine, begins, key, path);
	memory_wipe(bytes, length);
	free(bytes);
}

static void check_login(struct conf_machine *machine, unsigned begins,
			const struct conf_login *login)
{
	if (*login->password_file)
		conf_machine_secret(machine, begins, "password_file", login->password_file);
	if (*login->client_secret_file)
		conf_machine_secret(machine, begins, "client_secret_file",
				    login->client_secret_file);
	if (*login->refresh_token_file)
		conf_machine_secret(machine, begins, "refresh_token_file",
				    login->refresh_token_file);
	if (!*login->token_ca)
		return;
	conf_machine_authorities(machine, begins, "token_ca", login->token_ca);
	conf_machine_readable(machine, begins, "token_ca", login->token_ca, "dir");
}

static void check_authorities(struct conf_machine *machine, unsigned begins, const char *path)
{
	if (!*path)
		return;
	conf_machine_authorities(machine, begins, "tls_ca", path);
	conf_machine_readable(machine, begins, "tls_ca", path, "relay");
}

/* A directory that people or other programs have to do with: it is there, and the store gets at it.
 */
static bool check_folder(struct conf_machine *machine, unsigned begins, const char *key,
			 const char *path, int mode)
{
	const struct passwd *user = role_user_of(machine, "store");
	struct stat about;

	if (!*path)
		return false;
	errno = ENOTDIR;
	if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" is not there (%s): run install -d -o %s-store \"%s\", "
				  "or correct the path",
				  key, path, strerror(errno), machine->conf->user_prefix, path);
		return false;
	}
	if (user ? !conf_user_may(user, path, mode) : geteuid() != 0 && access(path, mode) != 0) {
		conf_machine_tell(
			machine, begins, key,
			"%s \"%s\" may not be %s by user %s: change its owner or mode, and "
			"let the user pass through the directories above it",
			key, path, mode & W_OK ? "written to" : "read",
			user ? user->pw_name : "of this process");
		return false;
	}
	return true;
}

/* What the store links or renames cannot cross file systems. */
static void check_same(struct conf_machine *machine, unsigned begins, const char *key,
		       const char *path, const char *other_key, const char *other)
{
	char *existing = conf_machine_existing(other);
	struct stat a, b;

	if (stat(path, &a) == 0 && stat(existing, &b) == 0 && a.st_dev != b.st_dev)
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" and %s \"%s\" lie on different file systems: choose a "
				  "directory on that of %s",
				  key, path, other_key, other, other_key);
	free(existing);
}

static void check_pickup(struct conf_machine *machine, const struct conf_outbound *out)
{
	struct stat about;

	if (!check_folder(machine, out->line, "pickup", out->pickup, R_OK | W_OK | X_OK))
		return;
	if (stat(out->pickup, &about) == 0 && (about.st_mode & S_IWOTH))
		conf_machine_tell(
			machine, out->line, "pickup",
			"warning: pickup \"%s\" may be written to by everybody on this "
			"machine, who can then send to anybody: run chmod o-w %s, and let a "
			"group in",
			out->pickup, out->pickup);
}

static void check_templates(struct conf_machine *machine, const struct conf_outbound *out)
{
	char why[CONF_TEMPLATES_WHY_SIZE] = "";
	struct report_template *template;

	if (!check_folder(machine, out->line, "templates", out->templates, R_OK | X_OK))
		return;
	template = conf_templates_read(out->templates, why);
	if (template == NULL)
		conf_machine_tell(machine, out->line, "templates",
				  "templates: %s; postern.conf(5) has the form under REPORTS", why);
	report_template_free(template);
}

static void check_outbound(struct conf_machine *machine, const struct conf_outbound *out)
{
	int all = R_OK | W_OK | X_OK;

	check_login(machine, out->line, &out->login);
	check_authorities(machine, out->line, out->tls_ca);
	check_pickup(machine, out);
	if (check_folder(machine, out->line, "badmail", out->badmail, all))
		check_same(machine, out->line, "badmail", out->badmail, "queue",
			   machine->conf->store.queue);
	check_templates(machine, out);
}

static void check_proxy(struct conf_machine *machine)
{
	const struct conf_proxy *proxy = &machine->conf->proxy;

	check_login(machine, proxy->line, &proxy->login);
	if (!*proxy->tls_ca)
		return;
	conf_machine_authorities(machine, proxy->line, "tls_ca", proxy->tls_ca);
	conf_machine_readable(machine, proxy->line, "tls_ca", proxy->tls_ca, "front");
}

static void check_quota_template(struct conf_machine *machine)
{
	const struct conf_quotas *quotas = &machine->conf->quotas;
	const char *why;
	char *text = NULL;
	unsigned line = 0;
	size_t length;

	if (*quotas->template)
		text = conf_machine_file(machine, quotas->line, "template", quotas->template, false,
					 SECRET_MAX, &length);
	why = text ? warning_template_fault(span_make(text, length), &line) : NULL;
	if (why)
		conf_machine_tell(machine, quotas->line, "template", "%s:%u: %s", quotas->template,
				  line, why);
	free(text);
}

static void check_trust_anchor(struct conf_machine *machine)
{
	const char *path = machine->conf->dns_trust_anchor;
	size_t length;

	if (!*path)
		return;
	free(conf_machine_file(machine, 0, "dns_trust_anchor", path, false, SECRET_MAX, &length));
	conf_machine_readable(machine, 0, "dns_trust_anchor", path, "resolver");
}

void conf_machine_outbound(struct conf_machine *machine)
{
	const struct conf *conf = machine->conf;

	for (size_t i = 0; i < conf->smtps_count; i++)
		check_outbound(machine, &conf->smtps[i].outbound);
	for (size_t i = 0; i < conf->remotes_count; i++) {
		check_login(machine, conf->remotes[i].line, &conf->remotes[i].login);
		check_authorities(machine, conf->remotes[i].line, conf->remotes[i].tls_ca);
	}
	for (size_t i = 0; i < conf->domains_count; i++) {
		const struct conf_domain *domain = &conf->domains[i];

		if (check_folder(machine, domain->line, "drop", domain->drop, R_OK | W_OK | X_OK))
			check_same(machine, domain->line, "drop", domain->drop, "root",
				   conf->store.root);
	}
	check_proxy(machine);
	check_quota_template(machine);
	check_trust_anchor(machine);
}
