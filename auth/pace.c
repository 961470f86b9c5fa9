/* SPDX-License-Identifier: ISC */
#include "auth/pace.h"

enum { FINE = 1000 };

void pace_note(struct pace *pace, int64_t elapsed)
{
	int64_t sample = (elapsed < PACE_MOST ? elapsed : PACE_MOST) * FINE;
	int64_t error;

	if (pace->mean == 0) {
		*pace = (struct pace){ sample + 1, sample / 2 };
		return;
	}
	error = sample > pace->mean ? sample - pace->mean : pace->mean - sample;
	pace->mean += (sample - pace->mean) / 8;
	pace->deviation += (error - pace->deviation) / 4;
}

int64_t pace_usual(const struct pace *pace)
{
	int64_t usual = (pace->mean + 4 * pace->deviation) / FINE;

	if (pace->mean == 0)
		return PACE_FIRST;
	return usual < PACE_LEAST ? PACE_LEAST : usual > PACE_MOST ? PACE_MOST : usual;
}

int64_t pace_hold(const struct pace *pace, int64_t elapsed, uint32_t random)
{
	int64_t usual = pace_usual(pace);

	/* One that took longer waits for the next full time: what it took is not to be read off. */
	return usual - elapsed % usual + random % (usual / 4 + 1);
}
