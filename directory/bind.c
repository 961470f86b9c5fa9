/* SPDX-License-Identifier: ISC */
#include "directory/connection.h"

#include <gssapi/gssapi_krb5.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/credentials.h"
#include "directory/errors.h"

/* Waits for the answer to `id` and takes result and text out of it. */
static void take_reply(struct connection *connection, int id, int64_t deadline,
		       struct connection_reply *reply)
{
	LDAPMessage *message = NULL;
	int64_t left = deadline - clock_ms();
	struct timeval patience = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	char *text = NULL;
	int type = 0;

	if (left > 0)
		type = ldap_result(connection->ldap, id, LDAP_MSG_ALL, &patience, &message);
	if (type <= 0) {
		reply->result = type == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN;
		snprintf(reply->diagnostic, sizeof(reply->diagnostic), "%s",
			 type == 0 ? "no answer in time" : "connection lost before the answer");
		return;
	}
	if (ldap_parse_result(connection->ldap, message, &reply->result, NULL, &text, NULL, NULL,
			      1) != LDAP_SUCCESS)
		reply->result = LDAP_DECODING_ERROR;
	snprintf(reply->diagnostic, sizeof(reply->diagnostic), "%s", text ? text : "");
	ldap_memfree(text);
}

void connection_bind_simple(struct connection *connection, const char *dn, struct span password,
			    int64_t deadline, struct connection_reply *reply)
{
	struct watch watch;
	struct berval secret = { .bv_len = password.length };
	char *copy;
	int id = -1;

	*reply = (struct connection_reply){ .result = LDAP_PARAM_ERROR };
	if (password.length == 0)
		return;
	copy = memory_text_n(password.at, password.length);
	secret.bv_val = copy;
	reply->sent = true;
	watchdog_arm(connection->watchdog, &watch, connection->guard, deadline);
	reply->result =
		ldap_sasl_bind(connection->ldap, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, &id);
	memory_wipe(copy, password.length);
	free(copy);
	if (reply->result == LDAP_SUCCESS)
		take_reply(connection, id, deadline, reply);
	else
		snprintf(reply->diagnostic, sizeof(reply->diagnostic),
			 "connection lost while sending");
	if (watchdog_disarm(connection->watchdog, &watch))
		reply->result = LDAP_TIMEOUT;
}

/* SASL asks for what was not given; everything has its default: the identity is the ticket. */
static int answer_nothing(LDAP *ldap, unsigned flags, void *defaults, void *asked)
{
	(void)ldap;
	(void)flags;
	(void)defaults;
	for (sasl_interact_t *item = asked; item->id != SASL_CB_LIST_END; item++) {
		item->result = item->defresult ? item->defresult : "";
		item->len = (unsigned)strlen(item->result);
	}
	return LDAP_SUCCESS;
}

/*
 * Sign and seal by GSSAPI itself; AD permits only one protection at a time, so
 * inside TLS the layer is off and the channel is bound instead.
 */
static bool set_protection(struct connection *connection)
{
	static const int endpoint = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
	bool tls = ldap_tls_inplace(connection->ldap);
	const char *properties = tls ? "maxssf=0" : "minssf=56";

	if (tls && ldap_set_option(connection->ldap, LDAP_OPT_X_SASL_CBINDING, &endpoint) !=
			   LDAP_OPT_SUCCESS)
		return false;
	return ldap_set_option(connection->ldap, LDAP_OPT_X_SASL_SECPROPS, properties) ==
	       LDAP_OPT_SUCCESS;
}

/* SASL and GSSAPI wrap what Kerberos says in their own words; only its own are of use. */
static void tell_gssapi(const char *principal, int result, const char *text,
			char why[CONNECTION_TEXT_SIZE])
{
	static const char mark[] = "Minor code may provide more information (";
	const char *minor = strstr(text, mark);
	const char *remedy = error_remedy(result, error_sub_code(span_text(text)));

	if (minor)
		text = minor + sizeof(mark) - 1;
	if (strstr(text, "Server not found in Kerberos"))
		remedy = "write servers by the controllers' full host names";
	snprintf(why, CONNECTION_TEXT_SIZE, "GSSAPI bind as %.60s: %.*s%s%s", principal,
		 minor ? (int)strcspn(text, ")") : 80, text, remedy ? ": " : "",
		 remedy ? remedy : "");
}

