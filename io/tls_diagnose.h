/* SPDX-License-Identifier: ISC */
/*
 * Why a TLS server was not believed, in words an administrator can act on. For
 * clients whose library keeps that to itself: the handshake is made once more,
 * only to look. Blocks; nothing is ever sent over this connection.
 */
#ifndef IO_TLS_DIAGNOSE_H
#define IO_TLS_DIAGNOSE_H

#include <stddef.h>

/*
 * `descriptor` is a connected, blocking socket with time-outs set, on which the
 * server expects a ClientHello; it stays the caller's. *why becomes what is wrong:
 * the handshake, trust, dates, or the name; "" when everything is in order.
 */
void tls_diagnose(int descriptor, const char *host, const char *ca_file, char *why, size_t size);

#endif
