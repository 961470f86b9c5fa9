/* SPDX-License-Identifier: ISC */
/*
 * Our client talks to our server, with all combinations of what is offered, octets cut
 * anywhere: what arrives is what was sent, for whom it was accepted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "gateway/smtp_client.h"
#include "gateway/smtp_server.h"

#define RECIPIENTS 4
#define MESSAGES   3

enum {
	WITHOUT_PIPELINING = 1,
	WITHOUT_CHUNKING = 2,
	WITHOUT_TLS = 4,
	WITH_LOGIN = 8,
	LATE = 16,
	ALL = 32
};

struct pair {
	struct smtp_client *client;
	struct smtp_server *server;
	struct buffer to_server, to_client;
	unsigned options, random;
	bool client_tls, server_tls, want_client_tls, ended, closed;
	/* the client's */
	struct envelope envelope;
	char *body;
	size_t size;
	unsigned messages, results, logins;
	uint64_t offset;
	size_t due; /* of the body, asked for and not given */
	/* the server's */
	struct buffer taken;
	unsigned commits, commit_recipients;
};

static unsigned draw(struct pair *pair)
{
	pair->random = pair->random * 1103515245u + 12345u;
	return pair->random >> 16;
}

/* ---- the server's owner ---- */

static void server_write(void *owner, const char *bytes, size_t length)
{
	struct pair *pair = owner;
	const char *drop[] = { pair->options & WITHOUT_PIPELINING ? "250-PIPELINING" : NULL,
			       pair->options & WITHOUT_CHUNKING ? "250-CHUNKING" : NULL,
			       pair->options & WITHOUT_TLS ? "250-STARTTLS" : NULL };
	struct span rest = span_make(bytes, length), line;

	/* Replies come whole. */
	while (rest.length > 0 && span_cut(&rest, '\n', &line)) {
		bool dropped = false;

		for (size_t i = 0; i < 3; i++)
			dropped |= drop[i] != NULL && span_starts_nocase(line, drop[i]);
		if (!dropped)
			buffer_add(&pair->to_client, line.at, line.length + 1);
	}
}

static void server_start_tls(void *owner)
{
	((struct pair *)owner)->server_tls = true;
}

static void server_close(void *owner)
{
	((struct pair *)owner)->closed = true;
}

static void server_login(void *owner, const struct smtp_login *login)
{
	struct pair *pair = owner;

	assert_string_equal(login->user, "alice");
	assert_string_equal(login->password, "secret");
	pair->logins++;
	smtp_server_answer(pair->server, OUTCOME_OK, NULL);
}

static void server_sender(void *owner, const struct envelope *envelope)
{
	assert_string_equal(envelope->sender.domain, "x.example");
	assert_string_equal(envelope->envid, "id+2B1");
	assert_int_equal(envelope->body, ENVELOPE_BODY_8BITMIME);
	smtp_server_answer(((struct pair *)owner)->server, OUTCOME_OK, NULL);
}

/* "r1" is refused, "r2" is to come again. */
static enum outcome fate(const char *local)
{
	return local[1] == '1' ? OUTCOME_PERM : local[1] == '2' ? OUTCOME_TEMP : OUTCOME_OK;
}

static void server_recipient(void *owner, struct envelope *envelope,
			     struct envelope_recipient *recipient)
{
	(void)envelope;
	assert_int_equal(recipient->notify, ENVELOPE_NOTIFY_FAILURE);
	smtp_server_answer(((struct pair *)owner)->server, fate(recipient->address.local), NULL);
}

static void server_spool(void *owner, const struct envelope *envelope)
{
	struct pair *pair = owner;

	(void)envelope;
	buffer_clear(&pair->taken);
	smtp_server_answer(pair->server, OUTCOME_OK, NULL);
}

static void server_commit(void *owner, const struct smtp_delivery *delivery)
{
	struct pair *pair = owner;

	pair->commits++;
	pair->commit_recipients += (unsigned)delivery->envelope->count;
	smtp_server_answer(pair->server, OUTCOME_OK, NULL);
}

static bool server_body(void *owner, const char *bytes, size_t length)
{
	buffer_add(&((struct pair *)owner)->taken, bytes, length);
	return true;
}

static void server_discard(void *owner)
{
	(void)owner;
}

static void server_note(void *owner, const char *event, const char *detail, const char *reply)
{
	(void)owner, (void)event, (void)detail, (void)reply;
}

static bool server_writable(void *owner)
{
	(void)owner;
	return true;
}

static const struct smtp_calls server_calls = {
	.write = server_write,
	.start_tls = server_start_tls,
	.close = server_close,
	.ask_login = server_login,
	.ask_sender = server_sender,
	.ask_recipient = server_recipient,
	.ask_spool = server_spool,
	.ask_commit = server_commit,
	.body = server_body,
	.discard = server_discard,
	.note = server_note,
	.writable = server_writable,
};

