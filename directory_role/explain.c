/* SPDX-License-Identifier: ISC */
#include "directory_role/explain.h"

#include <stdio.h>
#include <string.h>

#include "auth/explain.h"
#include "base/buffer.h"
#include "daemon/login_reply.h"

static void add_line(void *context, const char *key, const char *value)
{
	struct buffer *lines = context;

	if (buffer_used(lines) + strlen(key) + strlen(value) + 2 > EXPLAIN_MAX)
		return;
	buffer_add_format(lines, "%s\t", key);
	for (const char *at = value; *at; at++) {
		bool control = (unsigned char)*at < ' ' || *at == 0x7f;

		buffer_add(lines, control ? "?" : at, 1);
	}
	buffer_add(lines, "\n", 1);
}

static void add_replies(const struct conf *conf, enum auth_verdict verdict, struct buffer *lines)
{
	struct smtp_reply smtp = login_reply_smtp(conf, verdict);
	struct login_reply_pop3 pop3 = login_reply_pop3(conf, verdict);
	char text[400];

	snprintf(text, sizeof(text), "%u %s %s", smtp.code, smtp.status, smtp.text);
	add_line(lines, "right password, SMTP", text);
	if (verdict == AUTH_OK)
		snprintf(text, sizeof(text), "+OK, when the maildrop can be opened");
	else
		snprintf(text, sizeof(text), "-ERR %s%s", pop3_code_text(pop3.code), pop3.text);
	add_line(lines, "right password, POP3", text);
}

void explain_login(struct auth *auth, const struct conf *conf, const char *name,
		   enum explain_where where, struct buffer *lines)
{
	add_line(lines, "name", name);
	add_line(lines, "asked by",
		 where == EXPLAIN_RUNNING ? "the running gateway"
					  : "this command: no gateway is running, so it knows of "
					    "no wrong passwords but the directory's");
	add_replies(conf, auth_explain(auth, name, add_line, lines), lines);
}
