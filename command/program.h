/* SPDX-License-Identifier: ISC */
/*
 * Runs another program without a shell: its words as they are, an environment of our
 * own making, what it has to be told in secret on its standard input.
 */
#ifndef COMMAND_PROGRAM_H
#define COMMAND_PROGRAM_H

#include "base/span.h"

struct buffer;

enum { PROGRAM_WORDS_MAX = 64, PROGRAM_ENVIRONMENT_MAX = 8 };
enum { PROGRAM_MISSING = -1, PROGRAM_FAILED = -2 };

struct program {
	char *words[PROGRAM_WORDS_MAX + 1]; /* NULL-ended; the first is the program's name */
	char *environment[PROGRAM_ENVIRONMENT_MAX + 3];
	size_t words_count, environment_count;
};

/* With PATH and LC_ALL=C, and what our libraries and Samba's are configured by: KRB5_CONFIG and
 * SMB_CONF_PATH as they are set here. */
void program_init(struct program *program, const char *name);
void program_clear(struct program *program);
/* Adds a word, or "NAME=value" to the environment: prefix and value in one. */
void program_word(struct program *program, const char *prefix, const char *value);
void program_variable(struct program *program, const char *prefix, const char *value);

/*
 * The program is looked for in the system's own folders (/usr/sbin, /usr/bin, /sbin, /bin).
 * What it says on both outputs is appended to `output`, 64 KiB at most. The exit code;
 * PROGRAM_MISSING when there is no such program; PROGRAM_FAILED when it could not run or was
 * killed. A failure is only told by the return value.
 */
int program_run(const struct program *program, struct span input, struct buffer *output);
/* What a program said, without the last line's end; terminated in place. */
const char *program_said(struct buffer *output);
/* The words as one would type them, with a blank before each. */
void program_print(const struct program *program);

#endif
