/* SPDX-License-Identifier: ISC */
/* A password asked of whoever sits there: on the terminal without echo, or from standard input. */
#ifndef COMMAND_SECRET_H
#define COMMAND_SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_SIZE = 1024 };

/*
 * One line without its end. False after an explanation on standard error: no terminal,
 * nothing there, too long. The caller wipes it.
 */
bool secret_read(const char *prompt, bool from_stdin, char secret[SECRET_SIZE]);

#endif
