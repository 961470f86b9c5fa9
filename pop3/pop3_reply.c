/* SPDX-License-Identifier: ISC */
/* Short replies: one line, one write, and one note for each that refuses. */
#include "pop3/pop3_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const codes[] = {
	[POP3_CODE_NONE] = "",
	[POP3_CODE_AUTH] = "[AUTH] ",
	[POP3_CODE_IN_USE] = "[IN-USE] ",
	[POP3_CODE_SYS_TEMP] = "[SYS/TEMP] ",
	[POP3_CODE_SYS_PERM] = "[SYS/PERM] ",
	[POP3_CODE_LOGIN_DELAY] = "[LOGIN-DELAY] ",
};

const char *pop3_code_text(enum pop3_code code)
{
	return codes[code];
}

void pop3_write_text(struct pop3_server *server, const char *text)
{
	server->calls->write(server->owner, text, strlen(text));
}

void pop3_note(struct pop3_server *server, const char *event, const char *what, const char *reply)
{
	if (server->calls->note != NULL)
		server->calls->note(server->owner, event, what, reply);
}

enum pop3_next pop3_ok(struct pop3_server *server, const char *format, ...)
{
	char line[POP3_REPLY_MAX] = "+OK ";
	size_t used = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line + used, sizeof line - used - 2, format, arguments);
	va_end(arguments);
	if (length < 0)
		return POP3_CLOSE;
	used = strlen(line);
	memcpy(line + used, "\r\n", 2);
	server->calls->write(server->owner, line, used + 2);
	return POP3_NEXT;
}

/* An owner's text may come from a directory or an error message: one line of it is enough. */
static size_t text_length(const char *text)
{
	size_t length = 0;

	while (length < POP3_REASON_MAX && (unsigned char)text[length] >= ' ' &&
	       text[length] != 0x7f)
		length++;
	return length;
}

enum pop3_next pop3_error(struct pop3_server *server, const char *what, enum pop3_code code,
			  const char *text)
{
	char line[POP3_REPLY_MAX];
	int length = snprintf(line, sizeof line, "-ERR %s%.*s\r\n", codes[code],
			      (int)text_length(text), text);

	if (length < 0)
		return POP3_CLOSE;
	server->calls->write(server->owner, line, (size_t)length);
	line[length - 2] = '\0';
	pop3_note(server, "pop3.refused", what, line);
	return POP3_NEXT;
}

enum pop3_next pop3_mistake(struct pop3_server *server, const char *what, enum pop3_code code,
			    const char *text)
{
	enum pop3_next next = pop3_error(server, what, code, text);

	server->errors++;
	if (server->profile->bad_commands == 0 || server->errors < server->profile->bad_commands)
		return next;
	pop3_note(server, "pop3.too_many_errors", what, NULL);
	return POP3_CLOSE;
}
