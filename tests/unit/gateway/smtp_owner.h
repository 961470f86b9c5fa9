/* SPDX-License-Identifier: ISC */
/*
 * An owner for the SMTP engine: answers by what the addresses and names say, writes
 * down everything, and plays one dialogue at every split of its input with answers
 * given at once, later, and mixed. All must come out the same.
 */
#ifndef TESTS_SMTP_OWNER_H
#define TESTS_SMTP_OWNER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "gateway/smtp_server.h"

/* A clock that stands still. */
int64_t clock_ms(void)
{
	return 1000;
}

int64_t clock_unix(void)
{
	return 1795305600;
}

void clock_rfc5322(int64_t unix_seconds, char to[CLOCK_RFC5322_SIZE])
{
	(void)unix_seconds;
	strcpy(to, "Sun, 22 Nov 2026 00:00:00 +0000");
}

/* A segment ends at SEGMENT; a handshake asked for in it is done then. */
#define SEGMENT '\001'
#define TEXT(t)                                                                                    \
	{                                                                                          \
		(t), sizeof(t) - 1                                                                 \
	}
#define GREETING "220 mx.corp.example ESMTP Postern\r\n"
#define EXTENSIONS                                                                                 \
	"250-mx.corp.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n"               \
	"250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
#define EHLO_PLAIN  EXTENSIONS "250-STARTTLS\r\n250-LIMITS RCPTMAX=3\r\n250 HELP\r\n"
#define EHLO_TLS    EXTENSIONS "250-REQUIRETLS\r\n250-AUTH PLAIN LOGIN\r\n250-LIMITS RCPTMAX=3\r\n250 HELP\r\n"
#define EHLO_AUTHED EXTENSIONS "250-REQUIRETLS\r\n250-LIMITS RCPTMAX=3\r\n250 HELP\r\n"
#define BARE                                                                                       \
	"250-mx.corp.example\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n"                    \
	"250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
#define EHLO_BARE  BARE "250 HELP\r\n" /* of a profile with nothing in it */
#define START_DATA "354 End data with <CR><LF>.<CR><LF>\r\n"
#define TAKEN      "250 2.0.0 Ok: queued as S1\r\n"
#define CLOSED     "[close]"
#define TURNED     "[turn]"

struct dialogue {
	const char *name;
	struct {
		const char *at;
		size_t length;
	} input;
	const char *output;                 /* replies and marks */
	const char *events;                 /* transactions; NULL = any */
	const struct smtp_profile *profile; /* NULL = the usual one */
};

struct owner {
	struct smtp_server *server;
	struct buffer input, output, events, body, notes;
	bool later, mixed, tls_wanted, closed, asked, disk_full;
	bool certificate, exchanging;
	const char *challenge; /* the answer that is due; NULL = another */
	enum outcome outcome;
	struct smtp_reply reply;
	bool has_reply;
	unsigned random, body_calls;
	size_t room; /* for output that nobody has taken; 0 = any */
};

static const struct smtp_profile usual_profile = {
	.fqdn = "mx.corp.example",
	.default_domain = "Corp.Example",
	.starttls = true,
	.anonymous = true,
	.basic = true,
	.message_size = 1000,
	.recipients = 3,
	.hops = 2,
	.bad_commands = 20,
};

static inline unsigned owner_random(struct owner *owner)
{
	owner->random = owner->random * 1103515245u + 12345u;
	return owner->random >> 16;
}

static inline void owner_answer_now(struct owner *owner)
{
	const char *challenge = owner->challenge;

	owner->asked = false;
	owner->challenge = NULL;
	if (challenge != NULL)
		smtp_server_challenge(owner->server, span_text(challenge));
	else
		smtp_server_answer(owner->server, owner->outcome,
				   owner->has_reply ? &owner->reply : NULL);
}

static inline void owner_due(struct owner *owner)
{
	owner->asked = true;
	if (owner->mixed ? owner_random(owner) % 2 : !owner->later)
		owner_answer_now(owner);
}

static inline void owner_decide(struct owner *owner, enum outcome outcome, unsigned code,
				const char *status, const char *text)
{
	owner->outcome = outcome;
	owner->has_reply = code != 0 || text != NULL;
	owner->reply = (struct smtp_reply){ code, status, text };
	owner_due(owner);
}

