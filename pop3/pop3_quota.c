/* SPDX-License-Identifier: ISC */
/*
 * XQUOTA, an extension of ours: "+OK USED LIMIT", octets in all of the mailbox, folders of an IMAP server
 * included, and how many it takes; LIMIT 0 = no limit. CAPA names it. No RFC knows one for POP3.
 */
#include "pop3/pop3_private.h"

enum pop3_next pop3_step_quota(struct pop3_server *server, const struct pop3_command *command)
{
	(void)command;
	server->asked = POP3_ASK_QUOTA;
	server->calls->ask_quota(server->owner);
	return POP3_WAIT;
}

enum pop3_next pop3_answer_quota(struct pop3_server *server, const struct pop3_answer *answer)
{
	if (answer->outcome != OUTCOME_OK)
		return pop3_error(server, "XQUOTA", POP3_CODE_SYS_TEMP,
				  "Temporary failure, try again later");
	return pop3_ok(server, "%llu %llu", (unsigned long long)answer->used,
		       (unsigned long long)answer->limit);
}
