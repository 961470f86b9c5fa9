/* SPDX-License-Identifier: ISC */
/* The other end of a stream for tests: a blocking peer in a thread, plain or TLS, and a throw-away
 * certificate. */
#ifndef TESTS_UNIT_IO_PEER_H
#define TESTS_UNIT_IO_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/span.h"
#include "io/tls.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct pem {
	gnutls_datum_t certificate, key;
};

static inline struct pem pem_new(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	struct pem pem;
	unsigned char serial = 7;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, &serial, 1);
	gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "mail.test", 9);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem.certificate), 0);
	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem.key), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return pem;
}

static inline void pem_free(struct pem *pem)
{
	gnutls_free(pem->certificate.data);
	gnutls_free(pem->key.data);
}

static inline struct tls_server *pem_server(const struct pem *pem)
{
	char why[200] = "";
	struct tls_server *tls =
		tls_server_new(span_make(pem->certificate.data, pem->certificate.size),
			       span_make(pem->key.data, pem->key.size), why, sizeof(why));

	assert_string_equal(why, "");
	assert_non_null(tls);
	return tls;
}

/* ---- descriptors ---- */

static inline size_t descriptors_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static inline void pair_tcp(int ends[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listening, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &length), 0);
	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ends[1], (struct sockaddr *)&address, length), 0);
	ends[0] = accept(listening, NULL, NULL);
	assert_true(ends[0] >= 0);
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	close(listening);
}

/* ends[0] is the server's, non-blocking. */
static inline void pair_new(bool tcp, int buffers, int ends[2])
{
	if (tcp)
		pair_tcp(ends);
	else
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	for (int i = 0; buffers && i < 2; i++) {
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &buffers, sizeof(buffers));
		setsockopt(ends[i], SOL_SOCKET, SO_RCVBUF, &buffers, sizeof(buffers));
	}
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
}

/* ---- the peer: asserts nothing, because cmocka cannot in other threads ---- */

struct peer {
	int fd;
	gnutls_session_t session; /* NULL: plain */
	gnutls_certificate_credentials_t credentials;
};

static inline bool peer_handshake(struct peer *peer, const char *priorities)
{
	int result;

	gnutls_certificate_allocate_credentials(&peer->credentials);
	gnutls_init(&peer->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	gnutls_priority_set_direct(peer->session, priorities ? priorities : "NORMAL", NULL);
	gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, peer->credentials);
	gnutls_transport_set_int(peer->session, peer->fd);
	do
		result = gnutls_handshake(peer->session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	return result == 0;
}

static inline bool peer_send(struct peer *peer, const void *bytes, size_t length)
{
	for (const char *at = bytes; length > 0;) {
		ssize_t sent = peer->session ? gnutls_record_send(peer->session, at, length)
					     : send(peer->fd, at, length, MSG_NOSIGNAL);
		if (sent < 0 && peer->session && !gnutls_error_is_fatal((int)sent))
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		length -= (size_t)sent;
	}
	return true;
}

static inline bool peer_say(struct peer *peer, const char *text)
{
	return peer_send(peer, text, strlen(text));
}

/* 0 at the end, -1 on failure. */
static inline ssize_t peer_receive(struct peer *peer, void *to, size_t size)
{
	ssize_t got;

	if (!peer->session)
		return recv(peer->fd, to, size, 0);
	do
		got = gnutls_record_recv(peer->session, to, size);
	while (got < 0 && !gnutls_error_is_fatal((int)got));
	return got < 0 ? -1 : got;
}

/* Reads until `text` has come, exactly. */
static inline bool peer_expect(struct peer *peer, const char *text)
{
	char got[2000];
	size_t used = 0;

	while (used < strlen(text)) {
		ssize_t n = peer_receive(peer, got + used, strlen(text) - used);
		if (n <= 0)
			return false;
		used += (size_t)n;
	}
	return memcmp(got, text, used) == 0;
}

static inline void peer_close(struct peer *peer)
{
	if (peer->session)
		gnutls_deinit(peer->session);
	if (peer->credentials)
		gnutls_certificate_free_credentials(peer->credentials);
	if (peer->fd >= 0)
		close(peer->fd);
	*peer = (struct peer){ .fd = -1 };
}

static inline void pause_ms(int milliseconds)
{
	nanosleep(&(struct timespec){ milliseconds / 1000, milliseconds % 1000 * 1000000L }, NULL);
}

#endif