static inline void on_write(void *context, const char *bytes, size_t length)
{
	struct owner *owner = context;

	assert_false(owner->closed);
	buffer_add(&owner->output, bytes, length);
}

static inline void on_start_tls(void *context)
{
	((struct owner *)context)->tls_wanted = true;
}

static inline void on_close(void *context)
{
	struct owner *owner = context;

	assert_false(owner->closed);
	buffer_add_text(&owner->output, CLOSED);
	owner->closed = true;
}

static inline void on_login(void *context, const struct smtp_login *login)
{
	struct owner *owner = context;

	assert_true(login->password[0] != '\0');
	buffer_add_format(&owner->events, "login %s %s/%s/%s\n", login->mechanism, login->authzid,
			  login->user, login->password);
	if (strcmp(login->user, "down") == 0) {
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	} else if (strcmp(login->user, "expired") == 0) {
		owner_decide(owner, OUTCOME_PERM, 535, "5.7.8", "Password expired");
	} else if (strcmp(login->user, "alice") == 0 && strcmp(login->password, "secret") == 0) {
		smtp_server_identify(owner->server, "alice@corp.example");
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
	} else {
		owner_decide(owner, OUTCOME_PERM, 0, NULL, NULL);
	}
}

/* A mechanism in which the client says how it goes on. */
static inline void on_exchange(void *context, const struct mechanism_message *message)
{
	struct owner *owner = context;
	struct span response = message->response;

	assert_int_equal(message->first, !owner->exchanging);
	assert_int_equal(response.at[response.length], '\0');
	if (response.length < 100)
		buffer_add_format(&owner->events, "%s %s\n", message->mechanism, response.at);
	else
		buffer_add_format(&owner->events, "%s %zu octets\n", message->mechanism,
				  response.length);
	owner->exchanging =
		span_is(response, "more") || span_is(response, "data") || response.length > 100;
	if (owner->exchanging)
		owner->challenge = span_is(response, "data") ? "proof" : "go on";
	if (span_is(response, "data") || span_is(response, "ok"))
		smtp_server_identify(owner->server, "bob@corp.example");
	if (owner->exchanging)
		owner_due(owner);
	else if (span_is(response, "down"))
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	else if (span_is(response, "expired"))
		owner_decide(owner, OUTCOME_PERM, 535, "5.7.8", "Password expired");
	else if (span_is(response, "ok") || (response.length == 0 && !message->first))
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
	else
		owner_decide(owner, OUTCOME_PERM, 0, NULL, NULL);
}

static inline void on_drop(void *context)
{
	struct owner *owner = context;

	assert_true(owner->exchanging);
	assert_false(owner->closed);
	owner->exchanging = owner->asked = false;
	buffer_add_text(&owner->events, "drop\n");
}

/* ETRN: the first label of the domain says how it ends. */
static inline void on_release(void *context, const char *domain, bool below)
{
	struct owner *owner = context;

	buffer_add_format(&owner->events, "release %s%s\n", below ? "below " : "", domain);
	if (strncmp(domain, "none.", 5) == 0)
		owner_decide(owner, OUTCOME_OK, 251, "2.0.0", "No messages waiting");
	else if (strncmp(domain, "three.", 6) == 0)
		owner_decide(owner, OUTCOME_OK, 253, "2.0.0", "3 pending messages");
	else if (strncmp(domain, "other.", 6) == 0)
		owner_decide(owner, OUTCOME_TEMP, 459, "4.7.1", "Node not allowed");
	else if (strncmp(domain, "down.", 5) == 0)
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	else
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
}

static inline void on_turn_asked(void *context, const char *domains)
{
	struct owner *owner = context;

	buffer_add_format(&owner->events, "turn? %s\n", domains);
	if (strcmp(domains, "other.example") == 0)
		owner_decide(owner, OUTCOME_PERM, 0, NULL, NULL);
	else if (strcmp(domains, "none.example") == 0)
		owner_decide(owner, OUTCOME_TEMP, 453, "4.0.0", "You have no mail");
	else if (strcmp(domains, "down.example") == 0)
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	else
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
}

