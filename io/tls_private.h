/* SPDX-License-Identifier: ISC */
/* What stream_tls.c needs from tls.c. */
#ifndef IO_TLS_PRIVATE_H
#define IO_TLS_PRIVATE_H

#include "io/tls.h"

#include <gnutls/gnutls.h>

/* Counted, so that new certificates can be loaded while sessions with the old ones go on. */
struct tls_server *tls_server_share(struct tls_server *tls);
gnutls_session_t tls_server_session(struct tls_server *tls);

struct stream;
gnutls_session_t stream_tls_session(const struct stream *stream); /* NULL: no handshake has begun */

#endif
