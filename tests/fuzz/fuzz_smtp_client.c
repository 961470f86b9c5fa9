/* SPDX-License-Identifier: ISC */
/*
 * All that a server may say, to an owner with two messages: the first two bytes choose the
 * session, the owner's moods and where the input is cut. Everybody is told once, nothing
 * comes behind the end, and no line of the engine is cut in two by what the server says.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gateway/smtp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECIPIENTS 3

struct fuzz_owner {
	struct smtp_client *client;
	struct envelope envelope;
	unsigned moods, messages;
	unsigned told[RECIPIENTS];
	bool sending, ended, asked_login, asked_tls, asked_ready;
	uint64_t given;
	size_t asked;
};

static bool mood(struct fuzz_owner *owner)
{
	owner->moods = (owner->moods >> 1 | owner->moods << 7) & 0xff;
	return owner->moods & 1;
}

static void check_told(struct fuzz_owner *owner)
{
	for (size_t i = 0; owner->sending && i < RECIPIENTS; i++)
		assert(owner->told[i] == 1);
	owner->sending = false;
}

static void on_write(void *context, const char *bytes, size_t length)
{
	assert(!((struct fuzz_owner *)context)->ended && bytes != NULL && length > 0);
}

static void on_start_tls(void *context)
{
	((struct fuzz_owner *)context)->asked_tls = true;
}

static void log_in(struct fuzz_owner *owner)
{
	bool good = mood(owner) || mood(owner);

	owner->asked_login = false;
	smtp_client_respond(owner->client, good ? OUTCOME_OK : OUTCOME_TEMP, "PLAIN", mood(owner),
			    span_make("secret", mood(owner) ? 6 : 0), "no");
}

static void on_ask_login(void *context, bool first, const struct smtp_client_offer *offer,
			 struct span challenge)
{
	struct fuzz_owner *owner = context;

	assert(!owner->ended && !owner->asked_login);
	assert(!first || (offer->mechanisms[0] != '\0' && challenge.length == 0));
	owner->asked_login = true;
	if (mood(owner))
		log_in(owner);
}

static void go_on(struct fuzz_owner *owner)
{
	static const struct smtp_client_message message = { .size = 200000 };
	struct smtp_client_message now = message;

	owner->asked_ready = false;
	if (owner->messages++ == 2) {
		smtp_client_quit(owner->client);
		return;
	}
	now.envelope = &owner->envelope;
	now.size = mood(owner) ? message.size : 5;
	now.has_8bit = mood(owner) && mood(owner);
	memset(owner->told, 0, sizeof(owner->told));
	owner->sending = true;
	owner->given = 0;
	owner->asked = 0;
	smtp_client_send(owner->client, &now);
}

static void on_ready(void *context)
{
	struct fuzz_owner *owner = context;

	assert(!owner->ended && !owner->sending);
	owner->asked_ready = true;
	if (mood(owner))
		go_on(owner);
}

static void give(struct fuzz_owner *owner)
{
	static const char body[65536] = "\r\n.\r\n";
	size_t length = mood(owner) ? owner->asked : owner->asked / 2 + 1;

	owner->asked -= length;
	owner->given += length;
	if (owner->moods == 0xff)
		smtp_client_body_failed(owner->client);
	else
		smtp_client_body(owner->client, body, length);
}

static void on_ask_body(void *context, uint64_t offset, size_t length)
{
	struct fuzz_owner *owner = context;

	assert(owner->sending && owner->asked == 0 && offset == owner->given && length > 0);
	owner->asked = length;
	if (mood(owner))
		give(owner);
}

static void check_reply(const struct smtp_client_reply *reply)
{
	assert(strlen(reply->status) >= 5 && strlen(reply->text) <= SMTP_CLIENT_TEXT_MAX);
	for (const char *c = reply->text; *c != '\0'; c++)
		assert(*c >= ' ' && *c < 127);
}

static void on_result(void *context, size_t recipient, enum outcome outcome,
		      const struct smtp_client_reply *reply)
{
	struct fuzz_owner *owner = context;

	assert(owner->sending && recipient < RECIPIENTS && owner->told[recipient]++ == 0);
	check_reply(reply);
	assert(outcome != OUTCOME_OK || reply->code / 100 == 2);
	assert(outcome != OUTCOME_PERM || reply->code / 100 == 5 || reply->code == 0);
}

static void on_sent(void *context)
{
	struct fuzz_owner *owner = context;

	assert(owner->sending && !owner->ended);
	check_told(owner);
}

static void on_ended(void *context, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	struct fuzz_owner *owner = context;

	assert(!owner->ended && end <= SMTP_CLIENT_NEVER);
	check_reply(why);
	check_told(owner);
	owner->ended = true;
}

static void on_patience(void *context, unsigned seconds)
{
	assert(!((struct fuzz_owner *)context)->ended && seconds <= 600);
}

static const struct smtp_client_calls calls = {
	on_write,  on_start_tls, on_ask_login, on_ready,    on_ask_body,
	on_result, on_sent,      on_ended,     on_patience,
};

static void catch_up(struct fuzz_owner *owner)
{
	bool more = true;

	while (more && !owner->ended) {
		more = true;
		if (owner->asked_login)
			log_in(owner);
		else if (owner->asked_ready)
			go_on(owner);
		else if (owner->asked > 0 && owner->sending)
			give(owner);
		else
			more = false;
	}
	if (owner->asked_tls && mood(owner)) {
		owner->asked_tls = false;
		smtp_client_secured(owner->client);
	}
}

static void add_recipients(struct envelope *envelope)
{
	static const char *const names[RECIPIENTS] = { "a@x.example", "j\303\266@x.example",
						       "c@x.example" };
	struct address address;
	const char *why;

	envelope_init(envelope);
	for (size_t i = 0; i < RECIPIENTS; i++) {
		assert(address_parse(span_text(names[i]), &address, &why));
		envelope_add(envelope, &address);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_owner owner = { .moods = size > 1 ? data[1] : 0 };
	unsigned bits = size > 2 ? data[0] : 0;
	struct smtp_client_profile profile = { .name = "relay.example",
					       .lmtp = bits & 1,
					       .helo = (bits & 6) == 6,
					       .tls = bits >> 3 & 1 ? SMTP_CLIENT_TLS_MUST
								    : SMTP_CLIENT_TLS_MAY,
					       .login = bits & 16 };
	size_t piece = bits & 32 ? 1 + (bits >> 6) : size;

	add_recipients(&owner.envelope);
	owner.client = smtp_client_new(&profile, &calls, &owner);
	smtp_client_connected(owner.client);
	for (size_t at = 2, n; at < size; at += n) {
		n = piece < size - at ? piece : size - at;
		smtp_client_feed(owner.client, (const char *)data + at, n);
		catch_up(&owner);
	}
	smtp_client_lost(owner.client, "closed by peer");
	assert(owner.ended);
	smtp_client_free(owner.client);
	envelope_clear(&owner.envelope);
	return 0;
}
