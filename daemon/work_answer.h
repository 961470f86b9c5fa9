/* SPDX-License-Identifier: ISC */
/*
 * The answers of a worker that are to leave later (work_answer_later), sent by the main
 * thread when their time has come, and the ones that are sent at once. One set a process.
 */
#ifndef DAEMON_WORK_ANSWER_H
#define DAEMON_WORK_ANSWER_H

#include "daemon/work.h"

void work_answers_begin(void);
/* Those due at `now` (clock_ms). One that its peer has no room for comes again soon. */
void work_answers_send(int64_t now);
int work_answers_wait(void);   /* milliseconds until one is due; -1 = none is held */
void work_answers_hurry(void); /* from now on nothing is held */
void work_answers_end(void);   /* sends what is left; all threads have ended */

#endif
