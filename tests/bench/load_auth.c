/* SPDX-License-Identifier: ISC */
/*
 * POP3 sessions that log in by a mechanism of SASL (RFC 5034) and leave. Each session has
 * a context of its own, so each response is a new one; what belongs to a user (a ticket for
 * the service, a password) is read before the clock runs.
 */
#include "tests/bench/load.h"

#include <stdio.h>
#include <string.h>

#include "tests/bench/load_gss.h"

enum {
	AUTH_GREETING,
	AUTH_READY,  /* "+ " with nothing behind it */
	AUTH_TOKENS, /* the server's tokens */
	AUTH_LAYERS, /* the server's offer of security layers (RFC 4752 section 3.1) */
	AUTH_LOGGED_IN,
	AUTH_QUIT
};

static enum gss_client_kind kind_of(const struct load *load)
{
	return load->protocol == &load_auth_ntlm ? GSS_CLIENT_NTLM : GSS_CLIENT_KERBEROS;
}

bool load_auth_prepare(struct load *load)
{
	const struct load_options *options = load->options;
	struct gss_client_place place = { options->host, options->domain, options->tickets };

	return (load->protocol != &load_auth_gssapi && load->protocol != &load_auth_ntlm) ||
	       gss_client_prepare(kind_of(load), &place, options->first_user, options->users);
}

static void context_end(struct load_session *session)
{
	gss_ctx_id_t context = session->context;
	OM_uint32 minor;

	if (context)
		gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
	session->context = NULL;
}

/* A line of base64, which may be empty. */
static enum load_verdict send_token(struct load_session *session, gss_buffer_t token)
{
	gnutls_datum_t bytes = { token->value, (unsigned)token->length }, text = { 0 };

	if (token->length && gnutls_base64_encode2(&bytes, &text) < 0)
		return LOAD_BAD;
	load_send(session, "%.*s\r\n", (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
	return LOAD_GO;
}

/* "+ BASE64"; for gnutls_free. */
static bool read_token(const char *line, size_t length, gnutls_datum_t *token)
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)line + 2, (unsigned)length - 2 };

	*token = (gnutls_datum_t){ 0 };
	if (length < 2 || memcmp(line, "+ ", 2) != 0)
		return false;
	return length == 2 || gnutls_base64_decode2(&text, token) == GNUTLS_E_SUCCESS;
}

static enum load_verdict next_token(struct load *load, struct load_session *session,
				    gnutls_datum_t token)
{
	gss_buffer_desc input = { token.size, token.data }, output = GSS_C_EMPTY_BUFFER;
	gss_ctx_id_t context = session->context;
	enum load_verdict verdict;
	OM_uint32 major, minor;

	major = gss_client_step(session->user, &context, &input, &output, &minor);
	session->context = context;
	if (!gss_client_good(kind_of(load), major, minor, "context"))
		return LOAD_BAD;
	if (!(major & GSS_S_CONTINUE_NEEDED))
		session->state = load->protocol == &load_auth_gssapi ? AUTH_LAYERS : AUTH_LOGGED_IN;
	verdict = send_token(session, &output);
	gss_release_buffer(&minor, &output);
	return verdict;
}

/* No layer is taken: one octet of choice, three of size 0, nobody else to act as. */
static enum load_verdict choose_layer(struct load_session *session, gnutls_datum_t token)
{
	gss_buffer_desc input = { token.size, token.data }, offer = GSS_C_EMPTY_BUFFER;
	static char choice[] = { 1, 0, 0, 0 };
	gss_buffer_desc none = { sizeof(choice), choice }, wrapped = GSS_C_EMPTY_BUFFER;
	enum load_verdict verdict = LOAD_BAD;
	OM_uint32 minor;

	if (!GSS_ERROR(gss_unwrap(&minor, session->context, &input, &offer, NULL, NULL)) &&
	    offer.length == 4 && (*(const unsigned char *)offer.value & 1) &&
	    !GSS_ERROR(gss_wrap(&minor, session->context, 0, GSS_C_QOP_DEFAULT, &none, NULL,
				&wrapped)))
		verdict = send_token(session, &wrapped);
	gss_release_buffer(&minor, &offer);
	gss_release_buffer(&minor, &wrapped);
	session->state = AUTH_LOGGED_IN;
	return verdict;
}

static enum load_verdict challenged(struct load *load, struct load_session *session,
				    const char *line, size_t length)
{
	enum load_verdict verdict = LOAD_BAD;
	gnutls_datum_t token;

	if (read_token(line, length, &token) &&
	    (token.size > 0) == (session->state != AUTH_READY)) {
		if (session->state == AUTH_READY)
			session->state = AUTH_TOKENS;
		verdict = session->state == AUTH_LAYERS ? choose_layer(session, token)
							: next_token(load, session, token);
	}
	gnutls_free(token.data);
	return verdict;
}

static void begin_plain(const struct load *load, struct load_session *session)
{
	gnutls_datum_t bytes, text = { 0 };
	char response[300];

	bytes.size = (unsigned)snprintf(response, sizeof(response), "%cu%u@%s%cpw%u", '\0',
					session->user, load->options->domain, '\0', session->user);
	bytes.data = (unsigned char *)response;
	if (gnutls_base64_encode2(&bytes, &text) == GNUTLS_E_SUCCESS)
		load_send(session, "AUTH PLAIN %.*s\r\n", (int)text.size, (const char *)text.data);
	gnutls_free(text.data);
	session->state = AUTH_LOGGED_IN;
}

static void begin(struct load *load, struct load_session *session)
{
	context_end(session);
	load_user_next(load, session);
	if (load->protocol == &load_auth_plain) {
		begin_plain(load, session);
		return;
	}
	load_send(session, "AUTH %s\r\n", load->protocol == &load_auth_ntlm ? "NTLM" : "GSSAPI");
	session->state = AUTH_READY;
}

static enum load_verdict auth_step(struct load *load, struct load_session *session,
				   const char *line, size_t length)
{
	switch (session->state) {
	case AUTH_READY:
	case AUTH_TOKENS:
	case AUTH_LAYERS:
		return challenged(load, session, line, length);
	default:
		break;
	}
	if (length < 3 || memcmp(line, "+OK", 3) != 0)
		return LOAD_BAD;
	switch (session->state) {
	case AUTH_GREETING:
		begin(load, session);
		return LOAD_GO;
	case AUTH_LOGGED_IN:
		context_end(session);
		load_send(session, "QUIT\r\n");
		session->state = AUTH_QUIT;
		return LOAD_GO;
	default:
		load->finished++;
		return LOAD_END;
	}
}

const struct load_protocol load_auth_plain = { "auth-plain", "logins/s", false, auth_step };
const struct load_protocol load_auth_gssapi = { "auth-gssapi", "logins/s", false, auth_step };
const struct load_protocol load_auth_ntlm = { "auth-ntlm", "logins/s", false, auth_step };
