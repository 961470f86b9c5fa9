/* SPDX-License-Identifier: ISC */
#include "auth/acceptors.h"

#include <errno.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "auth/mechanisms.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/keytab.h"

enum { LOOK_MS = 100 };

struct acceptor {
	const char *file;
	char name[64]; /* of the copy in memory */
	struct keytab_copy copy;
	struct timespec changed;
	ino_t inode;
};

struct acceptors {
	pthread_mutex_t lock;
	krb5_context context;
	unsigned reads;   /* for names */
	unsigned version; /* counts what was read, and is in force */
	atomic_uint waiters;
	unsigned waiters_max; /* a part of the threads that check passwords */
	size_t count;
	struct acceptor list[];
};

static bool has_changed(const struct acceptor *acceptor, struct stat *status)
{
	return stat(acceptor->file, status) == 0 &&
	       (status->st_ino != acceptor->inode ||
		status->st_mtim.tv_sec != acceptor->changed.tv_sec ||
		status->st_mtim.tv_nsec != acceptor->changed.tv_nsec);
}

/* The keys in force stay so when the new ones cannot be read. */
static bool load(struct acceptors *acceptors, struct acceptor *acceptor, const struct stat *status,
		 char *why, size_t size)
{
	struct keytab_copy copy = { 0 };
	char name[sizeof(acceptor->name)], what[220];
	krb5_error_code error;

	snprintf(name, sizeof(name), "postern-accept-%u", acceptors->reads++);
	error = keytab_copy(acceptors->context, acceptor->file, name, &copy);
	if (error) {
		snprintf(what, sizeof(what), "keytab %.200s", acceptor->file);
		keytab_explain(acceptors->context, error, what, why, size);
		keytab_copy_clear(acceptors->context, &copy);
		return false;
	}
	keytab_copy_clear(acceptors->context, &acceptor->copy);
	acceptor->copy = copy;
	memcpy(acceptor->name, name, sizeof(name));
	acceptors->version++;
	acceptor->changed = status->st_mtim;
	acceptor->inode = status->st_ino;
	return true;
}

/* Two directories may be read with one machine's keytab. */
static bool is_listed(const struct acceptors *acceptors, const char *file)
{
	for (size_t i = 0; i < acceptors->count; i++)
		if (strcmp(acceptors->list[i].file, file) == 0)
			return true;
	return false;
}

static bool add(struct acceptors *acceptors, const char *file, char *room, size_t size)
{
	struct acceptor *acceptor = &acceptors->list[acceptors->count];
	struct stat status;

	acceptor->file = file;
	if (stat(file, &status) < 0) {
		snprintf(room, size, "keytab %s: %s", file, strerror(errno));
		return false;
	}
	/* The times are taken before the octets: what changes in between is read once more. */
	if (!load(acceptors, acceptor, &status, room, size))
		return false;
	acceptors->count++;
	return true;
}

struct acceptors *acceptors_open(const struct conf *conf, char *room, size_t size)
{
	struct acceptors *acceptors = memory_new(
		sizeof(*acceptors) + conf->directories_count * sizeof(acceptors->list[0]));

	pthread_mutex_init(&acceptors->lock, NULL);
	if (krb5_init_context(&acceptors->context)) {
		snprintf(room, size, "Kerberos cannot be set up: check its configuration file");
		acceptors_free(acceptors);
		return NULL;
	}
	for (size_t i = 0; i < conf->directories_count; i++) {
		const char *file = conf->directories[i].keytab;

		acceptors->waiters_max += (conf->directories[i].password_checks + 3) / 4;
		if (file[0] && !is_listed(acceptors, file) && !add(acceptors, file, room, size)) {
			acceptors_free(acceptors);
			return NULL;
		}
	}
	return acceptors;
}

void acceptors_free(struct acceptors *acceptors)
{
	if (!acceptors)
		return;
	for (size_t i = 0; i < acceptors->count; i++)
		keytab_copy_clear(acceptors->context, &acceptors->list[i].copy);
	if (acceptors->context)
		krb5_free_context(acceptors->context);
	pthread_mutex_destroy(&acceptors->lock);
	free(acceptors);
}

size_t acceptors_count(const struct acceptors *acceptors)
{
	return acceptors->count;
}

