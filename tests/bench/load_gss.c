/* SPDX-License-Identifier: ISC */
#include "tests/bench/load_gss.h"

#include <gssapi/gssapi_ext.h>
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

/* The credential keeps what it gets in memory: a ticket of the user, later one for the service. */
static bool credential_make(const char *domain, unsigned user, gss_cred_id_t *credential)
{
	gss_OID_set_desc only = { 1, &mechanisms[kind_used] };
	gss_buffer_desc password;
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 major, minor, ignored;
	char text[300], secret[32];

	if (kind_used == GSS_CLIENT_NTLM)
		snprintf(text, sizeof(text), "%s\\u%u", domain, user);
	else
		snprintf(text, sizeof(text), "u%u", user);
	password.length = (size_t)snprintf(secret, sizeof(secret), "pw%u", user);
	password.value = secret;
	if (!name_import(text, GSS_C_NT_USER_NAME, &name))
		return false;
	major = gss_acquire_cred_with_password(&minor, name, &password, GSS_C_INDEFINITE, &only,
					       GSS_C_INITIATE, credential, NULL, NULL);
	gss_release_name(&ignored, &name);
	return gss_client_good(kind_used, major, minor, text);
}

/* The first context of a user fetches the ticket for the service. */
static bool credential_try(unsigned user)
{
	gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	OM_uint32 major, minor, ignored;

	major = gss_client_step(user, &context, GSS_C_NO_BUFFER, &output, &minor);
	gss_release_buffer(&ignored, &output);
	gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
	return gss_client_good(kind_used, major, minor, "no context");
}

bool gss_client_prepare(enum gss_client_kind kind, const char *host, const char *domain,
			unsigned first, unsigned count)
{
	char service[300];

	/* Else gss-ntlmssp asks winbind for them at every context. */
	setenv("NETBIOS_COMPUTER_NAME", "LOADGEN", 1);
	setenv("NETBIOS_DOMAIN_NAME", "LOADGEN", 1);
	kind_used = kind;
	first_user = first;
	credentials = calloc(count, sizeof(*credentials));
	snprintf(service, sizeof(service), "pop@%s", host);
	if (!credentials || !name_import(service, GSS_C_NT_HOSTBASED_SERVICE, &server))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!credential_make(domain, first + i, &credentials[i]) ||
		    !credential_try(first + i))
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
