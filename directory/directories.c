/* SPDX-License-Identifier: ISC */
#include "directory/directories.h"

#include <ldap.h>
#include <sasl/sasl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directory.h"

struct directories {
	struct directory **list;
	size_t count;
	struct watchdog *watchdog;
};

/* MIT Kerberos reads a list of files with colons between; all directories share the process. */
static void set_krb5_config(const struct conf *conf)
{
	struct buffer files = BUFFER_EMPTY;

	for (size_t i = 0; i < conf->directories_count; i++) {
		const char *file = conf->directories[i].krb5_config;

		if (!file[0])
			continue;
		if (buffer_used(&files))
			buffer_add_text(&files, ":");
		buffer_add_text(&files, file);
	}
	buffer_add(&files, "", 1);
	if (buffer_bytes(&files)[0])
		setenv("KRB5_CONFIG", buffer_bytes(&files), 1);
	buffer_clear(&files);
}

/*
 * Both libraries set themselves up at first use, which is not safe with threads
 * about; and libldap would read the machine's, the user's and the working
 * directory's ldaprc.
 */
bool directories_prepare(const struct conf *conf, char *room, size_t size)
{
	static const int client = 0;
	LDAP *ldap = NULL;

	setenv("LDAPNOINIT", "1", 1);
	set_krb5_config(conf);
	signal(SIGPIPE, SIG_IGN); /* libldap writes to sockets whose peer may be gone */
	if (ldap_initialize(&ldap, "ldap://localhost") == LDAP_SUCCESS &&
	    ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_OPT_SUCCESS &&
	    sasl_client_init(NULL) == SASL_OK) {
		(void)ldap_unbind_ext_s(ldap, NULL, NULL);
		return true;
	}
	snprintf(room, size, "the LDAP or SASL library cannot be set up");
	if (ldap)
		(void)ldap_unbind_ext_s(ldap, NULL, NULL);
	return false;
}

struct directories *directories_open(const struct conf *conf, char *room, size_t size)
{
	struct directories *directories;

	if (!directories_prepare(conf, room, size))
		return NULL;
	directories = memory_new(sizeof(*directories));
	directories->list = memory_array(conf->directories_count, sizeof(*directories->list));
	for (size_t i = 0; i < conf->directories_count; i++) {
		struct directory *directory =
			directory_open(conf, &conf->directories[i], room, size);

		if (!directory) {
			directories_close(directories);
			return NULL;
		}
		directories->list[directories->count++] = directory;
	}
	return directories;
}

void directories_start(struct directories *directories)
{
	directories->watchdog = watchdog_new();
	for (size_t i = 0; i < directories->count; i++)
		directory_start(directories->list[i], directories->watchdog);
}

void directories_set_prover(struct directories *directories, const struct directory_prover *prover)
{
	for (size_t i = 0; i < directories->count; i++)
		directory_set_prover(directories->list[i], prover);
}

void directories_close(struct directories *directories)
{
	if (!directories)
		return;
	for (size_t i = 0; i < directories->count; i++)
		directory_close(directories->list[i]);
	watchdog_free(directories->watchdog);
	free(directories->list);
	free(directories);
}

struct directory *directories_find(struct directories *directories,
				   const struct conf_directory *conf)
{
	for (size_t i = 0; i < directories->count; i++)
		if (directory_conf(directories->list[i]) == conf)
			return directories->list[i];
	return NULL;
}
