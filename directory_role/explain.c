/* SPDX-License-Identifier: ISC */
#include "directory_role/explain.h"

#include <stdio.h>

#include "auth/explain.h"
#include "base/buffer.h"
#include "daemon/login_reply.h"
#include "directory_role/explain_lines.h"

static void add_login_fact(void *context, const char *key, const char *value)
{
	explain_add(context, key, value);
}

static void add_replies(const struct explain *explain, enum auth_verdict verdict)
{
	struct smtp_reply smtp = login_reply_smtp(explain->conf, verdict);
	struct login_reply_pop3 pop3 = login_reply_pop3(explain->conf, verdict);

	explain_addf(explain->lines, "right password, SMTP", "%u %s %s", smtp.code, smtp.status,
		     smtp.text);
	if (verdict == AUTH_OK)
		explain_add(explain->lines, "right password, POP3",
			    "+OK, when the maildrop can be opened");
	else
		explain_addf(explain->lines, "right password, POP3", "-ERR %s%s",
			     pop3_code_text(pop3.code), pop3.text);
}

void explain_login(const struct explain *explain, const char *name)
{
	explain_add(explain->lines, "name", name);
	explain_add(explain->lines, "asked by",
		    explain->where == EXPLAIN_RUNNING
			    ? "the running gateway"
			    : "this command: no gateway is running, so it knows of "
			      "no wrong passwords but the directory's");
	add_replies(explain, auth_explain(explain->auth, name, add_login_fact, explain->lines));
}
