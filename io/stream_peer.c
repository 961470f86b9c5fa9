/* SPDX-License-Identifier: ISC */
/* What TLS knows of the connection and of who is at its other end. */
#include "io/stream_private.h"

#include <gnutls/x509.h>
#include <string.h>

#include "io/tls_private.h"

static gnutls_session_t secured_session(const struct stream *stream)
{
	return stream_secure(stream) ? stream_tls_session(stream) : NULL;
}

/* As a server, of which the library tells only in a session's first connection. */
static size_t own_end_point(const struct stream *stream, char to[STREAM_BINDING_MAX])
{
	struct span octets = tls_server_end_point(stream_tls_server(stream));

	if (octets.length > STREAM_BINDING_MAX)
		return 0;
	memcpy(to, octets.at, octets.length);
	return octets.length;
}

size_t stream_binding(const struct stream *stream, enum stream_binding kind,
		      char to[STREAM_BINDING_MAX])
{
	gnutls_session_t session = secured_session(stream);
	gnutls_datum_t octets = { NULL, 0 };
	size_t length = 0;

	if (session && kind == STREAM_END_POINT && stream_tls_server(stream))
		return own_end_point(stream, to);
	/* Without a master secret of its own, two connections of TLS 1.2 may have the same exporter
	 * (RFC 9266). */
	if (!session ||
	    gnutls_session_channel_binding(session,
					   kind == STREAM_EXPORTER ? GNUTLS_CB_TLS_EXPORTER
								   : GNUTLS_CB_TLS_SERVER_END_POINT,
					   &octets) < 0)
		return 0;
	if (octets.size <= STREAM_BINDING_MAX) {
		length = octets.size;
		memcpy(to, octets.data, length);
	}
	gnutls_free(octets.data);
	return length;
}

bool stream_verified(const struct stream *stream)
{
	return stream_secure(stream) && stream_tls_verified(stream);
}

static bool is_vouched_for(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned status = 0;

	return gnutls_certificate_type_get(session) == GNUTLS_CRT_X509 &&
	       gnutls_certificate_verify_peers(session, &purpose, 1, &status) >= 0 && status == 0;
}

static size_t put_pem(const gnutls_datum_t *der, char *to, size_t size)
{
	gnutls_datum_t pem = { NULL, 0 };
	size_t length = 0;

	if (gnutls_pem_base64_encode2("CERTIFICATE", der, &pem) < 0)
		return 0;
	if (pem.size <= size) {
		length = pem.size;
		memcpy(to, pem.data, length);
	}
	gnutls_free(pem.data);
	return length;
}

size_t stream_certificate(const struct stream *stream, char *to, size_t size)
{
	gnutls_session_t session = secured_session(stream);
	unsigned count = 0;
	const gnutls_datum_t *list = session ? gnutls_certificate_get_peers(session, &count) : NULL;
	size_t used = 0;

	if (!list || !is_vouched_for(session))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		size_t length = put_pem(&list[i], to + used, size - used);

		if (length == 0)
			return 0;
		used += length;
	}
	return used;
}
