/* SPDX-License-Identifier: ISC */
/*
 * The TLS material of one certificate for servers: credentials, priorities, session
 * ticket key. Shared by all streams of a process; loaded from memory, so that it
 * works in an empty chroot. TLS 1.2 and later.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "base/span.h"

struct tls_server;

/* certificate (chain) and key are PEM. NULL with *why filled ("certificate and key do not belong together"). */
struct tls_server *tls_server_new(struct span certificate, struct span key, char *why, size_t why_size);
/*
 * Asks clients for a certificate of theirs, without wanting one. authorities (PEM) are who may
 * vouch for it; what others vouch for counts as none. Before streams use it. False with *why.
 */
bool tls_server_ask_clients(struct tls_server *tls, struct span authorities, char *why, size_t why_size);
void tls_server_free(struct tls_server *tls); /* NULL is fine; streams that use it go on */

/* HMAC-SHA-256 and random bytes, so that no other folder needs the crypto library for them. */
#define MAC_SIZE 32
void mac_sha256(struct span key, struct span bytes, unsigned char to[MAC_SIZE]);
void random_bytes(void *to, size_t size); /* dies if the kernel gives none */

#endif