/* ---- the client's ---- */

static void client_write(void *owner, const char *bytes, size_t length)
{
	buffer_add(&((struct pair *)owner)->to_server, bytes, length);
}

static void client_start_tls(void *owner)
{
	((struct pair *)owner)->want_client_tls = true;
}

static void client_login(void *owner, bool first, const struct smtp_client_offer *offer,
			 struct span challenge)
{
	struct pair *pair = owner;
	const char *const says[] = { "alice", "secret" };

	assert_int_equal(challenge.length == 0, first);
	if (pair->options & LATE) { /* LOGIN, step by step */
		static unsigned step;

		step = first ? 0 : step;
		smtp_client_respond(pair->client, OUTCOME_OK, "LOGIN", !first,
				    first ? span_text("") : span_text(says[step++]), NULL);
		return;
	}
	assert_string_equal(offer->mechanisms, "PLAIN LOGIN");
	smtp_client_respond(pair->client, OUTCOME_OK, "PLAIN", true,
			    span_make("\0alice\0secret", 13), NULL);
}

/* Text with line ends, dots where they hurt, and everything else. */
static void make_body(struct pair *pair)
{
	static const char *const parts[] = { "\r\n", ".",        "..\r\n",  "\r\n.\r\n",
					     "abc",  "\r\n\r\n", "\303\244" };
	static const size_t sizes[] = { 0, 1, 100, 65536, 65537, 300000 };
	/* Who is logged in is given the fields that a message lacks. */
	static const char fields[] = "Date: x\r\nMessage-ID: <a@x>\r\n\r\n";
	size_t most = sizes[draw(pair) % 6];

	if (pair->options & WITH_LOGIN && most < strlen(fields))
		most = strlen(fields);
	free(pair->body);
	pair->body = memory_new(most + 1);
	pair->size = most >= strlen(fields) ? strlen(fields) : 0;
	memcpy(pair->body, fields, pair->size);
	for (;;) {
		const char *part = parts[draw(pair) % 7];
		size_t length = strlen(part);

		if (pair->size + length > most)
			break;
		memcpy(pair->body + pair->size, part, length);
		pair->size += length;
	}
}

static void client_ready(void *owner)
{
	struct pair *pair = owner;
	struct smtp_client_message message = { .envelope = &pair->envelope, .has_8bit = true };

	if (pair->messages == MESSAGES) {
		smtp_client_quit(pair->client);
		return;
	}
	make_body(pair);
	message.size = pair->size;
	pair->results = 0;
	smtp_client_send(pair->client, &message);
}

static void give_body(struct pair *pair)
{
	size_t length = pair->options & LATE && pair->due > 1 ? pair->due / 2 : pair->due;
	uint64_t offset = pair->offset;

	pair->due -= length;
	pair->offset += length;
	smtp_client_body(pair->client, pair->body + offset, length);
}

static void client_ask_body(void *owner, uint64_t offset, size_t length)
{
	struct pair *pair = owner;

	assert_true(offset + length <= pair->size && pair->due == 0);
	pair->offset = offset;
	pair->due = length;
	if (!(pair->options & LATE))
		give_body(pair);
}

static void client_result(void *owner, size_t recipient, enum outcome outcome,
			  const struct smtp_client_reply *reply)
{
	struct pair *pair = owner;

	(void)reply;
	assert_int_equal(outcome, fate(pair->envelope.recipients[recipient].address.local));
	pair->results++;
}

/* What the server has is the message, behind what it adds in front. */
static void client_sent(void *owner)
{
	struct pair *pair = owner;
	struct span taken = buffer_span(&pair->taken);
	bool whole = pair->size == 0 ||
		     (pair->size >= 2 && memcmp(pair->body + pair->size - 2, "\r\n", 2) == 0);
	size_t size = pair->size + (whole ? 0 : 2);

	assert_int_equal(pair->results, RECIPIENTS);
	pair->messages++;
	assert_int_equal(pair->commits, pair->messages);
	if (taken.length < size)
		fail_msg("options %u: %zu of %zu octets: %.*s", pair->options, taken.length, size,
			 (int)taken.length, taken.at);
	assert_memory_equal(taken.at + taken.length - size, pair->size > 0 ? pair->body : "",
			    pair->size);
}

static void client_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct pair *pair = owner;

	if (end != SMTP_CLIENT_ORDERLY || pair->messages != MESSAGES)
		fail_msg("options %u: %u %s", pair->options, why->code, why->text);
	pair->ended = true;
}

