/* SPDX-License-Identifier: ISC */
#include "directory/credentials.h"

#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/keytab.h"

/* Seconds: what a ticket must last to be kept when no new one is given; until the next attempt. */
enum { TICKET_REST = 10, TICKET_RETRY = 15 };

struct credentials {
	const struct conf_directory *conf;
	const char *purpose;
	krb5_context context;
	krb5_keytab keytab; /* MEMORY: */
	krb5_principal principal;
	char *principal_text;
	char *cache_name;
	krb5_ccache cache;
	int64_t renew;  /* unix seconds */
	int64_t end;    /* of the ticket in the cache, unix seconds; 0 = there is none of use */
	unsigned reads; /* of the keytab, for its name in memory */
};

/* The principal to be: the configured one, which must be in the keytab, or the chosen one. */
static krb5_error_code decide_principal(struct credentials *credentials,
					const struct keytab_copy *copy)
{
	krb5_context context = credentials->context;
	krb5_principal wanted = NULL;
	krb5_keytab_entry entry;
	krb5_error_code error;

	if (credentials->conf->principal[0])
		error = krb5_parse_name(context, credentials->conf->principal, &wanted);
	else
		error = krb5_copy_principal(context, copy->chosen, &wanted);
	if (!error)
		error = krb5_kt_get_entry(context, copy->memory, wanted, 0, 0, &entry);
	if (error) {
		krb5_free_principal(context, wanted);
		return error;
	}
	krb5_free_keytab_entry_contents(context, &entry);
	krb5_free_principal(context, credentials->principal);
	credentials->principal = wanted;
	return 0;
}

static bool load_keytab(struct credentials *credentials, char *why, size_t size)
{
	struct keytab_copy copy = { 0 };
	char name[300];
	krb5_error_code error;

	snprintf(name, sizeof(name), "postern-%s-%s-%u", credentials->purpose,
		 credentials->conf->name, credentials->reads++);
	error = keytab_copy(credentials->context, credentials->conf->keytab, name, &copy);
	if (!error)
		error = decide_principal(credentials, &copy);
	if (error == KRB5_KT_NOTFOUND && credentials->conf->principal[0])
		snprintf(why, size,
			 "keytab \"%s\" has no key of principal \"%s\": correct one of them",
			 credentials->conf->keytab, credentials->conf->principal);
	else if (error)
		keytab_explain(credentials->context, error, credentials->conf->keytab, why, size);
	if (error) {
		keytab_copy_clear(credentials->context, &copy);
		return false;
	}
	if (copy.strong == 0)
		log_warning("directory.keytab", LOG_TEXT("directory", credentials->conf->name),
			    LOG_TEXT("keytab", credentials->conf->keytab),
			    LOG_TEXT("cause", "only RC4 keys, which domain controllers refuse from "
					      "2026 on: export AES keys"));
	krb5_free_principal(credentials->context, copy.chosen);
	if (credentials->keytab)
		krb5_kt_close(credentials->context, credentials->keytab);
	credentials->keytab = copy.memory;
	return true;
}

struct credentials *credentials_open(const struct conf_directory *conf, const char *purpose,
				     char *room, size_t size)
{
	struct credentials *credentials = memory_new(sizeof(*credentials));
	krb5_error_code error;
	char *text = NULL;

	credentials->conf = conf;
	credentials->purpose = purpose;
	error = krb5_init_context(&credentials->context);
	if (error) {
		snprintf(room, size, "Kerberos cannot be set up: check its configuration file");
		goto fail;
	}
	if (!load_keytab(credentials, room, size))
		goto fail;
	error = krb5_unparse_name(credentials->context, credentials->principal, &text);
	if (!error) {
		credentials->principal_text = memory_text(text);
		krb5_free_unparsed_name(credentials->context, text);
		credentials->cache_name = memory_format("MEMORY:postern-%s-%s", purpose, conf->name);
		error = krb5_cc_resolve(credentials->context, credentials->cache_name,
					&credentials->cache);
	}
	if (!error)
		return credentials;
	keytab_explain(credentials->context, error, "Kerberos", room, size);
fail:
	credentials_close(credentials);
	return NULL;
}

void credentials_close(struct credentials *credentials)
{
	if (!credentials)
		return;
	if (credentials->cache)
		krb5_cc_destroy(credentials->context, credentials->cache);
	if (credentials->keytab)
		krb5_kt_close(credentials->context, credentials->keytab);
	if (credentials->context) {
		krb5_free_principal(credentials->context, credentials->principal);
		krb5_free_context(credentials->context);
	}
	free(credentials->principal_text);
	free(credentials->cache_name);
	free(credentials);
}

