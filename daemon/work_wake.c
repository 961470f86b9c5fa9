/* SPDX-License-Identifier: ISC */
#include "daemon/work_wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"

static int wake = -1;

int work_wake_begin(void)
{
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake < 0)
		memory_die("no eventfd");
	return wake;
}

void work_wake(void)
{
	uint64_t one = 1;

	if (write(wake, &one, sizeof one) < 0 && errno != EAGAIN)
		memory_die("an eventfd failed");
}

void work_wake_taken(void)
{
	uint64_t woken;

	if (read(wake, &woken, sizeof woken) < 0)
		memory_die("an eventfd failed");
}

void work_wake_end(void)
{
	close(wake);
	wake = -1;
}
