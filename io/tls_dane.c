/* SPDX-License-Identifier: ISC */
/*
 * TLSA records against the certificates that a server has shown (RFC 6698, 7671, 7672):
 * DANE-EE and DANE-TA with all selectors and matching types.
 */
#include "io/tls_private.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

enum { USAGE_TA = 2, USAGE_EE = 3 };
enum { SELECTOR_CERTIFICATE, SELECTOR_KEY };

static const struct {
	gnutls_digest_algorithm_t digest; /* UNKNOWN: the octets themselves */
	size_t size;                      /* 0 = any */
} matchings[] = {
	{ GNUTLS_DIG_UNKNOWN, 0 },
	{ GNUTLS_DIG_SHA256, 32 },
	{ GNUTLS_DIG_SHA512, 64 },
};

/*
 * RFC 7672 section 3.1.3: PKIX-TA and PKIX-EE mean nothing in SMTP, where nobody agrees on
 * whom to trust.
 */
bool tls_record_usable(const struct tls_record *record)
{
	if (record->usage != USAGE_TA && record->usage != USAGE_EE)
		return false;
	if (record->selector > SELECTOR_KEY ||
	    record->matching >= sizeof(matchings) / sizeof(matchings[0]))
		return false;
	return record->data.length > 0 && (matchings[record->matching].size == 0 ||
					   record->data.length == matchings[record->matching].size);
}

static bool export_key(gnutls_x509_crt_t certificate, gnutls_datum_t *octets)
{
	gnutls_pubkey_t key;
	bool done;

	if (gnutls_pubkey_init(&key) < 0)
		return false;
	done = gnutls_pubkey_import_x509(key, certificate, 0) == 0 &&
	       gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, octets) == 0;
	gnutls_pubkey_deinit(key);
	return done;
}

static bool octets_match(const struct tls_record *record, const gnutls_datum_t *octets)
{
	gnutls_digest_algorithm_t digest = matchings[record->matching].digest;
	unsigned char hash[64];

	if (digest == GNUTLS_DIG_UNKNOWN)
		return span_equal(record->data, span_make(octets->data, octets->size));
	return gnutls_hash_fast(digest, octets->data, octets->size, hash) == 0 &&
	       memcmp(hash, record->data.at, record->data.length) == 0;
}

static bool record_fits(const struct tls_record *record, gnutls_x509_crt_t certificate)
{
	gnutls_datum_t octets = { NULL, 0 };
	bool fits;

	if (record->selector == SELECTOR_KEY)
		fits = export_key(certificate, &octets);
	else
		fits = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &octets) == 0;
	fits = fits && octets_match(record, &octets);
	gnutls_free(octets.data);
	return fits;
}

/* The chain up to the anchor holds, which alone is trusted. */
static unsigned verify_from(const struct tls_chain *chain, gnutls_x509_crt_t anchor)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0 };
	gnutls_x509_trust_list_t trusted;
	unsigned status = GNUTLS_CERT_INVALID;

	if (gnutls_x509_trust_list_init(&trusted, 0) < 0)
		return status;
	if (gnutls_x509_trust_list_add_cas(trusted, &anchor, 1, 0) != 1 ||
	    gnutls_x509_trust_list_verify_crt2(trusted, chain->certificates, chain->count, &purpose,
					       1, 0, &status, NULL) < 0)
		status |= GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(trusted, 0);
	return status;
}

static enum tls_dane check_anchor(const struct tls_chain *chain, const struct tls_wish *wish,
				  const struct tls_record *record, unsigned *status)
{
	enum tls_dane found = TLS_DANE_NONE_FITS;

	for (unsigned i = 0; i < chain->count; i++) {
		if (!record_fits(record, chain->certificates[i]))
			continue;
		*status = verify_from(chain, chain->certificates[i]);
		if (*status != 0)
			found = TLS_DANE_NOT_TRUSTED;
		else if (tls_names_fit(chain->certificates[0], wish->names))
			return TLS_DANE_FITS;
		else
			found = TLS_DANE_OTHER_NAME;
	}
	return found;
}

enum tls_dane tls_dane_check(const struct tls_chain *chain, const struct tls_wish *wish,
			     unsigned *status)
{
	enum tls_dane found = TLS_DANE_NONE_FITS;

	for (size_t i = 0; i < wish->records_count; i++) {
		const struct tls_record *record = &wish->records[i];
		enum tls_dane now = TLS_DANE_NONE_FITS;

		if (!tls_record_usable(record))
			continue;
		/* RFC 7672 section 3.1.1: neither names nor dates count, the record says it all. */
		if (record->usage == USAGE_EE)
			now = record_fits(record, chain->certificates[0]) ? TLS_DANE_FITS : now;
		else
			now = check_anchor(chain, wish, record, status);
		if (now == TLS_DANE_FITS)
			return now;
		if (now != TLS_DANE_NONE_FITS)
			found = now;
	}
	return found;
}
