/* SPDX-License-Identifier: ISC */
/* Tells a supervisor that waits for it (sd_notify(3)'s protocol) that the service is ready. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

void notify_ready(void); /* nothing happens where nobody waits */

#endif
