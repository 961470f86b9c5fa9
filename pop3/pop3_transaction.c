/* SPDX-License-Identifier: ISC */
/* The commands of the TRANSACTION state and QUIT (RFC 1939 sections 5 to 7). */
#include "pop3/pop3_private.h"

#include "base/memory.h"

#include <stdlib.h>

bool pop3_message_deleted(const struct pop3_server *server, size_t number)
{
	size_t bit = number - 1;

	return server->deleted != NULL && (server->deleted[bit / 8] & (1u << bit % 8));
}

const struct maildrop_entry *pop3_entry(const struct pop3_server *server, size_t number)
{
	return server->maildrop->entry(server->maildrop, number);
}

bool pop3_message_find(struct pop3_server *server, const char *what, struct span text,
		       size_t *number, enum pop3_next *next)
{
	uint64_t value;

	if (!span_number(text, &value)) {
		*next = pop3_mistake(server, what, POP3_CODE_NONE, "A message number is wanted");
		return false;
	}
	if (value == 0 || value > server->maildrop->count ||
	    pop3_message_deleted(server, (size_t)value)) {
		*next = pop3_error(server, what, POP3_CODE_NONE, "No such message");
		return false;
	}
	*number = (size_t)value;
	return true;
}

enum pop3_next pop3_step_stat(struct pop3_server *server, const struct pop3_command *command)
{
	(void)command;
	return pop3_ok(server, "%zu %llu", server->count, (unsigned long long)server->octets);
}

static enum pop3_next list_all(struct pop3_server *server, enum pop3_long_kind kind)
{
	pop3_ok(server, "%zu messages (%llu octets)", server->count,
		(unsigned long long)server->octets);
	server->reply = (struct pop3_long){ .kind = kind, .next = 1 };
	return pop3_long_run(server);
}

enum pop3_next pop3_step_list(struct pop3_server *server, const struct pop3_command *command)
{
	enum pop3_next next;
	size_t number;

	if (command->argument.length == 0)
		return list_all(server, POP3_LONG_LIST);
	if (!pop3_message_find(server, command->verb, command->argument, &number, &next))
		return next;
	return pop3_ok(server, "%zu %llu", number,
		       (unsigned long long)pop3_entry(server, number)->size);
}

enum pop3_next pop3_step_uidl(struct pop3_server *server, const struct pop3_command *command)
{
	enum pop3_next next;
	size_t number;

	if (command->argument.length == 0)
		return list_all(server, POP3_LONG_UIDL);
	if (!pop3_message_find(server, command->verb, command->argument, &number, &next))
		return next;
	return pop3_ok(server, "%zu %.*s", number, MAILDROP_UID_MAX, pop3_entry(server, number)->uid);
}

static enum pop3_next message_ask(struct pop3_server *server, const struct pop3_long *reply)
{
	server->reply = *reply;
	server->asked = POP3_ASK_MESSAGE;
	server->calls->ask_message(server->owner, reply->next);
	return POP3_WAIT;
}

enum pop3_next pop3_step_retr(struct pop3_server *server, const struct pop3_command *command)
{
	return message_ask(server, &(struct pop3_long){ .next = command->number });
}

enum pop3_next pop3_step_top(struct pop3_server *server, const struct pop3_command *command)
{
	struct pop3_long reply = { .top = true };
	struct span lines = command->argument;
	enum pop3_next next;
	struct span number;

	span_cut(&lines, ' ', &number);
	if (lines.at == NULL || !span_number(span_trim(lines), &reply.lines))
		return pop3_mistake(server, command->verb, POP3_CODE_NONE,
				    "A message number and a number of lines are wanted");
	if (!pop3_message_find(server, command->verb, number, &reply.next, &next))
		return next;
	return message_ask(server, &reply);
}

enum pop3_next pop3_step_dele(struct pop3_server *server, const struct pop3_command *command)
{
	size_t bit = command->number - 1;

	if (server->deleted == NULL)
		server->deleted = memory_new(server->maildrop->count / 8 + 1);
	server->deleted[bit / 8] |= (unsigned char)(1u << bit % 8);
	server->count--;
	server->octets -= pop3_entry(server, command->number)->size;
	return pop3_ok(server, "Message %zu deleted", command->number);
}

enum pop3_next pop3_step_rset(struct pop3_server *server, const struct pop3_command *command)
{
	(void)command;
	free(server->deleted);
	server->deleted = NULL;
	server->count = server->maildrop->count;
	server->octets = server->maildrop->octets;
	return pop3_ok(server, "Maildrop has %zu messages (%llu octets)", server->count,
		       (unsigned long long)server->octets);
}

enum pop3_next pop3_step_noop(struct pop3_server *server, const struct pop3_command *command)
{
	(void)command;
	return pop3_ok(server, "Still here");
}

/* RFC 1939 section 6: only QUIT in the TRANSACTION state enters UPDATE. */
enum pop3_next pop3_step_quit(struct pop3_server *server, const struct pop3_command *command)
{
	size_t gone = server->maildrop != NULL ? server->maildrop->count - server->count : 0;
	size_t used = 0;

	(void)command;
	if (gone == 0) {
		pop3_ok(server, "Bye");
		return POP3_CLOSE;
	}
	server->numbers = memory_array(gone, sizeof *server->numbers);
	for (size_t number = 1; number <= server->maildrop->count; number++)
		if (pop3_message_deleted(server, number))
			server->numbers[used++] = number;
	server->state = POP3_STATE_UPDATE;
	server->asked = POP3_ASK_REMOVE;
	server->calls->ask_remove(server->owner, server->numbers, gone);
	return POP3_WAIT;
}
