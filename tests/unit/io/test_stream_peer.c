/* SPDX-License-Identifier: ISC */
#include "io/stream.h"

#include "tests/unit/io/people.h"

#include <event2/event.h>

/* What the server sees of a connection, and what the client sees of the same. */
struct meeting {
	const struct pem *person; /* NULL: shows no certificate */
	const char *priorities;
	int fd;
	char end_point[STREAM_BINDING_MAX], exporter[STREAM_BINDING_MAX];
	size_t end_point_length, exporter_length;
	size_t certificate;
	gnutls_datum_t their_end_point, their_exporter;
	gnutls_datum_t *taken_up; /* a session's data: taken up again, and kept for the next; NULL =
				     neither */
	bool resumed;
	bool secured, over;
	struct stream *stream;
};

static void on_secured(void *owner, const char *version, const char *cipher)
{
	static char memory[8192];
	struct meeting *meeting = owner;

	(void)version, (void)cipher;
	meeting->secured = true;
	meeting->end_point_length =
		stream_binding(meeting->stream, STREAM_END_POINT, meeting->end_point);
	meeting->exporter_length =
		stream_binding(meeting->stream, STREAM_EXPORTER, meeting->exporter);
	meeting->certificate = stream_certificate(meeting->stream, memory, sizeof(memory));
	assert_int_equal(stream_certificate(meeting->stream, memory, 100), 0); /* does not fit */
	stream_write(meeting->stream, "hi", 2);
	stream_finish(meeting->stream);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	(void)owner, (void)bytes;
	return length;
}

static void on_gone(void *owner, const char *why)
{
	struct meeting *meeting = owner;

	(void)why;
	stream_free(meeting->stream);
	meeting->over = true;
}

static const struct stream_calls calls = { .input = on_input,
					   .secured = on_secured,
					   .gone = on_gone };

static void *client_main(void *context)
{
	struct meeting *meeting = context;
	struct peer peer = { .fd = meeting->fd };
	int result;

	gnutls_certificate_allocate_credentials(&peer.credentials);
	if (meeting->person)
		gnutls_certificate_set_x509_key_mem(peer.credentials, &meeting->person->certificate,
						    &meeting->person->key, GNUTLS_X509_FMT_PEM);
	/* Also what the server did not ask for. */
	gnutls_init(&peer.session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT);
	gnutls_priority_set_direct(peer.session, meeting->priorities, NULL);
	gnutls_credentials_set(peer.session, GNUTLS_CRD_CERTIFICATE, peer.credentials);
	gnutls_transport_set_int(peer.session, peer.fd);
	if (meeting->taken_up && meeting->taken_up->size > 0)
		gnutls_session_set_data(peer.session, meeting->taken_up->data,
					meeting->taken_up->size);
	do
		result = gnutls_handshake(peer.session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	if (result == 0 && peer_expect(&peer, "hi")) {
		meeting->resumed = gnutls_session_is_resumed(peer.session);
		if (meeting->taken_up) {
			gnutls_free(meeting->taken_up->data);
			gnutls_session_get_data2(peer.session, meeting->taken_up);
		}
		gnutls_session_channel_binding(peer.session, GNUTLS_CB_TLS_SERVER_END_POINT,
					       &meeting->their_end_point);
		gnutls_session_channel_binding(peer.session, GNUTLS_CB_TLS_EXPORTER,
					       &meeting->their_exporter);
	}
	peer_close(&peer);
	return NULL;
}

static void meet(struct tls_server *tls, struct meeting *meeting)
{
	struct event_base *base = event_base_new();
	pthread_t thread;
	char none[STREAM_BINDING_MAX];
	int ends[2];

	pair_new(true, 0, ends);
	meeting->fd = ends[1];
	meeting->stream = stream_new(base, ends[0], &calls, meeting, 20);
	assert_int_equal(stream_binding(meeting->stream, STREAM_END_POINT, none), 0);
	assert_int_equal(stream_certificate(meeting->stream, none, sizeof(none)), 0);
	stream_start_tls(meeting->stream, tls);
	pthread_create(&thread, NULL, client_main, meeting);
	while (!meeting->over)
		event_base_loop(base, EVLOOP_ONCE);
	pthread_join(thread, NULL);
	event_base_free(base);
	assert_true(meeting->secured);
}

static void meeting_clear(struct meeting *meeting)
{
	gnutls_free(meeting->their_end_point.data);
	gnutls_free(meeting->their_exporter.data);
}

static void both_ends_know_the_bindings(void **state)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
						"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct pem pem = pem_new();
	struct tls_server *tls = pem_server(&pem);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct meeting meeting = { .priorities = versions[i] };

		meet(tls, &meeting);
		assert_int_equal(meeting.end_point_length, 32);
		assert_int_equal(meeting.their_end_point.size, 32);
		assert_memory_equal(meeting.end_point, meeting.their_end_point.data, 32);
		assert_int_equal(meeting.exporter_length, meeting.their_exporter.size);
		assert_memory_equal(meeting.exporter, meeting.their_exporter.data,
				    meeting.exporter_length);
		assert_true(i > 0 || meeting.exporter_length == 32);
		assert_int_equal(meeting.certificate, 0);
		meeting_clear(&meeting);
	}
	tls_server_free(tls);
	pem_free(&pem);
}

