/* SPDX-License-Identifier: ISC */
#include "io/certificate.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/der.h"
#include "base/memory.h"

#define SID_EXTENSION "1.3.6.1.4.1.311.25.2"

enum { CHAIN_MAX = 8, SHA1_SIZE = 20, SERIAL_MAX = 64 };

/* ---- verifying ---- */

static bool complain(char *why, size_t size, const char *what, int result)
{
	snprintf(why, size, "%s: %s", what, gnutls_strerror(result));
	return false;
}

static bool verify_status(unsigned status, char *why, size_t size)
{
	gnutls_datum_t text = { NULL, 0 };

	if (status == 0)
		return true;
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		snprintf(why, size, "the certificate is not vouched for");
	else
		snprintf(why, size, "%s", (const char *)text.data);
	gnutls_free(text.data);
	return false;
}

static bool verify(gnutls_x509_crt_t *chain, unsigned count, const char *authorities, bool *ours,
		   char *why, size_t size)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	gnutls_x509_trust_list_t list;
	unsigned status = 0;
	int result = gnutls_x509_trust_list_init(&list, 0);
	bool verified = false;

	if (result < 0)
		return complain(why, size, "certificates", result);
	result = gnutls_x509_trust_list_add_trust_file(list, authorities, NULL, GNUTLS_X509_FMT_PEM,
						       0, 0);
	*ours = result <= 0;
	if (*ours)
		snprintf(why, size, "client_ca %s: %s", authorities,
			 result < 0 ? gnutls_strerror(result) : "no certificate in it");
	else if ((result = gnutls_x509_trust_list_verify_crt2(list, chain, count, &purpose, 1, 0,
							      &status, NULL)) < 0)
		(void)complain(why, size, "the certificate", result);
	else
		verified = verify_status(status, why, size);
	gnutls_x509_trust_list_deinit(list, 1); /* with the authorities from the file */
	return verified;
}

/* ---- what it says ---- */

/* Abbreviations of types of which Windows has its own. */
static const char *windows_type(struct span type)
{
	static const char *const pairs[][2] = { { "ST", "S" }, { "EMAIL", "E" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (span_is(type, pairs[i][0]))
			return pairs[i][1];
	return NULL;
}

/* From the top down and with Windows's abbreviations: C=US,O=Example,CN=alice. */
static void put_name(const gnutls_datum_t *dn, char to[CERTIFICATE_NAME_SIZE])
{
	struct span rest = span_make(dn->data, dn->size), part, type;
	size_t used = 0;

	to[0] = '\0';
	while (span_cut(&rest, ',', &part) && used < CERTIFICATE_NAME_SIZE) {
		struct span value = part;
		const char *other = span_cut(&value, '=', &type) ? windows_type(type) : NULL;
		int count;

		if (other && value.at)
			count = snprintf(to + used, CERTIFICATE_NAME_SIZE - used, "%s%s=%.*s",
					 used ? "," : "", other, (int)value.length, value.at);
		else
			count = snprintf(to + used, CERTIFICATE_NAME_SIZE - used, "%s%.*s",
					 used ? "," : "", (int)part.length, part.at);
		used += (size_t)count;
	}
	if (used >= CERTIFICATE_NAME_SIZE)
		to[0] = '\0'; /* half a name is none */
}

static void read_name(int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned),
		      gnutls_x509_crt_t own, char to[CERTIFICATE_NAME_SIZE])
{
	gnutls_datum_t dn = { NULL, 0 };

	to[0] = '\0';
	/* The older order of GnuTLS is that of the certificate. */
	if (get(own, &dn, GNUTLS_X509_DN_FLAG_COMPAT) >= 0)
		put_name(&dn, to);
	gnutls_free(dn.data);
}

static void read_upn(gnutls_x509_crt_t own, struct certificate *certificate)
{
	int result = 0;

	for (unsigned i = 0; result >= 0 && !certificate->upn[0]; i++) {
		char name[sizeof(certificate->upn)];
		size_t length = sizeof(name) - 1;
		unsigned type = 0;

		result = gnutls_x509_crt_get_subject_alt_name2(own, i, name, &length, &type, NULL);
		if (result == GNUTLS_SAN_OTHERNAME) {
			char oid[64];
			size_t oid_length = sizeof(oid);

			type = (unsigned)gnutls_x509_crt_get_subject_alt_othername_oid(own, i, oid,
										       &oid_length);
		}
		if (type == GNUTLS_SAN_OTHERNAME_MSUSERPRINCIPAL && !memchr(name, '\0', length))
			(void)span_copy(span_make(name, length), certificate->upn,
					sizeof(certificate->upn));
	}
}

/* SEQUENCE { [0] { OBJECT IDENTIFIER, [0] { OCTET STRING text } } } */
static void read_sid(gnutls_x509_crt_t own, struct certificate *certificate)
{
	char octets[400];
	size_t length = sizeof(octets);
	struct span rest, outer, named, id, value, text;

	if (gnutls_x509_crt_get_extension_by_oid(own, SID_EXTENSION, 0, octets, &length, NULL) < 0)
		return;
	rest = span_make(octets, length);
	if (der_take_tag(&rest, DER_SEQUENCE, &outer) &&
	    der_take_tag(&outer, DER_CONTEXT, &named) && der_take_tag(&named, DER_OID, &id) &&
	    der_take_tag(&named, DER_CONTEXT, &value) && der_take_tag(&value, DER_OCTETS, &text) &&
	    !span_has_nul(text) && span_copy(text, certificate->sid, sizeof(certificate->sid)))
		return;
	/* One that is there and is not understood must not be as if it were not there. */
	snprintf(certificate->sid, sizeof(certificate->sid), "unreadable");
}

static char *identity_serial(gnutls_x509_crt_t own, const char *issuer)
{
	unsigned char serial[SERIAL_MAX], reversed[SERIAL_MAX];
	size_t length = sizeof(serial);
	char hex[2 * SERIAL_MAX + 1];

	if (!issuer[0] || gnutls_x509_crt_get_serial(own, serial, &length) < 0)
		return NULL;
	for (size_t i = 0; i < length; i++)
		reversed[i] = serial[length - 1 - i];
	hex_encode(span_make(reversed, length), hex);
	return memory_format("X509:<I>%s<SR>%s", issuer, hex);
}

static char *identity_key_id(gnutls_x509_crt_t own)
{
	unsigned char id[SERIAL_MAX];
	size_t length = sizeof(id);
	char hex[2 * SERIAL_MAX + 1];

	if (gnutls_x509_crt_get_subject_key_id(own, id, &length, NULL) < 0)
		return NULL;
	hex_encode(span_make(id, length), hex);
	return memory_format("X509:<SKI>%s", hex);
}

/* Of the bit string's octets in SubjectPublicKeyInfo, as a key identifier of RFC 5280
 * section 4.2.1.2 is. */
static char *identity_key(gnutls_x509_crt_t own)
{
	unsigned char digest[SHA1_SIZE];
	char hex[2 * SHA1_SIZE + 1];
	gnutls_datum_t der = { NULL, 0 };
	gnutls_pubkey_t key;
	struct span rest, info, algorithm, bits;
	char *identity = NULL;

	if (gnutls_pubkey_init(&key) < 0)
		return NULL;
	if (gnutls_pubkey_import_x509(key, own, 0) >= 0 &&
	    gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) >= 0) {
		rest = span_make(der.data, der.size);
		if (der_take_tag(&rest, DER_SEQUENCE, &info) &&
		    der_take_tag(&info, DER_SEQUENCE, &algorithm) &&
		    der_take_tag(&info, DER_BITS, &bits) && bits.length > 1 &&
		    gnutls_hash_fast(GNUTLS_DIG_SHA1, bits.at + 1, bits.length - 1, digest) >= 0) {
			hex_encode(span_make(digest, sizeof(digest)), hex);
			identity = memory_format("X509:<SHA1-PUKEY>%s", hex);
		}
	}
	gnutls_free(der.data);
	gnutls_pubkey_deinit(key);
	return identity;
}