static inline void on_turn(void *context)
{
	struct owner *owner = context;

	buffer_add_text(&owner->output, TURNED);
	owner->closed = true;
}

static inline void on_sender(void *context, const struct envelope *envelope)
{
	struct owner *owner = context;
	const char *local = envelope->sender.local;

	owner->disk_full = strcmp(local, "diskfull") == 0;
	if (strcmp(local, "temp") == 0)
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	else if (strcmp(local, "perm") == 0)
		owner_decide(owner, OUTCOME_PERM, 0, NULL, NULL);
	else if (strcmp(local, "over") == 0)
		owner_decide(owner, OUTCOME_PERM, 552, "5.2.2", "Over quota,\r\nsend less");
	else
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
}

static inline void on_recipient(void *context, struct envelope *envelope,
				struct envelope_recipient *recipient)
{
	struct owner *owner = context;
	const char *local = recipient->address.local;

	assert_ptr_equal(recipient, &envelope->recipients[envelope->count - 1]);
	if (strcmp(local, "temp") == 0)
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	else if (strcmp(local, "perm") == 0)
		owner_decide(owner, OUTCOME_PERM, 0, NULL, NULL);
	else if (strcmp(local, "full") == 0)
		owner_decide(owner, OUTCOME_PERM, 552, "5.2.2", "Mailbox full");
	else if (strcmp(local, "odd") == 0)
		owner_decide(owner, OUTCOME_TEMP, 550, "5.1.1", "No such user");
	else if (strcmp(local, "leave") == 0)
		owner_decide(owner, OUTCOME_TEMP, 421, "4.3.2", "Go away");
	else
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
}

static inline void on_spool(void *context, const struct envelope *envelope)
{
	struct owner *owner = context;

	buffer_clear(&owner->body);
	if (strcmp(envelope->sender.local, "nospool") == 0)
		owner_decide(owner, OUTCOME_TEMP, 452, "4.3.1", "Disk full");
	else
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
}

static inline bool on_body(void *context, const char *bytes, size_t length)
{
	struct owner *owner = context;

	assert_true(length > 0);
	owner->body_calls++;
	buffer_add(&owner->body, bytes, length);
	return !owner->disk_full;
}

static inline void on_commit(void *context, const struct smtp_delivery *delivery)
{
	struct owner *owner = context;
	const struct envelope *envelope = delivery->envelope;
	char text[ADDRESS_TEXT_SIZE];

	assert_int_equal(delivery->size, buffer_used(&owner->body));
	address_text(&envelope->sender, text);
	buffer_add_format(&owner->events, "commit <%s> size=%u body=%d utf8=%d ret=%d envid=%s%s\n",
			  text, (unsigned)envelope->declared, envelope->body, envelope->smtputf8,
			  envelope->ret, envelope->envid,
			  envelope->requiretls ? " requiretls" : "");
	for (size_t i = 0; i < envelope->count; i++) {
		address_text(&envelope->recipients[i].address, text);
		buffer_add_format(&owner->events, "to <%s> notify=%u orcpt=%s\n", text,
				  envelope->recipients[i].notify,
				  envelope->recipients[i].orcpt ? envelope->recipients[i].orcpt
								: "");
	}
	buffer_add(&owner->events, buffer_bytes(&owner->body), buffer_used(&owner->body));
	if (strcmp(envelope->sender.local, "nocommit") == 0)
		owner_decide(owner, OUTCOME_TEMP, 0, NULL, NULL);
	else if (strcmp(envelope->sender.local, "rejected") == 0)
		owner_decide(owner, OUTCOME_PERM, 0, NULL, NULL);
	else if (strcmp(envelope->sender.local, "named") == 0)
		owner_decide(owner, OUTCOME_OK, 0, NULL, "Ok: id=7");
	else
		owner_decide(owner, OUTCOME_OK, 0, NULL, NULL);
}

static inline void on_discard(void *context)
{
	buffer_add_text(&((struct owner *)context)->events, "discard\n");
}

static inline void on_note(void *context, const char *event, const char *detail, const char *reply)
{
	struct owner *owner = context;

	buffer_add_format(&owner->notes, "%s %s|%s\n", event, detail ? detail : "-",
			  reply ? reply : "-");
}

