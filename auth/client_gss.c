/* SPDX-License-Identifier: ISC */
/*
 * Logins of ours by GSS-API: GSSAPI (RFC 4752) with a ticket of the machine for smtp/HOST or
 * pop/HOST, and NTLM (MS-NLMP in SASL), whose tokens go as they are. No security layer is agreed on.
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/client_private.h"
#include "base/memory.h"

enum { LAYER_NONE = 1, OFFER_SIZE = 4, END_POINT_MAX = 64 };

static gss_OID_desc krb5_oid = { 9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static gss_OID_desc ntlm_oid = { 10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };

struct client_gss {
	bool ntlm;
	bool complete; /* the context is: GSSAPI's offer of layers is due */
	gss_ctx_id_t context;
	gss_name_t target;
	gss_cred_id_t credential; /* NTLM; else that of the thread's ticket cache */
};

void client_gss_free(struct client_gss *gss)
{
	OM_uint32 minor;

	if (!gss)
		return;
	gss_delete_sec_context(&minor, &gss->context, GSS_C_NO_BUFFER);
	gss_release_name(&minor, &gss->target);
	gss_release_cred(&minor, &gss->credential);
	free(gss);
}

static enum outcome say_gss(struct client_login *login, struct client_login_turn *turn,
			    OM_uint32 major, OM_uint32 minor)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	OM_uint32 more = 0, ignored;
	bool mechanism = minor != 0 && GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE;

	gss_display_status(&ignored, mechanism ? minor : major,
			   mechanism ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
			   login->gss->ntlm ? &ntlm_oid : &krb5_oid, &more, &text);
	client_say(turn, OUTCOME_TEMP, "%s: %s: %.*s", login->host, login->mechanism->name,
		   (int)text.length, text.value ? (const char *)text.value : "");
	gss_release_buffer(&ignored, &text);
	return OUTCOME_TEMP;
}

static OM_uint32 import_name(const char *text, gss_OID type, gss_name_t *name, OM_uint32 *minor)
{
	gss_buffer_desc buffer = { strlen(text), (void *)text };

	return gss_import_name(minor, &buffer, type, name);
}

/* RFC 5929 tls-server-end-point, as Windows means them; NULL where there are none. */
static gss_channel_bindings_t bindings(const struct client_login *login,
				       struct gss_channel_bindings_struct *room, char *text)
{
	size_t prefix = sizeof "tls-server-end-point:" - 1;

	if (login->end_point_length == 0 || login->end_point_length > END_POINT_MAX)
		return GSS_C_NO_CHANNEL_BINDINGS;
	memcpy(text, "tls-server-end-point:", prefix);
	memcpy(text + prefix, login->end_point, login->end_point_length);
	*room = (struct gss_channel_bindings_struct){
		.application_data = { prefix + login->end_point_length, text }
	};
	return room;
}

/* One step of the context; what it gives goes to the response. */
static enum outcome advance(struct client_login *login, struct span challenge,
			    struct client_login_turn *turn, struct buffer *response)
{
	struct client_gss *gss = login->gss;
	gss_buffer_desc input = { challenge.length, (void *)challenge.at },
			output = GSS_C_EMPTY_BUFFER;
	struct gss_channel_bindings_struct room;
	char text[END_POINT_MAX + sizeof "tls-server-end-point:"];
	OM_uint32 minor, ignored;
	OM_uint32 major = gss_init_sec_context(
		&minor, gss->credential, &gss->context, gss->target,
		gss->ntlm ? &ntlm_oid : &krb5_oid,
		GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG | GSS_C_SEQUENCE_FLAG, 0,
		bindings(login, &room, text), &input, NULL, &output, NULL, NULL);

	if (GSS_ERROR(major))
		return say_gss(login, turn, major, minor);
	if (output.length > 0)
		buffer_add(response, output.value, output.length);
	gss_release_buffer(&ignored, &output);
	gss->complete = !(major & GSS_S_CONTINUE_NEEDED);
	return OUTCOME_OK;
}