/* With the thread's tickets. LDAP_TIMEOUT when there is no answer in time. */
static int bind_interactive(struct connection *connection, int64_t deadline)
{
	struct watch watch;
	int result;

	watchdog_arm(connection->watchdog, &watch, connection->guard, deadline);
	result = ldap_sasl_interactive_bind_s(connection->ldap, NULL, "GSSAPI", NULL, NULL,
					      LDAP_SASL_QUIET, answer_nothing, NULL);
	return watchdog_disarm(connection->watchdog, &watch) ? LDAP_TIMEOUT : result;
}

static bool bind_gssapi(struct connection *connection, const char *principal, int64_t deadline,
			char why[CONNECTION_TEXT_SIZE])
{
	char text[CONNECTION_TEXT_SIZE];
	int result;

	if (!set_protection(connection)) {
		snprintf(why, CONNECTION_TEXT_SIZE, "GSSAPI protection cannot be set");
		return false;
	}
	result = bind_interactive(connection, deadline);
	if (result == LDAP_SUCCESS)
		return true;
	if (result == LDAP_TIMEOUT) {
		snprintf(why, CONNECTION_TEXT_SIZE, "GSSAPI bind: no answer in time");
		return false;
	}
	connection_text(connection->ldap, result, text);
	tell_gssapi(principal, result, text, why);
	return false;
}

bool connection_bind_ticket(struct connection *connection, const char *cache, const char *principal,
			    int64_t deadline, char why[CONNECTION_TEXT_SIZE])
{
	OM_uint32 minor;

	if (!cache || !GSS_ERROR(gss_krb5_ccache_name(&minor, cache, NULL)))
		return bind_gssapi(connection, principal, deadline, why);
	snprintf(why, CONNECTION_TEXT_SIZE, "GSSAPI does not take the ticket cache");
	return false;
}

int connection_bind_bare(struct connection *connection, int64_t deadline,
			 char text[CONNECTION_TEXT_SIZE])
{
	int result;

	if (ldap_set_option(connection->ldap, LDAP_OPT_X_SASL_SECPROPS, "maxssf=0") !=
	    LDAP_OPT_SUCCESS)
		return LDAP_PARAM_ERROR;
	result = bind_interactive(connection, deadline);
	connection_text(connection->ldap, result, text);
	return result;
}

static void tell_simple(const char *dn, const struct connection_reply *reply,
			char why[CONNECTION_TEXT_SIZE])
{
	uint32_t sub_code = error_sub_code(span_text(reply->diagnostic));
	const char *meaning = error_sub_code_meaning(sub_code);
	const char *remedy = error_remedy(reply->result, sub_code);

	if (!remedy && reply->result == LDAP_INVALID_CREDENTIALS)
		remedy = "check bind_dn and password_file";
	if (meaning)
		snprintf(why, CONNECTION_TEXT_SIZE, "simple bind as %.60s: %s (data %x)%s%s", dn,
			 meaning, (unsigned)sub_code, remedy ? ": " : "", remedy ? remedy : "");
	else
		snprintf(why, CONNECTION_TEXT_SIZE, "simple bind as %.60s: %s (%d)%s%.60s%s%s", dn,
			 ldap_err2string(reply->result), reply->result,
			 reply->diagnostic[0] ? " " : "", reply->diagnostic, remedy ? ": " : "",
			 remedy ? remedy : "");
}

bool connection_bind_service(struct connection *connection, const struct conf_directory *conf,
			     struct credentials *credentials, struct span password,
			     int64_t deadline, char why[CONNECTION_TEXT_SIZE])
{
	struct connection_reply reply;

	if (conf->bind == CONF_BIND_GSSAPI) {
		if (!credentials_use(credentials, why, CONNECTION_TEXT_SIZE))
			return false;
		if (bind_gssapi(connection, credentials_principal(credentials), deadline, why))
			return true;
		/* A ticket for a server that was set up anew stays wrong for hours. */
		credentials_forget(credentials);
		return false;
	}
	connection_bind_simple(connection, conf->bind_dn, password, deadline, &reply);
	if (reply.result == LDAP_SUCCESS)
		return true;
	tell_simple(conf->bind_dn, &reply, why);
	return false;
}
