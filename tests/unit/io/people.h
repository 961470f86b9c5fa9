/* SPDX-License-Identifier: ISC */
/* An authority and the people it vouches for, made for a test. */
#ifndef TESTS_UNIT_IO_PEOPLE_H
#define TESTS_UNIT_IO_PEOPLE_H

#include "tests/unit/io/peer.h"

#include <gnutls/x509-ext.h>
#include <stdio.h>

struct people {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t own;
	struct pem pem;
	char file[64]; /* the authority's certificate */
};

/* What a person's certificate says. */
struct person_wish {
	const char *name, *upn, *sid; /* NULL: not in it */
	const char *purpose;          /* NULL: for clients */
	long begins, ends;            /* seconds from now; 0, 0: valid now */
};

static inline gnutls_x509_crt_t crt_new(gnutls_x509_privkey_t key, const char *dn, unsigned serial)
{
	const unsigned char number[] = { 0x11, (unsigned char)serial };
	gnutls_x509_crt_t crt;

	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, number, sizeof(number));
	assert_int_equal(gnutls_x509_crt_set_dn(crt, dn, NULL), 0);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	return crt;
}

static inline gnutls_x509_privkey_t key_new(void)
{
	gnutls_x509_privkey_t key;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	return key;
}

static inline struct people people_new(void)
{
	struct people people = { .key = key_new(), .file = "/tmp/postern-people-XXXXXX" };
	int fd = mkstemp(people.file);

	people.own = crt_new(people.key, "CN=People CA,O=Example,ST=Hesse,C=DE", 1);
	gnutls_x509_crt_set_basic_constraints(people.own, 1, -1);
	gnutls_x509_crt_set_key_usage(people.own, GNUTLS_KEY_KEY_CERT_SIGN);
	assert_int_equal(
		gnutls_x509_crt_sign2(people.own, people.own, people.key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(
		gnutls_x509_crt_export2(people.own, GNUTLS_X509_FMT_PEM, &people.pem.certificate),
		0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, people.pem.certificate.data, people.pem.certificate.size),
			 people.pem.certificate.size);
	close(fd);
	return people;
}

static inline void people_free(struct people *people)
{
	unlink(people->file);
	gnutls_free(people->pem.certificate.data);
	gnutls_x509_crt_deinit(people->own);
	gnutls_x509_privkey_deinit(people->key);
}

/* SEQUENCE { [0] { OBJECT IDENTIFIER 1.3.6.1.4.1.311.25.2.1, [0] { OCTET STRING sid } } } */
static inline void crt_set_sid(gnutls_x509_crt_t crt, const char *sid)
{
	unsigned char octets[128];
	size_t length = strlen(sid);
	int used = snprintf(
		(char *)octets, sizeof(octets),
		"\x30%c\xa0%c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x19\x02\x01\xa0%c\x04%c%s",
		(int)length + 18, (int)length + 16, (int)length + 2, (int)length, sid);

	assert_int_equal(gnutls_x509_crt_set_extension_by_oid(crt, "1.3.6.1.4.1.311.25.2", octets,
							      (size_t)used, 0),
			 0);
}

/* A certificate and its key. */
static inline struct pem person_new(const struct people *people, const struct person_wish *wish)
{
	gnutls_x509_privkey_t key = key_new();
	gnutls_x509_crt_t crt = crt_new(key, wish->name, 2);
	struct pem pem;

	if (wish->begins || wish->ends) {
		gnutls_x509_crt_set_activation_time(crt, time(NULL) + wish->begins);
		gnutls_x509_crt_set_expiration_time(crt, time(NULL) + wish->ends);
	}
	gnutls_x509_crt_set_key_purpose_oid(
		crt, wish->purpose ? wish->purpose : GNUTLS_KP_TLS_WWW_CLIENT, 0);
	gnutls_x509_crt_set_subject_key_id(crt, "\xab\xcd", 2);
	if (wish->upn)
		assert_int_equal(gnutls_x509_crt_set_subject_alt_othername(
					 crt, "1.3.6.1.4.1.311.20.2.3", wish->upn,
					 (unsigned)strlen(wish->upn),
					 GNUTLS_FSAN_ENCODE_UTF8_STRING),
				 0);
	if (wish->sid)
		crt_set_sid(crt, wish->sid);
	assert_int_equal(gnutls_x509_crt_sign2(crt, people->own, people->key, GNUTLS_DIG_SHA256, 0),
			 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem.certificate), 0);
	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem.key), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return pem;
}

#endif