static enum outcome begin_kerberos(struct client_login *login, struct client_login_turn *turn,
				   struct buffer *response)
{
	struct client_tickets *tickets = client_logins_tickets(login->logins);
	char *service = memory_format("%s@%s", login->service, login->host);
	OM_uint32 minor, major = import_name(service, GSS_C_NT_HOSTBASED_SERVICE,
					     &login->gss->target, &minor);
	enum outcome outcome;

	free(service);
	if (GSS_ERROR(major))
		return say_gss(login, turn, major, minor);
	outcome = client_tickets_use(tickets, turn);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = advance(login, span_text(""), turn, response);
	client_tickets_leave(tickets);
	return outcome;
}

static enum outcome begin_ntlm(struct client_login *login, struct client_login_turn *turn,
			       struct buffer *response)
{
	enum outcome outcome = client_read_password(login, turn);
	gss_OID_set_desc set = { 1, &ntlm_oid };
	gss_name_t user = GSS_C_NO_NAME;
	gss_buffer_desc password = { login->secret_length, login->secret };
	char *service = memory_format("%s@%s", login->service, login->host);
	OM_uint32 minor = 0, ignored, major = 0;

	if (outcome == OUTCOME_OK) {
		major = import_name(service, GSS_C_NT_HOSTBASED_SERVICE, &login->gss->target,
				    &minor);
		if (!GSS_ERROR(major))
			major = import_name(login->conf->user, GSS_C_NT_USER_NAME, &user, &minor);
		if (!GSS_ERROR(major))
			major = gss_acquire_cred_with_password(
				&minor, user, &password, GSS_C_INDEFINITE, &set, GSS_C_INITIATE,
				&login->gss->credential, NULL, NULL);
		outcome = GSS_ERROR(major) ? say_gss(login, turn, major, minor)
					   : advance(login, span_text(""), turn, response);
	}
	free(service);
	gss_release_name(&ignored, &user);
	return outcome;
}

enum outcome client_gss_first(struct client_login *login, struct client_login_turn *turn,
			      struct buffer *response)
{
	login->gss = memory_new(sizeof *login->gss);
	login->gss->ntlm = login->conf->how == CONF_LOGIN_OUT_NTLM;
	return login->gss->ntlm ? begin_ntlm(login, turn, response)
				: begin_kerberos(login, turn, response);
}

/* RFC 4752 section 3.1: the server offers layers and a size; we want none, as ourselves. */
static enum outcome choose_layer(struct client_login *login, struct span challenge,
				 struct client_login_turn *turn, struct buffer *response)
{
	gss_buffer_desc input = { challenge.length, (void *)challenge.at },
			output = GSS_C_EMPTY_BUFFER;
	/* Behind it stands whom we act for. */
	char none[OFFER_SIZE + sizeof login->authzid] = { LAYER_NONE };
	gss_buffer_desc choice = { OFFER_SIZE + strlen(login->authzid), none };
	OM_uint32 minor, ignored,
		major = gss_unwrap(&minor, login->gss->context, &input, &output, NULL, NULL);
	bool offered = !GSS_ERROR(major) && output.length == OFFER_SIZE &&
		       ((const unsigned char *)output.value)[0] & LAYER_NONE;

	gss_release_buffer(&ignored, &output);
	memcpy(none + OFFER_SIZE, login->authzid, strlen(login->authzid));
	if (GSS_ERROR(major))
		return say_gss(login, turn, major, minor);
	if (!offered)
		return client_say(turn, OUTCOME_PERM,
				  "%s wants a security layer inside GSSAPI: have it rely on TLS",
				  login->host);
	major = gss_wrap(&minor, login->gss->context, 0, GSS_C_QOP_DEFAULT, &choice, NULL, &output);
	if (GSS_ERROR(major))
		return say_gss(login, turn, major, minor);
	buffer_add(response, output.value, output.length);
	gss_release_buffer(&ignored, &output);
	return OUTCOME_OK;
}

enum outcome client_gss_next(struct client_login *login, struct span challenge,
			     struct client_login_turn *turn, struct buffer *response)
{
	if (!login->gss->complete)
		return advance(login, challenge, turn, response);
	if (!login->gss->ntlm)
		return choose_layer(login, challenge, turn, response);
	return client_say(turn, OUTCOME_TEMP, "%s goes on with NTLM that is over", login->host);
}
