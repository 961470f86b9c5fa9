/* SPDX-License-Identifier: ISC */
#include "io/tls_make.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

enum { SERIAL_SIZE = 16, PEM_SIZE = 8192 };

static int fill(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const char *const *names,
		size_t count, unsigned days)
{
	unsigned char serial[SERIAL_SIZE];
	time_t now = (time_t)clock_unix();
	int error = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] &= 0x7f; /* RFC 5280 section 4.1.2.2: positive */
	if (!error)
		error = gnutls_x509_crt_set_version(certificate, 3);
	if (!error)
		error = gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
	if (!error)
		error = gnutls_x509_crt_set_activation_time(certificate, now - 3600);
	if (!error)
		error = gnutls_x509_crt_set_expiration_time(certificate,
							    now + (time_t)days * 86400);
	if (!error)
		error = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
						      names[0], (unsigned)strlen(names[0]));
	for (size_t i = 0; !error && i < count; i++)
		error = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME,
							     names[i], (unsigned)strlen(names[i]),
							     GNUTLS_FSAN_APPEND);
	if (!error)
		error = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
	if (!error)
		error = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER,
							    0);
	if (!error)
		error = gnutls_x509_crt_set_key(certificate, key);
	return error;
}

static int export(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
		  struct buffer *certificate_pem, struct buffer *key_pem)
{
	char pem[PEM_SIZE];
	size_t size = sizeof(pem);
	int error = gnutls_x509_crt_export(certificate, GNUTLS_X509_FMT_PEM, pem, &size);

	if (error)
		return error;
	buffer_add(certificate_pem, pem, size);
	size = sizeof(pem);
	error = gnutls_x509_privkey_export_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
						 pem, &size);
	if (!error)
		buffer_add(key_pem, pem, size);
	memory_wipe(pem, sizeof(pem));
	return error;
}

bool tls_make_self_signed(const char *const *names, size_t count, unsigned days,
			  struct buffer *certificate, struct buffer *key, const char **why)
{
	gnutls_x509_crt_t made = NULL;
	gnutls_x509_privkey_t secret = NULL;
	int error = gnutls_x509_privkey_init(&secret);

	if (!error)
		error = gnutls_x509_privkey_generate(
			secret, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
			0);
	if (!error)
		error = gnutls_x509_crt_init(&made);
	if (!error)
		error = fill(made, secret, names, count, days);
	if (!error)
		error = gnutls_x509_crt_sign2(made, made, secret, GNUTLS_DIG_SHA256, 0);
	if (!error)
		error = export(made, secret, certificate, key);
	if (made)
		gnutls_x509_crt_deinit(made);
	if (secret)
		gnutls_x509_privkey_deinit(secret);
	if (!error)
		return true;
	*why = gnutls_strerror(error);
	buffer_clear(certificate);
	buffer_wipe(key);
	return false;
}
