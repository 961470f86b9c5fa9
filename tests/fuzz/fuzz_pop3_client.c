/* SPDX-License-Identifier: ISC */
/*
 * All that a POP3 server may say to our login: the first octet chooses the session and how the
 * owner answers. Every line is whole, nobody is told twice, and nothing is used behind the end.
 */
#include <assert.h>
#include <string.h>

#include "pop3/pop3_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_owner {
	struct pop3_client *client;
	unsigned bits, asks;
	bool over, secures;
};

static void on_write(void *context, const char *bytes, size_t length)
{
	assert(!((struct fuzz_owner *)context)->over && length >= 2);
	assert(bytes[length - 1] == '\n' && bytes[length - 2] == '\r');
	assert(memchr(bytes, '\n', length) == bytes + length - 1);
}

static void on_start_tls(void *context)
{
	((struct fuzz_owner *)context)->secures = true;
}

static void on_ask_login(void *context, bool first, const struct pop3_client_offer *offer,
			 struct span challenge)
{
	struct fuzz_owner *owner = context;

	assert(!owner->over && (first || challenge.length <= POP3_CLIENT_LINE_MAX));
	assert(strlen(offer->mechanisms) < sizeof offer->mechanisms);
	if (first && owner->bits & 4)
		pop3_client_password(owner->client, "alice", owner->bits & 8 ? "pa\nss" : "pass");
	else
		pop3_client_respond(
			owner->client,
			owner->bits & 16 && owner->asks++ == 2 ? OUTCOME_TEMP : OUTCOME_OK,
			first ? "GSSAPI" : "", owner->bits & 32, span_text("token"), "no");
}

static void check_text(const char *text)
{
	for (; *text != '\0'; text++)
		assert(*text >= ' ' && *text < 127);
}

static void on_opened(void *context, const char *text)
{
	assert(!((struct fuzz_owner *)context)->over);
	((struct fuzz_owner *)context)->over = true;
	check_text(text);
}

static void on_failed(void *context, const struct pop3_client_failure *failure)
{
	assert(!((struct fuzz_owner *)context)->over);
	((struct fuzz_owner *)context)->over = true;
	check_text(failure->text);
}

static const struct pop3_client_calls calls = { on_write, on_start_tls, on_ask_login, on_opened,
						on_failed };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_owner owner = { .bits = size > 0 ? data[0] : 0 };
	struct pop3_client_profile profile = { owner.bits & 1, owner.bits & 2 };
	size_t at = 1, end = 1, piece = owner.bits & 64 ? 1 : size;

	owner.client = pop3_client_new(&profile, &calls, &owner);
	while (end < size && !owner.over) {
		end = piece < size - end ? end + piece : size;
		at += pop3_client_feed(owner.client, (const char *)data + at, end - at);
		assert(at <= end);
		if (owner.secures)
			pop3_client_secured(owner.client);
		owner.secures = false;
	}
	if (owner.over)
		assert(pop3_client_feed(owner.client, "+OK\r\n", 5) == 0);
	pop3_client_lost(owner.client, "closed");
	assert(owner.over);
	pop3_client_free(owner.client);
	return 0;
}
