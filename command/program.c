/* SPDX-License-Identifier: ISC */
#include "command/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"

enum { PROGRAM_OUTPUT_MAX = 65536, PROGRAM_PATH_SIZE = 256 };

struct pipes {
	int input[2], output[2]; /* the program's; [0] is read from */
};

void program_word(struct program *program, const char *prefix, const char *value)
{
	assert(program->words_count < PROGRAM_WORDS_MAX);
	program->words[program->words_count++] = memory_format("%s%s", prefix, value);
}

void program_variable(struct program *program, const char *prefix, const char *value)
{
	assert(program->environment_count < PROGRAM_ENVIRONMENT_MAX);
	program->environment[program->environment_count++] = memory_format("%s%s", prefix, value);
}

void program_init(struct program *program, const char *name)
{
	static const char *const handed_on[] = { "KRB5_CONFIG", "SMB_CONF_PATH" };

	*program = (struct program){ .words_count = 0 };
	program_word(program, name, "");
	program_variable(program, "PATH=", "/usr/sbin:/usr/bin:/sbin:/bin");
	program_variable(program, "LC_ALL=", "C");
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "%s=", handed_on[i]);
		if (getenv(handed_on[i]))
			program_variable(program, prefix, getenv(handed_on[i]));
	}
}

void program_clear(struct program *program)
{
	for (size_t i = 0; i < program->words_count; i++)
		free(program->words[i]);
	for (size_t i = 0; i < program->environment_count; i++)
		free(program->environment[i]);
	*program = (struct program){ .words_count = 0 };
}

void program_print(const struct program *program)
{
	for (size_t i = 0; i < program->words_count; i++)
		printf(" %s", program->words[i]);
	putchar('\n');
}

static bool find(const char *name, char path[PROGRAM_PATH_SIZE])
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int length = snprintf(path, PROGRAM_PATH_SIZE, "%s/%s", folders[i], name);

		if (length < PROGRAM_PATH_SIZE && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void close_pipe(int ends[2])
{
	for (size_t i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

static bool make_pipes(struct pipes *pipes)
{
	*pipes = (struct pipes){ { -1, -1 }, { -1, -1 } };
	if (pipe2(pipes->input, O_CLOEXEC) == 0 && pipe2(pipes->output, O_CLOEXEC) == 0)
		return true;
	close_pipe(pipes->input);
	close_pipe(pipes->output);
	return false;
}

static int start(const char *path, const struct program *program, const struct pipes *pipes,
		 pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, pipes->input[0], STDIN_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDERR_FILENO);
	if (!error)
		error = posix_spawn(pid, path, &actions, NULL, program->words,
				    program->environment);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* What is told is far smaller than a pipe holds, so nobody waits for anybody here. */
static void tell(int fd, struct span input)
{
	while (input.length > 0) {
		ssize_t count = write(fd, input.at, input.length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		input = span_skip(input, (size_t)count);
	}
}

static void hear(int fd, struct buffer *output)
{
	char bytes[4096];
	ssize_t count;

	while ((count = read(fd, bytes, sizeof(bytes))) != 0) {
		if (count < 0 && errno != EINTR)
			return;
		/* What is too much is read all the same, so that the program can end. */
		if (count > 0 && buffer_used(output) + (size_t)count <= PROGRAM_OUTPUT_MAX)
			buffer_add(output, bytes, (size_t)count);
	}
}

static int wait_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return PROGRAM_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : PROGRAM_FAILED;
}

int program_run(const struct program *program, struct span input, struct buffer *output)
{
	char path[PROGRAM_PATH_SIZE];
	struct pipes pipes;
	pid_t pid;
	int error;

	if (!find(program->words[0], path))
		return PROGRAM_MISSING;
	if (!make_pipes(&pipes))
		return PROGRAM_FAILED;
	signal(SIGPIPE, SIG_IGN); /* a program that does not read what it is told */
	error = start(path, program, &pipes, &pid);
	close(pipes.input[0]);
	close(pipes.output[1]);
	if (!error)
		tell(pipes.input[1], input);
	close(pipes.input[1]);
	if (!error)
		hear(pipes.output[0], output);
	close(pipes.output[0]);
	return error ? PROGRAM_FAILED : wait_end(pid);
}

const char *program_said(struct buffer *output)
{
	char *text;

	buffer_add(output, "", 1);
	text = buffer_bytes(output);
	for (size_t length = strlen(text); length > 0 && text[length - 1] == '\n'; length--)
		text[length - 1] = '\0';
	return text;
}