static void add(struct certificate *certificate, char *identity)
{
	size_t count = 0;

	while (certificate->identities[count])
		count++;
	certificate->identities[count] = identity;
}

static void read_names(gnutls_x509_crt_t own, struct certificate *certificate)
{
	char issuer[CERTIFICATE_NAME_SIZE];

	read_name(gnutls_x509_crt_get_dn3, own, certificate->subject);
	read_name(gnutls_x509_crt_get_issuer_dn3, own, issuer);
	read_upn(own, certificate);
	read_sid(own, certificate);
	add(certificate, identity_serial(own, issuer));
	add(certificate, identity_key_id(own));
	add(certificate, identity_key(own));
	if (issuer[0] && certificate->subject[0])
		add(certificate, memory_format("X509:<I>%s<S>%s", issuer, certificate->subject));
}

bool certificate_read(struct span chain, const char *authorities, struct certificate *certificate,
		      bool *ours, char *why, size_t size)
{
	const gnutls_datum_t pem = { (unsigned char *)(uintptr_t)chain.at, (unsigned)chain.length };
	gnutls_x509_crt_t list[CHAIN_MAX];
	unsigned count = CHAIN_MAX;
	int result = gnutls_x509_crt_list_import(list, &count, &pem, GNUTLS_X509_FMT_PEM,
						 GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	bool verified;

	*ours = false;
	*certificate = (struct certificate){ 0 };
	if (result <= 0)
		return complain(why, size, "the certificate", result);
	verified = verify(list, (unsigned)result, authorities, ours, why, size);
	if (verified)
		read_names(list[0], certificate);
	for (int i = 0; i < result; i++)
		gnutls_x509_crt_deinit(list[i]);
	return verified;
}

void certificate_clear(struct certificate *certificate)
{
	for (size_t i = 0; i < CERTIFICATE_IDENTITIES; i++)
		free(certificate->identities[i]);
	*certificate = (struct certificate){ 0 };
}
