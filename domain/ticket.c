/* SPDX-License-Identifier: ISC */
#include "domain/ticket.h"

#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

static const struct {
	krb5_error_code error;
	const char *text;
} remedies[] = {
	{ KRB5KDC_ERR_PREAUTH_FAILED,
	  "wrong password: try again (too many tries lock the account)" },
	{ KRB5KRB_AP_ERR_BAD_INTEGRITY,
	  "wrong password: try again (too many tries lock the account)" },
	{ KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,
	  "the domain has no such account: correct the name (-U)" },
	{ KRB5KDC_ERR_CLIENT_REVOKED,
	  "the account is disabled, locked or expired: use another (-U)" },
	{ KRB5KDC_ERR_KEY_EXP, "the password has expired: change it, then try again" },
	{ KRB5KRB_AP_ERR_SKEW,
	  "this machine's clock is wrong: set it (timedatectl set-ntp true), then try again" },
	{ KRB5_KDC_UNREACH,
	  "no KDC answers: is port 88 (TCP and UDP) open from here to the controllers?" },
	{ KRB5_REALM_UNKNOWN, "no KDC is found: let the DNS answer _kerberos._tcp of the domain" },
	{ KRB5_REALM_CANT_RESOLVE,
	  "no KDC is found: let this machine ask the domain's DNS servers (/etc/resolv.conf)" },
	{ KRB5_PREAUTH_FAILED, "there is no key of the kind that the KDC wants" },
	{ KRB5KDC_ERR_ETYPE_NOSUPP,
	  "the account has no AES keys: change its password once, then try again" },
};

static bool explain(krb5_context context, krb5_error_code error, const char *who, char *why,
		    size_t size)
{
	const char *text;

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (remedies[i].error == error) {
			snprintf(why, size, "%s: %s", who, remedies[i].text);
			return false;
		}
	}
	text = context ? krb5_get_error_message(context, error) : NULL;
	snprintf(why, size, "%s: %s", who, text ? text : "Kerberos cannot be set up");
	if (context)
		krb5_free_error_message(context, text);
	return false;
}

static krb5_error_code store(krb5_context context, const char *cache_name, krb5_principal principal,
			     krb5_creds *creds)
{
	krb5_ccache cache = NULL;
	krb5_error_code error = krb5_cc_resolve(context, cache_name, &cache);

	if (error)
		return error;
	error = krb5_cc_initialize(context, cache, principal);
	if (!error)
		error = krb5_cc_store_cred(context, cache, creds);
	krb5_cc_close(context, cache);
	return error;
}

static krb5_error_code ask(krb5_context context, krb5_principal principal, const char *password,
			   const char *cache_name)
{
	krb5_get_init_creds_opt *options = NULL;
	krb5_creds creds = { 0 };
	krb5_error_code error = krb5_get_init_creds_opt_alloc(context, &options);

	if (error)
		return error;
	krb5_get_init_creds_opt_set_forwardable(options, 0);
	/* Never into a dialogue about a new password. */
	krb5_get_init_creds_opt_set_change_password_prompt(options, 0);
	error = krb5_get_init_creds_password(context, &creds, principal, password, NULL, NULL, 0,
					     NULL, options);
	if (!error) {
		error = store(context, cache_name, principal, &creds);
		krb5_free_cred_contents(context, &creds);
	}
	krb5_get_init_creds_opt_free(context, options);
	return error;
}

bool ticket_get(const char *principal, struct span password, const char *cache,
		struct ticket *ticket, char *why, size_t size)
{
	krb5_context context = NULL;
	krb5_principal parsed = NULL;
	char *secret = memory_text_n(password.at, password.length);
	krb5_error_code error = krb5_init_context(&context);

	if (!error)
		error = krb5_parse_name(context, principal, &parsed);
	if (!error)
		error = ask(context, parsed, secret, cache);
	memory_wipe(secret, password.length);
	free(secret);
	if (error)
		explain(context, error, principal, why, size);
	if (context) {
		krb5_free_principal(context, parsed);
		krb5_free_context(context);
	}
	snprintf(ticket->cache, sizeof(ticket->cache), "%s", cache);
	snprintf(ticket->principal, sizeof(ticket->principal), "%s", principal);
	return !error;
}

