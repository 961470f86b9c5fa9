/* SPDX-License-Identifier: ISC */
/* Replies: from octets to what is kept of them. */
#include "gateway/smtp_client_private.h"

#include <stdio.h>
#include <string.h>

#include "mail/reply.h"

struct smtp_client_reply smtp_client_words(const char *status, const char *text)
{
	struct smtp_client_reply reply = { .code = 0 };

	snprintf(reply.status, sizeof(reply.status), "%s", status);
	snprintf(reply.text, sizeof(reply.text), "%s", text);
	return reply;
}

enum outcome smtp_client_outcome(const struct smtp_client_reply *reply)
{
	if (reply->code / 100 == 5)
		return OUTCOME_PERM;
	return reply->code / 100 == 4 ? OUTCOME_TEMP : OUTCOME_OK;
}

static void end_senseless(struct smtp_client *client, const char *what, const char *said)
{
	char text[SMTP_CLIENT_TEXT_MAX + 1];
	struct smtp_client_reply why;

	snprintf(text, sizeof(text), "%s at %s: %.200s", what, smtp_client_doing(client), said);
	why = smtp_client_words("4.5.0", text);
	smtp_client_over(client, SMTP_CLIENT_TRY_NEXT, &why);
}

void smtp_client_senseless(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	char said[SMTP_CLIENT_TEXT_MAX + 8];

	snprintf(said, sizeof(said), "%u %s", reply->code, reply->text);
	end_senseless(client, "the server answered out of order", said);
}

static void add_printable(char *to, size_t size, struct span text)
{
	size_t used = strlen(to);

	for (size_t i = 0; i < text.length && used + 1 < size; i++)
		to[used++] = text.at[i] >= ' ' && text.at[i] < 127 ? text.at[i] : '?';
	to[used] = '\0';
}

/* As the server said it, lines joined by blanks; the status, which stands in all of them, once. */
static void add_text(struct smtp_client_reply *reply, const struct reply_line *line)
{
	size_t length = reply_status(line->text, line->code);
	bool again = reply->text[0] != '\0';
	struct span text = span_trim(span_skip(line->text, again ? length : 0));

	if (length > 0 && reply->status[0] == '\0')
		(void)span_copy(span_make(line->text.at, length), reply->status,
				sizeof(reply->status));
	if (text.length > 0 && again)
		add_printable(reply->text, sizeof(reply->text), span_text(" "));
	add_printable(reply->text, sizeof(reply->text), text);
}

static struct smtp_client_reply finish(struct smtp_client *client, unsigned code)
{
	struct smtp_client_reply reply = client->reply;

	/* RFC 2034 section 4 has the classes agree; where they do not, the code is believed. */
	reply.code = code;
	if (reply.status[0] != (char)('0' + code / 100))
		snprintf(reply.status, sizeof(reply.status), "%u.0.0", code / 100);
	client->reply = (struct smtp_client_reply){ .code = 0 };
	client->reply_octets = 0;
	return reply;
}

/* Without a question: goodbye, or the end of a body that the server has no use for. */
static void hear_unasked(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	struct smtp_client_transaction *transaction = client->transaction;

	if (transaction != NULL && transaction->send.step == SMTP_STEP_BODY && reply->code >= 400)
		smtp_client_decide_all(client, smtp_client_outcome(reply), reply);
	smtp_client_senseless(client, reply);
}

static void hear_reply(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	bool idle = client->phase == SMTP_PHASE_READY || client->phase == SMTP_PHASE_QUIT;

	client->moved = true;
	/* RFC 5321 section 3.8: at any time, to whatever was said. */
	if (reply->code == 421) {
		smtp_client_over(client, idle ? SMTP_CLIENT_ORDERLY : SMTP_CLIENT_TRY_NEXT, reply);
	} else if (client->owed == 0) {
		hear_unasked(client, reply);
	} else {
		smtp_client_dispatch(client, reply);
		client->owed--;
	}
}

/* True: it was the last line of a reply, or none at all. */
static bool hear_line(struct smtp_client *client, struct span line)
{
	struct smtp_client_reply reply;
	struct reply_line parsed;

	if (!reply_parse_line(line, &parsed)) {
		char said[SMTP_CLIENT_TEXT_MAX + 1] = "";

		add_printable(said, sizeof(said), line);
		end_senseless(client, "the server sent what is no reply", said);
		return true;
	}
	if (client->phase == SMTP_PHASE_EHLO && parsed.code / 100 == 2)
		smtp_client_offer_line(&client->offer, parsed.text);
	add_text(&client->reply, &parsed);
	if (!parsed.last)
		return false;
	reply = finish(client, parsed.code);
	client->last = parsed.text;
	hear_reply(client, &reply);
	client->last = span_text("");
	return true;
}

/* Moves input into the line up to its LF, as far as it may grow. True: the line is whole. */
static bool take_line(struct smtp_client *client)
{
	size_t used = buffer_used(&client->input), have = buffer_used(&client->line);
	const char *bytes = used > 0 ? buffer_bytes(&client->input) : NULL;
	const char *lf = used > 0 ? memchr(bytes, '\n', used) : NULL;
	size_t part = lf != NULL ? (size_t)(lf - bytes) : used;
	size_t most =
		client->phase == SMTP_PHASE_AUTH ? SMTP_CLIENT_CHALLENGE_MAX : SMTP_CLIENT_LINE_MAX;
	size_t room = most > have ? most - have : 0;

	client->line_cut |= part > room;
	buffer_add(&client->line, bytes, part < room ? part : room);
	buffer_consume(&client->input, part + (lf != NULL));
	client->reply_octets += part;
	return lf != NULL;
}

static struct span line_text(const struct smtp_client *client)
{
	struct span line = buffer_span(&client->line);

	/* RFC 5321 section 2.3.8 wants CRLF; servers with LF alone are understood all the same. */
	if (line.length > 0 && line.at[line.length - 1] == '\r')
		line.length--;
	return line;
}

bool smtp_client_hear(struct smtp_client *client)
{
	bool heard = false;

	while (!heard && buffer_used(&client->input) > 0) {
		bool whole = take_line(client);

		if (client->reply_octets > SMTP_CLIENT_REPLY_MAX) {
			end_senseless(client, "the server sent a reply without end", "");
			return true;
		}
		if (!whole)
			break;
		heard = hear_line(client, line_text(client));
		client->line_cut = false;
		buffer_consume(&client->line, buffer_used(&client->line));
	}
	if (buffer_used(&client->input) == 0)
		buffer_clear(&client->input);
	return heard;
}
