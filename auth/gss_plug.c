/* SPDX-License-Identifier: ISC */
/*
 * The server's side of the mechanisms GSSAPI (RFC 4752), GSS-SPNEGO (MS-SPNG) and
 * NTLM (MS-NLMP in SASL) as a plugin of Cyrus SASL. Cyrus's own keep the context to
 * themselves, so that neither the ticket's PAC nor whether the channel was bound can
 * be learnt from them, and its NTLM knows no domain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/exchange_private.h"
#include "base/buffer.h"
#include "base/memory.h"

enum stage { STAGE_CONTEXT, STAGE_OFFER, STAGE_CHOICE };

struct plug {
	struct exchange *exchange;
	enum acceptance_kind kind;
	enum stage stage;
	struct buffer output; /* what went out last */
};

static int plug_new(void *global, sasl_server_params_t *params, const char *challenge,
		    unsigned length, void **context)
{
	struct plug *plug = memory_new(sizeof(*plug));

	(void)challenge, (void)length;
	plug->exchange = cyrus_exchange(params->callbacks);
	plug->kind = *(const enum acceptance_kind *)global;
	*context = plug;
	return SASL_OK;
}

static void plug_dispose(void *context, const sasl_utils_t *utils)
{
	struct plug *plug = context;

	(void)utils;
	if (!plug)
		return;
	buffer_clear(&plug->output);
	free(plug);
}

static int fail(struct plug *plug, enum auth_verdict verdict, const char *cause)
{
	plug->exchange->verdict = verdict;
	snprintf(plug->exchange->cause, sizeof(plug->exchange->cause), "%s", cause);
	return SASL_BADAUTH;
}

static int fail_context(struct plug *plug, enum auth_verdict verdict)
{
	return fail(plug, verdict, plug->exchange->acceptance.cause);
}

/* No layer is offered, so that there is no size either (RFC 4752 section 3.2). */
static int offer(struct plug *plug)
{
	static const char no_layer[4] = { 1, 0, 0, 0 };

	plug->stage = STAGE_CHOICE;
	if (!acceptance_wrap(&plug->exchange->acceptance, span_make(no_layer, sizeof(no_layer)),
			     &plug->output))
		return fail_context(plug, AUTH_TEMPORARY);
	return SASL_CONTINUE;
}

static int finish(struct plug *plug, sasl_server_params_t *params, struct span authzid,
		  sasl_out_params_t *out)
{
	const char *name = plug->exchange->acceptance.name;
	int result;

	if (!utf8_valid(authzid) ||
	    !span_copy(authzid, plug->exchange->authzid, sizeof(plug->exchange->authzid)))
		return fail(plug, AUTH_REJECTED, "malformed authorization identity");
	result = params->canon_user(params->utils->conn, name, 0,
				    SASL_CU_AUTHID | SASL_CU_AUTHZID | SASL_CU_EXTERNALLY_VERIFIED,
				    out);
	out->doneflag = 1;
	out->mech_ssf = 0;
	return result;
}

static int choose(struct plug *plug, sasl_server_params_t *params, struct span token,
		  sasl_out_params_t *out)
{
	struct buffer message = BUFFER_EMPTY;
	struct span choice;
	int result;

	if (!acceptance_unwrap(&plug->exchange->acceptance, token, &message)) {
		buffer_clear(&message);
		return fail_context(plug, AUTH_REJECTED);
	}
	choice = buffer_span(&message);
	if (choice.length < 4 || choice.at[0] != 1)
		result = fail(plug, AUTH_REJECTED,
			      "the client wants a security layer, which was not offered");
	else
		result = finish(plug, params, span_skip(choice, 4), out);
	buffer_clear(&message);
	return result;
}

static int accept_token(struct plug *plug, sasl_server_params_t *params, struct span token,
			sasl_out_params_t *out)
{
	switch (acceptance_step(&plug->exchange->acceptance, token, &plug->output)) {
	case ACCEPTANCE_MORE:
		return SASL_CONTINUE;
	case ACCEPTANCE_REFUSED:
		return fail_context(plug, AUTH_REJECTED);
	case ACCEPTANCE_TEMPORARY:
		return fail_context(plug, AUTH_TEMPORARY);
	case ACCEPTANCE_DONE:
		break;
	}
	if (plug->kind != ACCEPTANCE_KERBEROS)
		return finish(plug, params, span_text(""), out);
	if (buffer_used(&plug->output) == 0)
		return offer(plug);
	plug->stage = STAGE_OFFER;
	return SASL_CONTINUE;
}

static int plug_step(void *context, sasl_server_params_t *params, const char *in, unsigned length,
		     const char **to, unsigned *to_length, sasl_out_params_t *out)
{
	struct plug *plug = context;
	struct span token = span_make(in, length);
	int result = SASL_BADPROT;

	buffer_clear(&plug->output);
	switch (plug->stage) {
	case STAGE_CONTEXT:
		result = accept_token(plug, params, token, out);
		break;
	case STAGE_OFFER: /* the last token was ours: the client has nothing more to say */
		result = length ? fail(plug, AUTH_REJECTED, "a response where none was due")
				: offer(plug);
		break;
	case STAGE_CHOICE:
		result = choose(plug, params, token, out);
		break;
	}
	*to_length = (unsigned)buffer_used(&plug->output);
	*to = *to_length || result == SASL_CONTINUE ? buffer_bytes(&plug->output) : NULL;
	return result;
}

int gss_plug_init(const sasl_utils_t *utils, int most, int *version, sasl_server_plug_t **plugs,
		  int *count)
{
	static enum acceptance_kind kinds[] = { ACCEPTANCE_KERBEROS, ACCEPTANCE_NEGOTIATE,
						ACCEPTANCE_NTLM };
	static const char *const names[] = { "GSSAPI", "GSS-SPNEGO", "NTLM" };
	static sasl_server_plug_t list[3];

	(void)utils;
	if (most < SASL_SERVER_PLUG_VERSION)
		return SASL_BADVERS;
	for (size_t i = 0; i < 3; i++)
		list[i] = (sasl_server_plug_t){
			.mech_name = names[i],
			.security_flags = SASL_SEC_NOPLAINTEXT | SASL_SEC_NOANONYMOUS,
			.features = SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY |
				    SASL_FEAT_CHANNEL_BINDING,
			.glob_context = &kinds[i],
			.mech_new = plug_new,
			.mech_step = plug_step,
			.mech_dispose = plug_dispose,
		};
	*version = SASL_SERVER_PLUG_VERSION;
	*plugs = list;
	*count = 3;
	return SASL_OK;
}