/* The cache has a ticket-granting ticket of its own realm that lasts a few minutes more. */
static bool is_good(krb5_context context, krb5_ccache cache, krb5_principal principal)
{
	krb5_creds wanted = { .client = principal }, found = { 0 };
	const krb5_data *realm = &principal->realm;
	bool good = krb5_build_principal_ext(context, &wanted.server, realm->length, realm->data, 6,
					     "krbtgt", realm->length, realm->data, 0) == 0 &&
		    krb5_cc_retrieve_cred(context, cache, 0, &wanted, &found) == 0;

	if (good) {
		good = (int64_t)(uint32_t)found.times.endtime > clock_unix() + 120;
		krb5_free_cred_contents(context, &found);
	}
	krb5_free_principal(context, wanted.server);
	return good;
}

static bool describe(krb5_context context, krb5_ccache cache, krb5_principal principal,
		     struct ticket *ticket)
{
	char *full = NULL, *name = NULL;
	bool told = krb5_cc_get_full_name(context, cache, &full) == 0 &&
		    krb5_unparse_name(context, principal, &name) == 0;

	if (told) {
		snprintf(ticket->cache, sizeof(ticket->cache), "%s", full);
		snprintf(ticket->principal, sizeof(ticket->principal), "%s", name);
	}
	krb5_free_string(context, full);
	krb5_free_unparsed_name(context, name);
	return told;
}

bool ticket_find(const char *realm, struct ticket *ticket)
{
	krb5_context context = NULL;
	krb5_ccache cache = NULL;
	krb5_principal principal = NULL;
	bool found = krb5_init_context(&context) == 0 && krb5_cc_default(context, &cache) == 0 &&
		     krb5_cc_get_principal(context, cache, &principal) == 0 &&
		     span_is(span_make(principal->realm.data, principal->realm.length), realm) &&
		     is_good(context, cache, principal) &&
		     describe(context, cache, principal, ticket);

	if (principal)
		krb5_free_principal(context, principal);
	if (cache)
		krb5_cc_close(context, cache);
	if (context)
		krb5_free_context(context);
	return found;
}

static krb5_error_code try_key(krb5_context context, krb5_principal principal, const char *path)
{
	krb5_keytab keytab = NULL;
	krb5_creds creds = { 0 };
	krb5_error_code error = krb5_kt_resolve(context, path, &keytab);

	if (error)
		return error;
	error = krb5_get_init_creds_keytab(context, &creds, principal, keytab, 0, NULL, NULL);
	if (!error)
		krb5_free_cred_contents(context, &creds);
	krb5_kt_close(context, keytab);
	return error;
}

enum ticket_try ticket_try_keytab(const char *path, const char *principal, char *why, size_t size)
{
	krb5_context context = NULL;
	krb5_principal parsed = NULL;
	krb5_error_code error = krb5_init_context(&context);
	enum ticket_try result = TICKET_FAILED;

	if (!error)
		error = krb5_parse_name(context, principal, &parsed);
	if (!error)
		error = try_key(context, parsed, path);
	if (error == 0)
		result = TICKET_GOOD;
	else if (error == KRB5KDC_ERR_PREAUTH_FAILED || error == KRB5KRB_AP_ERR_BAD_INTEGRITY)
		result = TICKET_STALE_KEY;
	if (result == TICKET_STALE_KEY)
		snprintf(why, size, "the KDC does not take the newest key of %s", principal);
	else if (error)
		explain(context, error, principal, why, size);
	if (context) {
		krb5_free_principal(context, parsed);
		krb5_free_context(context);
	}
	return result;
}

void ticket_destroy(const struct ticket *ticket)
{
	krb5_context context = NULL;
	krb5_ccache cache = NULL;

	if (krb5_init_context(&context) != 0)
		return;
	if (krb5_cc_resolve(context, ticket->cache, &cache) == 0)
		(void)krb5_cc_destroy(context, cache);
	krb5_free_context(context);
}
