/* SPDX-License-Identifier: ISC */
/*
 * What a courier makes of what its connections say: hosts in turn, jobs that go on, those
 * that do not. The connections are played by the test, which says what comes from them.
 */
#include "relay/courier.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/table.h"
#include "io/packet.h"
#include "relay/own_address.h"
#include "relay/tls_reports.h"

/* ---- connections, played ---- */

struct outgoing_session {
	const struct outgoing_calls *calls;
	void *owner;
	unsigned octet; /* the last one of its address */
	enum smtp_client_tls tls;
	bool sending, quit, cut, freed, tls_failed, login_failed;
	const char *doing;
};

static struct outgoing_session sessions[40];
static size_t sessions_count;
static struct smtp_client_offer offer = { .esmtp = true, .eightbitmime = true };

struct outgoing_session *outgoing_session_connect(const struct outgoing_way *way,
						  const unsigned char address[16], uint16_t port,
						  unsigned connect_seconds,
						  const struct outgoing_calls *calls, void *owner)
{
	struct outgoing_session *session = &sessions[sessions_count++];

	(void)port, (void)connect_seconds;
	*session = (struct outgoing_session){ .calls = calls,
					      .owner = owner,
					      .octet = address[15],
					      .tls = way->profile.tls,
					      .doing = "greeting" };
	return session;
}

void outgoing_session_free(struct outgoing_session *session)
{
	if (session)
		session->freed = true;
}

void outgoing_session_send(struct outgoing_session *session,
			   const struct smtp_client_message *message,
			   const struct outgoing_body *body)
{
	(void)message, (void)body;
	session->sending = true;
	session->doing = "MAIL FROM";
}

void outgoing_session_quit(struct outgoing_session *session)
{
	session->quit = true;
}

static void ends(struct outgoing_session *session, enum smtp_client_end end, unsigned code,
		 const char *text)
{
	struct smtp_client_reply why = { .code = code };

	snprintf(why.status, sizeof why.status, "%s",
		 code >= 500 ? "5.0.0"
		 : code      ? "4.0.0"
			     : "4.4.2");
	snprintf(why.text, sizeof why.text, "%s", text);
	session->calls->ended(session->owner, end, &why);
}

void outgoing_session_cut(struct outgoing_session *session, const char *why)
{
	session->cut = true;
	ends(session, SMTP_CLIENT_TRY_NEXT, 0, why);
}

const struct smtp_client_offer *outgoing_session_offered(const struct outgoing_session *session)
{
	(void)session;
	return &offer;
}

const char *outgoing_session_doing(const struct outgoing_session *session)
{
	return session->doing;
}

const char *outgoing_session_tls(const struct outgoing_session *session)
{
	(void)session;
	return "";
}

bool outgoing_session_verified(const struct outgoing_session *session)
{
	(void)session;
	return false;
}

bool outgoing_session_tls_failed(const struct outgoing_session *session)
{
	return session->tls_failed;
}

bool outgoing_session_login_failed(const struct outgoing_session *session)
{
	return session->login_failed;
}

/* ---- the resolver, likewise ---- */

static struct message_hosts_found found;
static bool expired; /* the answer is not good any more, and the next one is not there yet */

void lookup_init(struct lookup *lookup, struct relay *relay, const struct message_hosts *ask,
		 void (*done)(void *context), void *context)
{
	*lookup = (struct lookup){ .relay = relay, .ask = *ask, .done = done, .context = context };
}

void lookup_clear(struct lookup *lookup)
{
	(void)lookup;
}

const struct message_hosts_found *lookup_find(struct lookup *lookup)
{
	(void)lookup;
	return expired ? NULL : &found;
}

const struct message_hosts_found *lookup_kept(const struct lookup *lookup)
{
	(void)lookup;
	return &found;
}

/* ---- the role ---- */

static struct relay relay;
static char results[4000]; /* of jobs that are over: "ID verdict status text dead;" */

void relay_take(struct relay *one)
{
	(void)one;
}

void relay_leave_if_done(struct relay *one)
{
	(void)one;
}

void relay_job_over(struct relay *one, struct outgoing_job *job)
{
	static const char *const verdicts[] = { "ok", "later", "never" };

	for (size_t i = 0; i < job->envelope.count; i++) {
		const struct queue_result *result = &job->results[i];

		snprintf(results + strlen(results), sizeof results - strlen(results), "%s %s %s%s;",
			 job->head.id, job->decided[i] ? verdicts[result->verdict] : "undecided",
			 result->status, job->dead ? " dead" : "");
	}
	one->jobs--;
	outgoing_job_free(job);
}

