/* SPDX-License-Identifier: ISC */
#include "auth/acceptance.h"

#include <gssapi/gssapi_ext.h>
#include <krb5.h>
#include <stdio.h>
#include <string.h>

#include "auth/acceptors.h"
#include "auth/mechanisms.h"
#include "auth/name_sid.h"
#include "auth/ntlm.h"
#include "auth/spnego.h"
#include "base/buffer.h"
#include "base/clock.h"

/* adcli needs some seconds from the new password to the last key in the file. */
enum { RENEW_MS = 8000 };

/* One call of gss_accept_sec_context. */
struct turn {
	OM_uint32 major, minor;
	gss_buffer_desc output;
	bool keyless; /* there is no credential to begin with */
};

void acceptance_init(struct acceptance *acceptance, const struct acceptance_terms *terms)
{
	*acceptance = (struct acceptance){ .terms = *terms };
}

static void forget_context(struct acceptance *acceptance)
{
	OM_uint32 minor;

	if (acceptance->context)
		gss_delete_sec_context(&minor, &acceptance->context, GSS_C_NO_BUFFER);
	if (acceptance->client)
		gss_release_name(&minor, &acceptance->client);
	if (acceptance->credential)
		gss_release_cred(&minor, &acceptance->credential);
}

void acceptance_clear(struct acceptance *acceptance)
{
	forget_context(acceptance);
	memset(acceptance, 0, sizeof(*acceptance));
}

static gss_buffer_desc buffer_of(struct span bytes)
{
	return (gss_buffer_desc){ bytes.length, (void *)(uintptr_t)bytes.at };
}

static const gss_OID_desc *mechanism_of(const struct acceptance *acceptance)
{
	return acceptance->terms.kind == ACCEPTANCE_NTLM ? mechanism_ntlm : mechanism_krb5;
}

static void accept_token(struct acceptance *acceptance, struct span token, struct span binding,
			 struct turn *turn)
{
	struct gss_channel_bindings_struct bindings = { .application_data = buffer_of(binding) };
	gss_buffer_desc input = buffer_of(token);
	OM_uint32 ignored;

	*turn = (struct turn){ 0 };
	turn->major = gss_accept_sec_context(
		&turn->minor, &acceptance->context, acceptance->credential, &input,
		binding.length ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, &acceptance->client, NULL,
		&turn->output, &acceptance->flags, NULL, NULL);
	if (!GSS_ERROR(turn->major))
		return;
	mechanism_error_text(mechanism_of(acceptance), turn->major, turn->minor, acceptance->cause,
			     sizeof(acceptance->cause));
	gss_release_buffer(&ignored,
			   &turn->output); /* no protocol of ours carries an error token */
}

/* Begins a context with the keys of one keytab. */
static void begin(struct acceptance *acceptance, struct span token, struct span binding,
		  unsigned bits, struct turn *turn)
{
	forget_context(acceptance);
	/* A second attempt is one with a ticket. */
	if (acceptance->terms.ntlm && acceptance->terms.kind == ACCEPTANCE_NEGOTIATE &&
	    !(bits & ACCEPT_UNRECORDED))
		bits |= ACCEPT_NTLM;
	if (!acceptors_credential(acceptance->terms.acceptors, acceptance->index, bits,
				  &acceptance->credential, acceptance->cause,
				  sizeof(acceptance->cause))) {
		*turn = (struct turn){ .major = GSS_S_NO_CRED, .keyless = true };
		return;
	}
	accept_token(acceptance, token, binding, turn);
}

/* Whoever made the ticket used a key that we do not have, or not any more. */
static bool is_key_missing(const struct turn *turn)
{
	switch ((krb5_error_code)turn->minor) {
	case KRB5KRB_AP_ERR_NOKEY:
	case KRB5KRB_AP_ERR_BADKEYVER:
	case KRB5KRB_AP_ERR_BAD_INTEGRITY:
	case KRB5KRB_AP_ERR_MODIFIED:
	case KRB5KRB_AP_WRONG_PRINC:
	case KRB5KRB_AP_ERR_NOT_US:
	case KRB5_KT_NOTFOUND:
	case KRB5_KT_KVNONOTFOUND:
		return GSS_ERROR(turn->major);
	default:
		return turn->keyless;
	}
}

