/* SPDX-License-Identifier: ISC */
/*
 * Every body of daemon/message*.h behind one pair of functions: a sample written, and
 * a body read and written again. What reads must write the same octets.
 */
#ifndef TESTS_UNIT_DAEMON_MESSAGE_KINDS_H
#define TESTS_UNIT_DAEMON_MESSAGE_KINDS_H

#include <string.h>

#include "daemon/message_client.h"
#include "daemon/message_directory.h"
#include "daemon/message_local.h"
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
	.address = { "b\xc3\xb6" "b", "sales.example", true, false }, .session = "f0-1a2b" };
static const struct message_route sample_route = { OUTCOME_PERM,     ROUTE_REFUSED, 550,	   "5.1.1",
						   "No such mailbox", 30,	    (uint64_t)1 << 40, SPAN("tick\0et") };
static const struct message_login sample_login = { "smtp", "CORP\\alice",  "alice",  "Alice-Pw1",
						   "corp.example", "192.0.2.1", "f0-1a2b" };
static const struct message_identity sample_identity = { AUTH_EXPIRED, "alice@corp.example", SPAN("\0\1\2"),
							SPAN("standing") };
static const struct message_recheck sample_recheck = { 2, SPAN("\1\0\0\0a\1\0\0\0b") };
static const struct message_explain sample_explain = { QUESTION_LOGIN, "CORP\\alice" };
static const struct message_result sample_result = { OUTCOME_TEMP, MESSAGE_RESULT_FULL, UINT64_MAX };
static const struct message_deliver sample_deliver = { "f0-1a2b", 1, 2, SPAN("\1\0\0\0a\1\0\0\0b") };
static const struct message_open sample_open = { "f0-1a2b", SPAN("ticket") };
static const struct message_fetch sample_fetch = { 3, 1, 16 };
static const struct message_handed sample_handed = { { OUTCOME_OK, MESSAGE_RESULT_GONE, 65537 }, SPAN("\3\0\0\0a\r\n") };
static const struct message_remove sample_remove = { 3, 1, SPAN("\x05\x80") };
static const struct message_prove sample_prove = { "alice", "Alice-Pw1" };
static const struct message_proof sample_proof = { PASSWORD_EXPIRED, "PAM account: expired" };

static const struct message_exchange sample_exchange = {
	9, 1, 2, 1, "GSS-SPNEGO", "192.0.2.1", "f0-1a2b", SPAN("end\0point"), SPAN("exporter"), SPAN("-----"),
	SPAN("\x60\0") };
static const struct message_turn sample_turn = { 0, SPAN("\xa1"),
						 { AUTH_OK, "alice@corp.example", SPAN("ticket"), SPAN("standing") } };

static const struct message_client sample_client = {
	9, 1, 0, "*.example.com", "out", "mx.example.com", "PLAIN LOGIN", 2, SPAN("end\0point"), SPAN("exporter"),
	SPAN("challenge") };
static const struct message_client_turn sample_client_turn = { OUTCOME_TEMP, "XOAUTH2", 1, "no token", SPAN("\0a") };

KIND(start)
KIND(peer)
KIND(resolve)
KIND(route)
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
KIND(exchange)
KIND(turn)
KIND(client)
KIND(client_turn)
KIND(prove)
KIND(proof)

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
	ROW(identity), ROW(result), ROW(deliver), ROW(open),	ROW(remove),
	ROW(fetch), ROW(handed),	   ROW(exchange), ROW(turn),
	ROW(prove), ROW(proof),
	ROW(recheck), ROW(explain),
	ROW(client), ROW(client_turn),
};
#define MESSAGE_KINDS (sizeof message_kinds / sizeof message_kinds[0])

#endif