const char *acceptors_keytab(const struct acceptors *acceptors, size_t index)
{
	return acceptors->list[index].file;
}

/* gss-ntlmssp makes nothing of a credential store, so that the keytab is told to Kerberos
 * beforehand. */
static OM_uint32 acquire_with_ntlm(OM_uint32 *minor, const char *keytab, gss_OID_set mechanisms,
				   gss_cred_id_t *credential)
{
	OM_uint32 major = krb5_gss_register_acceptor_identity(keytab);

	if (GSS_ERROR(major))
		return major;
	return gss_acquire_cred(minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, mechanisms, GSS_C_ACCEPT,
				credential, NULL, NULL);
}

/* With the lock held. What /etc/gss/mech.d adds to the machine is not thereby let in here. */
static OM_uint32 acquire(OM_uint32 *minor, const char *keytab, unsigned bits,
			 gss_cred_id_t *credential)
{
	gss_OID_desc list[] = { *mechanism_spnego, *mechanism_krb5, *mechanism_ntlm };
	size_t count = bits & ACCEPT_NTLM ? 3 : 2;
	gss_OID_set_desc mechanisms = { count, list }, negotiable = { count - 1, list + 1 };
	gss_key_value_element_desc elements[] = { { "keytab", keytab }, { "rcache", "none:" } };
	gss_key_value_set_desc store = { bits & ACCEPT_UNRECORDED ? 2 : 1, elements };
	OM_uint32 major;

	*minor = 0;
	if (bits & ACCEPT_NTLM)
		major = acquire_with_ntlm(minor, keytab, &mechanisms, credential);
	else
		major = gss_acquire_cred_from(minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms,
					      GSS_C_ACCEPT, &store, credential, NULL, NULL);
	if (!GSS_ERROR(major))
		major = gss_set_neg_mechs(minor, *credential, &negotiable);
	return major;
}

bool acceptors_credential(struct acceptors *acceptors, size_t index, unsigned bits,
			  gss_cred_id_t *credential, char *why, size_t size)
{
	OM_uint32 major, minor, ignored;
	char keytab[80];

	*credential = GSS_C_NO_CREDENTIAL;
	/* The copy must not go while its name is being resolved. */
	pthread_mutex_lock(&acceptors->lock);
	snprintf(keytab, sizeof(keytab), "MEMORY:%s", acceptors->list[index].name);
	major = acquire(&minor, keytab, bits, credential);
	pthread_mutex_unlock(&acceptors->lock);
	if (!GSS_ERROR(major))
		return true;
	mechanism_error_text(mechanism_krb5, major, minor, why, size);
	gss_release_cred(&ignored, credential);
	return false;
}

/* Reads again what has changed. The version of the keys in force. */
static unsigned look(struct acceptors *acceptors)
{
	unsigned version;

	pthread_mutex_lock(&acceptors->lock);
	for (size_t i = 0; i < acceptors->count; i++) {
		struct acceptor *acceptor = &acceptors->list[i];
		struct stat status;
		char why[400];

		if (!has_changed(acceptor, &status))
			continue;
		if (load(acceptors, acceptor, &status, why, sizeof(why)))
			log_info("auth.keytab", LOG_TEXT("file", acceptor->file),
				 LOG_TEXT("cause", "changed, read again"));
		else
			log_warning("auth.keytab", LOG_TEXT("cause", why));
	}
	version = acceptors->version;
	pthread_mutex_unlock(&acceptors->lock);
	return version;
}

unsigned acceptors_version(struct acceptors *acceptors)
{
	unsigned version;

	pthread_mutex_lock(&acceptors->lock);
	version = acceptors->version;
	pthread_mutex_unlock(&acceptors->lock);
	return version;
}

bool acceptors_renew(struct acceptors *acceptors, unsigned version, int64_t deadline)
{
	static const struct timespec moment = { 0, LOOK_MS * 1000000L };
	bool renewed = look(acceptors) != version;

	/* Strangers may send tickets that are for nobody: they do not hold all threads. */
	if (atomic_fetch_add(&acceptors->waiters, 1) < acceptors->waiters_max)
		while (!renewed && clock_ms() < deadline) {
			nanosleep(&moment, NULL);
			renewed = look(acceptors) != version;
		}
	atomic_fetch_sub(&acceptors->waiters, 1);
	return renewed;
}
