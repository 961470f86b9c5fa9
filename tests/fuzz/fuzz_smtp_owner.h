/* SPDX-License-Identifier: ISC */
/*
 * An owner of the SMTP engine for fuzzing: answers now or later, well or badly, as
 * the bits of its mood say, and checks what the engine promises.
 */
#ifndef TESTS_FUZZ_SMTP_OWNER_H
#define TESTS_FUZZ_SMTP_OWNER_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "gateway/smtp_server.h"

struct fuzz_owner {
	struct smtp_server *server;
	unsigned moods;
	size_t piece;
	struct buffer heard;             /* replies and the sizes of messages */
	bool tls, had_tls, closed, open; /* open: a transaction that needs a discard or a commit */
	bool asked, flooded;
	bool certificate, exchanging, in_exchange; /* in_exchange: the ask is about one */
	char *input;
	size_t used;
	uint64_t stored;
};

/* True when the exchange goes on. */
static inline bool fuzz_challenge(struct fuzz_owner *owner, unsigned mood)
{
	bool more = owner->in_exchange && mood & 4;

	owner->exchanging = more;
	if (more)
		smtp_server_challenge(owner->server, span_make("\0token", mood & 7));
	else if (owner->in_exchange)
		smtp_server_identify(owner->server, "who");
	return more;
}

static inline void fuzz_answer(struct fuzz_owner *owner)
{
	static const struct smtp_reply reply = { 552, "5.2.2", "Mailbox full" };
	unsigned mood = owner->moods;

	owner->asked = false;
	owner->moods = (mood >> 3 | mood << 5) & 0xff;
	if (fuzz_challenge(owner, mood))
		return;
	smtp_server_answer(owner->server, mood % 8 < 6 ? OUTCOME_OK : (enum outcome)(mood % 8 - 5),
			   mood & 16 ? &reply : NULL);
}

static inline void fuzz_ask(struct fuzz_owner *owner)
{
	assert(!owner->asked && !owner->closed);
	owner->asked = true;
	owner->in_exchange = false;
	if (owner->moods & 32)
		fuzz_answer(owner);
}

static inline void fuzz_write(void *context, const char *bytes, size_t length)
{
	struct fuzz_owner *owner = context;

	assert(!owner->closed && length >= 2);
	for (size_t i = 0; i < length; i++)
		assert((bytes[i] == '\n') == (i > 0 && bytes[i - 1] == '\r'));
	assert(memcmp(bytes + length - 2, "\r\n", 2) == 0);
	buffer_add(&owner->heard, bytes, length);
	owner->flooded |= span_starts_nocase(span_make(bytes, length), "552 5.3.4 Message far");
}

static inline void fuzz_start_tls(void *context)
{
	struct fuzz_owner *owner = context;

	owner->tls = owner->had_tls = true;
}

static inline void fuzz_close(void *context)
{
	struct fuzz_owner *owner = context;

	assert(!owner->closed && !owner->open && !owner->exchanging);
	owner->closed = true;
}

static inline void fuzz_login(void *context, const struct smtp_login *login)
{
	assert(login->password[0] != '\0' && login->user[0] != '\0');
	fuzz_ask(context);
}

static inline void fuzz_exchange(void *context, const struct mechanism_message *message)
{
	struct fuzz_owner *owner = context;
	uint64_t length = message->response.length;

	assert(!owner->asked && !owner->closed && message->first == !owner->exchanging);
	assert(message->response.at[length] == '\0' && length < SMTP_AUTH_MAX);
	buffer_add(&owner->heard, &length, sizeof(length));
	owner->asked = owner->in_exchange = owner->exchanging = true;
	if (owner->moods & 32)
		fuzz_answer(owner);
}

static inline void fuzz_drop(void *context)
{
	struct fuzz_owner *owner = context;

	assert(owner->exchanging && !owner->closed);
	owner->exchanging = false;
}

static inline void fuzz_release(void *context, const char *domain, bool below)
{
	(void)below;
	assert(domain_valid(span_text(domain)) && !((struct fuzz_owner *)context)->open);
	fuzz_ask(context);
}

