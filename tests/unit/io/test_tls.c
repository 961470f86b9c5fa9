/* SPDX-License-Identifier: ISC */
#include "tests/unit/io/peer.h"

#include "base/base64.h"
#include "io/stream.h"

#include <event2/event.h>
#include <stdio.h>

static struct span datum(gnutls_datum_t bytes)
{
	return span_make(bytes.data, bytes.size);
}

static void test_load(void **state)
{
	struct pem one = pem_new(), two = pem_new();
	const struct {
		struct span certificate, key;
		const char *why;
	} rows[] = {
		{ datum(one.certificate), datum(one.key), "" },
		{ datum(one.certificate), datum(two.key),
		  "certificate and key do not belong together" },
		{ span_text("rubbish"), datum(one.key), "not a certificate and a key in PEM form" },
		{ datum(one.certificate), span_text("rubbish"),
		  "not a certificate and a key in PEM form" },
		{ span_text(""), span_text(""), "not a certificate and a key in PEM form" },
		{ datum(one.key), datum(one.certificate),
		  "not a certificate and a key in PEM form" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char why[200] = "";
		struct tls_server *tls =
			tls_server_new(rows[i].certificate, rows[i].key, why, sizeof(why));
		assert_string_equal(why, rows[i].why);
		assert_int_equal(tls == NULL, i > 0);
		tls_server_free(tls);
	}
	pem_free(&one);
	pem_free(&two);
}

/* RFC 4231 section 4, test cases 1, 2 and 6. */
static void test_mac(void **state)
{
	static char long_key[131], first_key[20];
	const struct {
		struct span key;
		const char *data, *mac;
	} rows[] = {
		{ { first_key, 20 },
		  "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ { "Jefe", 4 },
		  "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ { long_key, 131 },
		  "Test Using Larger Than Block-Size Key - Hash Key First",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};

	(void)state;
	memset(first_key, 0x0b, sizeof(first_key));
	memset(long_key, 0xaa, sizeof(long_key));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char mac[MAC_SIZE];
		char hex[2 * MAC_SIZE + 1];

		mac_sha256(rows[i].key, span_text(rows[i].data), mac);
		hex_encode(span_make(mac, sizeof(mac)), hex);
		assert_string_equal(hex, rows[i].mac);
	}
}

static void test_random(void **state)
{
	unsigned char a[1000] = { 0 }, b[1000] = { 0 };

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	random_bytes(b, 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

/* ---- resumption ---- */

struct visit {
	int fd;
	gnutls_datum_t session; /* of the last visit */
	bool ok, resumed;
};

static size_t say_bye(void *owner, const char *bytes, size_t length)
{
	struct stream **stream = owner;

	stream_write(*stream, bytes, length);
	stream_finish(*stream);
	return length;
}

static void visit_gone(void *owner, const char *why)
{
	struct stream **stream = owner;

	(void)why;
	stream_free(*stream);
	*stream = NULL;
}

static const struct stream_calls calls = { .input = say_bye, .gone = visit_gone };

static void *visit_main(void *context)
{
	struct visit *visit = context;
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	struct peer peer = { .fd = visit->fd };

	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, peer.fd);
	if (visit->session.data)
		gnutls_session_set_data(session, visit->session.data, visit->session.size);
	gnutls_free(visit->session.data);
	visit->session.data = NULL;
	if (gnutls_handshake(session) == 0) {
		peer.session = session;
		visit->resumed = gnutls_session_is_resumed(session);
		visit->ok = peer_say(&peer, "hi\r\n") && peer_expect(&peer, "hi\r\n");
		gnutls_session_get_data2(session, &visit->session);
	}
	peer.session = session;
	peer.credentials = credentials;
	peer_close(&peer);
	return NULL;
}

static void test_resumption(void **state)
{
	struct pem pem = pem_new();
	struct tls_server *tls = pem_server(&pem);
	struct event_base *base = event_base_new();
	struct visit visit = { .fd = -1 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct stream *stream;
		pthread_t thread;
		int ends[2];

		pair_new(true, 0, ends);
		visit.fd = ends[1];
		visit.ok = visit.resumed = false;
		stream = stream_new(base, ends[0], &calls, &stream, 20);
		stream_start_tls(stream, tls);
		pthread_create(&thread, NULL, visit_main, &visit);
		while (stream)
			event_base_loop(base, EVLOOP_ONCE);
		pthread_join(thread, NULL);
		assert_true(visit.ok);
		assert_int_equal(visit.resumed, i > 0);
	}
	gnutls_free(visit.session.data);
	event_base_free(base);
	tls_server_free(tls);
	pem_free(&pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_resumption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
