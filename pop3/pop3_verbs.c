/* SPDX-License-Identifier: ISC */
/* The verb table: who may say what when. Order and arguments are checked here, once. */
#include "pop3/pop3_private.h"

enum pop3_rule {                           /* bits */
		 POP3_RULE_PLAIN = 0x1,    /* takes no argument */
		 POP3_RULE_ARGUMENT = 0x2, /* takes one, not empty */
		 POP3_RULE_MESSAGE = 0x4,  /* takes the number of a message that is there */
		 POP3_RULE_EXACT = 0x8,    /* the argument is everything after one space */
		 POP3_RULE_BASIC = 0x10    /* a password in clear text follows */
};

struct pop3_verb {
	const char *name;
	unsigned states;
	unsigned rules;
	enum pop3_next (*step)(struct pop3_server *server, const struct pop3_command *command);
};

static enum pop3_next step_unknown(struct pop3_server *server, const struct pop3_command *command)
{
	return pop3_mistake(server, command->verb, POP3_CODE_NONE, "Unknown command");
}

/* clang-format off */
static const struct pop3_verb verbs[] = {
	{ "RETR", POP3_STATE_TRANSACTION,  POP3_RULE_MESSAGE,                   pop3_step_retr },
	{ "DELE", POP3_STATE_TRANSACTION,  POP3_RULE_MESSAGE,                   pop3_step_dele },
	{ "TOP",  POP3_STATE_TRANSACTION,  POP3_RULE_ARGUMENT,                  pop3_step_top },
	{ "STAT", POP3_STATE_TRANSACTION,  POP3_RULE_PLAIN,                     pop3_step_stat },
	{ "LIST", POP3_STATE_TRANSACTION,  0,                                   pop3_step_list },
	{ "UIDL", POP3_STATE_TRANSACTION,  0,                                   pop3_step_uidl },
	{ "NOOP", POP3_STATE_TRANSACTION,  POP3_RULE_PLAIN,                     pop3_step_noop },
	{ "RSET", POP3_STATE_TRANSACTION,  POP3_RULE_PLAIN,                     pop3_step_rset },
	{ "XQUOTA", POP3_STATE_TRANSACTION, POP3_RULE_PLAIN,                    pop3_step_quota },
	{ "USER", POP3_STATES_LOGIN,       POP3_RULE_ARGUMENT | POP3_RULE_BASIC, pop3_step_user },
	{ "PASS", POP3_STATE_NAMED,        POP3_RULE_EXACT | POP3_RULE_BASIC,   pop3_step_pass },
	{ "AUTH", POP3_STATES_LOGIN,       0,                                   pop3_step_auth },
	{ "STLS", POP3_STATES_LOGIN,       POP3_RULE_PLAIN,                     pop3_step_stls },
	/* RFC 6856 section 2.1: UTF8 belongs to the AUTHORIZATION state. */
	{ "UTF8", POP3_STATES_LOGIN,       POP3_RULE_PLAIN,                     pop3_step_utf8 },
	{ "XPROXIED", POP3_STATES_LOGIN,   POP3_RULE_PLAIN,                     pop3_step_proxied },
	{ "CAPA", POP3_STATES_ALL,         POP3_RULE_PLAIN,                     pop3_step_capa },
	{ "LANG", POP3_STATES_ALL,         0,                                   pop3_step_lang },
	{ "QUIT", POP3_STATES_ALL,         POP3_RULE_PLAIN,                     pop3_step_quit },
	{ NULL,   POP3_STATES_ALL,         0,                                   step_unknown },
};
/* clang-format on */

static const struct pop3_verb *verb_find(struct span name)
{
	const struct pop3_verb *verb = verbs;

	while (verb->name != NULL && !span_is_nocase(name, verb->name))
		verb++;
	return verb;
}

static enum pop3_next refuse_order(struct pop3_server *server, const struct pop3_verb *verb)
{
	const char *why = "Log in first";

	if (server->state == POP3_STATE_TRANSACTION)
		why = "Already logged in";
	else if (verb->states == POP3_STATE_NAMED)
		why = "USER first";
	return pop3_mistake(server, verb->name, POP3_CODE_NONE, why);
}

static enum pop3_next verb_run(struct pop3_server *server, const struct pop3_verb *verb,
			       struct pop3_command *command)
{
	enum pop3_next next = POP3_NEXT;

	if (!(verb->states & server->state))
		return refuse_order(server, verb);
	if ((verb->rules & POP3_RULE_BASIC) && pop3_basic_fault(server) != NULL)
		return pop3_mistake(server, verb->name, POP3_CODE_AUTH, pop3_basic_fault(server));
	if (!(verb->rules & POP3_RULE_EXACT))
		command->argument = span_trim(command->argument);
	if ((verb->rules & POP3_RULE_PLAIN) && command->argument.length > 0)
		return pop3_mistake(server, verb->name, POP3_CODE_NONE, "No argument is taken");
	if ((verb->rules & POP3_RULE_ARGUMENT) && command->argument.length == 0)
		return pop3_mistake(server, verb->name, POP3_CODE_NONE, "An argument is missing");
	if ((verb->rules & POP3_RULE_MESSAGE) &&
	    !pop3_message_find(server, verb->name, command->argument, &command->number, &next))
		return next;
	return verb->step(server, command);
}

bool pop3_text_clean(struct span text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return false;
	return utf8_valid(text);
}

enum pop3_next pop3_line_run(struct pop3_server *server, struct span line)
{
	struct pop3_command command = { .argument = line };
	struct span name;

	if (server->state & POP3_STATES_SASL)
		return pop3_sasl_response(server, line);
	/* RFC 1939 section 3: printable ASCII; RFC 6856 section 2.2 adds UTF-8. */
	if (!pop3_text_clean(line))
		return pop3_mistake(server, NULL, POP3_CODE_NONE,
				    "Control characters or invalid UTF-8 in a command");
	span_cut(&command.argument, ' ', &name);
	if (command.argument.at == NULL)
		command.argument = span_text("");
	const struct pop3_verb *verb = verb_find(name);
	command.verb = verb->name;
	return verb_run(server, verb, &command);
}
