/* SPDX-License-Identifier: ISC */
#include "io/tls_trust.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CHAIN_MAX = 16 };

struct tls_trust {
	gnutls_x509_trust_list_t list;
};

struct tls_trust *tls_trust_new(char *why, size_t size)
{
	struct tls_trust *trust = memory_new(sizeof *trust);
	int added;

	if (gnutls_x509_trust_list_init(&trust->list, 0) != 0)
		memory_die("no list of authorities");
	added = gnutls_x509_trust_list_add_system_trust(trust->list, 0, 0);
	/* Without any, whatever is asked is not vouched for; that is no reason not to start. */
	if (added >= 0 || added == GNUTLS_E_UNIMPLEMENTED_FEATURE || added == GNUTLS_E_FILE_ERROR)
		return trust;
	snprintf(why, size, "the system's authorities cannot be read: %s", gnutls_strerror(added));
	tls_trust_free(trust);
	return NULL;
}

bool tls_trust_add(struct tls_trust *trust, struct span authorities, char *why, size_t size)
{
	gnutls_datum_t pem = { (unsigned char *)authorities.at, (unsigned)authorities.length };
	int added = gnutls_x509_trust_list_add_trust_mem(trust->list, &pem, NULL,
							 GNUTLS_X509_FMT_PEM, 0, 0);

	if (added > 0)
		return true;
	snprintf(why, size, "no certificates of authorities: %s",
		 added < 0 ? gnutls_strerror(added) : "empty");
	return false;
}

void tls_trust_free(struct tls_trust *trust)
{
	if (!trust)
		return;
	gnutls_x509_trust_list_deinit(trust->list, 1);
	free(trust);
}

static unsigned chain_import(const gnutls_datum_t *raw, unsigned count,
			     gnutls_x509_crt_t chain[CHAIN_MAX])
{
	unsigned made = 0;

	while (made < count && made < CHAIN_MAX) {
		if (gnutls_x509_crt_init(&chain[made]) != 0)
			break;
		if (gnutls_x509_crt_import(chain[made], &raw[made], GNUTLS_X509_FMT_DER) != 0) {
			gnutls_x509_crt_deinit(chain[made]);
			break;
		}
		made++;
	}
	return made;
}

static void explain(unsigned status, char *why, size_t size)
{
	gnutls_datum_t text = { 0 };

	if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		snprintf(why, size, "the certificate is of another host");
	else if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) ==
		 0)
		snprintf(why, size, "%s", (char *)text.data);
	else
		snprintf(why, size, "the certificate is not vouched for");
	gnutls_free(text.data);
}

bool tls_trust_check(const struct tls_trust *trust, void *session, const char *host, char *why,
		     size_t size)
{
	gnutls_typed_vdata_st wanted[] = {
		{ GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)host, (unsigned)strlen(host) },
		{ GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0 },
	};
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned count = 0, status = 0;
	const gnutls_datum_t *raw = session ? gnutls_certificate_get_peers(session, &count) : NULL;
	int error = GNUTLS_E_NO_CERTIFICATE_FOUND;

	count = raw ? chain_import(raw, count, chain) : 0;
	if (count)
		error = gnutls_x509_trust_list_verify_crt2(trust->list, chain, count, wanted, 2, 0,
							   &status, NULL);
	for (unsigned i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	if (error)
		snprintf(why, size, "no certificate that can be checked: %s",
			 gnutls_strerror(error));
	else if (status)
		explain(status, why, size);
	return error == 0 && status == 0;
}
