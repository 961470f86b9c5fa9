/* SPDX-License-Identifier: ISC */
/* What only the machine can tell: files, users, and what stands in the files beside this one. */
#include "conf/conf_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define SECRET_MAX 65536 /* octets of a password file or a keytab */

void conf_machine_tell(struct conf_machine *machine, unsigned begins, const char *key,
		       const char *format, ...)
{
	const struct conf *conf = machine->conf;
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	if (strncmp(text, "warning:", 8) != 0)
		machine->failed = true;
	machine->complain(machine->context, conf->file, conf_lines_find(conf->lines, begins, key),
			  text);
}

static char *read_all(int fd, size_t most, size_t *length)
{
	char *bytes = memory_new(most + 2);
	ssize_t got;

	*length = 0;
	do {
		got = read(fd, bytes + *length, most + 1 - *length);
		*length += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got == 0 && *length <= most)
		return bytes;
	memory_wipe(bytes, *length);
	free(bytes);
	return NULL;
}

char *conf_machine_file(struct conf_machine *machine, unsigned begins, const char *key,
			const char *path, bool secret, size_t most, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat about;
	char *bytes;

	if (fd < 0 || fstat(fd, &about) != 0) {
		conf_machine_tell(machine, begins, key, "%s \"%s\" cannot be read (%s): %s", key,
				  path, strerror(errno),
				  errno == EACCES ? "change its owner or mode, or run this as root"
						  : "make it, or correct the path");
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	bytes = S_ISREG(about.st_mode) ? read_all(fd, most, length) : NULL;
	(void)close(fd);
	if (!bytes)
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" is no file of at most %zu octets: correct the path",
				  key, path, most);
	if (secret && S_ISREG(about.st_mode) && (about.st_mode & (S_IROTH | S_IWOTH)))
		conf_machine_tell(machine, begins, key,
				  "%s \"%s\" is open to everybody (mode %03o): run chmod 600 %s",
				  key, path, about.st_mode & 0777U, path);
	return bytes;
}

static void check_keytab(struct conf_machine *machine, const struct conf_directory *directory)
{
	size_t length;
	char *bytes = conf_machine_file(machine, directory->line, "keytab", directory->keytab, true,
					SECRET_MAX, &length);
	const char *wrong;

	if (!bytes)
		return;
	wrong = conf_keytab_wrong(bytes, length);
	if (wrong)
		conf_machine_tell(machine, directory->line, "keytab", "keytab \"%s\" %s",
				  directory->keytab, wrong);
	memory_wipe(bytes, length);
	free(bytes);
}

static void check_password_file(struct conf_machine *machine,
				const struct conf_directory *directory)
{
	size_t length;
	char *bytes = conf_machine_file(machine, directory->line, "password_file",
					directory->password_file, true, SECRET_MAX, &length);

	if (!bytes)
		return;
	/* A simple bind with an empty password succeeds as nobody (RFC 4513 section 5.1.2). */
	if (length == 0 || bytes[0] == '\n' || bytes[0] == '\r')
		conf_machine_tell(
			machine, directory->line, "password_file",
			"password_file \"%s\" has an empty first line: write the password "
			"of bind_dn there",
			directory->password_file);
	memory_wipe(bytes, length);
	free(bytes);
}

static void check_directory(struct conf_machine *machine, const struct conf_directory *directory)
{
	size_t length;

	if (*directory->keytab)
		check_keytab(machine, directory);
	if (directory->bind == CONF_BIND_SIMPLE)
		check_password_file(machine, directory);
	/* Files that the libraries of the directory role open, which is not root then. */
	if (*directory->krb5_config) {
		free(conf_machine_file(machine, directory->line, "krb5_config",
				       directory->krb5_config, false, SECRET_MAX, &length));
		conf_machine_readable(machine, directory->line, "krb5_config",
				      directory->krb5_config, "dir");
	}
	if (*directory->tls_ca) {
		conf_machine_authorities(machine, directory->line, "tls_ca", directory->tls_ca);
		conf_machine_readable(machine, directory->line, "tls_ca", directory->tls_ca, "dir");
	}
}

static void check_log(struct conf_machine *machine, const struct conf_log *log)
{
	char *folder = memory_text(log->file), *slash = strrchr(folder, '/');
	struct stat about;

	if (log->to == CONF_LOG_FILE && slash) {
		slash[slash == folder] = '\0';
		if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
			conf_machine_tell(
				machine, log->line, "file",
				"file \"%s\": \"%s\" is no directory: make it, or correct "
				"the path",
				log->file, folder);
		else if (stat(log->file, &about) == 0 && S_ISDIR(about.st_mode))
			conf_machine_tell(
				machine, log->line, "file",
				"file \"%s\" is a directory: write the name of a file in it",
				log->file);
	}
	free(folder);
}

static bool offers_tls(const struct conf_listen *listens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (listens[i].tls != CONF_TLS_NONE)
			return true;
	return false;
}

/* Whom winbind lets ask whether a response is right. */
static void check_winbind(struct conf_machine *machine)
{
	if (conf_uses_ntlm(machine->conf) && !getgrnam("winbindd_priv"))
		conf_machine_tell(
			machine, 0, "smtp",
			"authentication \"ntlm\" needs winbind, and there is no group "
			"winbindd_priv: install winbind and gss-ntlmssp, and join the domain");
}

static void check_client_ca(struct conf_machine *machine, unsigned begins,
			    const struct conf_methods *methods)
{
	if (*methods->client_ca)
		conf_machine_authorities(machine, begins, "client_ca", methods->client_ca);
}

bool conf_check_machine(const struct conf *conf, conf_complain complain, void *context)
{
	struct conf_machine machine = { .conf = conf, .complain = complain, .context = context };
	const struct conf_pop3 *pop3 = &conf->pop3;

	conf_machine_users(&machine);
	check_winbind(&machine);
	for (size_t i = 0; conf->method == CONF_METHOD_DIRECTORY && i < conf->directories_count; i++)
		check_directory(&machine, &conf->directories[i]);
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_smtp *smtp = &conf->smtps[i];

		if (offers_tls(smtp->listens, smtp->listens_count))
			conf_machine_certificate(&machine, smtp->line, smtp->certificate, smtp->key,
						 smtp->fqdn);
		check_client_ca(&machine, smtp->line, &smtp->methods);
	}
	if (pop3->enabled)
		check_client_ca(&machine, pop3->line, &pop3->methods);
	if (pop3->enabled && offers_tls(pop3->listens, pop3->listens_count))
		conf_machine_certificate(&machine, pop3->line, pop3->certificate, pop3->key,
					 pop3->fqdn);
	(void)conf_machine_writable(&machine, 0, "run", conf->run);
	conf_machine_store(&machine, &conf->store);
	conf_machine_outbound(&machine);
	check_log(&machine, &conf->log);
	return !machine.failed;
}
