/* SPDX-License-Identifier: ISC */
/* Accounts of the system, through the system's own tools (useradd, userdel, chpasswd). */
#include "command/mailbox.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "command/program.h"

#define COMMENT "Postern mailbox"

/* Runs it with `input` on its standard input and forgets the words; false after an explanation. */
static bool run(struct program *program, const char *input)
{
	struct buffer said = BUFFER_EMPTY;
	int code = program_run(program, span_text(input), &said);

	if (code == PROGRAM_MISSING)
		fprintf(stderr, "postern: there is no %s: install the package passwd\n",
			program->words[0]);
	else if (code != 0)
		fprintf(stderr, "postern: %s failed: %s\n", program->words[0], program_said(&said));
	buffer_clear(&said);
	program_clear(program);
	return code == 0;
}

static void add_words(struct program *program, const char *const *words)
{
	for (; *words; words++)
		program_word(program, "", *words);
}

bool account_exists(const char *name, bool *system)
{
	const struct passwd *entry = getpwnam(name);

	*system = entry && entry->pw_uid == 0;
	return entry != NULL;
}

bool account_create(const char *name, const char *address)
{
	char comment[400];
	const char *const words[] = {
		"--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
		"--comment",        comment,      "--",           name,      NULL
	};
	struct program program;

	/* passwd(5) has colons between its fields, and commas within this one. */
	snprintf(comment, sizeof comment, COMMENT " %s", address);
	for (char *at = comment; *at; at++)
		if (*at == ':' || *at == ',')
			*at = '_';
	program_init(&program, "useradd");
	add_words(&program, words);
	return run(&program, "");
}

bool account_remove(const char *name)
{
	const char *const words[] = { "--", name, NULL };
	const struct passwd *entry = getpwnam(name);
	struct program program;

	if (entry && strncmp(entry->pw_gecos, COMMENT, strlen(COMMENT)) == 0) {
		program_init(&program, "userdel");
		add_words(&program, words);
		return run(&program, "");
	}
	fprintf(stderr,
		"postern: the account %s was not made by postern: it stays; remove it with userdel "
		"%s\n",
		name, name);
	return false;
}

bool account_set_password(const char *name, const char *password)
{
	struct program program;
	char line[1200];
	bool good;

	if (strchr(password, '\n') || strlen(password) > 1000) {
		fputs("postern: that password is longer than the system takes\n", stderr);
		return false;
	}
	snprintf(line, sizeof line, "%s:%s\n", name, password);
	program_init(&program, "chpasswd");
	good = run(&program, line);
	explicit_bzero(line, sizeof line);
	return good;
}
