/* SPDX-License-Identifier: ISC */
/*
 * An owner for the SMTP client engine and the server it talks to. A script has all that
 * happens, a line each:
 *
 *   S: 220 mx                  the server says
 *   C: EHLO relay.example      the engine must have said
 *   ! ready                    the engine must have called
 *   > lost connection reset    the owner does: lost, broken (the body), quit, secured
 *
 * What happened is written down in the same form and must be the same text, whether the
 * server's octets come whole, one by one or cut anywhere, and whether the owner does its
 * part inside the calls or later.
 */
#ifndef TESTS_SMTP_CLIENT_OWNER_H
#define TESTS_SMTP_CLIENT_OWNER_H

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

struct letter {                    /* a message to be sent */
	const char *sender;        /* "" = null */
	const char *recipients[6]; /* "address", "address|NOTIFY bits|ORCPT" */
	const char *body;
	const char *masquerade;
	const char *envid;
	enum envelope_body kind;
	enum envelope_ret ret;
	bool has_8bit, header_utf8, smtputf8, requiretls;
	uint64_t size; /* said instead of the body's; 0 = the body's */
};

struct turn_of_login { /* what the owner says in AUTH, in order */
	enum outcome outcome;
	const char *mechanism;
	const char *response; /* NULL = none */
	const char *text;
};

struct script {
	const char *name;
	const struct smtp_client_profile *profile; /* NULL = the usual one */
	const struct letter *letters[3];
	const struct turn_of_login *logins;
	const char *text;
	bool stay;     /* no QUIT behind the letters */
	bool patience; /* is written down too */
	bool once;     /* only whole and at once: with pauses there is more to be patient about */
};

enum due { DUE_NONE, DUE_TLS, DUE_LOGIN, DUE_READY, DUE_BODY };

struct owner {
	const struct script *script;
	struct smtp_client *client;
	struct buffer log, said;
	struct envelope envelope;
	enum due due;
	bool later, ended, sending;
	unsigned random;
	size_t letters, logins;
	uint64_t offset;
	size_t length;
	unsigned told[8]; /* results a recipient */
};

static const struct smtp_client_profile usual = { .name = "relay.example" };

/* What the engine said comes first. */
static inline void note_line(struct owner *owner, struct span text)
{
	struct span said = buffer_span(&owner->said), line;

	while (said.length > 0 && span_cut(&said, '\n', &line)) {
		bool whole = line.length > 0 && line.at[line.length - 1] == '\r';

		buffer_add_format(&owner->log, "C: %.*s%s\n", (int)(line.length - whole), line.at,
				  whole ? "" : "(no CRLF)");
	}
	buffer_clear(&owner->said);
	if (text.length > 0) {
		buffer_add(&owner->log, text.at, text.length);
		buffer_add_text(&owner->log, "\n");
	}
}

