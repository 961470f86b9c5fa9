/* SPDX-License-Identifier: ISC */
/*
 * Idle connections from several processes: each may have only so many descriptors. All hold
 * what they have until the command has run in the first.
 */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 16

struct part {
	struct load_times times;
	uint64_t finished, errors;
	unsigned held;
};

/* One byte says that all is held, one byte back that it may end. */
static bool barrier_wait(struct load *load)
{
	char byte = 0;

	return write(load->barrier[1], &byte, 1) == 1 && read(load->barrier[0], &byte, 1) == 1;
}

static void part_run(struct load *load, unsigned number, struct part *part)
{
	struct load_options options = *load->options;

	options.sessions /= options.processes;
	options.total = options.sessions;
	options.source += number + 1;
	load->options = &options;
	load->held_all = barrier_wait;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	(void)load_run(load, &part->times);
	part->finished = load->finished;
	part->errors = load->errors;
	part->held = load->held;
}

static bool pipes_open(int up[2], int down[2])
{
	return pipe(up) == 0 && pipe(down) == 0;
}

static bool parts_start(struct load *load, struct part *parts, int up[2], int down[2])
{
	for (unsigned i = 0; i < load->options->processes; i++) {
		pid_t child = fork();

		if (child < 0)
			return false;
		if (child == 0) {
			load->barrier[0] = down[0];
			load->barrier[1] = up[1];
			close(down[1]);
			part_run(load, i, &parts[i]);
			_exit(0);
		}
	}
	close(up[1]);
	close(down[0]);
	return true;
}

static void parts_wait(struct load *load, int up, int down)
{
	unsigned processes = load->options->processes;
	char bytes[PROCESSES_MAX] = { 0 };

	for (unsigned i = 0; i < processes; i++)
		if (read(up, bytes, 1) != 1)
			load->errors++;
	if (load->options->run && system(load->options->run) != 0)
		load->errors++;
	if (write(down, bytes, processes) != (ssize_t)processes)
		load->errors++;
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

bool load_run_spread(struct load *load, struct load_times *times)
{
	unsigned processes = load->options->processes;
	size_t size = sizeof(struct part) * PROCESSES_MAX;
	struct part *parts =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int up[2], down[2];

	if (parts == MAP_FAILED || processes > PROCESSES_MAX || !pipes_open(up, down) ||
	    !parts_start(load, parts, up, down)) {
		perror("load: processes");
		exit(1);
	}
	parts_wait(load, up[0], down[1]);
	for (unsigned i = 0; i < processes; i++) {
		load->finished += parts[i].finished;
		load->errors += parts[i].errors;
		load->held += parts[i].held;
		if (parts[i].times.complete > times->complete)
			*times = parts[i].times;
	}
	return load->errors == 0 && load->finished > 0;
}
