/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <errno.h>
#include <string.h>

/* What browsers and OpenSSL offer first; one key is made for each connection, not two. */
#define PRIORITY "NORMAL:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1"

#define FLAGS (GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_KEY_SHARE_TOP)

static gnutls_priority_t priority;

bool load_tls_prepare(struct load *load)
{
	return load->options->tls == LOAD_PLAIN ||
	       (gnutls_priority_init(&priority, PRIORITY, NULL) == GNUTLS_E_SUCCESS &&
		gnutls_certificate_allocate_credentials(&load->credentials) == GNUTLS_E_SUCCESS);
}

bool load_tls_start(struct load *load, struct load_session *session)
{
	gnutls_session_t tls;

	if (gnutls_init(&tls, FLAGS) < 0)
		return false;
	gnutls_priority_set(tls, priority);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, load->credentials);
	gnutls_handshake_set_timeout(tls, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_int(tls, session->fd);
	if (session->resumption.size > 0)
		gnutls_session_set_data(tls, session->resumption.data, session->resumption.size);
	session->tls = tls;
	session->handshaking = true;
	session->corked = false;
	return true;
}

bool load_tls_handshake(struct load *load, struct load_session *session)
{
	int result;

	(void)load;
	do
		result = gnutls_handshake(session->tls);
	while (result == GNUTLS_E_INTERRUPTED);
	if (result == GNUTLS_E_SUCCESS)
		session->handshaking = false;
	errno = EPROTO;
	return result == GNUTLS_E_SUCCESS || result == GNUTLS_E_AGAIN;
}

void load_tls_close(struct load *load, struct load_session *session)
{
	if (load->options->resume && !session->handshaking) {
		gnutls_free(session->resumption.data);
		session->resumption = (gnutls_datum_t){ 0 };
		(void)gnutls_session_get_data2(session->tls, &session->resumption);
	}
	if (!session->handshaking)
		(void)gnutls_bye(session->tls, GNUTLS_SHUT_WR);
	gnutls_deinit(session->tls);
	session->tls = NULL;
	session->handshaking = false;
}

ssize_t load_tls_receive(struct load_session *session, char *data, size_t size)
{
	ssize_t got = gnutls_record_recv(session->tls, data, size);

	if (got >= 0)
		return got;
	errno = got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED ? EAGAIN : EPROTO;
	return -1;
}

bool load_tls_pending(const struct load_session *session)
{
	return gnutls_record_check_pending(session->tls) > 0;
}

/* Corked, GnuTLS takes everything at once and fills its records. */
bool load_tls_flush(struct load_session *session, bool *complete)
{
	int result;

	if (!session->corked) {
		gnutls_record_cork(session->tls);
		if (gnutls_record_send(session->tls, session->out, session->out_length) < 0 ||
		    (session->body_length > 0 &&
		     gnutls_record_send(session->tls, session->body, session->body_length) < 0))
			return false;
		session->corked = true;
	}
	do
		result = gnutls_record_uncork(session->tls, 0);
	while (result == GNUTLS_E_INTERRUPTED);
	*complete = result >= 0;
	if (*complete)
		session->corked = false;
	return *complete || result == GNUTLS_E_AGAIN;
}

const char *load_tls_error(const struct load_session *session)
{
	gnutls_alert_description_t alert = gnutls_alert_get(session->tls);
	const char *name = alert ? gnutls_alert_get_name(alert) : NULL;

	return name ? name : "TLS handshake failed";
}
