/* SPDX-License-Identifier: ISC */
/*
 * The verb table: when a command is allowed, what rules it has, what it does. The
 * order of commands is checked here once, before the step.
 */
#include "gateway/smtp_private.h"

#include <stdio.h>
#include <string.h>

#include "mail/command.h"

#define NEEDS_AUTH     0x1u /* unless the listener takes mail from anybody */
#define NO_ARGUMENT    0x2u
#define WANTS_ARGUMENT 0x4u
#define NO_DETAIL      0x8u  /* the argument may be a secret: never in the log */
#define IN_SHUTDOWN    0x10u /* still obeyed when the server goes down */

#define GREETED (SMTP_READY | SMTP_MAIL | SMTP_RCPT | SMTP_BDAT)
#define ALWAYS  (SMTP_CONNECTED | GREETED)

struct verb {
	const char *name;
	unsigned states, rules;
	enum smtp_step (*step)(struct smtp_server *server, struct span argument);
	const char *syntax; /* behind the name; NULL: not listed by HELP */
	const char *order;  /* the 503 in a state that is not allowed */
};

static enum smtp_step step_noop(struct smtp_server *server, struct span argument)
{
	(void)argument;
	smtp_reply(server, 250, "2.0.0", "Ok");
	return SMTP_NEXT;
}

static enum smtp_step step_rset(struct smtp_server *server, struct span argument)
{
	smtp_forget_transaction(server, false);
	return step_noop(server, argument);
}

static enum smtp_step step_quit(struct smtp_server *server, struct span argument)
{
	(void)argument;
	smtp_reply(server, 221, "2.0.0", "Bye");
	return smtp_close(server);
}

/* RFC 5321 section 3.5.3: nobody learns here which mailboxes exist. */
static enum smtp_step step_vrfy(struct smtp_server *server, struct span argument)
{
	(void)argument;
	smtp_reply(server, 252, "2.0.0", "Cannot verify, send some mail and see");
	return SMTP_NEXT;
}

static enum smtp_step step_help(struct smtp_server *server, struct span argument)
{
	char verbs[256];

	(void)argument;
	smtp_list_verbs(verbs, sizeof(verbs));
	smtp_reply(server, 214, "2.0.0", verbs);
	return SMTP_NEXT;
}

static enum smtp_step step_unsupported(struct smtp_server *server, struct span argument)
{
	(void)argument;
	return smtp_refuse(server, 502, "5.5.1", "Command not supported");
}

/* A browser that was made to talk to this port: what follows was written by a web page. */
static enum smtp_step step_foreign(struct smtp_server *server, struct span argument)
{
	(void)argument;
	return smtp_hang_up(server, 500, "5.5.1", "This is an SMTP server");
}

static enum smtp_step step_unknown(struct smtp_server *server, struct span argument)
{
	(void)argument;
	return smtp_refuse(server, 500, "5.5.2", "Command not recognised");
}

/*
 * BDAT is allowed always because its step must swallow the chunk even where the
 * command is out of order (RFC 3030 section 2).
 */