struct tls_client *relay_tls(const struct relay *one, const char *file)
{
	(void)one, (void)file;
	return (struct tls_client *)&relay;
}

/* ---- a scene ---- */

static void ignore(void *context, const char *file, unsigned line, const char *text)
{
	(void)context, (void)file;
	print_message("%u: %s\n", line, text);
}

static const char conf_text[] =
	"method = password-file\ndomain corp.example { }\n"
	"smtp x { listen '127.0.0.1:25' { tls = none } fqdn = 'mail.corp.example'\n"
	" outbound { messages_per_connection = 3 connections_per_domain = 2 dane = false"
	" mta_sts = false } }\n";

static struct channel *store; /* only looked at */

static void give(const char *id, const char *recipients)
{
	static char memory[PACKET_BODY_MAX], envelope[4000];
	struct message_job head = { .handle = 1, .size = 20, .envelope = { NULL, 0 } };
	struct span rest = span_text(recipients), one;
	struct packet packet = { .fd = memfd_create("m", MFD_CLOEXEC) };
	struct wire_writer writer;
	struct envelope carried;
	const char *why;

	envelope_init(&carried);
	while (rest.length && span_cut(&rest, ' ', &one)) {
		struct address address;

		assert_true(address_parse(one, &address, &why));
		envelope_add(&carried, &address);
	}
	wire_writer_init(&writer, envelope, sizeof envelope);
	message_put_envelope(&writer, "x", &carried);
	head.envelope = span_make(envelope, writer.used);
	envelope_clear(&carried);
	snprintf(head.id, sizeof head.id, "%s", id);
	snprintf(head.server, sizeof head.server, "x");
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_job(&writer, &head);
	packet.body = span_make(memory, writer.used);
	assert_true(packet.fd >= 0);
	assert_int_equal(write(packet.fd, "a: b\r\n\r\n12345678901\r\n", 20), 20);
	relay.jobs++;
	destination_give(&relay, outgoing_job_new(&packet, &relay.store, &relay.store_epoch));
}

/* MX hosts with the last octets of their addresses, by preference. */
static void hosts(unsigned first, unsigned second)
{
	unsigned octets[] = { first, second };

	memset(&found, 0, sizeof found);
	for (size_t i = 0; i < 2 && octets[i]; i++) {
		struct hosts_host *host = &found.hosts[found.count++];

		snprintf(host->name, sizeof host->name, "mx%u.example.com", octets[i]);
		host->preference = (uint16_t)i;
		host->addresses_count = 1;
		host->addresses[0][15] = (unsigned char)octets[i];
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&relay, 0, sizeof relay);
	relay.base = event_base_new();
	relay.conf = conf_parse("t", conf_text, ignore, NULL);
	relay.store = (struct channel *)&store;
	if (!relay.base || !relay.conf)
		return 1;
	LIST_INIT(&relay.all);
	TAILQ_INIT(&relay.idle);
	relay.destinations = table_new(100, NULL);
	relay.troubled = table_new(100, free);
	relay.reports = tls_reports_new(0);
	relay.own = own_addresses_new(relay.conf);
	relay.jobs_max = 10;
	sessions_count = 0;
	results[0] = '\0';
	expired = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	relay.retiring = true;
	for (size_t i = 0; i < sessions_count; i++)
		if (!sessions[i].freed)
			ends(&sessions[i], SMTP_CLIENT_ORDERLY, 0, "over");
	destinations_drop_jobs(&relay, true);
	for (size_t i = 0; i < sessions_count; i++)
		assert_true(sessions[i].freed);
	assert_int_equal(relay.couriers, 0);
	assert_int_equal(relay.jobs, 0);
	assert_int_equal(table_count(relay.destinations), 0);
	table_free(relay.destinations);
	table_free(relay.troubled);
	tls_reports_free(relay.reports);
	own_addresses_free(relay.own);
	conf_free((struct conf *)relay.conf);
	event_base_free(relay.base);
	return 0;
}

static struct outgoing_session *last(unsigned octet)
{
	assert_true(sessions_count > 0);
	assert_int_equal(sessions[sessions_count - 1].octet, octet);
	return &sessions[sessions_count - 1];
}

static void ready(struct outgoing_session *session)
{
	session->sending = false;
	session->doing = "idle";
	session->calls->ready(session->owner);
}

static void answers(struct outgoing_session *session, size_t recipient, unsigned code)
{
	struct smtp_client_reply reply = { .code = code };

	snprintf(reply.status, sizeof reply.status, "%u.0.0", code ? code / 100 : 4);
	session->calls->result(session->owner, recipient,
			       code && code < 400 ? OUTCOME_OK
			       : code < 500       ? OUTCOME_TEMP
						  : OUTCOME_PERM,
			       &reply);
}

