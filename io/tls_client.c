/* SPDX-License-Identifier: ISC */
/* What the TLS clients of a process share: whom they trust, and the sessions they remember. */
#include "io/tls_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"

#define VERSIONS "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* Whom nobody asks for a certificate that is good may also have a key that is not to be used so. */
#define TOLERANT          VERSIONS ":%COMPAT"
#define DH_BITS_TOLERATED 1024 /* still better than none */

#define SESSIONS_MAX  256
#define SESSION_LIVES (60 * 60 * 1000) /* what was checked is checked again after that */

struct tls_client {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t strict, tolerant;
	struct table *sessions; /* gnutls_datum_t */
	unsigned owners;
};

static void session_release(void *value)
{
	gnutls_datum_t *data = value;

	if (data->data)
		gnutls_memset(data->data, 0, data->size);
	gnutls_free(data->data);
	free(data);
}

static void destroy(struct tls_client *tls)
{
	if (tls->strict)
		gnutls_priority_deinit(tls->strict);
	if (tls->tolerant)
		gnutls_priority_deinit(tls->tolerant);
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	table_free(tls->sessions);
	free(tls);
}

/* Without a list of the system's there is nobody to vouch, and everything else works. */
static int load_authorities(struct tls_client *tls, struct span authorities)
{
	const gnutls_datum_t pem = { (unsigned char *)(uintptr_t)authorities.at,
				     (unsigned)authorities.length };
	int count;

	if (authorities.length == 0) {
		(void)gnutls_certificate_set_x509_system_trust(tls->credentials);
		return 0;
	}
	count = gnutls_certificate_set_x509_trust_mem(tls->credentials, &pem, GNUTLS_X509_FMT_PEM);
	return count == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : count;
}

struct tls_client *tls_client_new(struct span authorities, char *why, size_t why_size)
{
	struct tls_client *tls = memory_new(sizeof(*tls));
	int result;

	tls->owners = 1;
	tls->sessions = table_new(SESSIONS_MAX, session_release);
	result = gnutls_certificate_allocate_credentials(&tls->credentials);
	if (result >= 0)
		result = gnutls_priority_init(&tls->strict, VERSIONS, NULL);
	if (result >= 0)
		result = gnutls_priority_init(&tls->tolerant, TOLERANT, NULL);
	if (result >= 0)
		result = load_authorities(tls, authorities);
	if (result >= 0)
		return tls;
	snprintf(why, why_size, "the authorities for servers: %s",
		 result == GNUTLS_E_NO_CERTIFICATE_FOUND || result == GNUTLS_E_BASE64_DECODING_ERROR
			 ? "no certificate in PEM form"
			 : gnutls_strerror(result));
	destroy(tls);
	return NULL;
}

void tls_client_free(struct tls_client *tls)
{
	if (tls && --tls->owners == 0)
		destroy(tls);
}

struct tls_client *tls_client_share(struct tls_client *tls)
{
	tls->owners++;
	return tls;
}

gnutls_session_t tls_client_session(struct tls_client *tls, bool tolerant)
{
	gnutls_session_t session = NULL;

	if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
	    gnutls_priority_set(session, tolerant ? tls->tolerant : tls->strict) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
		memory_die("tls: no session");
	if (tolerant)
		gnutls_dh_set_prime_bits(session, DH_BITS_TOLERATED);
	gnutls_handshake_set_timeout(session,
				     GNUTLS_INDEFINITE_TIMEOUT); /* streams have their own */
	return session;
}

void tls_client_recall(struct tls_client *tls, struct span key, gnutls_session_t session)
{
	const gnutls_datum_t *data = table_find(tls->sessions, key, clock_ms());

	if (data)
		(void)gnutls_session_set_data(session, data->data, data->size);
}

void tls_client_remember(struct tls_client *tls, struct span key, gnutls_session_t session)
{
	gnutls_datum_t *data = memory_new(sizeof(*data));

	if (gnutls_session_get_data2(session, data) == 0)
		table_put(tls->sessions, key, data, clock_ms() + SESSION_LIVES);
	else
		free(data);
}
