/* SPDX-License-Identifier: ISC */
#include "pop3/pop3_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "mail/mechanism.h"

#define INITIAL_LINE_MAX 255 /* RFC 2449 section 4: longer commands a server need not take */

enum phase {
	PHASE_GREETING,
	PHASE_STLS,
	PHASE_HANDSHAKE,
	PHASE_CAPA,
	PHASE_LIST, /* of capabilities */
	PHASE_PROXIED,
	PHASE_ASKING, /* the owner is asked */
	PHASE_USER,
	PHASE_PASS,
	PHASE_AUTH,
	PHASE_OVER
};

struct pop3_client {
	const struct pop3_client_profile *profile;
	const struct pop3_client_calls *calls;
	void *owner;
	enum phase phase;
	unsigned lines;      /* of the list */
	bool first;          /* the owner has not been asked before */
	bool feeding, freed; /* the owner may free it in a call */
	struct pop3_client_offer offer;
	char *secret; /* what goes with the next prompt: a password, or a line in base64 */
};

struct pop3_client *pop3_client_new(const struct pop3_client_profile *profile,
				    const struct pop3_client_calls *calls, void *owner)
{
	struct pop3_client *client = memory_new(sizeof *client);

	client->profile = profile;
	client->calls = calls;
	client->owner = owner;
	client->first = true;
	return client;
}

static void secret_forget(struct pop3_client *client)
{
	if (client->secret)
		memory_wipe(client->secret, strlen(client->secret));
	free(client->secret);
	client->secret = NULL;
}

void pop3_client_free(struct pop3_client *client)
{
	if (!client)
		return;
	client->freed = true;
	client->phase = PHASE_OVER;
	if (client->feeding)
		return;
	secret_forget(client);
	free(client);
}

const char *pop3_client_doing(const struct pop3_client *client)
{
	static const char *const names[] = { "greeting", "STLS", "TLS",  "CAPA", "CAPA", "XPROXIED",
					     "login",    "USER", "PASS", "AUTH", "login" };

	return names[client->phase];
}

bool pop3_client_asking(const struct pop3_client *client)
{
	return client->phase == PHASE_ASKING;
}

/* ---- what is said ---- */

/* A line that may hold a secret; without CRLF. */
static void say(struct pop3_client *client, enum phase next, const char *verb, const char *argument)
{
	struct buffer line = BUFFER_EMPTY;

	client->phase = next;
	buffer_add_text(&line, verb);
	if (argument) {
		if (*verb)
			buffer_add_text(&line, " ");
		buffer_add_text(&line, argument);
	}
	buffer_add_text(&line, "\r\n");
	client->calls->write(client->owner, buffer_bytes(&line), buffer_used(&line));
	buffer_wipe(&line);
}

/* Foreign octets: one line of printable ASCII. */
static void text_keep(struct span text, char to[POP3_CLIENT_TEXT_MAX + 1])
{
	size_t length = text.length < POP3_CLIENT_TEXT_MAX ? text.length : POP3_CLIENT_TEXT_MAX;

	for (size_t i = 0; i < length; i++)
		to[i] = text.at[i] >= ' ' && text.at[i] < 127 ? text.at[i] : '?';
	to[length] = '\0';
}

static void fail(struct pop3_client *client, struct pop3_client_failure *failure)
{
	client->phase = PHASE_OVER;
	secret_forget(client);
	client->calls->failed(client->owner, failure);
}

static void broken(struct pop3_client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void broken(struct pop3_client *client, const char *format, ...)
{
	struct pop3_client_failure failure = { .end = POP3_CLIENT_BROKEN };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(failure.text, sizeof failure.text, format, arguments);
	va_end(arguments);
	fail(client, &failure);
}

/* "at STLS: -ERR no" */
static void broken_by(struct pop3_client *client, const char *what, struct span line)
{
	char text[POP3_CLIENT_TEXT_MAX + 1];

	text_keep(line, text);
	broken(client, "the server %s at %s: %.200s", what, pop3_client_doing(client), text);
}

/* RFC 2449 section 8, RFC 3206. */
static enum pop3_code code_take(struct span *text)
{
	static const enum pop3_code codes[] = { POP3_CODE_AUTH, POP3_CODE_IN_USE,
						POP3_CODE_SYS_TEMP, POP3_CODE_SYS_PERM,
						POP3_CODE_LOGIN_DELAY };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct span code = span_trim(span_text(pop3_code_text(codes[i])));
		struct span head = span_make(text->at, code.length);

		if (text->length >= code.length && span_equal_nocase(head, code)) {
			*text = span_trim(span_skip(*text, code.length));
			return codes[i];
		}
	}
	return POP3_CODE_NONE;
}