static void takes(struct outgoing_session *session)
{
	assert_true(session->sending);
	answers(session, 0, 250);
	session->calls->sent(session->owner);
	ready(session);
}

/* ---- cases ---- */

static void the_next_host(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com");
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 0, "cannot connect: connection refused");
	ready(last(2));
	takes(last(2));
	assert_string_equal(results, "a ok 2.0.0;");
	/* The connection is kept, and the host that failed is tried last from now on. */
	give("b", "x@example.com");
	takes(last(2));
	ends(last(2), SMTP_CLIENT_ORDERLY, 0, "closed");
	give("c", "x@example.com");
	ready(last(2));
	takes(last(2));
	assert_int_equal(sessions_count, 3);
}

static void nobody_answers(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com y@example.com");
	give("b", "x@example.com");
	assert_int_equal(sessions_count, 2); /* a connection for each */
	ends(&sessions[0], SMTP_CLIENT_TRY_NEXT, 0, "cannot connect");
	ends(&sessions[2], SMTP_CLIENT_TRY_NEXT, 421, "busy");
	assert_string_equal(results, ""); /* the other may do better */
	ends(&sessions[1], SMTP_CLIENT_TRY_NEXT, 0, "cannot connect");
	ends(&sessions[3], SMTP_CLIENT_TRY_NEXT, 421, "busy");
	assert_int_equal(sessions_count, 4);
	assert_string_equal(results, "a later 4.0.0 dead;a later 4.0.0 dead;b later 4.0.0 dead;");
}

static void everybody_refuses(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com");
	ends(last(1), SMTP_CLIENT_NEVER, 554, "go away");
	ends(last(2), SMTP_CLIENT_NEVER, 554, "go away");
	assert_string_equal(results, "a never 5.0.0;");
	results[0] = '\0';
	give("b", "x@example.com");
	ends(&sessions[2], SMTP_CLIENT_NEVER, 554, "go away");
	ends(&sessions[3], SMTP_CLIENT_TRY_NEXT, 0, "cannot connect");
	assert_string_equal(results, "b later 4.4.2 dead;");
}

/* A password that is refused is our trouble, not the message's. */
static void no_login(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com");
	last(1)->login_failed = true;
	ends(last(1), SMTP_CLIENT_NEVER, 535, "wrong password");
	assert_int_equal(sessions_count, 1);
	assert_string_equal(results, "a later 4.0.0 dead;");
}

static void a_used_connection_breaks(void **state)
{
	(void)state;
	hosts(1, 0);
	give("a", "x@example.com");
	ready(last(1));
	takes(last(1));
	give("b", "x@example.com");
	answers(last(1), 0, 421);
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 421, "shutting down");
	assert_int_equal(sessions_count, 2);
	ready(last(1));
	takes(last(1));
	assert_string_equal(results, "a ok 2.0.0;b ok 2.0.0;");
}

/* The message itself may be the cause: others are not to suffer for it. */
static void a_fresh_connection_breaks(void **state)
{
	(void)state;
	hosts(1, 0);
	give("a", "x@example.com");
	ready(last(1));
	answers(last(1), 0, 0);
	give("b", "x@example.com");
	ends(&sessions[0], SMTP_CLIENT_TRY_NEXT, 0, "connection lost");
	assert_string_equal(results, "a later 4.0.0;");
	ready(last(1));
	takes(last(1));
	assert_string_equal(results, "a later 4.0.0;b ok 2.0.0;");
	results[0] = '\0';
	hosts(3, 4);
	give("c", "x@example.net");
	ready(last(3));
	ends(last(3), SMTP_CLIENT_TRY_NEXT, 0, "connection lost");
	ready(last(4));
	takes(last(4));
	assert_string_equal(results, "c ok 2.0.0;");
}

static void behind_the_final_dot(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com");
	ready(last(1));
	last(1)->doing = "end of data";
	answers(last(1), 0, 0);
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 0, "connection lost");
	assert_int_equal(sessions_count, 1);
	assert_string_equal(results, "a later 4.0.0;");
}

static void some_are_decided(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com y@example.com");
	ready(last(1));
	answers(last(1), 0, 550);
	answers(last(1), 1, 421);
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 421, "shutting down");
	assert_int_equal(sessions_count, 1);
	assert_string_equal(results, "a never 5.0.0;a later 4.0.0;");
}

