/* SPDX-License-Identifier: ISC */
/* Header fields that the server writes (RFC 5321 section 4.4, RFC 6409 section 8). */
#include "gateway/smtp_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"

/* What a stranger chose must not end a comment or start a field. */
static void add_word(struct buffer *to, const char *text)
{
	for (; *text != '\0'; text++) {
		bool fine = ascii_is_alnum(*text) || strchr(".-_:[]", *text) != NULL;

		buffer_add(to, fine ? text : "?", 1);
	}
}

/* The transmission types of RFC 3848 and RFC 6531 section 4.3. */
const char *smtp_protocol(const struct smtp_server *server, char to[12])
{
	bool secure = server->tls != NULL;
	const char *base = "SMTP";

	if (server->transaction->envelope.smtputf8)
		base = "UTF8SMTP";
	else if (server->esmtp || secure || server->authenticated)
		base = "ESMTP";
	snprintf(to, 12, "%s%s%s", base, secure ? "S" : "", server->authenticated ? "A" : "");
	return to;
}

static void add_tls(struct buffer *to, const char *tls)
{
	const char *space = strchr(tls, ' ');
	char *version = memory_text_n(tls, space != NULL ? (size_t)(space - tls) : strlen(tls));

	buffer_add_text(to, "\r\n\t(");
	add_word(to, version);
	buffer_add_text(to, " ");
	add_word(to, space != NULL ? space + 1 : "");
	buffer_add_text(to, ")");
	free(version);
}

static bool helo_is(const struct smtp_server *server, struct span name)
{
	return span_is_nocase(name, server->helo);
}

/*
 * "(mail.example.com [192.0.2.1])": the name that DNS confirms stands before the address. A mark
 * behind it says that the one in EHLO is another, or that nobody could find out.
 */
static void add_client(const struct smtp_server *server, struct buffer *to)
{
	bool ipv6 = strchr(server->client, ':') != NULL, same = false;
	struct span rest = span_text(server->names), name, shown = span_text("");

	while (span_cut(&rest, ' ', &name) && !same) {
		same = helo_is(server, name);
		if (shown.length == 0 || same)
			shown = name;
	}
	buffer_add_text(to, "\r\n\t(");
	if (shown.length > 0) {
		char *text = memory_text_n(shown.at, shown.length);

		add_word(to, text);
		buffer_add_text(to, " ");
		free(text);
	}
	buffer_add_text(to, ipv6 ? "[IPv6:" : "[");
	add_word(to, server->client);
	buffer_add_text(to, "])");
	if (server->names_known && !same)
		buffer_add_text(to, server->names != NULL ? " (unverified)" : " (RDNS failed)");
}

/* The name that logged in is not shown: it is a secret of the domain, not of the message. */
static void add_received(const struct smtp_server *server, struct buffer *to)
{
	const struct envelope *envelope = &server->transaction->envelope;
	char date[CLOCK_RFC5322_SIZE], address[ADDRESS_TEXT_SIZE], protocol[12];

	buffer_add_text(to, "Received: from ");
	add_word(to, server->helo);
	add_client(server, to);
	buffer_add_format(to, "\r\n\tby %s\r\n\twith %s id ", server->profile->fqdn,
			  smtp_protocol(server, protocol));
	add_word(to, server->session);
	if (server->tls != NULL)
		add_tls(to, server->tls);
	/* Of several recipients none may learn of the others. */
	if (envelope->count == 1) {
		address_text(&envelope->recipients[0].address, address);
		buffer_add_format(to, "\r\n\tfor <%s>", address);
	}
	clock_rfc5322(clock_unix(), date);
	buffer_add_format(to, ";\r\n\t%s\r\n", date);
}

static char *take_text(struct buffer *from, size_t *length)
{
	char *text =
		memory_text_n(buffer_used(from) > 0 ? buffer_bytes(from) : "", buffer_used(from));

	*length = buffer_used(from);
	buffer_clear(from);
	return text;
}

char *smtp_trace(const struct smtp_server *server, size_t *length)
{
	struct buffer trace = BUFFER_EMPTY;
	char sender[ADDRESS_TEXT_SIZE];

	address_text(&server->transaction->envelope.sender, sender);
	buffer_add_format(&trace, "Return-Path: <%s>\r\n", sender);
	add_received(server, &trace);
	return take_text(&trace, length);
}

char *smtp_missing_fields(const struct smtp_server *server, size_t *length)
{
	const struct header *header = &server->transaction->header;
	struct buffer fields = BUFFER_EMPTY;
	char date[CLOCK_RFC5322_SIZE];

	if (!header->has_date) {
		clock_rfc5322(clock_unix(), date);
		buffer_add_format(&fields, "Date: %s\r\n", date);
	}
	if (!header->has_message_id) {
		buffer_add_text(&fields, "Message-ID: <");
		add_word(&fields, server->session);
		buffer_add_format(&fields, ".%u.%lld@%s>\r\n", server->messages + 1,
				  (long long)clock_unix(), server->profile->fqdn);
	}
	return take_text(&fields, length);
}
