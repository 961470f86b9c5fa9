/* SPDX-License-Identifier: ISC */
#include "gateway/smtp_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "gateway/smtp_private.h"

struct smtp_server *smtp_server_new(const struct smtp_profile *profile,
				    const struct smtp_calls *calls, void *owner, const char *client,
				    const char *session)
{
	struct smtp_server *server = memory_new(sizeof(*server));

	server->profile = profile;
	server->calls = calls;
	server->owner = owner;
	server->state = SMTP_CONNECTED;
	server->client = memory_text(client);
	server->session = memory_text(session);
	return server;
}

static void forget_envelope(struct smtp_server *server)
{
	if (server->transaction != NULL)
		envelope_clear(&server->transaction->envelope);
	free(server->transaction);
	server->transaction = NULL;
}

void smtp_forget_transaction(struct smtp_server *server, bool committed)
{
	if (server->transaction != NULL && !committed)
		server->calls->discard(server->owner);
	forget_envelope(server);
	if (server->state & (SMTP_MAIL | SMTP_RCPT | SMTP_BDAT | SMTP_CHUNK | SMTP_DATA))
		server->state = SMTP_READY;
}

void smtp_server_free(struct smtp_server *server)
{
	if (server == NULL)
		return;
	forget_envelope(server);
	smtp_exchange_forget(server);
	smtp_answer_free(server->answer);
	free(server->client);
	free(server->names);
	free(server->session);
	free(server->helo);
	free(server->tls);
	free(server->identity);
	memory_wipe(server, sizeof(*server));
	free(server);
}

enum smtp_step smtp_close(struct smtp_server *server)
{
	if (server->state == SMTP_CLOSED)
		return SMTP_CLOSE;
	smtp_forget_transaction(server, false);
	smtp_exchange_drop(server);
	server->pending = SMTP_ASK_NONE;
	server->state = SMTP_CLOSED;
	server->calls->close(server->owner);
	return SMTP_CLOSE;
}

void smtp_server_greet(struct smtp_server *server)
{
	char text[ADDRESS_DOMAIN_MAX + 32];

	snprintf(text, sizeof(text), "%.255s ESMTP Postern", server->profile->fqdn);
	smtp_reply(server, 220, NULL, text);
}

void smtp_server_refuse(struct smtp_server *server, const char *why)
{
	if (server->state != SMTP_CLOSED)
		smtp_hang_up(server, 421, "4.3.2", why);
}

void smtp_server_timeout(struct smtp_server *server)
{
	if (server->state != SMTP_CLOSED)
		smtp_hang_up(server, 421, "4.4.2", "Timeout, closing connection");
}

void smtp_server_shutdown(struct smtp_server *server)
{
	server->shutdown = true;
}

enum smtp_step smtp_hang_up_expelled(struct smtp_server *server)
{
	return smtp_hang_up(server, 421, "4.7.0", "Your login is no longer valid");
}

void smtp_server_expel(struct smtp_server *server)
{
	if (server->state == SMTP_CLOSED)
		return;
	server->expelled = true;
	if (smtp_server_idle(server))
		(void)smtp_hang_up_expelled(server);
}

/* RFC 3207 section 4.2: knowledge obtained before the handshake is discarded. */
void smtp_server_tls_started(struct smtp_server *server, const char *version, const char *cipher,
			     bool certificate)
{
	if (server->state == SMTP_CLOSED)
		return;
	smtp_forget_transaction(server, false);
	smtp_exchange_drop(server);
	free(server->helo);
	free(server->identity);
	free(server->tls);
	server->helo = server->identity = NULL;
	server->esmtp = server->authenticated = server->skipping = false;
	server->tls = memory_format("%s %s", version, cipher);
	server->certificate = certificate;
	server->state = SMTP_CONNECTED;
	server->detail = span_text(server->tls);
	smtp_note(server, "smtp.tls", NULL);
	server->detail = span_text("");
}

void smtp_server_identify(struct smtp_server *server, const char *who)
{
	free(server->identity);
	server->identity = memory_text(who);
}

