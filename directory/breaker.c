/* SPDX-License-Identifier: ISC */
#include "directory/breaker.h"

#include <stdio.h>
#include <string.h>

/* Short enough that what comes back is used again at once. */
enum { PAUSE_FIRST_MS = 500, PAUSE_LAST_MS = 5000, SHIFT_MAX = 20 };

bool breaker_admits(const struct breaker *breaker, int64_t now)
{
	return breaker->state == BREAKER_CLOSED || breaker->retry <= now;
}

void breaker_enter(struct breaker *breaker, int64_t now, int64_t patience)
{
	if (breaker->state == BREAKER_CLOSED)
		return;
	breaker->state = BREAKER_HALF_OPEN;
	breaker->retry = now + patience;
}

bool breaker_failed(struct breaker *breaker, const char *reason, int64_t now)
{
	bool opens = breaker->failures >= breaker->tolerance;
	bool news =
		opens && (breaker->state == BREAKER_CLOSED || strcmp(breaker->reason, reason) != 0);
	unsigned shift = breaker->failures - breaker->tolerance;
	int64_t longest = breaker->longest ? breaker->longest : PAUSE_LAST_MS;
	int64_t pause = (int64_t)PAUSE_FIRST_MS << (shift < SHIFT_MAX ? shift : SHIFT_MAX);

	breaker->failures++;
	snprintf(breaker->reason, sizeof(breaker->reason), "%s", reason);
	if (!opens)
		return false;
	breaker->state = BREAKER_OPEN;
	breaker->retry = now + (pause < longest ? pause : longest);
	return news;
}

bool breaker_succeeded(struct breaker *breaker)
{
	bool news = breaker->state != BREAKER_CLOSED;

	breaker->state = BREAKER_CLOSED;
	breaker->failures = 0;
	breaker->retry = 0;
	breaker->reason[0] = '\0';
	return news;
}

const char *breaker_state_name(enum breaker_state state)
{
	static const char *const names[] = {
		[BREAKER_CLOSED] = "up",
		[BREAKER_OPEN] = "down",
		[BREAKER_HALF_OPEN] = "probed",
	};

	return names[state];
}
