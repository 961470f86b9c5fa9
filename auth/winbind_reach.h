/* SPDX-License-Identifier: ISC */
/*
 * Whose failure an NTLM login was: the domain's answer, or winbind without a controller
 * to ask. gss-ntlmssp says the same of both.
 */
#ifndef AUTH_WINBIND_REACH_H
#define AUTH_WINBIND_REACH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* For so long a controller that was reached is taken to be there still, so that somebody who
 * guesses does not double what winbind has to do. That it is not is never remembered. */
enum { WINBIND_REACHED_MS = 1000 };

enum winbind_ping {
	WINBIND_PING_SILENT,  /* winbind itself gave no answer */
	WINBIND_PING_STATUS,  /* it did: the status of what it tried */
	WINBIND_PING_UNKNOWN, /* it could not be asked */
};

struct winbind_probe {
	bool (*there)(void);
	/* Blocks as long as winbind does. *status: of MS-ERREF section 2.3.1, 0 when the domain's
	 * controller answered. */
	enum winbind_ping (*ping)(uint32_t *status);
	_Atomic int64_t reached_ms; /* clock_ms of the last good ping; 0: none */
};

/* After a failed login: what is the matter with us, or NULL when the domain has answered or
 * nobody can say. Any thread. */
const char *winbind_trouble(struct winbind_probe *probe, int64_t now_ms);

#endif