static void refused(struct pop3_client *client, struct span text)
{
	struct pop3_client_failure failure = { .end = POP3_CLIENT_REFUSED };

	failure.code = code_take(&text);
	text_keep(text, failure.text);
	fail(client, &failure);
}

/* ---- the login ---- */

static void ask(struct pop3_client *client, struct span challenge)
{
	bool first = client->first;

	client->first = false;
	client->phase = PHASE_ASKING;
	client->calls->ask_login(client->owner, first, &client->offer, challenge);
}

static char *encode(struct span octets)
{
	size_t size = BASE64_ENCODED(octets.length);
	char *text = memory_new(size);

	base64_encode(octets, text, size);
	return text;
}

/* RFC 5034 section 4: a line too long for the command waits for the server's prompt. */
static void auth_begin(struct pop3_client *client, const char *mechanism, bool has_response,
		       struct span response)
{
	char command[64], *text = has_response ? encode(response) : NULL;

	snprintf(command, sizeof command, "AUTH %s", mechanism);
	if (text && !*text) {
		say(client, PHASE_AUTH, command, "=");
	} else if (text && strlen(command) + strlen(text) + 3 <= INITIAL_LINE_MAX) {
		say(client, PHASE_AUTH, command, text);
	} else {
		client->secret = text;
		say(client, PHASE_AUTH, command, NULL);
		return;
	}
	memory_wipe(text, strlen(text));
	free(text);
}

static bool offers(const struct pop3_client *client, const char *mechanism)
{
	struct span rest = span_text(client->offer.mechanisms), word;

	while (span_cut(&rest, ' ', &word))
		if (span_is_nocase(word, mechanism))
			return true;
	return false;
}

static void plain_begin(struct pop3_client *client, const char *user, const char *password)
{
	struct buffer message = BUFFER_EMPTY;

	buffer_add(&message, "", 1);
	buffer_add(&message, user, strlen(user) + 1);
	buffer_add_text(&message, password);
	auth_begin(client, "PLAIN", true, buffer_span(&message));
	buffer_wipe(&message);
}

/* What stands in a line as it is. */
static bool speakable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return false;
	return true;
}

void pop3_client_password(struct pop3_client *client, const char *user, const char *password)
{
	if (client->phase != PHASE_ASKING)
		return;
	if (offers(client, "PLAIN")) {
		plain_begin(client, user, password);
	} else if (!client->offer.user) {
		broken(client,
		       "the server takes no passwords: it offers neither USER nor AUTH PLAIN");
	} else if (!speakable(user) || !speakable(password)) {
		broken(client, "the server offers no AUTH PLAIN, and a control character in the "
			       "name or the password cannot be sent otherwise");
	} else {
		client->secret = memory_text(password);
		say(client, PHASE_USER, "USER", user);
	}
}

void pop3_client_respond(struct pop3_client *client, enum outcome outcome, const char *mechanism,
			 bool has_response, struct span response, const char *text)
{
	if (client->phase != PHASE_ASKING)
		return;
	if (outcome != OUTCOME_OK) {
		char why[POP3_CLIENT_TEXT_MAX + 1];

		text_keep(span_text(text), why);
		broken(client, "%s", why);
	} else if (mechanism && *mechanism) {
		auth_begin(client, mechanism, has_response, response);
	} else {
		char *line = encode(response);

		say(client, PHASE_AUTH, "", line);
		memory_wipe(line, strlen(line));
		free(line);
	}
}

/* "+ " and a challenge. The first may only be the prompt for what we have ready. */
static void challenge(struct pop3_client *client, struct span text)
{
	char *line = client->secret, *octets;
	size_t length;

	if (line) {
		say(client, PHASE_AUTH, "", line);
		secret_forget(client);
		return;
	}
	octets = mechanism_decode(span_trim(text), &length);
	if (!octets) {
		broken(client, "the server sent a challenge that is no base64");
		return;
	}
	ask(client, span_make(octets, length));
	mechanism_wipe(octets, length);
}

/* ---- what is heard ---- */

static void list_add(struct pop3_client *client, struct span line)
{
	struct span rest = line, word;
	struct pop3_client_offer *offer = &client->offer;
	size_t used = strlen(offer->mechanisms);

	span_cut(&rest, ' ', &word);
	if (span_is_nocase(word, "USER"))
		offer->user = true;
	else if (span_is_nocase(word, "XPROXIED"))
		offer->proxied = true;
	else if (span_is_nocase(word, "SASL"))
		while (rest.at && span_cut(&rest, ' ', &word))
			if (word.length > 0 && used + word.length + 2 <= sizeof offer->mechanisms &&
			    !span_has_nul(word)) {
				if (used > 0)
					offer->mechanisms[used++] = ' ';
				memcpy(offer->mechanisms + used, word.at, word.length);
				used += word.length;
				offer->mechanisms[used] = '\0';
			}
}