static krb5_error_code fetch_ticket(struct credentials *credentials, krb5_keytab keytab)
{
	krb5_context context = credentials->context;
	krb5_get_init_creds_opt *options = NULL;
	krb5_creds creds = { 0 };
	krb5_error_code error = krb5_get_init_creds_opt_alloc(context, &options);

	if (error)
		return error;
	krb5_get_init_creds_opt_set_forwardable(options, 0);
	error = krb5_get_init_creds_keytab(context, &creds, credentials->principal, keytab, 0, NULL,
					   options);
	krb5_get_init_creds_opt_free(context, options);
	if (error)
		return error;
	error = krb5_cc_initialize(context, credentials->cache, credentials->principal);
	if (!error)
		error = krb5_cc_store_cred(context, credentials->cache, &creds);
	if (!error) {
		int64_t now = clock_unix();

		credentials->end = (int64_t)(uint32_t)creds.times.endtime;
		credentials->renew = now + (credentials->end - now) * 2 / 3;
	}
	krb5_free_cred_contents(context, &creds);
	return error;
}

/* A key the KDC no longer knows: rotated by whoever owns the account. */
static bool is_stale_key(krb5_error_code error)
{
	return error == KRB5KDC_ERR_PREAUTH_FAILED || error == KRB5_KT_KVNONOTFOUND ||
	       error == KRB5_KT_NOTFOUND || error == KRB5KRB_AP_ERR_BAD_INTEGRITY;
}

static const char *advice(krb5_error_code error)
{
	switch (error) {
	case KRB5KDC_ERR_PREAUTH_FAILED:
	case KRB5KRB_AP_ERR_BAD_INTEGRITY:
		return ": the keytab's key is not the account's: export it again";
	case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN:
		return ": correct principal, or export the keytab again";
	case KRB5_REALM_UNKNOWN:
	case KRB5_REALM_CANT_RESOLVE:
		return ": is this the right keytab, and does the DNS or krb5_config know that "
		       "realm?";
	case KRB5KRB_AP_ERR_SKEW:
		return ": set the clock";
	default:
		return "";
	}
}

static bool tell_ticket(struct credentials *credentials, krb5_error_code error, char *why,
			size_t size)
{
	char text[200];

	keytab_explain(credentials->context, error, credentials->principal_text, text, sizeof(text));
	snprintf(why, size, "Kerberos ticket for %s%s", text, advice(error));
	return false;
}

/* A rotation reaches one controller after the other: some still want the key before. */
static krb5_error_code fetch_with_older(struct credentials *credentials, krb5_error_code so_far)
{
	krb5_keytab older;

	if (keytab_older(credentials->context, credentials->keytab, credentials->principal,
			 &older) != 0)
		return so_far;
	if (fetch_ticket(credentials, older) == 0)
		so_far = 0;
	krb5_kt_close(credentials->context, older);
	return so_far;
}

static bool renew_ticket(struct credentials *credentials, char *why, size_t size)
{
	krb5_error_code error = fetch_ticket(credentials, credentials->keytab);

	if (is_stale_key(error) && load_keytab(credentials, why, size))
		error = fetch_ticket(credentials, credentials->keytab);
	if (is_stale_key(error))
		error = fetch_with_older(credentials, error);
	if (!error)
		return true;
	tell_ticket(credentials, error, why, size);
	if (clock_unix() + TICKET_REST >= credentials->end)
		return false;
	/* The one that is there still serves. */
	credentials->renew = clock_unix() + TICKET_RETRY;
	log_warning("directory.ticket", LOG_TEXT("directory", credentials->conf->name),
		    LOG_TEXT("cause", why));
	return true;
}

bool credentials_use(struct credentials *credentials, char *why, size_t size)
{
	OM_uint32 minor;

	if (clock_unix() >= credentials->renew && !renew_ticket(credentials, why, size))
		return false;
	if (GSS_ERROR(gss_krb5_ccache_name(&minor, credentials->cache_name, NULL))) {
		snprintf(why, size, "GSSAPI does not take the ticket cache");
		return false;
	}
	return true;
}

void credentials_forget(struct credentials *credentials)
{
	credentials->renew = credentials->end = 0;
}

const char *credentials_principal(const struct credentials *credentials)
{
	return credentials->principal_text;
}