/* A session that is taken up again is bound to the same certificate, whatever the library says. */
static void a_session_again_has_the_binding(void **state)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
						"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct pem pem = pem_new();
	struct tls_server *tls = pem_server(&pem);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		gnutls_datum_t data = { NULL, 0 };
		char first[32];

		for (size_t round = 0; round < 2; round++) {
			struct meeting meeting = { .priorities = versions[i], .taken_up = &data };

			meet(tls, &meeting);
			assert_int_equal(meeting.resumed, round == 1);
			assert_int_equal(meeting.end_point_length, 32);
			if (round == 0)
				memcpy(first, meeting.end_point, 32);
			assert_memory_equal(meeting.end_point, first, 32);
			meeting_clear(&meeting);
		}
		gnutls_free(data.data);
	}
	tls_server_free(tls);
	pem_free(&pem);
}

static void shows_who_is_vouched_for(void **state)
{
	static const struct person_wish good = { .name = "CN=alice" };
	static const struct person_wish server = { .name = "CN=alice",
						   .purpose = GNUTLS_KP_TLS_WWW_SERVER };
	static const struct person_wish old = { .name = "CN=alice",
						.begins = -7200,
						.ends = -3600 };
	static const struct {
		const struct person_wish *wish; /* NULL: none is shown */
		bool stranger, asked, seen;
	} cases[] = {
		{ &good, false, true, true },    { &good, false, false, false },
		{ NULL, false, true, false },    { &good, true, true, false },
		{ &server, false, true, false }, { &old, false, true, false },
	};
	struct people people = people_new(), others = people_new();
	struct pem pem = pem_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_server *tls = pem_server(&pem);
		struct meeting meeting = { .priorities = "NORMAL" };
		struct pem person = { { NULL, 0 }, { NULL, 0 } };
		char why[200] = "";

		if (cases[i].asked)
			assert_true(tls_server_ask_clients(
				tls,
				span_make(people.pem.certificate.data, people.pem.certificate.size),
				why, sizeof(why)));
		if (cases[i].wish) {
			person = person_new(cases[i].stranger ? &others : &people, cases[i].wish);
			meeting.person = &person;
		}
		meet(tls, &meeting);
		if ((meeting.certificate > 0) != cases[i].seen)
			fail_msg("case %zu", i);
		if (cases[i].seen)
			assert_int_equal(meeting.certificate, person.certificate.size);
		meeting_clear(&meeting);
		pem_free(&person);
		tls_server_free(tls);
	}
	pem_free(&pem);
	people_free(&people);
	people_free(&others);
}

static void wants_authorities(void **state)
{
	struct pem pem = pem_new();
	struct tls_server *tls = pem_server(&pem);
	char why[200] = "";

	(void)state;
	assert_false(tls_server_ask_clients(tls, span_text("rubbish"), why, sizeof(why)));
	assert_non_null(strstr(why, "authorities"));
	tls_server_free(tls);
	pem_free(&pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_know_the_bindings),
		cmocka_unit_test(a_session_again_has_the_binding),
		cmocka_unit_test(shows_who_is_vouched_for),
		cmocka_unit_test(wants_authorities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