/*
 * Which of the two bindings the client made its token with is found by trying. The
 * first attempt has put the ticket down as seen, so that the second must not ask.
 */
static void begin_bound(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	const struct acceptance_terms *terms = &acceptance->terms;
	struct span first = terms->end_point.length ? terms->end_point : terms->exporter;

	begin(acceptance, token, first, 0, turn);
	if (GSS_ROUTINE_ERROR(turn->major) == GSS_S_BAD_BINDINGS && terms->end_point.length &&
	    terms->exporter.length)
		begin(acceptance, token, terms->exporter, ACCEPT_UNRECORDED, turn);
}

/* Negotiation hides what Kerberos has to say of a ticket: it is asked once more, alone. */
static void explain(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	struct span inner = spnego_inner(token);
	OM_uint32 minor;

	if (ntlm_type_of(inner) != NTLM_NONE)
		snprintf(acceptance->cause, sizeof(acceptance->cause), "NTLM in negotiation: %s",
			 acceptance->terms.ntlm ? "failed" : "it is off");
	else if (GSS_ROUTINE_ERROR(turn->major) != GSS_S_BAD_BINDINGS &&
		 GSS_ROUTINE_ERROR(turn->major) != GSS_S_DUPLICATE_TOKEN && inner.length)
		begin(acceptance, inner, span_text(""), ACCEPT_UNRECORDED, turn);
	/* Nobody is let in by it. */
	if (!GSS_ERROR(turn->major)) {
		gss_release_buffer(&minor, &turn->output);
		*turn = (struct turn){ .major = GSS_S_FAILURE };
	}
}

static void begin_any(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	size_t count = acceptors_count(acceptance->terms.acceptors);

	*turn = (struct turn){ .major = GSS_S_NO_CRED, .keyless = true };
	for (acceptance->index = 0; acceptance->index < count; acceptance->index++) {
		begin_bound(acceptance, token, turn);
		if (GSS_ERROR(turn->major) && acceptance->terms.kind == ACCEPTANCE_NEGOTIATE)
			explain(acceptance, token, turn);
		if (!is_key_missing(turn))
			return;
	}
}

/* A change of the machine's password costs nobody a login. */
static void begin_renewed(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	int64_t deadline = clock_ms() + RENEW_MS;
	unsigned version;

	do {
		version = acceptors_version(acceptance->terms.acceptors);
		begin_any(acceptance, token, turn);
	} while (is_key_missing(turn) &&
		 acceptors_renew(acceptance->terms.acceptors, version, deadline));
}

static void accept_ntlm(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	struct buffer room = BUFFER_EMPTY;

	accept_token(acceptance, ntlm_whole(token, &room), acceptance->terms.end_point, turn);
	buffer_wipe(&room);
}

static void begin_ntlm(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	gss_OID_desc only = *mechanism_ntlm;
	gss_OID_set_desc mechanisms = { 1, &only };

	*turn = (struct turn){ 0 };
	turn->major = gss_acquire_cred(&turn->minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms,
				       GSS_C_ACCEPT, &acceptance->credential, NULL, NULL);
	if (GSS_ERROR(turn->major))
		snprintf(acceptance->cause, sizeof(acceptance->cause),
			 "NTLM is not there: install gss-ntlmssp and winbind, and join the domain");
	else
		accept_ntlm(acceptance, token, turn);
}

static void take_turn(struct acceptance *acceptance, struct span token, struct turn *turn)
{
	if (acceptance->terms.kind == ACCEPTANCE_NTLM) {
		if (acceptance->context)
			accept_ntlm(acceptance, token, turn);
		else
			begin_ntlm(acceptance, token, turn);
		return;
	}
	if (acceptance->context) {
		accept_token(acceptance, token, acceptance->terms.end_point, turn);
		return;
	}
	begin_renewed(acceptance, token, turn);
}

static enum acceptance_step refuse(struct acceptance *acceptance, const char *cause)
{
	snprintf(acceptance->cause, sizeof(acceptance->cause), "%s", cause);
	return ACCEPTANCE_REFUSED;
}

static enum acceptance_step failed(struct acceptance *acceptance, const struct turn *turn)
{
	char text[200];

