/* SPDX-License-Identifier: ISC */
/*
 * Cyrus SASL, held tightly: no plugin and no file of the system is read, the
 * mechanisms are those named here, and it decides nothing about identities.
 */
#include <stdio.h>
#include <string.h>

#include "auth/exchange_private.h"
#include "base/log.h"

#define MECHANISMS "GSSAPI GSS-SPNEGO NTLM EXTERNAL"
#define NOWHERE    "/nonexistent" /* a folder for plugins that is not there */

/* A callback has the type that its number says. */
#define CALLBACK(function) ((sasl_callback_ft)(void (*)(void))(function))

static int get_option(void *context, const char *plugin, const char *option, const char **result,
		      unsigned *length)
{
	(void)context;
	if (plugin || strcmp(option, "mech_list") != 0)
		return SASL_FAIL;
	*result = MECHANISMS;
	if (length)
		*length = sizeof(MECHANISMS) - 1;
	return SASL_OK;
}

/* What it says of failures is in the cause; strangers do not write our log through it. */
static int say(void *context, int level, const char *text)
{
	(void)context;
	if (level == SASL_LOG_ERR)
		log_debug("auth.sasl", LOG_TEXT("text", text));
	return SASL_OK;
}

static int get_path(void *context, const char **path)
{
	(void)context;
	*path = NOWHERE;
	return SASL_OK;
}

bool cyrus_set_up(char *room, size_t size)
{
	static const sasl_callback_t callbacks[] = {
		{ SASL_CB_GETOPT, CALLBACK(get_option), NULL },
		{ SASL_CB_LOG, CALLBACK(say), NULL },
		{ SASL_CB_GETPATH, CALLBACK(get_path), NULL },
		{ SASL_CB_LIST_END, NULL, NULL },
	};
	int result = sasl_server_init(callbacks, NULL);

	if (result == SASL_OK)
		result = sasl_server_add_plugin("gss", gss_plug_init);
	if (result != SASL_OK)
		snprintf(room, size, "the SASL library cannot be set up: %s",
			 sasl_errstring(result, NULL, NULL));
	return result == SASL_OK;
}

/* Names stay as they are: whose they are is found out later, and elsewhere. */
static int keep_name(sasl_conn_t *connection, void *context, const char *in, unsigned length,
		     unsigned flags, const char *realm, char *out, unsigned most, unsigned *used)
{
	(void)connection, (void)context, (void)flags, (void)realm;
	if (length >= most)
		return SASL_BUFOVER;
	memcpy(out, in, length);
	out[length] = '\0';
	*used = length;
	return SASL_OK;
}

/* auth_admit asks the directory. */
static int permit_any(sasl_conn_t *connection, void *context, const char *user,
		      unsigned user_length, const char *authid, unsigned authid_length,
		      const char *realm, unsigned realm_length, struct propctx *properties)
{
	(void)connection, (void)context, (void)user, (void)user_length, (void)authid;
	(void)authid_length, (void)realm, (void)realm_length, (void)properties;
	return SASL_OK;
}

struct exchange *cyrus_exchange(const sasl_callback_t *callbacks)
{
	while (callbacks->id != SASL_CB_CANON_USER)
		callbacks++;
	return callbacks->context;
}

bool cyrus_open(struct exchange *exchange)
{
	static const sasl_security_properties_t properties = {
		.max_ssf = 0, /* TLS is the layer */
		.security_flags = SASL_SEC_NOPLAINTEXT | SASL_SEC_NOANONYMOUS,
	};
	sasl_callback_t *callbacks = exchange->callbacks;
	int result;

	callbacks[0] = (sasl_callback_t){ SASL_CB_CANON_USER, CALLBACK(keep_name), exchange };
	callbacks[1] = (sasl_callback_t){ SASL_CB_PROXY_POLICY, CALLBACK(permit_any), exchange };
	callbacks[2] = (sasl_callback_t){ SASL_CB_LIST_END, NULL, NULL };
	result = sasl_server_new(exchange->ask.service, "localhost", NULL, NULL, NULL, callbacks, 0,
				 &exchange->connection);
	if (result == SASL_OK)
		result = sasl_setprop(exchange->connection, SASL_SEC_PROPS, &properties);
	if (result == SASL_OK && exchange->external)
		result = sasl_setprop(exchange->connection, SASL_AUTH_EXTERNAL,
				      exchange->certificate.subject);
	if (result != SASL_OK)
		snprintf(exchange->cause, sizeof(exchange->cause), "%s",
			 sasl_errstring(result, NULL, NULL));
	return result == SASL_OK;
}

/*
 * EXTERNAL (RFC 4422 appendix A) has nothing but the identity to act as. Cyrus SASL would
 * look it up in a database of its own.
 */
static bool keep_authzid(struct exchange *exchange, struct span *response)
{
	if (!exchange->external)
		return true;
	if (utf8_valid(*response) && !span_has_nul(*response) &&
	    span_copy(*response, exchange->authzid, sizeof(exchange->authzid))) {
		*response = span_text("");
		return true;
	}
	snprintf(exchange->cause, sizeof(exchange->cause), "malformed authorization identity");
	return false;
}

int cyrus_step(struct exchange *exchange, struct span response, struct span *challenge)
{
	const char *out = NULL;
	unsigned length = 0;
	int result;

	if (!keep_authzid(exchange, &response))
		return SASL_BADPROT;
	if (exchange->begun)
		result = sasl_server_step(exchange->connection, response.at,
					  (unsigned)response.length, &out, &length);
	else
		result = sasl_server_start(exchange->connection, exchange->ask.mechanism,
					   response.at, (unsigned)response.length, &out, &length);
	exchange->begun = true;
	*challenge = span_make(out, out ? length : 0);
	if (result != SASL_OK && result != SASL_CONTINUE && !exchange->cause[0])
		snprintf(exchange->cause, sizeof(exchange->cause), "%s",
			 sasl_errdetail(exchange->connection));
	return result;
}
