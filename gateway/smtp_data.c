/* SPDX-License-Identifier: ISC */
/* DATA and BDAT (RFC 3030): where the message comes from. */
#include "gateway/smtp_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum smtp_step smtp_step_data(struct smtp_server *server, struct span argument)
{
	(void)argument;
	/* RFC 5321 section 3.3. */
	if (server->transaction->envelope.count == 0)
		return smtp_refuse(server, 554, "5.5.1", "No valid recipients");
	/* RFC 3030 section 3. */
	if (server->transaction->envelope.body == ENVELOPE_BODY_BINARYMIME)
		return smtp_refuse(server, 503, "5.5.1", "BINARYMIME needs BDAT");
	server->chunk = (struct smtp_chunk){ 0 };
	return smtp_ask(server, SMTP_ASK_SPOOL);
}

/* The sender as the log's detail, for answers that come long after the command. */
static struct span sender_detail(const struct smtp_server *server, char to[ADDRESS_TEXT_SIZE])
{
	address_text(&server->transaction->envelope.sender, to);
	return span_text(to);
}

/* The message is whole as far as the client is concerned. */
static enum smtp_step finish_message(struct smtp_server *server)
{
	struct smtp_transaction *transaction = server->transaction;
	const struct smtp_words *fault = smtp_body_finish(server);
	char detail[ADDRESS_TEXT_SIZE];
	enum smtp_step step;

	if (fault != NULL) {
		server->detail = sender_detail(server, detail);
		smtp_forget_transaction(server, false);
		step = smtp_decline(server, fault->code, fault->status, fault->text);
		server->detail = span_text("");
		return step;
	}
	transaction->delivery = (struct smtp_delivery){ .envelope = &transaction->envelope,
							.size = transaction->written,
							.hops = transaction->header.received,
							.sent = transaction->octets };
	return smtp_ask(server, SMTP_ASK_COMMIT);
}

/* The owner did not take the message: the transaction is over. */
static enum smtp_step refuse_message(struct smtp_server *server, const struct smtp_answer *answer,
				     const struct smtp_words *permanent)
{
	char detail[ADDRESS_TEXT_SIZE];
	enum smtp_step step;

	server->detail = sender_detail(server, detail);
	smtp_forget_transaction(server, false);
	step = smtp_say_no(server, answer, &smtp_try_later, permanent);
	server->detail = span_text("");
	return step;
}

static enum smtp_step hang_up(struct smtp_server *server, unsigned code, const char *status,
			      const char *text)
{
	char detail[ADDRESS_TEXT_SIZE];

	server->detail = sender_detail(server, detail);
	(void)smtp_hang_up(server, code, status, text);
	server->detail = span_text("");
	return SMTP_CLOSE;
}

enum smtp_step smtp_data_take(struct smtp_server *server, struct span *input)
{
	enum dot_found found = DOT_MORE;

	while (input->length > 0 && found == DOT_MORE) {
		struct span run;

		found = dot_next(&server->transaction->dot, input, &run);
		smtp_body_add(server, run);
		/* At once: behind a lone CR or LF nobody can be sure where the message ends. */
		if (found == DOT_BARE)
			return hang_up(server, 550, "5.5.2", "Message has a lone CR or LF");
		if (smtp_body_floods(server))
			return hang_up(server, 552, "5.3.4", "Message far too big");
	}
	return found == DOT_END ? finish_message(server) : SMTP_NEXT;
}

/* "size [LAST]". */
static bool parse_chunk(struct span argument, struct smtp_chunk *chunk)
{
	struct span size = { NULL, 0 };

	*chunk = (struct smtp_chunk){ .present = true };
	(void)span_cut(&argument, ' ', &size);
	argument = span_trim(argument);
	chunk->last = span_is_nocase(argument, "LAST");
	return span_number(size, &chunk->left) && (chunk->last || argument.length == 0);
}

/*
 * RFC 3030 section 2: the octets come whatever the answer is. It is given before them,
 * which a client that reads answers in order cannot tell from after.
 */
static enum smtp_step swallow_chunk(struct smtp_server *server, enum smtp_step step)
{
	if (step == SMTP_CLOSE || server->chunk.left == 0)
		return step;
	server->chunk.refused = true;
	server->chunk.back = server->state;
	server->state = SMTP_CHUNK;
	return step;
}

static bool chunk_too_big(const struct smtp_server *server, unsigned times)
{
	uint64_t limit = server->profile->message_size;

	if (limit == 0)
		return false;
	limit = limit > UINT64_MAX / times ? UINT64_MAX : limit * times;
	return server->chunk.left > limit ||
	       server->transaction->octets > limit - server->chunk.left;
}

