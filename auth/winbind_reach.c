/* SPDX-License-Identifier: ISC */
#include "auth/winbind_reach.h"

#include <stddef.h>

static bool reached_lately(struct winbind_probe *probe, int64_t now_ms)
{
	int64_t reached = atomic_load(&probe->reached_ms);

	return reached && now_ms - reached < WINBIND_REACHED_MS;
}

const char *winbind_trouble(struct winbind_probe *probe, int64_t now_ms)
{
	if (!probe->there())
		return "winbind does not answer: start it";
	if (reached_lately(probe, now_ms))
		return NULL;
	switch (probe->ping()) {
	case WINBIND_PING_UNREACHED:
		return "winbind reaches no controller of its domain: run wbinfo --ping-dc and "
		       "wbinfo -t";
	case WINBIND_PING_REACHED:
		atomic_store(&probe->reached_ms, now_ms);
		break;
	case WINBIND_PING_UNKNOWN:
		break; /* a guess is counted, lest only the domain does and locks the account out */
	}
	return NULL;
}
