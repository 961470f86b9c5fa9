/* SPDX-License-Identifier: ISC */
/* The owner's answers to the asks, turned into replies. */
#include "pop3/pop3_private.h"

#include <stdlib.h>

static enum pop3_next answer_opened(struct pop3_server *server)
{
	server->state = POP3_STATE_TRANSACTION;
	server->errors = 0;
	return pop3_step_rset(server, NULL);
}

static enum pop3_next answer_challenge(struct pop3_server *server, const char *line)
{
	server->state = POP3_STATE_SASL_EXCHANGE;
	pop3_write_text(server, line);
	return POP3_NEXT;
}

static const char *login_words(enum pop3_code code)
{
	switch (code) {
	case POP3_CODE_IN_USE:
		return "Maildrop is in use by another session";
	case POP3_CODE_SYS_TEMP:
		return "Temporary failure, try again later";
	case POP3_CODE_SYS_PERM:
		return "Maildrop cannot be opened, ask your administrator";
	case POP3_CODE_LOGIN_DELAY:
		return "Too soon after the last login";
	case POP3_CODE_NONE:
	case POP3_CODE_AUTH:
		break;
	}
	return "Authentication failed";
}

static const char *message_words(enum pop3_code code)
{
	return code == POP3_CODE_SYS_TEMP ? "Temporary failure, try again later"
					  : "No such message";
}

static enum pop3_next answer_refused(struct pop3_server *server, enum pop3_ask asked,
				     enum pop3_code code, const char *text)
{
	if (asked == POP3_ASK_MESSAGE)
		return pop3_error(server, server->reply.top ? "TOP" : "RETR", code,
				  text != NULL ? text : message_words(code));
	if (text == NULL)
		text = login_words(code);
	/* Guesses at passwords are capped as mistakes are; a directory that is down is nobody's
	 * mistake. */
	if (code == POP3_CODE_AUTH || code == POP3_CODE_NONE)
		return pop3_mistake(server, "login", POP3_CODE_AUTH, text);
	return pop3_error(server, "login", code, text);
}

static enum pop3_next answer_message(struct pop3_server *server)
{
	if (server->reply.top)
		pop3_ok(server, "Top of the message follows");
	else
		pop3_ok(server, "%llu octets",
			(unsigned long long)pop3_entry(server, server->reply.next)->size);
	server->reply.kind = POP3_LONG_MESSAGE;
	return pop3_long_run(server);
}

/* RFC 1939 section 6: an error at UPDATE is told, and the session ends all the same. */
static enum pop3_next answer_removed(struct pop3_server *server, enum outcome outcome)
{
	if (outcome == OUTCOME_OK)
		pop3_ok(server, "Bye");
	else
		pop3_error(server, "QUIT",
			   outcome == OUTCOME_TEMP ? POP3_CODE_SYS_TEMP : POP3_CODE_SYS_PERM,
			   "some deleted messages not removed");
	return POP3_CLOSE;
}

enum pop3_next pop3_answer_apply(struct pop3_server *server)
{
	struct pop3_answer answer = server->answer;
	enum pop3_ask asked = server->asked;
	enum pop3_next next = POP3_NEXT;

	server->answer = (struct pop3_answer){ .kind = POP3_ANSWER_NONE };
	server->asked = POP3_ASK_NONE;
	if (answer.kind != POP3_ANSWER_CHALLENGE) { /* final: a close behind it drops nothing */
		server->begun = false;
		server->mechanism = NULL;
	}
	if (answer.kind == POP3_ANSWER_OPENED)
		next = answer_opened(server);
	else if (answer.kind == POP3_ANSWER_CHALLENGE)
		next = answer_challenge(server, answer.text);
	else if (answer.kind == POP3_ANSWER_MESSAGE)
		next = answer_message(server);
	else if (answer.kind == POP3_ANSWER_REFUSED)
		next = answer_refused(server, asked, answer.code, answer.text);
	else if (answer.kind == POP3_ANSWER_QUOTA)
		next = pop3_answer_quota(server, &answer);
	else if (answer.kind == POP3_ANSWER_REMOVED)
		next = answer_removed(server, answer.outcome);
	free(answer.text);
	return next;
}
