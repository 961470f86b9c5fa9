/* SPDX-License-Identifier: ISC */
#include "io/tls_diagnose.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "io/tls_private.h"

static void add_text(char to[TLS_REPORT_TEXT], const char *separator, const char *text)
{
	size_t used = strlen(to);

	snprintf(to + used, TLS_REPORT_TEXT - used, "%s%s", used ? separator : "", text);
}

/* The certificate's own idea of its name: "CN=dc1.corp.example". */
static void certificate_name(gnutls_x509_crt_t certificate, char *to, size_t size)
{
	if (gnutls_x509_crt_get_dn(certificate, to, &size) != 0)
		to[0] = '\0';
}

static void take_certificate(const gnutls_datum_t *der, bool first, struct tls_report *report)
{
	gnutls_x509_crt_t certificate;
	char name[TLS_REPORT_NAME];
	int64_t until;

	if (gnutls_x509_crt_init(&certificate) != 0)
		return;
	if (gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0) {
		certificate_name(certificate, name, sizeof(name));
		add_text(report->chain, " < ", name[0] ? name : "(no name)");
		until = (int64_t)gnutls_x509_crt_get_expiration_time(certificate);
		if (first || until < report->until)
			report->until = until;
		if (first) {
			tls_names_list(certificate, report->names, sizeof(report->names));
			memcpy(report->name, name, sizeof(name));
		}
	}
	gnutls_x509_crt_deinit(certificate);
}

static void take_chain(gnutls_session_t session, struct tls_report *report)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);

	for (unsigned i = 0; chain && i < count; i++)
		take_certificate(&chain[i], i == 0, report);
}

static void tell_status(unsigned status, const char *name, const char *host, const char *ca_file,
			char *why, size_t size)
{
	gnutls_datum_t text = { NULL, 0 };

	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		snprintf(why, size,
			 "certificate of %s is not valid today: renew it, or set the clock", name);
	else if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		snprintf(why, size,
			 "certificate of %s: signed by nobody in %s: set tls_ca to the authority "
			 "that signed it",
			 name, ca_file);
	else if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		snprintf(why, size,
			 "certificate of %s is not for %s: write the server's name as it stands "
			 "there",
			 name, host);
	else if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) ==
		 0)
		snprintf(why, size, "certificate of %s: %s", name, (const char *)text.data);
	gnutls_free(text.data);
}

static void verify(gnutls_session_t session, const char *host, const char *ca_file,
		   struct tls_report *report)
{
	unsigned status = 0;
	int error = gnutls_certificate_verify_peers3(session, host, &status);

	if (error != 0)
		snprintf(report->trouble, sizeof(report->trouble), "certificate: %s",
			 gnutls_strerror(error));
	else if (status != 0)
		tell_status(status, report->name[0] ? report->name : "the server", host, ca_file,
			    report->trouble, sizeof(report->trouble));
}

static void shake_hands(gnutls_session_t session, const char *host, const char *ca_file,
			struct tls_report *report)
{
	int error;

	do
		error = gnutls_handshake(session);
	while (error == GNUTLS_E_INTERRUPTED || error == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (error != 0) {
		snprintf(report->trouble, sizeof(report->trouble), "handshake: %s",
			 gnutls_strerror(error));
		return;
	}
	take_chain(session, report);
	verify(session, host, ca_file, report);
}

void tls_look(int descriptor, const char *host, const char *ca_file, struct tls_report *report)
{
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_session_t session = NULL;

	*report = (struct tls_report){ 0 };
	if (gnutls_certificate_allocate_credentials(&credentials) != 0)
		return;
	if (gnutls_certificate_set_x509_trust_file(credentials, ca_file, GNUTLS_X509_FMT_PEM) < 0) {
		snprintf(report->trouble, sizeof(report->trouble),
			 "no certificate can be read from the CA file %s", ca_file);
	} else if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0 &&
		   gnutls_set_default_priority(session) == 0 &&
		   gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) == 0) {
		(void)gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
		gnutls_transport_set_int(session, descriptor);
		shake_hands(session, host, ca_file, report);
	}
	if (session)
		gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
}