void smtp_server_names(struct smtp_server *server, const char *names)
{
	free(server->names);
	server->names = memory_text(names);
	server->names_known = true;
}

bool smtp_server_waiting(const struct smtp_server *server)
{
	return server->pending != SMTP_ASK_NONE;
}

bool smtp_server_idle(const struct smtp_server *server)
{
	return (server->state & (SMTP_CONNECTED | SMTP_READY)) && !smtp_server_waiting(server);
}

const char *smtp_server_identity(const struct smtp_server *server)
{
	return server->authenticated ? server->identity : NULL;
}

/* A line that was too long is thrown away up to its CRLF. True when that is reached. */
static bool skip_line(struct smtp_server *server, struct span *input)
{
	while (input->length > 0) {
		const char *lf = memchr(input->at, '\n', input->length);
		size_t used = lf != NULL ? (size_t)(lf - input->at) + 1 : input->length;
		bool crlf = lf != NULL && (used > 1 ? lf[-1] == '\r' : server->skipped_cr);

		server->skipped_cr = input->at[used - 1] == '\r';
		*input = span_skip(*input, used);
		if (crlf)
			return true;
	}
	return false;
}

static enum smtp_step line_too_long(struct smtp_server *server)
{
	server->skipping = false;
	server->detail = span_text("");
	if (server->state != SMTP_AUTH)
		return smtp_refuse(server, 500, "5.5.2", "Line too long");
	/* RFC 4954 section 4. */
	return smtp_auth_fail(server, 500, "5.5.6", "Authentication exchange line is too long");
}

/* Cuts a line from the front of *input. False: there is no whole line, or it is being skipped. */
static bool take_line(struct smtp_server *server, struct span *input, struct span *line)
{
	size_t auth = smtp_auth_limit(server, *input);
	size_t limit = auth > 0 ? auth : SMTP_LINE_MAX;
	size_t visible = input->length < limit ? input->length : limit;
	const char *lf = memchr(input->at, '\n', visible);

	if (lf == NULL) {
		server->skipping = input->length >= limit;
		server->skipped_cr = false;
		return false;
	}
	*line = span_make(input->at, (size_t)(lf - input->at));
	*input = span_skip(*input, line->length + 1);
	return true;
}

/*
 * Only CRLF ends a command (RFC 5321 section 2.3.8). A peer that ends lines with LF
 * alone is no SMTP client, or repeats what somebody smuggled into it: it is not heard.
 */
static enum smtp_step use_line(struct smtp_server *server, struct span line)
{
	if (line.length == 0 || line.at[line.length - 1] != '\r')
		return smtp_hang_up(server, 500, "5.5.2", "Lines must end with CR LF");
	line.length--;
	if (server->state == SMTP_AUTH)
		return smtp_auth_line(server, line);
	return smtp_command(server, line);
}

/* One piece of the input. False when it needs more to go on. */
static bool pump(struct smtp_server *server, struct span *input, enum smtp_step *step)
{
	struct span line;

	if (server->state == SMTP_DATA) {
		*step = smtp_data_take(server, input);
	} else if (server->state == SMTP_CHUNK) {
		*step = smtp_chunk_take(server, input);
	} else if (server->state & (SMTP_TLS | SMTP_CLOSED)) {
		*step = SMTP_CLOSE;
	} else if (server->skipping) {
		if (skip_line(server, input))
			*step = line_too_long(server);
	} else if (!server->calls->writable(server->owner)) {
		/* Short commands have long replies, and pipelining lets them come by the thousand.
		 */
		return false;
	} else if (take_line(server, input, &line)) {
		*step = use_line(server, line);
	} else {
		return server->skipping;
	}
	return true;
}

size_t smtp_server_feed(struct smtp_server *server, const char *bytes, size_t length)
{
	struct span input = span_make(bytes, length);
	enum smtp_step step = SMTP_NEXT;

	while (input.length > 0 && server->pending == SMTP_ASK_NONE && step != SMTP_CLOSE) {
		server->detail = span_text("");
		if (!pump(server, &input, &step))
			break;
	}
	server->detail = span_text("");
	return step == SMTP_CLOSE ? length : length - input.length;
}
