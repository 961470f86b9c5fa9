/* SPDX-License-Identifier: ISC */
#include "io/tls_private.h"

#include "base/memory.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* RFC 8996 and RFC 8997 leave TLS 1.2 and 1.3; the order of the server decides the cipher. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

enum { END_POINT_MAX = 64 };

struct tls_server {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	gnutls_datum_t
		ticket_key; /* of this process and object: dies with them (RFC 5077 section 5.5) */
	unsigned owners;
	bool asks; /* clients for certificates */
	char end_point[END_POINT_MAX];
	size_t end_point_length;
};

static void tls_server_destroy(struct tls_server *tls)
{
	if (tls->priorities)
		gnutls_priority_deinit(tls->priorities);
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	if (tls->ticket_key.data)
		gnutls_memset(tls->ticket_key.data, 0, tls->ticket_key.size);
	gnutls_free(tls->ticket_key.data);
	free(tls);
}

static const char *load_error(int result)
{
	switch (result) {
	case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
		return "certificate and key do not belong together";
	case GNUTLS_E_DECRYPTION_FAILED: /* encrypted, and no passphrase */
		return "the key is protected by a passphrase; store it without one";
	case GNUTLS_E_BASE64_DECODING_ERROR:
	case GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR:
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
		return "not a certificate and a key in PEM form";
	default:
		return gnutls_strerror(result);
	}
}

static int pair_load(struct tls_server *tls, struct span certificate, struct span key)
{
	const gnutls_datum_t c = { (unsigned char *)(uintptr_t)certificate.at,
				   (unsigned)certificate.length };
	const gnutls_datum_t k = { (unsigned char *)(uintptr_t)key.at, (unsigned)key.length };

	return gnutls_certificate_set_x509_key_mem2(tls->credentials, &c, &k, GNUTLS_X509_FMT_PEM,
						    NULL, 0);
}

/* RFC 5929 section 4.1: the hash of its signature, but none that is weaker than SHA-256. */
static gnutls_digest_algorithm_t end_point_hash(gnutls_x509_crt_t certificate)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(certificate);
	gnutls_digest_algorithm_t hash =
		algorithm < 0 ? GNUTLS_DIG_UNKNOWN
			      : gnutls_sign_get_hash_algorithm((gnutls_sign_algorithm_t)algorithm);

	return hash == GNUTLS_DIG_MD5 || hash == GNUTLS_DIG_SHA1 ? GNUTLS_DIG_SHA256 : hash;
}

/* GnuTLS has forgotten which certificate it was in sessions that are taken up again. */
static void keep_end_point(struct tls_server *tls)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_digest_algorithm_t hash;
	gnutls_x509_crt_t certificate;

	if (gnutls_certificate_get_crt_raw(tls->credentials, 0, 0, &der) < 0 ||
	    gnutls_x509_crt_init(&certificate) < 0)
		return;
	if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) >= 0) {
		hash = end_point_hash(certificate);
		if (hash != GNUTLS_DIG_UNKNOWN &&
		    gnutls_hash_get_len(hash) <= END_POINT_MAX &&
		    gnutls_hash_fast(hash, der.data, der.size, tls->end_point) >= 0)
			tls->end_point_length = gnutls_hash_get_len(hash);
	}
	gnutls_x509_crt_deinit(certificate);
}

struct span tls_server_end_point(const struct tls_server *tls)
{
	return span_make(tls->end_point, tls->end_point_length);
}

struct tls_server *tls_server_new(struct span certificate, struct span key, char *why,
				  size_t why_size)
{
	struct tls_server *tls = memory_new(sizeof(*tls));

	tls->owners = 1;
	int result = gnutls_certificate_allocate_credentials(&tls->credentials);
	if (result >= 0)
		result = pair_load(tls, certificate, key);
	/* Groups of RFC 7919 for clients without elliptic curves. */
	if (result >= 0)
		result = gnutls_certificate_set_known_dh_params(tls->credentials,
								GNUTLS_SEC_PARAM_MEDIUM);
	if (result >= 0)
		result = gnutls_priority_init(&tls->priorities, PRIORITIES, NULL);
	if (result >= 0)
		result = gnutls_session_ticket_key_generate(&tls->ticket_key);
	if (result >= 0) {
		keep_end_point(tls);
		return tls;
	}
	snprintf(why, why_size, "%s", load_error(result));
	tls_server_destroy(tls);
	return NULL;
}

bool tls_server_ask_clients(struct tls_server *tls, struct span authorities, char *why,
			    size_t why_size)
{
	const gnutls_datum_t pem = { (unsigned char *)(uintptr_t)authorities.at,
				     (unsigned)authorities.length };
	int result = gnutls_certificate_set_x509_trust_mem(tls->credentials, &pem,
							   GNUTLS_X509_FMT_PEM);

	tls->asks = result > 0;
	if (!tls->asks)
		snprintf(why, why_size, "the clients' authorities: %s",
			 result < 0 ? gnutls_strerror(result) : "no certificate in PEM form");
	return tls->asks;
}

void tls_server_free(struct tls_server *tls)
{
	if (tls && --tls->owners == 0)
		tls_server_destroy(tls);
}

struct tls_server *tls_server_share(struct tls_server *tls)
{
	tls->owners++;
	return tls;
}

gnutls_session_t tls_server_session(struct tls_server *tls)
{
	gnutls_session_t session = NULL;

	if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
	    gnutls_priority_set(session, tls->priorities) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0 ||
	    gnutls_session_ticket_enable_server(session, &tls->ticket_key) < 0)
		memory_die("tls: no session");
	gnutls_certificate_server_set_request(session,
					      tls->asks ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
	gnutls_handshake_set_timeout(session,
				     GNUTLS_INDEFINITE_TIMEOUT); /* streams have their own */
	return session;
}

/* ---- small cryptography ---- */

void mac_sha256(struct span key, struct span bytes, unsigned char to[MAC_SIZE])
{
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.at, key.length, bytes.at, bytes.length, to) < 0)
		memory_die("hmac-sha-256");
}

void random_bytes(void *to, size_t size)
{
	char *at = to;

	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0 && errno != EINTR)
			memory_die("getrandom");
		if (got > 0) {
			at += got;
			size -= (size_t)got;
		}
	}
}
