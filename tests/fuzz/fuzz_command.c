/* SPDX-License-Identifier: ISC */
#include <assert.h>

#include "mail/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_make(data, size), rest;
	struct command_parameter parameter;
	struct command command;

	if (command_split(line, &command))
		assert(command.verb.length + command.argument.length <= size);
	rest = line;
	while (command_next_parameter(&rest, &parameter) && parameter.keyword.length > 0)
		assert(parameter.has_value == (parameter.value.length > 0));
	(void)xtext_valid(line);
	(void)orcpt_valid(line, false);
	(void)orcpt_valid(line, true);
	return 0;
}
