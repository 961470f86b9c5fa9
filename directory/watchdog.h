/* SPDX-License-Identifier: ISC */
/*
 * Ends calls that would never end. libldap, GnuTLS and SASL block, and a server
 * that stops answering leaves them blocked; when a watch's time comes its socket
 * is shut down, and the call returns with an error. The watch's descriptor is a
 * duplicate that its owner closes, so a descriptor that the library has closed
 * meanwhile is never touched.
 */
#ifndef DIRECTORY_WATCHDOG_H
#define DIRECTORY_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog;

struct watch { /* embedded by its owner; fields are the watchdog's */
	struct watch *next, **link;
	int descriptor;
	int64_t deadline;
	bool fired;
};

struct watchdog *watchdog_new(void);           /* the thread runs from here */
void watchdog_free(struct watchdog *watchdog); /* no watch may be armed */
void watchdog_arm(struct watchdog *watchdog, struct watch *watch, int descriptor, int64_t deadline);
/* True when the watch had to end the call. */
bool watchdog_disarm(struct watchdog *watchdog, struct watch *watch);

#endif
