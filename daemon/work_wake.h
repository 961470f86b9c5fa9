/* SPDX-License-Identifier: ISC */
/* How a worker's threads call its main thread out of poll. One a process. */
#ifndef DAEMON_WORK_WAKE_H
#define DAEMON_WORK_WAKE_H

#include <stdbool.h>

int work_wake_begin(void);  /* the descriptor to poll for input */
void work_wake(void);       /* from any thread, never blocks */
void work_wake_taken(void); /* after poll said so */
void work_wake_end(void);

#endif