	if (GSS_ROUTINE_ERROR(turn->major) == GSS_S_BAD_BINDINGS)
		return refuse(acceptance, "the client is connected through somebody else: channel "
					  "bindings differ");
	if (acceptance->terms.kind == ACCEPTANCE_NTLM && !acceptance->credential)
		return ACCEPTANCE_TEMPORARY;
	if (acceptance->terms.kind == ACCEPTANCE_NTLM && acceptance->context &&
	    GSS_ROUTINE_ERROR(turn->major) == GSS_S_DEFECTIVE_TOKEN)
		return refuse(acceptance, "the message was changed on its way, or made for another "
					  "connection: channel bindings differ");
	if (!is_key_missing(turn))
		return ACCEPTANCE_REFUSED;
	snprintf(text, sizeof(text), "%s", acceptance->cause);
	snprintf(acceptance->cause, sizeof(acceptance->cause),
		 "no keytab has the ticket's key: export it again, and look for the same service "
		 "name at two accounts (%s)",
		 text);
	return ACCEPTANCE_TEMPORARY;
}

/* Who it is, and that it is what was permitted: negotiation is the client's word until here. */
static enum acceptance_step complete(struct acceptance *acceptance)
{
	gss_OID mechanism = NULL;
	OM_uint32 minor;

	if (GSS_ERROR(gss_inquire_context(&minor, acceptance->context, NULL, NULL, NULL, &mechanism,
					  NULL, NULL, NULL)))
		return refuse(acceptance, "the mechanism is not known");
	acceptance->ntlm = mechanism_is(mechanism, mechanism_ntlm);
	if (!mechanism_is(mechanism, mechanism_krb5) &&
	    !(acceptance->ntlm && acceptance->terms.ntlm))
		return refuse(acceptance, "a mechanism that is not permitted was negotiated");
	if (acceptance->flags & GSS_C_ANON_FLAG)
		return refuse(acceptance, "anonymous");
	if (acceptance->terms.bound && !(acceptance->flags & GSS_C_CHANNEL_BOUND_FLAG))
		return refuse(acceptance,
			      "the client sent no channel bindings, which are required");
	if (!name_display(acceptance->client, acceptance->name, sizeof(acceptance->name)))
		return refuse(acceptance, "the client has no name");
	return name_sid(acceptance->client, acceptance->ntlm, acceptance->sid,
			&acceptance->sid_length, acceptance->cause, sizeof(acceptance->cause))
		       ? ACCEPTANCE_DONE
		       : ACCEPTANCE_REFUSED;
}

enum acceptance_step acceptance_step(struct acceptance *acceptance, struct span token,
				     struct buffer *output)
{
	struct turn turn;
	OM_uint32 minor;

	take_turn(acceptance, token, &turn);
	if (GSS_ERROR(turn.major))
		return failed(acceptance, &turn);
	if (turn.output.length)
		buffer_add(output, turn.output.value, turn.output.length);
	gss_release_buffer(&minor, &turn.output);
	return turn.major & GSS_S_CONTINUE_NEEDED ? ACCEPTANCE_MORE : complete(acceptance);
}

static bool take_over(struct acceptance *acceptance, OM_uint32 major, OM_uint32 minor,
		      gss_buffer_t from, struct buffer *to)
{
	OM_uint32 ignored;

	if (GSS_ERROR(major))
		mechanism_error_text(mechanism_of(acceptance), major, minor, acceptance->cause,
				     sizeof(acceptance->cause));
	else if (from->length)
		buffer_add(to, from->value, from->length);
	gss_release_buffer(&ignored, from);
	return !GSS_ERROR(major);
}

bool acceptance_wrap(struct acceptance *acceptance, struct span message, struct buffer *output)
{
	gss_buffer_desc input = buffer_of(message), wrapped = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor, major = gss_wrap(&minor, acceptance->context, 0, GSS_C_QOP_DEFAULT, &input,
					  NULL, &wrapped);

	return take_over(acceptance, major, minor, &wrapped, output);
}

bool acceptance_unwrap(struct acceptance *acceptance, struct span token, struct buffer *message)
{
	gss_buffer_desc input = buffer_of(token), opened = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor,
		major = gss_unwrap(&minor, acceptance->context, &input, &opened, NULL, NULL);

	return take_over(acceptance, major, minor, &opened, message);
}