static inline void note(struct owner *owner, const char *format, ...)
{
	char text[SMTP_CLIENT_TEXT_MAX + 200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	note_line(owner, span_text(text));
}

static inline void take_envelope(struct owner *owner, const struct letter *letter)
{
	struct envelope *envelope = &owner->envelope;
	const char *why = "";

	envelope_clear(envelope);
	envelope_init(envelope);
	if (letter->sender[0] != '\0')
		assert_true(address_parse(span_text(letter->sender), &envelope->sender, &why));
	envelope->body = letter->kind;
	envelope->ret = letter->ret;
	envelope->smtputf8 = letter->smtputf8;
	envelope->requiretls = letter->requiretls;
	if (letter->envid != NULL)
		strcpy(envelope->envid, letter->envid);
	for (size_t i = 0; i < 6 && letter->recipients[i] != NULL; i++) {
		struct span rest = span_text(letter->recipients[i]), part;
		struct envelope_recipient *to;
		struct address address;
		uint64_t notify = 0;

		assert_true(span_cut(&rest, '|', &part));
		assert_true(address_parse(part, &address, &why));
		to = envelope_add(envelope, &address);
		if (span_cut(&rest, '|', &part) && span_number(part, &notify))
			to->notify = (unsigned)notify;
		if (span_cut(&rest, '|', &part))
			to->orcpt = memory_text_n(part.at, part.length);
	}
}

static inline void send_letter(struct owner *owner)
{
	const struct letter *letter = owner->script->letters[owner->letters];
	struct smtp_client_message message = { .envelope = &owner->envelope };

	if (letter == NULL) {
		if (!owner->script->stay)
			smtp_client_quit(owner->client);
		return;
	}
	take_envelope(owner, letter);
	memset(owner->told, 0, sizeof(owner->told));
	owner->sending = true;
	message.sender = letter->masquerade;
	message.size = letter->size > 0 ? letter->size : strlen(letter->body);
	message.has_8bit = letter->has_8bit;
	message.header_utf8 = letter->header_utf8;
	smtp_client_send(owner->client, &message);
}

static inline void give_body(struct owner *owner)
{
	const char *body = owner->script->letters[owner->letters]->body;
	size_t half = owner->length / 2;
	char *copy;

	if (strcmp(body, "unreadable") == 0) {
		smtp_client_body_failed(owner->client);
		return;
	}
	copy = malloc(owner->length); /* of that size, for the sanitizer */
	if (owner->script->letters[owner->letters]->size > 0)
		memset(copy, 'x', owner->length);
	else
		memcpy(copy, body + owner->offset, owner->length);
	smtp_client_body(owner->client, copy, half);
	smtp_client_body(owner->client, copy + half, owner->length - half);
	free(copy);
}

static inline void give_login(struct owner *owner)
{
	const struct turn_of_login *login = &owner->script->logins[owner->logins++];

	smtp_client_respond(owner->client, login->outcome, login->mechanism,
			    login->response != NULL, span_text(login->response), login->text);
}

static inline void act(struct owner *owner)
{
	enum due due = owner->due;

	owner->due = DUE_NONE;
	if (due == DUE_TLS)
		smtp_client_secured(owner->client);
	else if (due == DUE_LOGIN)
		give_login(owner);
	else if (due == DUE_READY)
		send_letter(owner);
	else if (due == DUE_BODY)
		give_body(owner);
}

static inline void is_due(struct owner *owner, enum due due)
{
	assert_int_equal(owner->due, DUE_NONE);
	assert_false(owner->ended);
	owner->due = due;
	if (!owner->later)
		act(owner);
}

static inline void on_write(void *context, const char *bytes, size_t length)
{
	struct owner *owner = context;

	assert_false(owner->ended);
	buffer_add(&owner->said, bytes, length);
}

static inline void on_start_tls(void *context)
{
	struct owner *owner = context;

	note(owner, "! tls");
	owner->due = DUE_TLS; /* a handshake takes time */
}

static inline void on_ask_login(void *context, bool first, const struct smtp_client_offer *offer,
				struct span challenge)
{
	struct owner *owner = context;

	note(owner, "! login %s %s", first ? offer->mechanisms : "challenge",
	     challenge.length > 1000 ? "long"
	     : challenge.length > 0  ? challenge.at
				     : "-");
	is_due(owner, DUE_LOGIN);
}

static inline void on_ready(void *context)
{
	struct owner *owner = context;

	note(owner, "! ready");
	is_due(owner, DUE_READY);
}

static inline void on_ask_body(void *context, uint64_t offset, size_t length)
{
	struct owner *owner = context;

	assert_true(length > 0 && length <= 65536);
	owner->offset = offset;
	owner->length = length;
	is_due(owner, DUE_BODY);
}

static inline void check_reply(const struct smtp_client_reply *reply)
{
	for (const char *c = reply->text; *c != '\0'; c++)
		assert_true(*c >= ' ' && *c < 127);
}

/* In front of the text, unless the server said it there. */
static inline const char *extra_status(const struct smtp_client_reply *reply)
{
	static char text[sizeof(reply->status) + 1];

	if (span_starts_nocase(span_text(reply->text), reply->status))
		return "";
	snprintf(text, sizeof(text), "%s ", reply->status);
	return text;
}

static inline void on_result(void *context, size_t recipient, enum outcome outcome,
			     const struct smtp_client_reply *reply)
{
	struct owner *owner = context;

	assert_true(owner->sending && recipient < owner->envelope.count);
	assert_int_equal(owner->told[recipient]++, 0);
	check_reply(reply);
	assert_int_equal(reply->status[0], outcome == OUTCOME_OK     ? '2'
					   : outcome == OUTCOME_TEMP ? '4'
								     : '5');
	note(owner, "! result %zu %s %u %s%s", recipient, outcome_name(outcome), reply->code,
	     extra_status(reply), reply->text);
}

static inline void check_told(struct owner *owner)
{
	for (size_t i = 0; owner->sending && i < owner->envelope.count; i++)
		assert_int_equal(owner->told[i], 1);
	owner->sending = false;
}

static inline void on_sent(void *context)
{
	struct owner *owner = context;

	assert_true(owner->sending);
	check_told(owner);
	owner->letters++;
	note(owner, "! sent");
}

static inline void on_ended(void *context, enum smtp_client_end end,
			    const struct smtp_client_reply *why)
{
	static const char *const names[] = { "orderly", "next", "later", "never" };
	struct owner *owner = context;

	check_reply(why);
	check_told(owner);
	note(owner, "! ended %s %u %s%s", names[end], why->code, extra_status(why), why->text);
	assert_false(owner->ended);
	owner->ended = true;
	owner->due = DUE_NONE;
}

static inline void on_patience(void *context, unsigned seconds)
{
	struct owner *owner = context;

	assert_false(owner->ended);
	if (owner->script->patience)
		note(owner, "! patience %u %s", seconds, smtp_client_doing(owner->client));
}

static const struct smtp_client_calls owner_calls = {
	on_write,  on_start_tls, on_ask_login, on_ready,    on_ask_body,
	on_result, on_sent,      on_ended,     on_patience,
};

static inline void act_while_due(struct owner *owner)
{
	while (owner->due != DUE_NONE && owner->due != DUE_TLS)
		act(owner);
}

static inline void hear(struct owner *owner, const char *bytes, size_t length, size_t piece)
{
	for (size_t at = 0, n; at < length; at += n) {
		char *copy;

		owner->random = owner->random * 1103515245u + 12345u;
		n = piece > 0 ? piece : 1 + (owner->random >> 16) % 40;
		n = n < length - at ? n : length - at;
		copy = malloc(n);
		memcpy(copy, bytes + at, n);
		smtp_client_feed(owner->client, copy, n);
		free(copy);
		act_while_due(owner);
	}
}

static inline void do_line(struct owner *owner, struct span line)
{
	char *text = memory_text_n(line.at, line.length);

	note_line(owner, line);
	if (strncmp(text, "> lost ", 7) == 0)
		smtp_client_lost(owner->client, text + 7);
	else if (strcmp(text, "> broken") == 0)
		smtp_client_body_failed(owner->client);
	else if (strcmp(text, "> quit") == 0)
		smtp_client_quit(owner->client);
	else if (strcmp(text, "> secured") == 0)
		act(owner);
	else
		fail_msg("%s", text);
	act_while_due(owner);
	free(text);
}

/* Lines of the server that stand together come together; "S: 220 x\" goes on without CRLF. */
static inline void play_lines(struct owner *owner, size_t piece)
{
	struct span rest = span_text(owner->script->text), line;
	struct buffer heard = BUFFER_EMPTY;

	while (span_cut(&rest, '\n', &line)) {
		bool server = span_starts_nocase(line, "S: ");

		if (server) {
			note_line(owner, line);
			buffer_add(&heard, line.at + 3, line.length - 3);
			buffer_add_text(&heard, "\r\n");
			if (span_starts_nocase(rest, "S: "))
				continue;
		}
		if (buffer_used(&heard) > 0)
			hear(owner, buffer_bytes(&heard), buffer_used(&heard),
			     piece == SIZE_MAX ? buffer_used(&heard) : piece);
		buffer_clear(&heard);
		if (span_starts_nocase(line, "> "))
			do_line(owner, line);
	}
}

static inline void check_log(const struct script *script, struct owner *owner)
{
	struct span log;

	if (buffer_used(&owner->said) > 0)
		note_line(owner, span_text(""));
	log = buffer_span(&owner->log);
	if (span_equal(log, span_text(script->text)))
		return;
	print_error("%s: this happened\n%.*s\nthis was wanted\n%s\n", script->name, (int)log.length,
		    log.at, script->text);
	fail();
}

static inline void play(const struct script *script)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 7, 64 };

	for (unsigned round = 0; round < (script->once ? 1 : 32); round++) {
		struct owner owner = { .script = script, .later = round % 2, .random = round };

		envelope_init(&owner.envelope);
		owner.client = smtp_client_new(script->profile != NULL ? script->profile : &usual,
					       &owner_calls, &owner);
		smtp_client_connected(owner.client);
		play_lines(&owner, round < 12 ? pieces[round / 2] : 0);
		check_log(script, &owner);
		smtp_client_free(owner.client);
		envelope_clear(&owner.envelope);
		buffer_clear(&owner.log);
		buffer_clear(&owner.said);
	}
}

#define PLAY_ALL(table)                                                                            \
	do {                                                                                       \
		for (size_t at = 0; at < sizeof(table) / sizeof((table)[0]); at++)                 \
			play(&(table)[at]);                                                        \
	} while (0)

#endif
