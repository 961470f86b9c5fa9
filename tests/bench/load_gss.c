/* SPDX-License-Identifier: ISC */
#include "tests/bench/load_gss.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1.2.840.113554.1.2.2 and 1.3.6.1.4.1.311.2.2.10 */
static char krb5_octets[] = { 0x2a, '\x86', 0x48, '\x86', '\xf7', 0x12, 0x01, 0x02, 0x02 };
static char ntlm_octets[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, '\x82', 0x37, 0x02, 0x02, 0x0a };

static gss_OID_desc mechanisms[] = {
	[GSS_CLIENT_KERBEROS] = { sizeof(krb5_octets), krb5_octets },
	[GSS_CLIENT_NTLM] = { sizeof(ntlm_octets), ntlm_octets },
};

static enum gss_client_kind kind_used;
static gss_cred_id_t *credentials;
static unsigned first_user;
static gss_name_t server;

gss_OID gss_client_mechanism(enum gss_client_kind kind)
{
	return &mechanisms[kind];
}

bool gss_client_good(enum gss_client_kind kind, OM_uint32 major, OM_uint32 minor, const char *what)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 ignored, more = 0;

	if (!GSS_ERROR(major))
		return true;
	(void)gss_display_status(&ignored, minor, GSS_C_MECH_CODE, &mechanisms[kind], &more, &text);
	fprintf(stderr, "load: %s: GSS-API %08x %08x %.*s\n", what, major, minor, (int)text.length,
		text.value ? (const char *)text.value : "");
	gss_release_buffer(&ignored, &text);
	return false;
}

static bool name_import(const char *text, gss_OID type, gss_name_t *name)
{
	gss_buffer_desc buffer = { strlen(text), (void *)(uintptr_t)text };
	OM_uint32 minor, major = gss_import_name(&minor, &buffer, type, name);

	return gss_client_good(kind_used, major, minor, text);
}

/* A copy in memory: no file is read while the clock runs. */
static krb5_error_code tickets_copy(krb5_context krb5, const char *file, krb5_ccache *memory)
{
	krb5_principal principal = NULL;
	krb5_ccache from = NULL;
	krb5_error_code error = krb5_cc_resolve(krb5, file, &from);

	if (!error)
		error = krb5_cc_get_principal(krb5, from, &principal);
	if (!error)
		error = krb5_cc_new_unique(krb5, "MEMORY", NULL, memory);
	if (!error)
		error = krb5_cc_initialize(krb5, *memory, principal);
	if (!error)
		error = krb5_cc_copy_creds(krb5, from, *memory);
	krb5_free_principal(krb5, principal);
	if (from)
		krb5_cc_close(krb5, from);
	return error;
}

static bool credential_of_tickets(const char *directory, unsigned user, gss_cred_id_t *credential)
{
	static krb5_context krb5;
	OM_uint32 major, minor;
	krb5_ccache memory;
	char file[300];

	snprintf(file, sizeof(file), "FILE:%s/u%u", directory, user);
	if ((!krb5 && krb5_init_context(&krb5)) || tickets_copy(krb5, file, &memory)) {
		fprintf(stderr, "load: no tickets in %s\n", file);
		return false;
	}
	/* The credential goes on using it. */
	major = gss_krb5_import_cred(&minor, memory, NULL, NULL, credential);
	return gss_client_good(GSS_CLIENT_KERBEROS, major, minor, file);
}

static bool credential_of_password(const char *domain, unsigned user, gss_cred_id_t *credential)
{
	gss_OID_set_desc only = { 1, &mechanisms[GSS_CLIENT_NTLM] };
	gss_buffer_desc password;
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 major, minor, ignored;
	char text[300], secret[32];

	snprintf(text, sizeof(text), "%s\\u%u", domain, user);
	password.length = (size_t)snprintf(secret, sizeof(secret), "pw%u", user);
	password.value = secret;
	if (!name_import(text, GSS_C_NT_USER_NAME, &name))
		return false;
	major = gss_acquire_cred_with_password(&minor, name, &password, GSS_C_INDEFINITE, &only,
					       GSS_C_INITIATE, credential, NULL, NULL);
	gss_release_name(&ignored, &name);
	return gss_client_good(GSS_CLIENT_NTLM, major, minor, text);
}

bool gss_client_prepare(enum gss_client_kind kind, const struct gss_client_place *place,
			unsigned first, unsigned count)
{
	char service[300];

	/* Else gss-ntlmssp asks winbind for them at every context. */
	setenv("NETBIOS_COMPUTER_NAME", "LOADGEN", 1);
	setenv("NETBIOS_DOMAIN_NAME", "LOADGEN", 1);
	kind_used = kind;
	first_user = first;
	credentials = calloc(count, sizeof(*credentials));
	snprintf(service, sizeof(service), "pop@%s", place->host);
	if (!credentials || !name_import(service, GSS_C_NT_HOSTBASED_SERVICE, &server))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!(kind == GSS_CLIENT_NTLM
			      ? credential_of_password(place->domain, first + i, &credentials[i])
			      : credential_of_tickets(place->tickets, first + i, &credentials[i])))
			return false;
	return true;
}

OM_uint32 gss_client_step(unsigned user, gss_ctx_id_t *context, gss_buffer_t input,
			  gss_buffer_t output, OM_uint32 *minor)
{
	OM_uint32 flags =
		kind_used == GSS_CLIENT_KERBEROS ? GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG : 0;

	return gss_init_sec_context(minor, credentials[user - first_user], context, server,
				    &mechanisms[kind_used], flags, 0, GSS_C_NO_CHANNEL_BINDINGS,
				    input, NULL, output, NULL, NULL);
}
