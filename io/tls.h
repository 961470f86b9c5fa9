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

/*
 * The client side: what is asked of a server's certificate. Shared by streams of a
 * process; the last session for the same wish is remembered, to save handshakes.
 */
enum tls_demand {
	TLS_ANY,    /* any certificate, expired and self-signed ones too (opportunistic) */
	TLS_NAMED,  /* vouched for by an authority, and one of `names` is in it (RFC 6125, MTA-STS patterns) */
	TLS_DANE    /* one of the TLSA records fits (RFC 7672); for usage DANE-TA also one of `names`. With no
		       record that is usable for SMTP: as TLS_ANY */
};
struct tls_record { /* of TLSA (RFC 6698) */
	unsigned char usage, selector, matching;
	struct span data;
};
struct tls_wish {
	enum tls_demand demand;
	const char *sni;	   /* name of the server; NULL = none */
	const char *const *names;  /* NULL-ended; "*.example.com" and ".example.com" are patterns of one label */
	const struct tls_record *records;
	size_t records_count;
};
struct tls_client;
/* authorities: PEM; empty = the system's, loaded now (so call it before the sandbox). NULL with *why. */
struct tls_client *tls_client_new(struct span authorities, char *why, size_t why_size);
void tls_client_free(struct tls_client *tls); /* NULL is fine; streams that use it go on */

/* HMAC-SHA-256 and random bytes, so that no other folder needs the crypto library for them. */
#define MAC_SIZE 32
void mac_sha256(struct span key, struct span bytes, unsigned char to[MAC_SIZE]);
void random_bytes(void *to, size_t size); /* dies if the kernel gives none */

#endif