static inline void fuzz_ask_turn(void *context, const char *domains)
{
	assert(strlen(domains) < SMTP_LINE_MAX && !((struct fuzz_owner *)context)->open);
	fuzz_ask(context);
}

static inline void fuzz_turn(void *context)
{
	struct fuzz_owner *owner = context;

	assert(!owner->closed && !owner->open && !owner->exchanging);
	owner->closed = true;
}

static inline void fuzz_sender(void *context, const struct envelope *envelope)
{
	struct fuzz_owner *owner = context;

	assert(!owner->open && envelope->count == 0);
	owner->open = true;
	fuzz_ask(owner);
}

static inline void fuzz_recipient(void *context, struct envelope *envelope,
				  struct envelope_recipient *recipient)
{
	assert(envelope->count <= 4 && recipient == &envelope->recipients[envelope->count - 1]);
	fuzz_ask(context);
}

static inline void fuzz_spool(void *context, const struct envelope *envelope)
{
	assert(envelope->count > 0);
	((struct fuzz_owner *)context)->stored = 0;
	fuzz_ask(context);
}

static inline void fuzz_commit(void *context, const struct smtp_delivery *delivery)
{
	struct fuzz_owner *owner = context;

	assert(delivery->size == owner->stored && delivery->hops <= 3);
	owner->open = false; /* a discard may follow */
	buffer_add(&owner->heard, &delivery->size, sizeof(delivery->size));
	fuzz_ask(owner);
}

static inline bool fuzz_body(void *context, const char *bytes, size_t length)
{
	struct fuzz_owner *owner = context;

	assert(owner->open && length > 0 && bytes != NULL);
	owner->stored += length;
	return owner->moods != 0xff;
}

static inline void fuzz_discard(void *context)
{
	((struct fuzz_owner *)context)->open = false;
}

static inline void fuzz_note(void *context, const char *event, const char *detail,
			     const char *reply)
{
	(void)context;
	assert(event != NULL && (detail == NULL || detail[0] != '\0'));
	assert(reply == NULL || strchr(reply, '\n') == NULL);
}

static inline bool fuzz_writable(void *context)
{
	(void)context;
	return true;
}

static const struct smtp_calls fuzz_calls = {
	fuzz_write, fuzz_start_tls, fuzz_close,     fuzz_login,    fuzz_exchange,
	fuzz_drop,  fuzz_release,   fuzz_ask_turn,  fuzz_turn,     fuzz_sender,
	fuzz_recipient, fuzz_spool, fuzz_commit,    fuzz_body,     fuzz_discard,
	fuzz_note,  fuzz_writable,
};

static inline void fuzz_feed(struct fuzz_owner *owner)
{
	size_t used;

	do {
		used = smtp_server_feed(owner->server, owner->input, owner->used);
		assert(used <= owner->used);
		memmove(owner->input, owner->input + used, owner->used - used);
		owner->used -= used;
		if (smtp_server_waiting(owner->server)) {
			assert(owner->asked);
			fuzz_answer(owner);
			used = 1;
		}
		if (owner->tls)
			smtp_server_tls_started(owner->server, "TLS1.3", "X", owner->certificate);
		owner->tls = false;
	} while (used > 0 && owner->used > 0);
	assert(owner->used < SMTP_AUTH_MAX);
}

static inline void fuzz_play(struct fuzz_owner *owner, const char *bytes, size_t size)
{
	owner->input = malloc(size + 1);
	assert(owner->input != NULL);
	for (size_t at = 0, n; at < size; at += n) {
		n = owner->piece < size - at ? owner->piece : size - at;
		memcpy(owner->input + owner->used, bytes + at, n);
		owner->used += n;
		fuzz_feed(owner);
	}
}

static inline void fuzz_finish(struct fuzz_owner *owner)
{
	smtp_server_free(owner->server);
	buffer_clear(&owner->heard);
	free(owner->input);
}

#endif
