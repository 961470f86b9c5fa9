/* SPDX-License-Identifier: ISC */
/* `postern status`: the processes of the running gateway. */
#include "command/command.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/span.h"

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

int command_status(const struct command_options *options, int argc, char **argv)
{
	struct buffer reply = BUFFER_EMPTY;
	struct span rest, line, fields[STATUS_FIELDS];
	bool first = true, asked;

	(void)argv;
	if (argc != 1)
		return COMMAND_USAGE;
	asked = control_ask(options, "status", &reply);
	rest = buffer_span(&reply);
	if (asked && options->json)
		printf("[");
	for (size_t i = 0; asked && !options->json && i < STATUS_FIELDS; i++)
		printf("%-11s%s", status_fields[i].key, i + 1 == STATUS_FIELDS ? "\n" : "");
	while (asked && span_cut(&rest, '\n', &line)) {
		if (!status_split(line, fields))
			continue;
		if (options->json)
			status_json(fields, first);
		else
			status_row(fields);
		first = false;
	}
	if (asked && options->json)
		printf("\n]\n");
	buffer_clear(&reply);
	return asked ? COMMAND_DONE : COMMAND_FAILED;
}
