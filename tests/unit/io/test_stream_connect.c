/* SPDX-License-Identifier: ISC */
/* Streams that we begin: to listeners, to nobody, to who never answers, and to a real TLS server.
 */
#include "io/stream.h"

#include "tests/unit/io/servers.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/wait.h>

struct caller {
	struct event_base *base;
	struct stream *stream;
	const char *greeting; /* sent before the connection is there; NULL = none */
	struct tls_client *tls;
	const struct tls_wish *wish;
	bool connected, secured, verified, over, leaves;
	unsigned idles;
	char why[300], version[20];
	struct buffer heard;
};

static void on_connected(void *owner)
{
	struct caller *caller = owner;

	assert_false(caller->connected);
	caller->connected = true;
	if (caller->leaves) {
		stream_free(caller->stream);
		caller->over = true;
	} else if (caller->tls) {
		stream_start_tls_client(caller->stream, caller->tls, caller->wish);
	}
}

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct caller *caller = owner;

	(void)cipher;
	caller->secured = true;
	caller->verified = stream_verified(caller->stream);
	snprintf(caller->version, sizeof(caller->version), "%s", version);
	stream_write(caller->stream, "Q\n", 2);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	struct caller *caller = owner;

	assert_true(caller->connected);
	buffer_add(&caller->heard, bytes, length);
	return length;
}

static void on_idle(void *owner)
{
	((struct caller *)owner)->idles++;
}

static void on_gone(void *owner, const char *why)
{
	struct caller *caller = owner;

	snprintf(caller->why, sizeof(caller->why), "%s", why);
	stream_free(caller->stream);
	caller->over = true;
}

static const struct stream_calls calls = { .input = on_input,
					   .connected = on_connected,
					   .secured = on_secured,
					   .idle = on_idle,
					   .gone = on_gone };

static const unsigned char loopback[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
static const unsigned char loopback6[16] = { [15] = 1 };

static void call(struct caller *caller, const unsigned char address[16], uint16_t port,
		 const unsigned char *source, unsigned seconds)
{
	caller->base = event_base_new();
	caller->stream =
		stream_connect(caller->base, address, port, source, seconds, &calls, caller, 30);
	assert_non_null(caller->stream);
	if (caller->greeting)
		stream_write(caller->stream, caller->greeting, strlen(caller->greeting));
}

static void wait_until_over(struct caller *caller)
{
	while (!caller->over)
		event_base_loop(caller->base, EVLOOP_ONCE);
	event_base_free(caller->base);
	buffer_clear(&caller->heard);
}

/* A listener on a port of its own; -1 when the machine lacks the family. */
static int listen_here(int family, uint16_t *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *address =
		family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
	socklen_t length = family == AF_INET ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, length) != 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, address, &length), 0);
	*port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	return fd;
}

static void *answer_main(void *context)
{
	int *listening = context;
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	struct peer peer = { .fd = accept(*listening, (struct sockaddr *)&from, &length) };

	if (peer_expect(&peer, "hello"))
		peer_say(&peer, from.ss_family == AF_INET6 ? "six" : "four");
	peer_close(&peer);
	return NULL;
}

static void connects(void **state)
{
	static const unsigned char source[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 127, [13] = 9, [15] = 2
	};
	static const struct {
		int family;
		const unsigned char *address, *source;
		const char *heard;
	} cases[] = {
		{ AF_INET, loopback, NULL, "four" },
		{ AF_INET, loopback, source, "four" },
		{ AF_INET6, loopback6, NULL, "six" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct caller caller = { .greeting = "hello" };
		uint16_t port = 0;
		int listening = listen_here(cases[i].family, &port);
		pthread_t thread;

		if (listening < 0)
			continue;
		call(&caller, cases[i].address, port, cases[i].source, 20);
		assert_false(caller.connected);
		pthread_create(&thread, NULL, answer_main, &listening);
		while (!caller.over)
			event_base_loop(caller.base, EVLOOP_ONCE);
		pthread_join(thread, NULL);
		assert_true(caller.connected);
		assert_string_equal(caller.why, "closed by peer");
		assert_true(span_is(buffer_span(&caller.heard), cases[i].heard));
		wait_until_over(&caller);
		close(listening);
	}
}

static void does_not_connect(void **state)
{
	static const unsigned char foreign[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1
	};
	struct caller refused = { .greeting = "hello" }, sourceless = { .over = false },
		      mixed = { .over = false };
	uint16_t port = 0;
	int listening = listen_here(AF_INET, &port);
	size_t open = descriptors_open();

	(void)state;
	close(listening); /* nobody there now */
	call(&refused, loopback, port, NULL, 20);
	assert_false(refused.over); /* whatever the kernel says at once */
	wait_until_over(&refused);
	assert_string_equal(refused.why, "connection refused");
	assert_false(refused.connected);
	call(&sourceless, loopback, port, foreign, 20);
	assert_false(sourceless.over);
	wait_until_over(&sourceless);
	assert_string_equal(sourceless.why, "no connection possible from the source address");
	call(&mixed, loopback, port, loopback6, 20);
	wait_until_over(&mixed);
	assert_string_equal(mixed.why, "no connection possible from the source address");
	assert_int_equal(descriptors_open(), open - 1);
}

/* A listener whose queue is full does not answer a SYN: as a host that is not there. */
static void gives_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct caller caller = { .greeting = "hello" };
	uint16_t port = 0;
	int listening = listen_here(AF_INET, &port), filling[4];

	(void)state;
	address.sin_port = htons(port);
	assert_int_equal(listen(listening, 0), 0);
	for (size_t i = 0; i < 4; i++) {
		filling[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(filling[i], (struct sockaddr *)&address, sizeof(address));
	}
	call(&caller, loopback, port, NULL, 1);
	stream_set_idle(caller.stream, 600); /* is for later */
	wait_until_over(&caller);
	assert_string_equal(caller.why, "connection timed out");
	assert_true(!caller.connected && caller.idles == 0);
	for (size_t i = 0; i < 4; i++)
		close(filling[i]);
	close(listening);
}

static void is_left_early(void **state)
{
	struct caller freed = { .over = false }, finished = { .over = false },
		      leaving = { .leaves = true };
	uint16_t port = 0;
	int listening = listen_here(AF_INET, &port);
	size_t open = descriptors_open();

	(void)state;
	call(&freed, loopback, port, NULL, 20);
	stream_free(freed.stream);
	event_base_loop(freed.base, EVLOOP_NONBLOCK);
	event_base_free(freed.base);
	assert_false(freed.connected || freed.over);
	call(&finished, loopback, port, NULL, 20);
	stream_finish(finished.stream);
	wait_until_over(&finished);
	assert_string_equal(finished.why, "closed");
	call(&leaving, loopback, port, NULL, 20);
	wait_until_over(&leaving);
	assert_true(leaving.connected);
	assert_int_equal(descriptors_open(), open);
	close(listening);
}

/* ---- a server that is not GnuTLS ---- */

struct openssl {
	pid_t pid;
	uint16_t port;
	char folder[64], certificate[100], key[100];
};

static void write_pem(const char *path, const gnutls_datum_t *pem)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(pem->data, 1, pem->size, file), pem->size);
	fclose(file);
}

