/* SPDX-License-Identifier: ISC */
/* The message on its way to the owner: trace in front, limits, what submission adds. */
#include "gateway/smtp_private.h"

#include <stdlib.h>
#include <string.h>

static void store(struct smtp_server *server, struct span bytes)
{
	struct smtp_transaction *transaction = server->transaction;

	if (bytes.length == 0 || transaction->disk_failed)
		return;
	transaction->written += bytes.length;
	transaction->disk_failed = !server->calls->body(server->owner, bytes.at, bytes.length);
}

void smtp_body_begin(struct smtp_server *server)
{
	size_t length;
	char *trace = smtp_trace(server, &length);

	header_init(&server->transaction->header);
	store(server, span_make(trace, length));
	free(trace);
}

/* RFC 6409 section 8: only for mail that enters the mail system here. */
static void store_missing_fields(struct smtp_server *server)
{
	const struct header *header = &server->transaction->header;
	size_t length;
	char *fields = smtp_missing_fields(server, &length);

	store(server, span_make(fields, length));
	free(fields);
	if (length > 0 && !header->by_blank)
		store(server, span_text("\r\n"));
}

/*
 * What comes between the header block and the rest. A message that begins with a line
 * which is no field has no header: without the empty line its text would stand in the
 * fields written here, a line that begins with a space even inside the last of them.
 */
static void store_between(struct smtp_server *server)
{
	const struct header *header = &server->transaction->header;

	if (server->authenticated)
		store_missing_fields(server);
	else if (!header->by_blank && !header_has_fields(header))
		store(server, span_text("\r\n"));
}

static void store_header(struct smtp_server *server, struct span run)
{
	struct header *header = &server->transaction->header;
	bool whole = !server->authenticated && header->held == 0;
	struct header_cut cut;
	bool ended = header_scan(header, run, &cut);

	/* The common case in one piece: nothing comes between, nothing was or is held. */
	if (whole && header->held == 0 && header_has_fields(header)) {
		store(server, run);
		return;
	}
	store(server, cut.before[0]);
	store(server, cut.before[1]);
	if (ended)
		store_between(server);
	store(server, cut.after[0]);
	store(server, cut.after[1]);
}

static void store_message(struct smtp_server *server, struct span run)
{
	if (server->transaction->header.ended)
		store(server, run);
	else
		store_header(server, run);
}

static void remember_tail(struct smtp_transaction *transaction, struct span run)
{
	transaction->tail[0] = run.length > 1 ? run.at[run.length - 2] : transaction->tail[1];
	transaction->tail[1] = run.at[run.length - 1];
}

static void check_sizes(struct smtp_server *server)
{
	struct smtp_transaction *transaction = server->transaction;
	const struct smtp_profile *profile = server->profile;

	if (profile->message_size > 0 && transaction->octets > profile->message_size)
		transaction->too_big = true;
	if (profile->session_size > 0 && server->session_octets > profile->session_size)
		transaction->session_too_big = true;
}

void smtp_body_add(struct smtp_server *server, struct span run)
{
	struct smtp_transaction *transaction = server->transaction;

	if (run.length == 0)
		return;
	transaction->octets += run.length;
	server->session_octets += run.length;
	check_sizes(server);
	if (transaction->too_big || transaction->session_too_big)
		return;
	remember_tail(transaction, run);
	if (transaction->envelope.body != ENVELOPE_BODY_BINARYMIME)
		transaction->nul |= span_has_nul(run);
	store_message(server, run);
}

bool smtp_body_floods(const struct smtp_server *server)
{
	const struct smtp_profile *profile = server->profile;

	return (profile->message_size > 0 &&
		server->transaction->octets / SMTP_FLOOD > profile->message_size) ||
	       (profile->session_size > 0 &&
		server->session_octets / SMTP_FLOOD > profile->session_size);
}

static const struct smtp_words *find_fault(const struct smtp_server *server)
{
	static const struct smtp_words bare = { 550, "5.5.2", "Message has a lone CR or LF" };
	static const struct smtp_words nul = { 554, "5.6.0", "NUL needs BODY=BINARYMIME" };
	static const struct smtp_words size = { 552, "5.3.4", "Message too big" };
	static const struct smtp_words session = { 552, "5.3.4", "Too much mail in this session" };
	static const struct smtp_words loop = { 554, "5.4.6", "Too many hops, mail loop" };
	static const struct smtp_words disk = { 452, "4.3.1", "Cannot store the message now" };
	const struct smtp_transaction *transaction = server->transaction;

	if (transaction->lines.bare || transaction->lines.cr)
		return &bare;
	if (transaction->too_big)
		return &size;
	if (transaction->session_too_big)
		return &session;
	if (transaction->nul)
		return &nul;
	if (server->profile->hops > 0 && transaction->header.received > server->profile->hops)
		return &loop;
	return transaction->disk_failed ? &disk : NULL;
}

const struct smtp_words *smtp_body_finish(struct smtp_server *server)
{
	struct smtp_transaction *transaction = server->transaction;
	struct header *header = &transaction->header;
	const struct smtp_words *fault = find_fault(server);

	if (fault != NULL)
		return fault;
	if (transaction->octets > 0 && memcmp(transaction->tail, "\r\n", 2) != 0)
		store_message(server, span_text("\r\n"));
	if (!header->ended) {
		struct span held = header_finish(header);

		header->by_blank = held.length == 0;
		store_between(server);
		store(server, held);
	}
	return find_fault(server);
}
