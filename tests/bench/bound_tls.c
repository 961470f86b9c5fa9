/* SPDX-License-Identifier: ISC */
/*
 * What bare GnuTLS allows: bound_tls CERTIFICATE KEY SECONDS
 * Whole handshakes over loopback TCP, a new connection each; client and server threads share
 * the processors, as a load generator and what it loads do.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#define THREADS 4 /* of each side */

/* As the load generator does it. */
#define PRIORITY "NORMAL:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1"

static gnutls_certificate_credentials_t server_credentials, client_credentials;
static gnutls_priority_t priority;
static struct sockaddr_in place;
static int listener;
static double deadline;
static atomic_ulong handshakes;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void need(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

/* A byte of data from the server shows the client that it has finished, too. */
static int shake(int fd, unsigned side)
{
	const int on = 1;
	gnutls_session_t session;
	char byte = 'x';
	int result;

	need(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "TCP_NODELAY");
	need(gnutls_init(&session, side | GNUTLS_KEY_SHARE_TOP) == 0, "gnutls_init");
	gnutls_priority_set(session, priority);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
			       side == GNUTLS_SERVER ? server_credentials : client_credentials);
	gnutls_transport_set_int(session, fd);
	result = gnutls_handshake(session);
	if (result == 0 && side == GNUTLS_SERVER)
		result = gnutls_record_send(session, &byte, 1) == 1 ? 0 : -1;
	else if (result == 0)
		result = gnutls_record_recv(session, &byte, 1) == 1 ? 0 : -1;
	gnutls_deinit(session);
	return result;
}

static void *serve(void *argument)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return argument;
		(void)shake(fd, GNUTLS_SERVER);
		close(fd);
	}
}

static void *ask(void *argument)
{
	while (now() < deadline) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		need(fd >= 0 && connect(fd, (struct sockaddr *)&place, sizeof(place)) == 0,
		     "connect");
		need(shake(fd, GNUTLS_CLIENT) == 0, "handshake");
		close(fd);
		atomic_fetch_add(&handshakes, 1);
	}
	return argument;
}

static void open_listener(void)
{
	socklen_t length = sizeof(place);

	place.sin_family = AF_INET;
	place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(listener >= 0 && bind(listener, (struct sockaddr *)&place, sizeof(place)) == 0 &&
		     listen(listener, 128) == 0 &&
		     getsockname(listener, (struct sockaddr *)&place, &length) == 0,
	     "listen");
}

int main(int argc, char **argv)
{
	pthread_t servers[THREADS], clients[THREADS];
	double started;

	if (argc != 4 || atof(argv[3]) <= 0) {
		fprintf(stderr, "usage: bound_tls CERTIFICATE KEY SECONDS\n");
		return 2;
	}
	need(gnutls_priority_init(&priority, PRIORITY, NULL) == 0 &&
		     gnutls_certificate_allocate_credentials(&server_credentials) == 0 &&
		     gnutls_certificate_allocate_credentials(&client_credentials) == 0 &&
		     gnutls_certificate_set_x509_key_file(server_credentials, argv[1], argv[2],
							  GNUTLS_X509_FMT_PEM) >= 0,
	     "credentials");
	open_listener();
	started = now();
	deadline = started + atof(argv[3]);
	for (unsigned i = 0; i < THREADS; i++)
		need(pthread_create(&servers[i], NULL, serve, NULL) == 0 &&
			     pthread_create(&clients[i], NULL, ask, NULL) == 0,
		     "pthread_create");
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(clients[i], NULL);
	printf("bound tls_handshakes=%.0f unit=1/s threads=%d+%d\n",
	       (double)atomic_load(&handshakes) / (now() - started), THREADS, THREADS);
	return 0;
}