static uint16_t read_port(FILE *output)
{
	char line[200];
	unsigned port = 0;

	while (port == 0 && fgets(line, sizeof(line), output)) {
		const char *colon = strrchr(line, ':');

		if (strncmp(line, "ACCEPT", 6) == 0 && colon)
			port = (unsigned)strtoul(colon + 1, NULL, 10);
	}
	return (uint16_t)port;
}

static void openssl_start(struct openssl *server, const struct identity *identity,
			  const char *version, FILE **output)
{
	gnutls_datum_t pem;
	int ends[2];

	strcpy(server->folder, "/tmp/postern-openssl-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->certificate, sizeof(server->certificate), "%s/c.pem", server->folder);
	snprintf(server->key, sizeof(server->key), "%s/k.pem", server->folder);
	assert_int_equal(gnutls_x509_crt_export2(identity->chain[0], GNUTLS_X509_FMT_PEM, &pem), 0);
	write_pem(server->certificate, &pem);
	gnutls_free(pem.data);
	assert_int_equal(gnutls_x509_privkey_export2(identity->key, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_pem(server->key, &pem);
	gnutls_free(pem.data);
	assert_int_equal(pipe(ends), 0);
	server->pid = fork();
	if (server->pid == 0) {
		dup2(ends[1], 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		close(ends[0]);
		execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
		       server->certificate, "-key", server->key, version, "-rev", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*output = fdopen(ends[0], "r");
	server->port = read_port(*output);
	assert_true(server->port > 0);
}

static void openssl_stop(struct openssl *server, FILE *output)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	fclose(output);
	unlink(server->certificate);
	unlink(server->key);
	rmdir(server->folder);
}

static void openssl_is_visited(void **state)
{
	static const struct server_kind kind = { .names = { "mx.example.com" } };
	static const char *const names[] = { "mx.example.com", NULL }, *const others[] = {
		"a.example", NULL
	};
	static const char *const versions[] = { "-tls1_2", "-tls1_3" };
	static const struct {
		struct tls_wish wish;
		const char *why; /* NULL = fine */
	} visits[] = {
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = names }, NULL },
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = names }, NULL },
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = others },
		  "certificate of mx.example.com is for other names: mx.example.com" },
		{ { .demand = TLS_ANY }, NULL },
	};
	struct world world = world_new();
	struct identity identity = identity_new(&world, &kind);
	char why[200] = "";

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct tls_client *tls = tls_client_new(world.authorities, why, sizeof(why));
		struct openssl server;
		FILE *output = NULL;

		openssl_start(&server, &identity, versions[v], &output);
		for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]); i++) {
			struct caller caller = { .tls = tls, .wish = &visits[i].wish };

			call(&caller, loopback, server.port, NULL, 20);
			while (!caller.over && buffer_used(&caller.heard) < 2)
				event_base_loop(caller.base, EVLOOP_ONCE);
			assert_int_equal(caller.secured, visits[i].why == NULL);
			assert_int_equal(caller.verified,
					 visits[i].why == NULL &&
						 visits[i].wish.demand == TLS_NAMED);
			if (caller.secured) {
				assert_string_equal(caller.version, v == 0 ? "TLS1.2" : "TLS1.3");
				assert_true(span_is(buffer_span(&caller.heard), "Q\n"));
				stream_finish(caller.stream);
			}
			wait_until_over(&caller);
			assert_string_equal(caller.why, visits[i].why ? visits[i].why : "closed");
		}
		openssl_stop(&server, output);
		tls_client_free(tls);
	}
	identity_free(&identity);
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects),           cmocka_unit_test(does_not_connect),
		cmocka_unit_test(gives_up),           cmocka_unit_test(is_left_early),
		cmocka_unit_test(openssl_is_visited),
	};

	return cmocka_run_group_tests_name("stream connect", tests, NULL, NULL);
}
