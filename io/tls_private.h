/* SPDX-License-Identifier: ISC */
/* What stream_tls.c needs from tls.c. */
#ifndef IO_TLS_PRIVATE_H
#define IO_TLS_PRIVATE_H

#include "io/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* Counted, so that new certificates can be loaded while sessions with the old ones go on. */
struct tls_server *tls_server_share(struct tls_server *tls);
gnutls_session_t tls_server_session(struct tls_server *tls);
struct span tls_server_end_point(const struct tls_server *tls); /* RFC 5929; empty: not known */

/* tls_client.c. tolerant: of a server that is not asked for a good certificate. */
struct tls_client *tls_client_share(struct tls_client *tls);
gnutls_session_t tls_client_session(struct tls_client *tls, bool tolerant);
/* The session to be taken up again in this one's handshake, if there is one under the key. */
void tls_client_recall(struct tls_client *tls, struct span key, gnutls_session_t session);
void tls_client_remember(struct tls_client *tls, struct span key, gnutls_session_t session);

/*
 * As a client, one visit a stream: what is wished of the server, whether it was so, and
 * the session that is remembered for the next visit with the same wish.
 */
struct tls_visit;
struct tls_visit *tls_visit_new(struct tls_client *tls,
				const struct tls_wish *wish); /* copies it */
void tls_visit_free(struct tls_visit *visit);
gnutls_session_t tls_visit_session(struct tls_visit *visit);
void tls_visit_arrive(struct tls_visit *visit, gnutls_session_t session); /* shaken hands */
bool tls_visit_verified(const struct tls_visit *visit);
/* Why it came to nothing, for free(); NULL: what the library says will do. */
char *tls_visit_failure(const struct tls_visit *visit, gnutls_session_t session, int result);
void tls_visit_remember(struct tls_visit *visit, gnutls_session_t session);

/* tls_names.c. One of the names is in the certificate (RFC 6125; no more than one label for a "*").
 */
bool tls_names_fit(gnutls_x509_crt_t certificate, const char *const *names);
/* Its DNS names and addresses, separated by blanks, as many as there is room for. */
void tls_names_list(gnutls_x509_crt_t certificate, char *to, size_t size);

/* tls_dane.c */
struct tls_chain {
	gnutls_x509_crt_t *certificates; /* the server's first */
	unsigned count;
};
enum tls_dane {
	TLS_DANE_FITS,
	TLS_DANE_NONE_FITS,
	TLS_DANE_NOT_TRUSTED /* why is in *status */,
	TLS_DANE_OTHER_NAME
};
/* A record that says something about an SMTP server (RFC 7672 section 3.1): others are as good as
 * none. */
bool tls_record_usable(const struct tls_record *record);
enum tls_dane tls_dane_check(const struct tls_chain *chain, const struct tls_wish *wish,
			     unsigned *status);

struct stream;
gnutls_session_t stream_tls_session(const struct stream *stream); /* NULL: no handshake has begun */
const struct tls_server *stream_tls_server(const struct stream *stream); /* NULL: a client's */

#endif
