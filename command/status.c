/* SPDX-License-Identifier: ISC */
/* `postern status`: the processes of the running gateway, and its directories. */
#include "command/command.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/span.h"
#include "command/modes.h"

enum { STATUS_FIELDS = 7 };

static const struct {
	const char *key;
	bool number;
} status_fields[STATUS_FIELDS] = {
	{ "role", false },  { "index", true },   { "generation", true }, { "pid", true },
	{ "state", false }, { "seconds", true }, { "restarts", true },
};

static bool status_split(struct span line, struct span fields[STATUS_FIELDS])
{
	size_t count = 0;
	struct span field;

	while (count < STATUS_FIELDS && span_cut(&line, '\t', &field))
		fields[count++] = field;
	return count == STATUS_FIELDS && !line.at;
}

static void status_json(struct span fields[STATUS_FIELDS], bool first)
{
	printf("%s\n  {", first ? "" : ",");
	for (size_t i = 0; i < STATUS_FIELDS; i++)
		printf("%s\"%s\": %s%.*s%s", i ? ", " : "", status_fields[i].key,
		       status_fields[i].number ? "" : "\"", (int)fields[i].length, fields[i].at,
		       status_fields[i].number ? "" : "\"");
	printf("}");
}

static void status_row(struct span fields[STATUS_FIELDS])
{
	for (size_t i = 0; i < STATUS_FIELDS; i++)
		printf("%-11.*s", (int)fields[i].length, fields[i].at);
	printf("\n");
}

static void print_processes(struct span rest, bool json)
{
	struct span line, fields[STATUS_FIELDS];
	bool first = true;

	for (size_t i = 0; !json && i < STATUS_FIELDS; i++)
		printf("%-11s%s", status_fields[i].key, i + 1 == STATUS_FIELDS ? "\n" : "");
	while (span_cut(&rest, '\n', &line)) {
		if (!status_split(line, fields))
			continue;
		if (json)
			status_json(fields, first);
		else
			status_row(fields);
		first = false;
	}
}

int command_status(const struct command_options *options, int argc, char **argv)
{
	struct buffer reply = BUFFER_EMPTY;
	bool asked, read;

	(void)argv;
	if (argc != 1)
		return COMMAND_USAGE;
	asked = control_ask(options, "status", &reply);
	if (options->json)
		printf("{\"processes\": [");
	if (asked)
		print_processes(buffer_span(&reply), options->json);
	if (options->json)
		printf("\n],\n\"directories\": ");
	else if (asked)
		putchar('\n');
	read = modes_print(options);
	if (options->json)
		puts("}");
	buffer_clear(&reply);
	return asked && read ? COMMAND_DONE : COMMAND_FAILED;
}
