/* SPDX-License-Identifier: ISC */
/* How each directory of the configuration is bound, and what that gives, as `postern status` says
 * it. */
#ifndef COMMAND_MODES_H
#define COMMAND_MODES_H

#include "command/command.h"

/*
 * A table, or with options->json an array without a line end, which is empty when the
 * configuration cannot be read; false then, after an explanation on standard error.
 */
bool modes_print(const struct command_options *options);

#endif