static void three_messages_each(void **state)
{
	(void)state;
	hosts(1, 0);
	give("a", "x@example.com");
	ready(last(1));
	takes(last(1));
	give("b", "x@example.com");
	takes(last(1));
	give("c", "x@example.com");
	give("d", "x@example.com");
	assert_int_equal(sessions_count, 2);
	takes(&sessions[0]);
	assert_true(sessions[0].quit);
	ready(&sessions[1]);
	takes(&sessions[1]);
	assert_string_equal(results, "a ok 2.0.0;b ok 2.0.0;c ok 2.0.0;d ok 2.0.0;");
}

static void tls_that_need_not_be(void **state)
{
	(void)state;
	hosts(1, 0);
	give("a", "x@example.com");
	assert_int_equal(last(1)->tls, SMTP_CLIENT_TLS_MAY);
	last(1)->tls_failed = true;
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 0, "TLS: nonsense");
	assert_int_equal(sessions_count, 2);
	assert_int_equal(last(1)->tls, SMTP_CLIENT_TLS_NEVER);
	ready(last(1));
	takes(last(1));
	assert_string_equal(results, "a ok 2.0.0;");
}

/* A host that takes one connection only: the other jobs wait for that one. */
static void no_further_connection(void **state)
{
	(void)state;
	hosts(1, 0);
	give("a", "x@example.com");
	ready(last(1));
	give("b", "x@example.com");
	give("c", "x@example.com");
	assert_int_equal(sessions_count, 2); /* as many as are permitted for a domain */
	ends(&sessions[1], SMTP_CLIENT_TRY_NEXT, 421, "too many connections");
	assert_int_equal(sessions_count, 2);
	assert_string_equal(results, "");
	takes(&sessions[0]);
	takes(&sessions[0]);
	takes(&sessions[0]);
	assert_string_equal(results, "a ok 2.0.0;b ok 2.0.0;c ok 2.0.0;");
}

static void names_without_hosts(void **state)
{
	static const struct {
		enum hosts_outcome outcome;
		const char *result;
	} cases[] = {
		{ HOSTS_NONE, "a never 5.1.2;" },
		{ HOSTS_NULL_MX, "a never 5.1.10;" },
		{ HOSTS_TROUBLE, "a later 4.4.3 dead;" },
		{ HOSTS_FOUND, "a later 4.4.4 dead;" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hosts(0, 0);
		found.outcome = cases[i].outcome;
		results[0] = '\0';
		give("a", "x@example.com");
		assert_string_equal(results, cases[i].result);
	}
	assert_int_equal(sessions_count, 0);
}

static void we_are_the_host(void **state)
{
	static const unsigned char here[16] = { [15] = 9 };

	(void)state;
	own_addresses_add(relay.own, here, 25);
	hosts(9, 1);
	give("a", "x@example.com");
	assert_string_equal(results, "a never 5.4.6;");
	hosts(1, 9);
	give("b", "x@example.com");
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 0, "cannot connect");
	assert_int_equal(sessions_count, 1);
}

/* What a host must have is known as long as the walk lasts. */
static void the_answer_expires(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com");
	expired = true;
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 0, "cannot connect");
	ready(last(2));
	takes(last(2));
	assert_string_equal(results, "a ok 2.0.0;");
}

static void a_host_that_is_not_named_any_more(void **state)
{
	(void)state;
	hosts(1, 2);
	give("a", "x@example.com");
	hosts(3, 0);
	ends(last(1), SMTP_CLIENT_TRY_NEXT, 0, "cannot connect");
	assert_int_equal(sessions_count, 1);
	assert_string_equal(results, "a later 4.4.3 dead;");
}

static void the_store_goes(void **state)
{
	(void)state;
	hosts(1, 0);
	give("a", "x@example.com");
	ready(last(1));
	give("b", "x@example.com");
	relay.store = NULL;
	destinations_drop_jobs(&relay, true);
	assert_true(sessions[0].cut);
	assert_false(sessions[1].cut);
	assert_int_equal(relay.jobs, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_next_host),
		CASE(nobody_answers),
		CASE(everybody_refuses),
		CASE(no_login),
		CASE(a_used_connection_breaks),
		CASE(a_fresh_connection_breaks),
		CASE(behind_the_final_dot),
		CASE(some_are_decided),
		CASE(three_messages_each),
		CASE(tls_that_need_not_be),
		CASE(no_further_connection),
		CASE(names_without_hosts),
		CASE(we_are_the_host),
		CASE(the_answer_expires),
		CASE(a_host_that_is_not_named_any_more),
		CASE(the_store_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