static void client_patience(void *owner, unsigned seconds)
{
	(void)owner, (void)seconds;
}

static const struct smtp_client_calls client_calls = {
	client_write,  client_start_tls, client_login, client_ready,    client_ask_body,
	client_result, client_sent,      client_ended, client_patience,
};

/* ---- the line between them ---- */

static size_t cut(struct pair *pair, size_t length)
{
	size_t n = 1 + draw(pair) % (draw(pair) % 3 == 0 ? 5 : 5000);

	return n < length ? n : length;
}

static void feed_server(struct pair *pair)
{
	size_t offered = cut(pair, buffer_used(&pair->to_server));
	size_t used;

	/* A line that is not whole yet is offered again with more. */
	do {
		used = smtp_server_feed(pair->server, buffer_bytes(&pair->to_server), offered);
		buffer_consume(&pair->to_server, used);
		offered = buffer_used(&pair->to_server);
	} while (used > 0 && offered > 0 && !pair->server_tls && draw(pair) % 2);
	if (used == 0 && offered > 0) {
		used = smtp_server_feed(pair->server, buffer_bytes(&pair->to_server), offered);
		buffer_consume(&pair->to_server, used);
	}
}

static void shake_hands(struct pair *pair)
{
	pair->want_client_tls = pair->server_tls = false;
	assert_int_equal(buffer_used(&pair->to_server), 0);
	assert_int_equal(buffer_used(&pair->to_client), 0);
	smtp_server_tls_started(pair->server, "TLS1.3", "X", false);
	smtp_client_secured(pair->client);
}

static bool move(struct pair *pair)
{
	bool server = buffer_used(&pair->to_server) > 0 && !pair->closed;

	if (server && (buffer_used(&pair->to_client) == 0 || draw(pair) % 2)) {
		feed_server(pair);
	} else if (buffer_used(&pair->to_client) > 0) {
		size_t n = cut(pair, buffer_used(&pair->to_client));
		char *copy = memory_text_n(buffer_bytes(&pair->to_client), n);

		buffer_consume(&pair->to_client, n);
		smtp_client_feed(pair->client, copy, n);
		free(copy);
	} else if (pair->want_client_tls && pair->server_tls) {
		shake_hands(pair);
	} else if (pair->due > 0) {
		give_body(pair);
	} else {
		return false;
	}
	return true;
}

static void add_recipients(struct envelope *envelope)
{
	envelope_init(envelope);
	strcpy(envelope->sender.local, "s");
	strcpy(envelope->sender.domain, "x.example");
	strcpy(envelope->envid, "id+2B1");
	envelope->body = ENVELOPE_BODY_8BITMIME;
	for (unsigned i = 0; i < RECIPIENTS; i++) {
		struct address address = { .domain = "y.example" };

		snprintf(address.local, sizeof(address.local), "r%u", i);
		envelope_add(envelope, &address)->notify = ENVELOPE_NOTIFY_FAILURE;
	}
}

static void talk(unsigned options, unsigned seed)
{
	struct smtp_profile offers = { .fqdn = "mx.example",
				       .starttls = true,
				       .anonymous = !(options & WITH_LOGIN),
				       .basic = options & WITH_LOGIN,
				       .basic_without_tls = true };
	struct smtp_client_profile wants = { .name = "relay.example",
					     .tls = SMTP_CLIENT_TLS_MAY,
					     .login = options & WITH_LOGIN };
	struct pair pair = { .options = options, .random = seed };

	add_recipients(&pair.envelope);
	pair.client = smtp_client_new(&wants, &client_calls, &pair);
	pair.server = smtp_server_new(&offers, &server_calls, &pair, "192.0.2.1", "S1");
	smtp_client_connected(pair.client);
	smtp_server_greet(pair.server);
	while (!pair.ended && move(&pair))
		;
	if (!pair.ended)
		fail_msg("options %u, seed %u: they wait for each other at %s", options, seed,
			 smtp_client_doing(pair.client));
	assert_int_equal(pair.commits, MESSAGES);
	assert_int_equal(pair.commit_recipients, MESSAGES * 2);
	assert_int_equal(pair.logins, options & WITH_LOGIN ? 1 : 0);
	smtp_client_free(pair.client);
	smtp_server_free(pair.server);
	envelope_clear(&pair.envelope);
	buffer_clear(&pair.to_client);
	buffer_clear(&pair.to_server);
	buffer_clear(&pair.taken);
	free(pair.body);
}

static void test_all(void **state)
{
	(void)state;
	for (unsigned options = 0; options < ALL; options++) {
		for (unsigned seed = 1; seed <= 8; seed++)
			talk(options, seed * 7919 + options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all) };

	return cmocka_run_group_tests_name("smtp both", tests, NULL, NULL);
}
