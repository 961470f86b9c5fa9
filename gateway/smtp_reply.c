/* SPDX-License-Identifier: ISC */
#include "gateway/smtp_private.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define REPLY_SIZE  (SMTP_REASON_MAX + 32)
#define DETAIL_SIZE 1024

/* An answer is one line whatever the owner's text holds. */
static size_t format_reply(char to[REPLY_SIZE], unsigned code, const char *status, const char *text)
{
	int used = snprintf(to, REPLY_SIZE - 2, "%03u %s%s%.*s", code % 1000, status ? status : "",
			    status ? " " : "", SMTP_REASON_MAX, text);
	size_t length = (size_t)used < REPLY_SIZE - 2 ? (size_t)used : REPLY_SIZE - 3;

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)to[i] < 32 || to[i] == 127)
			to[i] = '?';
	}
	memcpy(to + length, "\r\n", 2);
	return length + 2;
}

void smtp_note(struct smtp_server *server, const char *event, const char *reply)
{
	char detail[DETAIL_SIZE];
	struct span text = server->detail;

	if (text.length >= sizeof(detail))
		text.length = sizeof(detail) - 1;
	if (text.length > 0)
		memcpy(detail, text.at, text.length);
	detail[text.length] = '\0';
	server->calls->note(server->owner, event, text.length > 0 ? detail : NULL, reply);
}

void smtp_reply_noted(struct smtp_server *server, const char *event, unsigned code,
		      const char *status, const char *text)
{
	char line[REPLY_SIZE];
	size_t length = format_reply(line, code, status, text);

	server->calls->write(server->owner, line, length);
	if (event == NULL)
		return;
	line[length - 2] = '\0';
	smtp_note(server, event, line);
}

void smtp_reply(struct smtp_server *server, unsigned code, const char *status, const char *text)
{
	smtp_reply_noted(server, NULL, code, status, text);
}

enum smtp_step smtp_decline(struct smtp_server *server, unsigned code, const char *status,
			    const char *text)
{
	smtp_reply_noted(server, "smtp.refused", code, status, text);
	/* RFC 5321 section 3.8: whoever says 421 closes. */
	return code == 421 ? smtp_close(server) : SMTP_NEXT;
}

enum smtp_step smtp_count_error(struct smtp_server *server)
{
	unsigned limit = server->profile->bad_commands;

	server->errors++;
	if (limit == 0 || server->errors < limit)
		return SMTP_NEXT;
	return smtp_hang_up(server, 421, "4.7.0", "Too many errors, closing connection");
}

enum smtp_step smtp_refuse(struct smtp_server *server, unsigned code, const char *status,
			   const char *text)
{
	enum smtp_step step = smtp_decline(server, code, status, text);

	return step == SMTP_CLOSE ? step : smtp_count_error(server);
}

enum smtp_step smtp_refuse_words(struct smtp_server *server, const struct smtp_words *words)
{
	return smtp_refuse(server, words->code, words->status, words->text);
}

enum smtp_step smtp_hang_up(struct smtp_server *server, unsigned code, const char *status,
			    const char *text)
{
	smtp_decline(server, code, status, text);
	return smtp_close(server);
}
