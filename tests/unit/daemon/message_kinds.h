/* SPDX-License-Identifier: ISC */
/*
 * Every body of daemon/message*.h behind one pair of functions: a sample written, and
 * a body read and written again. What reads must write the same octets.
 */
#ifndef TESTS_UNIT_DAEMON_MESSAGE_KINDS_H
#define TESTS_UNIT_DAEMON_MESSAGE_KINDS_H

#include <string.h>

#include "daemon/message_client.h"
#include "daemon/message_dial.h"
#include "daemon/message_directory.h"
#include "daemon/message_local.h"
#include "daemon/message_queue.h"
#include "daemon/message_resolver.h"
#include "daemon/message_store.h"

#define KIND(name)                                                                                 \
	static void write_##name(struct wire_writer *to)                                           \
	{                                                                                          \
		message_put_##name(to, &sample_##name);                                            \
	}                                                                                          \
	static bool again_##name(struct span body, struct wire_writer *to)                         \
	{                                                                                          \
		struct message_##name message;                                                     \
                                                                                                   \
		memset(&message, 0xa5, sizeof message);                                            \
		if (!message_get_##name(body, &message))                                           \
			return false;                                                              \
		message_put_##name(to, &message);                                                  \
		return true;                                                                       \
	}

#define SPAN(text) { text, sizeof(text) - 1 }

static const struct message_start sample_start = { 7, 1, 2, "a key of thirty-two octets, yes" };
static const struct message_peer sample_peer = { ROLE_STORE, 7, 1 };
static const struct message_resolve sample_resolve = {
	.address = { "b\xc3\xb6" "b", "sales.example", true, false }, .session = "f0-1a2b",
	.standing = SPAN("standing"), .sender = { "a", "corp.example", false, false }, .size = 1 << 20,
	.identity = "corp/0123", .trusted = 1, .own = 1 };
static const struct message_route sample_route = { OUTCOME_PERM,     ROUTE_REFUSED, 550,	   "5.1.1",
						   "No such mailbox", 30,	    (uint64_t)1 << 40, SPAN("tick\0et"), "",
						   "alice@corp.example", UINT64_MAX, 1 };
static const struct message_sender sample_sender = {
	.standing = SPAN("standing"), .address = { "a", "corp.example", false, false }, .header = 1, .server = 2,
	.session = "f0-1a2b" };
static const struct message_sender_answer sample_sender_answer = {
	.outcome = OUTCOME_PERM, .reported = 1, .code = 550, .status = "5.7.1", .text = "not yours", .good_for = 10,
	.quota = (uint64_t)1 << 40, .size = UINT64_MAX, .recipients = 100, .relay = SENDER_RELAY_UNKNOWN,
	.ticket = SPAN("tick\0et"), .identity = "corp/0123" };
static const struct message_login sample_login = { 1, "smtp", "CORP\\alice",  "alice",  "Alice-Pw1",
						   "corp.example", "192.0.2.1", "f0-1a2b" };
static const struct message_identity sample_identity = { AUTH_EXPIRED, "alice@corp.example", SPAN("\0\1\2"),
							SPAN("standing"), "two.example", SPAN("else\0where") };
static const struct message_recheck sample_recheck = { 2, SPAN("\1\0\0\0a\1\0\0\0b") };
static const struct message_explain sample_explain = { QUESTION_SEND, "a@corp.example\tb@corp.example\tCORP\\alice" };
static const struct message_result sample_result = { OUTCOME_TEMP, MESSAGE_RESULT_FULL, UINT64_MAX };
static const struct message_deliver sample_deliver = { "f0-1a2b", 1, 2, SPAN("\1\0\0\0a\1\0\0\0b"), SPAN("\0e") };
static const struct message_open sample_open = { "f0-1a2b", SPAN("ticket") };
static const struct message_fetch sample_fetch = { 3, 1, 16 };
static const struct message_handed sample_handed = { { OUTCOME_OK, MESSAGE_RESULT_GONE, 65537 }, SPAN("\3\0\0\0a\r\n") };
static const struct message_quota sample_quota = { OUTCOME_OK, (uint64_t)1 << 40, 7 };
static const struct message_remove sample_remove = { 3, 1, SPAN("\x05\x80") };
static const struct message_prove sample_prove = { "alice", "Alice-Pw1" };
static const struct message_proof sample_proof = { PASSWORD_EXPIRED, "PAM account: expired" };

static const struct message_exchange sample_exchange = {
	9, 1, 2, 1, "GSS-SPNEGO", "192.0.2.1", "f0-1a2b", SPAN("end\0point"), SPAN("exporter"), SPAN("-----"),
	SPAN("\x60\0") };
static const struct message_turn sample_turn = { 0, SPAN("\xa1"),
						 { AUTH_OK, "alice@corp.example", SPAN("ticket"), SPAN("standing"), "", SPAN("") } };

static const struct message_client sample_client = {
	9, 0, 1, 1, "*.example.com", "out", SPAN("else\0where"), "mx.example.com", "PLAIN LOGIN", 2, SPAN("end\0point"), SPAN("exporter"),
	SPAN("challenge") };
static const struct message_client_turn sample_client_turn = { OUTCOME_TEMP, "XOAUTH2", 1, "no token", SPAN("\0a") };

static const struct message_dial sample_dial = { SPAN("else\0where"), "f0-1a2b" };
static const struct message_dialled sample_dialled = { OUTCOME_TEMP, "192.0.2.1", "connection refused" };
static const struct message_dial_host sample_dial_host = { OUTCOME_OK, "two.example", "" };

static const struct message_take sample_take = { 1, SPAN("\x0b\0\0\0example.com") };
static const struct message_job sample_job = {
	(uint64_t)7 << 32, "5f00000001.1", QUEUE_HOP_SMTP, "[192.0.2.1]:25", "main", 1800000000, 12345, 2,
	SPAN("\0e") };
static const struct message_done sample_done = {
	(uint64_t)7 << 32, 1, 1,
	SPAN("\1\0\0\0\1\0\5\0\0\0" "4.4.1" "\3\0\0\0" "450" "\2\0\0\0mx") };
static const struct message_place sample_place = { 7, 2, SPAN("\0\0\0\0\1\0\0\0t\2\0\0\0\2\0\0\0\0e") };
static const struct message_list sample_list = { (uint64_t)7 << 32, 3 };
static const struct message_expand sample_expand = {
	{ "sales", "corp.example", false, false }, { "a", "example.com", false, false }, "corp/0123", 1, 1 << 20, "5f00000001.1" };
static const struct message_expanded sample_expanded = { OUTCOME_TEMP, "4.3.0", "no server answers" };
static const struct message_claimed sample_claimed = { 7, "main", "mail.eml" };
static const struct message_claim_end sample_claim_end = { 7, 1, "no recipient: add x-receiver" };
static const struct message_order sample_order = { ORDER_HOLD, "5f00000001.1", "example.com" };

static const struct message_hosts sample_hosts = { "b\xc3\xbc" "cher.example", 1, 465, 1, 0 };
static const struct message_hosts_found sample_hosts_found = {
	HOSTS_FOUND, "text", 300, 1, HOSTS_POLICY_ENFORCE, "20160831085700Z", 2, { "mx.example", "*.example" }, 2,
	{ { .name = "mx1.example", .base = "real.example", .preference = 10, .secure = 1, .addresses_count = 2,
	    .addresses = { { 1 }, { 2 } }, .tlsa_count = 1, .tlsa = { { 3, 1, 1, SPAN("diges\0t") } } },
	  { .name = "mx2.example", .preference = UINT16_MAX, .secure = 1, .tlsa_trouble = 1, .unusable = 1 } } };
static const struct message_names sample_names = { "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1" };
static const struct message_names_found sample_names_found = { 0, 60, 2, { "a.example", "b.example" } };

KIND(hosts)
KIND(hosts_found)
KIND(names)
KIND(names_found)
KIND(start)
KIND(peer)
KIND(resolve)
KIND(route)
KIND(sender)
KIND(sender_answer)
KIND(login)
KIND(identity)
KIND(recheck)
KIND(explain)
KIND(result)
KIND(deliver)
KIND(open)
KIND(fetch)
KIND(handed)
KIND(remove)
KIND(quota)
KIND(exchange)
KIND(turn)
KIND(client)
KIND(client_turn)
KIND(dial)
KIND(dialled)
KIND(dial_host)
KIND(prove)
KIND(proof)
KIND(take)
KIND(job)
KIND(done)
KIND(place)
KIND(list)
KIND(expand)
KIND(expanded)
KIND(claimed)
KIND(claim_end)
KIND(order)

static void write_envelope(struct wire_writer *to)
{
	struct envelope_recipient recipients[2] = {
		{ .address = { "b\xc3\xb6" "b", "example.com", true, false }, .notify = ENVELOPE_NOTIFY_DELAY,
		  .orcpt = (char[]){ "rfc822;x" }, .via = (char[]){ "lmtp:[::1]:24" } },
		{ .address = { "a b", "[192.0.2.1]", false, true }, .member = true },
	};
	struct envelope envelope = { .sender = { "alice", "corp.example", false, false },
				     .has_sender = true, .declared = 77, .body = ENVELOPE_BODY_8BITMIME,
				     .smtputf8 = true, .ret = ENVELOPE_RET_HDRS, .envid = "QQ+20x", .identity = "corp/0123",
				     .recipients = recipients, .count = 2 };

	message_put_envelope(to, "main", &envelope);
}

static bool again_envelope(struct span body, struct wire_writer *to)
{
	char server[QUEUE_SERVER_SIZE];
	struct envelope envelope;

	memset(&envelope, 0xa5, sizeof envelope);
	if (!message_get_envelope(body, server, &envelope))
		return false;
	message_put_envelope(to, server, &envelope);
	envelope_clear(&envelope);
	return true;
}

static void write_pair(struct wire_writer *to)
{
	message_put_pair(to, 1, UINT32_MAX);
}

static bool again_pair(struct span body, struct wire_writer *to)
{
	uint32_t first, second;

	if (!message_get_pair(body, &first, &second))
		return false;
	message_put_pair(to, first, second);
	return true;
}

struct message_kind_row {
	const char *name;
	void (*write)(struct wire_writer *to);
	bool (*again)(struct span body, struct wire_writer *to);
};

#define ROW(name) { #name, write_##name, again_##name }
static const struct message_kind_row message_kinds[] = {
	ROW(start), ROW(pair),	   ROW(peer),	ROW(resolve), ROW(route), ROW(login),
	ROW(sender), ROW(sender_answer),
	ROW(identity), ROW(result), ROW(deliver), ROW(open),	ROW(remove), ROW(quota),
	ROW(fetch), ROW(handed),	   ROW(exchange), ROW(turn),
	ROW(prove), ROW(proof),
	ROW(recheck), ROW(explain),
	ROW(client), ROW(client_turn), ROW(dial), ROW(dialled), ROW(dial_host),
	ROW(take), ROW(job), ROW(done), ROW(place), ROW(claimed), ROW(claim_end), ROW(order),
	ROW(envelope),
	ROW(hosts), ROW(hosts_found), ROW(names), ROW(names_found),
	ROW(list), ROW(expand), ROW(expanded),
};
#define MESSAGE_KINDS (sizeof message_kinds / sizeof message_kinds[0])

#endif