static const struct verb verbs[] = {
	{ "EHLO", ALWAYS, 0, smtp_step_ehlo, "host-name", NULL },
	{ "HELO", ALWAYS, 0, smtp_step_helo, "host-name", NULL },
	{ "MAIL", SMTP_READY, NEEDS_AUTH | WANTS_ARGUMENT, smtp_step_mail, "FROM:<address>",
	  "Sender already given" },
	{ "RCPT", SMTP_MAIL | SMTP_RCPT, WANTS_ARGUMENT, smtp_step_rcpt, "TO:<address>",
	  "Send MAIL first" },
	{ "DATA", SMTP_MAIL | SMTP_RCPT, NO_ARGUMENT, smtp_step_data, "", "Send MAIL first" },
	{ "BDAT", ALWAYS, WANTS_ARGUMENT, smtp_step_bdat, "size [LAST]", NULL },
	{ "RSET", ALWAYS, NO_ARGUMENT, step_rset, "", NULL },
	{ "NOOP", ALWAYS, 0, step_noop, "", NULL },
	{ "QUIT", ALWAYS, NO_ARGUMENT | IN_SHUTDOWN, step_quit, "", NULL },
	{ "AUTH", SMTP_READY, WANTS_ARGUMENT | NO_DETAIL, smtp_step_auth, "mechanism",
	  "AUTH not allowed in a mail transaction" },
	{ "STARTTLS", SMTP_READY, NO_ARGUMENT, smtp_step_starttls, "",
	  "STARTTLS not allowed in a mail transaction" },
	{ "VRFY", ALWAYS, WANTS_ARGUMENT, step_vrfy, "address", NULL },
	{ "HELP", ALWAYS, 0, step_help, "", NULL },
	{ "EXPN", ALWAYS, 0, step_unsupported, NULL, NULL },
	{ "ETRN", SMTP_READY, 0, smtp_step_etrn, NULL, "ETRN not allowed in a mail transaction" },
	{ "TURN", ALWAYS, 0, step_unsupported, NULL, NULL },
	{ "ATRN", SMTP_READY, 0, smtp_step_atrn, NULL, "ATRN not allowed in a mail transaction" },
	{ "SEND", ALWAYS, 0, step_unsupported, NULL, NULL },
	{ "SOML", ALWAYS, 0, step_unsupported, NULL, NULL },
	{ "SAML", ALWAYS, 0, step_unsupported, NULL, NULL },
	{ "GET", ALWAYS, NO_DETAIL, step_foreign, NULL, NULL },
	{ "POST", ALWAYS, NO_DETAIL, step_foreign, NULL, NULL },
	{ "CONNECT", ALWAYS, NO_DETAIL, step_foreign, NULL, NULL },
	/* A line that no verb fits may be the rest of a refused AUTH exchange. */
	{ "", ALWAYS, NO_DETAIL, step_unknown, NULL, NULL },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(struct span name)
{
	size_t i = 0;

	while (i < VERBS - 1 && !span_is_nocase(name, verbs[i].name))
		i++;
	return &verbs[i];
}

void smtp_list_verbs(char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "Commands:");

	for (size_t i = 0; i < VERBS && used < size; i++) {
		if (verbs[i].syntax != NULL)
			used += (size_t)snprintf(to + used, size - used, " %s", verbs[i].name);
	}
}

static enum smtp_step refuse_argument(struct smtp_server *server, const struct verb *verb)
{
	char text[80];

	snprintf(text, sizeof(text), "Syntax: %s%s%s", verb->name, verb->syntax[0] ? " " : "",
		 verb->syntax);
	return smtp_refuse(server, 501, "5.5.4", text);
}

static enum smtp_step refuse_order(struct smtp_server *server, const struct verb *verb)
{
	const char *text = verb->order;

	if (server->state == SMTP_CONNECTED)
		text = "Send EHLO first";
	else if (server->state == SMTP_BDAT)
		text = "Send BDAT or RSET";
	return smtp_refuse(server, 503, "5.5.1", text);
}

static enum smtp_step run_verb(struct smtp_server *server, const struct verb *verb,
			       struct span argument)
{
	if (!(verb->states & server->state))
		return refuse_order(server, verb);
	if ((verb->rules & NEEDS_AUTH) && !server->profile->anonymous && !server->authenticated)
		return smtp_refuse(server, 530, "5.7.0", SMTP_NEEDS_LOGIN);
	if (((verb->rules & NO_ARGUMENT) && argument.length > 0) ||
	    ((verb->rules & WANTS_ARGUMENT) && argument.length == 0))
		return refuse_argument(server, verb);
	return verb->step(server, argument);
}

enum smtp_step smtp_command(struct smtp_server *server, struct span line)
{
	struct command command;
	const struct verb *verb;

	if (!command_split(line, &command))
		return smtp_refuse(server, 500, "5.5.2", "Control characters in command");
	verb = find_verb(command.verb);
	if (!(verb->rules & NO_DETAIL))
		server->detail = command.argument;
	if (server->expelled)
		return smtp_hang_up_expelled(server);
	if (server->shutdown && (server->state & (SMTP_CONNECTED | SMTP_READY)) &&
	    !(verb->rules & IN_SHUTDOWN))
		return smtp_hang_up(server, 421, "4.3.2", "Service closing, try again later");
	return run_verb(server, verb, command.argument);
}
