/* SPDX-License-Identifier: ISC */
/*
 * Ctrl-C and its like, for commands that must put things back before they end: they do not
 * kill the command, but programs that it has started, and whatever it waits for at a prompt.
 */
#ifndef COMMAND_INTERRUPT_H
#define COMMAND_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void); /* SIGINT, SIGTERM, SIGHUP, from here on */
bool interrupt_seen(void);

#endif
