/* SPDX-License-Identifier: ISC */
/*
 * Whether a server's certificate is vouched for, for a library that has made the TLS
 * connection itself and reads authorities from files only, which are not there in an
 * empty root (libcurl with GnuTLS).
 */
#ifndef IO_TLS_TRUST_H
#define IO_TLS_TRUST_H

#include "base/span.h"

struct tls_trust;

/* The system's authorities, read now. NULL with *why. */
struct tls_trust *tls_trust_new(char *why, size_t size);
/* Authorities besides (PEM). False with *why. */
bool tls_trust_add(struct tls_trust *trust, struct span authorities, char *why, size_t size);
void tls_trust_free(struct tls_trust *trust); /* NULL is fine */
/*
 * session: a gnutls_session_t whose handshake is done. True: its certificate is of that host (RFC
 * 6125) and vouched for. False with *why ("the certificate has expired").
 */
bool tls_trust_check(const struct tls_trust *trust, void *session, const char *host, char *why,
		     size_t size);

#endif