static inline bool on_writable(void *context)
{
	struct owner *owner = context;

	return owner->room == 0 || buffer_used(&owner->output) < owner->room;
}

static const struct smtp_calls owner_calls = {
	on_write,  on_start_tls, on_close,     on_login, on_exchange, on_drop,
	on_release, on_turn_asked, on_turn,    on_sender, on_recipient, on_spool,
	on_commit, on_body,      on_discard,   on_note,  on_writable,
};

static inline void owner_init(struct owner *owner, const struct smtp_profile *profile)
{
	memset(owner, 0, sizeof(*owner));
	owner->server = smtp_server_new(profile != NULL ? profile : &usual_profile, &owner_calls,
					owner, "192.0.2.1", "S1");
}

static inline void owner_clear(struct owner *owner)
{
	smtp_server_free(owner->server);
	buffer_clear(&owner->input);
	buffer_clear(&owner->output);
	buffer_clear(&owner->events);
	buffer_clear(&owner->body);
	buffer_clear(&owner->notes);
}

/* New bytes from the network: as an event loop does it. */
static inline void owner_receive(struct owner *owner, const char *bytes, size_t length)
{
	buffer_add(&owner->input, bytes, length);
	for (;;) {
		char *copy = NULL;
		size_t have = buffer_used(&owner->input), used;

		/* A copy of exactly that size, so that a sanitizer sees a read behind it. */
		if (have > 0) {
			copy = malloc(have);
			memcpy(copy, buffer_bytes(&owner->input), have);
		}
		used = copy != NULL ? smtp_server_feed(owner->server, copy, have) : 0;
		free(copy);
		assert_true(used <= have);
		buffer_consume(&owner->input, used);
		if (!smtp_server_waiting(owner->server))
			return;
		assert_true(owner->asked);
		owner_answer_now(owner);
	}
}

static inline void owner_play(struct owner *owner, const char *bytes, size_t length, size_t piece)
{
	smtp_server_greet(owner->server);
	while (length > 0) {
		const char *mark = memchr(bytes, SEGMENT, length);
		size_t segment = mark != NULL ? (size_t)(mark - bytes) : length;

		for (size_t at = 0, n; at < segment; at += n) {
			n = piece > 0 ? piece : 1 + owner_random(owner) % 40;
			n = n < segment - at ? n : segment - at;
			owner_receive(owner, bytes + at, n);
		}
		if (mark != NULL)
			segment++;
		if (owner->tls_wanted)
			smtp_server_tls_started(owner->server, "TLS1.3", "TLS_AES_256_GCM_SHA384",
						owner->certificate);
		owner->tls_wanted = false;
		bytes += segment;
		length -= segment;
	}
}

static inline void check_text(const char *name, const char *what, struct buffer *have,
			      const char *want)
{
	struct span text = buffer_used(have) > 0 ? buffer_span(have) : span_text("");

	if (want == NULL || span_equal(text, span_text(want)))
		return;
	print_error("%s: %s is\n%.*s\nwanted\n%s\n", name, what, (int)text.length, text.at, want);
	fail();
}

static inline void play_dialogue_as(const struct dialogue *dialogue, bool certificate)
{
	for (unsigned round = 0; round < 28; round++) {
		size_t length = dialogue->input.length;
		size_t pieces[] = { length, length, 1, 1, 2, 3, 7, 64 };
		struct owner owner;

		owner_init(&owner, dialogue->profile);
		owner.certificate = certificate;
		owner.later = round % 2;
		owner.mixed = round >= 8;
		owner.random = round;
		owner_play(&owner, dialogue->input.at, length, round < 8 ? pieces[round] : 0);
		check_text(dialogue->name, "output", &owner.output, dialogue->output);
		check_text(dialogue->name, "events", &owner.events, dialogue->events);
		owner_clear(&owner);
	}
}

static inline void play_dialogue(const struct dialogue *dialogue)
{
	play_dialogue_as(dialogue, false);
}

#define PLAY_ALL(table)                                                                            \
	do {                                                                                       \
		for (size_t play = 0; play < sizeof(table) / sizeof((table)[0]); play++)           \
			play_dialogue(&(table)[play]);                                             \
	} while (0)

#endif
