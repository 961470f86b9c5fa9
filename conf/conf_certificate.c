/* SPDX-License-Identifier: ISC */
/* Certificates, their keys, and authorities, as GnuTLS sees them. */
#include "conf/conf_private.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

#define PEM_MAX (4 * 1024 * 1024) /* octets: a system's file of all authorities has 200 KiB */
#define DAY     86400
#define SOON    (14 * DAY)

struct chain {
	gnutls_x509_crt_t *certificates; /* the server's own first */
	unsigned count;
};

static bool chain_load(struct conf_machine *machine, unsigned begins, const char *key,
		       const char *path, const gnutls_datum_t *pem, struct chain *chain)
{
	int result = gnutls_x509_crt_list_import2(&chain->certificates, &chain->count, pem,
						  GNUTLS_X509_FMT_PEM, 0);

	if (result >= 0 && chain->count > 0)
		return true;
	conf_machine_tell(machine, begins, key,
			  "%s \"%s\" has no certificate in PEM form (%s): replace it", key, path,
			  gnutls_strerror(result));
	return false;
}

static void chain_clear(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		gnutls_x509_crt_deinit(chain->certificates[i]);
	gnutls_free(chain->certificates);
}

static void date_text(time_t when, char *to, size_t size)
{
	struct tm parts;

	if (!gmtime_r(&when, &parts) || strftime(to, size, "%Y-%m-%d %H:%M UTC", &parts) == 0)
		span_copy(span_text("an unknown date"), to, size);
}

static void check_dates(struct conf_machine *machine, unsigned begins, const char *path,
			gnutls_x509_crt_t certificate)
{
	time_t now = (time_t)clock_unix();
	time_t from = gnutls_x509_crt_get_activation_time(certificate);
	time_t until = gnutls_x509_crt_get_expiration_time(certificate);
	char date[40];

	if (now < from) {
		date_text(from, date, sizeof(date));
		conf_machine_tell(machine, begins, "certificate",
				  "certificate \"%s\" is valid only from %s on: replace it, or set "
				  "the clock",
				  path, date);
	}
	if (until == (time_t)-1 || until >= now + SOON)
		return;
	date_text(until, date, sizeof(date));
	if (until < now)
		conf_machine_tell(machine, begins, "certificate",
				  "certificate \"%s\" expired at %s: renew it", path, date);
	else
		conf_machine_tell(machine, begins, "certificate",
				  "warning: certificate \"%s\" expires at %s: renew it", path,
				  date);
}

static void check_pair(struct conf_machine *machine, unsigned begins, const char *path,
		       const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t credentials;
	int result = gnutls_certificate_allocate_credentials(&credentials);

	if (result < 0)
		memory_die("certificate credentials");
	result = gnutls_certificate_set_x509_key_mem(credentials, certificate, key,
						     GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		conf_machine_tell(
			machine, begins, "key",
			"key \"%s\" does not belong to the certificate: replace one of them", path);
	else if (result < 0)
		conf_machine_tell(
			machine, begins, "key",
			"key \"%s\" cannot be used (%s): write an unencrypted private key in "
			"PEM form",
			path, gnutls_strerror(result));
}

static void check_chain(struct conf_machine *machine, unsigned begins, const char *path,
			const struct chain *chain, const char *fqdn)
{
	for (unsigned i = 0; i < chain->count; i++)
		check_dates(machine, begins, path, chain->certificates[i]);
	if (!gnutls_x509_crt_check_hostname(chain->certificates[0], fqdn))
		conf_machine_tell(
			machine, begins, "certificate",
			"warning: certificate \"%s\" does not name %s, so that clients may "
			"refuse it: correct fqdn, or get a certificate for that name",
			path, fqdn);
}

static gnutls_datum_t datum(char *bytes, size_t length)
{
	return (gnutls_datum_t){ .data = (unsigned char *)bytes, .size = (unsigned)length };
}

void conf_machine_certificate(struct conf_machine *machine, unsigned begins,
			      const char *certificate, const char *key, const char *fqdn)
{
	struct chain chain = { NULL, 0 };
	size_t public_length = 0, private_length = 0;
	char *public = conf_machine_file(machine, begins, "certificate", certificate, false,
					 PEM_MAX, &public_length);
	char *private =
		conf_machine_file(machine, begins, "key", key, true, PEM_MAX, &private_length);
	gnutls_datum_t public_pem = datum(public, public_length);
	gnutls_datum_t private_pem = datum(private, private_length);

	if (public &&
	    chain_load(machine, begins, "certificate", certificate, &public_pem, &chain)) {
		check_chain(machine, begins, certificate, &chain, fqdn);
		if (private)
			check_pair(machine, begins, key, &public_pem, &private_pem);
		chain_clear(&chain);
	}
	free(public);
	if (private)
		memory_wipe(private, private_length);
	free(private);
}

void conf_machine_authorities(struct conf_machine *machine, unsigned begins, const char *key,
			      const char *path)
{
	struct chain chain = { NULL, 0 };
	size_t length = 0;
	char *bytes = conf_machine_file(machine, begins, key, path, false, PEM_MAX, &length);
	gnutls_datum_t pem = datum(bytes, length);

	if (bytes && chain_load(machine, begins, key, path, &pem, &chain))
		chain_clear(&chain);
	free(bytes);
}