static enum smtp_step refuse_big_chunk(struct smtp_server *server)
{
	bool flood = chunk_too_big(server, SMTP_FLOOD);

	smtp_forget_transaction(server, false);
	if (flood)
		return smtp_hang_up(server, 552, "5.3.4", "Message far too big");
	return swallow_chunk(server, smtp_decline(server, 552, "5.3.4", "Message too big"));
}

static enum smtp_step finish_chunk(struct smtp_server *server)
{
	char text[64];

	if (server->chunk.refused) {
		server->state = server->chunk.back;
		return SMTP_NEXT;
	}
	server->state = SMTP_BDAT;
	if (server->chunk.last)
		return finish_message(server);
	snprintf(text, sizeof(text), "%" PRIu64 " octets received", server->transaction->octets);
	smtp_reply(server, 250, "2.0.0", text);
	return SMTP_NEXT;
}

static enum smtp_step start_chunk(struct smtp_server *server)
{
	server->state = SMTP_CHUNK;
	return server->chunk.left == 0 ? finish_chunk(server) : SMTP_NEXT;
}

enum smtp_step smtp_step_bdat(struct smtp_server *server, struct span argument)
{
	/* Without the size nobody knows where the next command is. */
	if (!parse_chunk(argument, &server->chunk))
		return smtp_hang_up(server, 501, "5.5.4", "Syntax: BDAT size [LAST]");
	if (server->state == SMTP_MAIL)
		return swallow_chunk(server,
				     smtp_refuse(server, 554, "5.5.1", "No valid recipients"));
	if (!(server->state & (SMTP_RCPT | SMTP_BDAT)))
		return swallow_chunk(server, smtp_refuse(server, 503, "5.5.1", "Send MAIL first"));
	if (chunk_too_big(server, 1))
		return refuse_big_chunk(server);
	if (server->state == SMTP_BDAT)
		return start_chunk(server);
	return smtp_ask(server, SMTP_ASK_SPOOL);
}

enum smtp_step smtp_chunk_take(struct smtp_server *server, struct span *input)
{
	struct smtp_chunk *chunk = &server->chunk;
	size_t length = input->length < chunk->left ? input->length : (size_t)chunk->left;
	struct span run = span_make(input->at, length);

	*input = span_skip(*input, length);
	chunk->left -= length;
	if (!chunk->refused) {
		if (server->transaction->envelope.body != ENVELOPE_BODY_BINARYMIME)
			lines_check(&server->transaction->lines, run);
		smtp_body_add(server, run);
		if (smtp_body_floods(server))
			return hang_up(server, 552, "5.3.4", "Message far too big");
	}
	return chunk->left == 0 ? finish_chunk(server) : SMTP_NEXT;
}

enum smtp_step smtp_spool_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words refused = { 554, "5.3.0", "Cannot take the message" };
	enum smtp_step step;

	if (answer->outcome != OUTCOME_OK) {
		step = refuse_message(server, answer, &refused);
		return server->chunk.present ? swallow_chunk(server, step) : step;
	}
	smtp_body_begin(server);
	if (server->chunk.present)
		return start_chunk(server);
	server->state = SMTP_DATA;
	smtp_reply(server, 354, NULL, "End data with <CR><LF>.<CR><LF>");
	return SMTP_NEXT;
}

/* For the log, which must name the message after the transaction is gone. */
static char *describe_message(const struct smtp_server *server)
{
	const struct smtp_transaction *transaction = server->transaction;
	char sender[ADDRESS_TEXT_SIZE], protocol[12];

	address_text(&transaction->envelope.sender, sender);
	return memory_format("<%s> recipients=%zu size=%" PRIu64 " with=%s", sender,
			     transaction->envelope.count, transaction->written,
			     smtp_protocol(server, protocol));
}

enum smtp_step smtp_commit_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words refused = { 554, "5.3.0", "Message refused" };
	struct smtp_words accepted = { 250, "2.0.0", NULL };
	char *detail, *text;

	if (answer->outcome != OUTCOME_OK)
		return refuse_message(server, answer, &refused);
	detail = describe_message(server);
	text = memory_format("Ok: queued as %s", server->session);
	accepted.text = text;
	smtp_forget_transaction(server, true);
	server->messages++;
	server->errors = 0;
	server->detail = span_text(detail);
	(void)smtp_say_yes(server, answer, "smtp.accepted", &accepted);
	server->detail = span_text("");
	free(detail);
	free(text);
	return SMTP_NEXT;
}