static void listed(struct pop3_client *client)
{
	if (client->profile->proxied && client->offer.proxied)
		say(client, PHASE_PROXIED, "XPROXIED", NULL);
	else
		ask(client, span_text(""));
}

static void list_line(struct pop3_client *client, struct span line)
{
	if (span_is(line, "."))
		listed(client);
	else if (++client->lines > POP3_CLIENT_CAPA_MAX)
		broken(client, "the server lists more than %d capabilities", POP3_CLIENT_CAPA_MAX);
	else
		list_add(client, line);
}

static void opened(struct pop3_client *client, struct span text)
{
	char shown[POP3_CLIENT_TEXT_MAX + 1];

	text_keep(text, shown);
	client->phase = PHASE_OVER;
	secret_forget(client);
	client->calls->opened(client->owner, shown);
}

/* A server older than RFC 2449 knows no CAPA, and USER. */
static void no_list(struct pop3_client *client)
{
	client->offer.user = true;
	listed(client);
}

static void agreed(struct pop3_client *client, struct span text)
{
	char *password;

	switch (client->phase) {
	case PHASE_GREETING:
		if (client->profile->starttls)
			say(client, PHASE_STLS, "STLS", NULL);
		else
			say(client, PHASE_CAPA, "CAPA", NULL);
		break;
	case PHASE_STLS:
		client->phase = PHASE_HANDSHAKE;
		client->calls->start_tls(client->owner);
		break;
	case PHASE_CAPA:
		client->phase = PHASE_LIST;
		break;
	case PHASE_PROXIED:
		ask(client, span_text(""));
		break;
	case PHASE_USER:
		password = client->secret;
		client->secret = NULL;
		say(client, PHASE_PASS, "PASS", password);
		memory_wipe(password, strlen(password));
		free(password);
		break;
	default:
		opened(client, text);
	}
}

static void disagreed(struct pop3_client *client, struct span line, struct span text)
{
	if (client->phase == PHASE_CAPA)
		no_list(client);
	else if (client->phase >= PHASE_USER)
		refused(client, text);
	else
		broken_by(client, "refused", line);
}

/* The keyword, and in *text what stands behind it. */
static bool begins(struct span line, const char *keyword, struct span *text)
{
	size_t length = strlen(keyword);

	if (line.length < length || !span_is_nocase(span_make(line.at, length), keyword) ||
	    (line.length > length && line.at[length] != ' '))
		return false;
	*text = span_trim(span_skip(line, length));
	return true;
}

static void line_take(struct pop3_client *client, struct span line)
{
	struct span text;

	if (client->phase == PHASE_LIST)
		list_line(client, line);
	else if (begins(line, "+OK", &text))
		agreed(client, text);
	else if (begins(line, "-ERR", &text))
		disagreed(client, line, text);
	else if (client->phase == PHASE_AUTH && begins(line, "+", &text))
		challenge(client, text);
	else
		broken_by(client, "sent what is no reply", line);
}

static size_t lines_take(struct pop3_client *client, const char *bytes, size_t length)
{
	size_t used = 0;

	while (client->phase != PHASE_OVER && client->phase != PHASE_ASKING) {
		const char *end = memchr(bytes + used, '\n', length - used);
		struct span line = span_make(bytes + used, length - used);

		if (client->phase == PHASE_HANDSHAKE)
			return length; /* in plain text behind STLS: it must not count */
		if ((end ? (size_t)(end - line.at) : line.length) > POP3_CLIENT_LINE_MAX) {
			line.length = POP3_CLIENT_TEXT_MAX;
			broken_by(client, "sent a line that is too long", line);
			return length;
		}
		if (!end)
			break;
		line.length = (size_t)(end - line.at);
		used += line.length + 1;
		if (line.length > 0 && line.at[line.length - 1] == '\r')
			line.length--;
		line_take(client, line);
	}
	return used;
}

size_t pop3_client_feed(struct pop3_client *client, const char *bytes, size_t length)
{
	size_t used;

	client->feeding = true;
	used = lines_take(client, bytes, length);
	client->feeding = false;
	if (client->freed)
		pop3_client_free(client);
	return used;
}

void pop3_client_secured(struct pop3_client *client)
{
	if (client->phase == PHASE_HANDSHAKE)
		say(client, PHASE_CAPA, "CAPA", NULL);
}

void pop3_client_lost(struct pop3_client *client, const char *why)
{
	if (client->phase != PHASE_OVER)
		broken(client, "%.200s at %s", why, pop3_client_doing(client));
}
