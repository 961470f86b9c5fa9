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
	WINBIND_PING_REACHED,
	WINBIND_PING_UNREACHED, /* no controller, or none that takes us for a member */
	WINBIND_PING_UNKNOWN,   /* the question was not put, or the answer says nothing */
};

struct winbind_probe {
	bool (*there)(void);
	enum winbind_ping (*ping)(void); /* blocks as long as winbind does */
	_Atomic int64_t reached_ms;      /* when the last good ping began; 0: none */
};

/* After a failed login: what is the matter with us, or NULL when the domain has answered or
 * nobody can say. now_ms: clock_ms. Any thread. */
const char *winbind_trouble(struct winbind_probe *probe, int64_t now_ms);

#endif
