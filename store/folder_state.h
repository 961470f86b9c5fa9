/* SPDX-License-Identifier: ISC */
/*
 * What new/ and cur/ tell of themselves: whether names in them came or went since they were
 * looked at. The times of a directory move in ticks, so that one changed just before it was
 * looked at may change once more and look the same: then nothing is proved (not settled).
 */
#ifndef STORE_FOLDER_STATE_H
#define STORE_FOLDER_STATE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#define CLOCK_TICK_NS 20000000 /* file times may be this much behind the clock */

enum { FOLDER_NEW, FOLDER_CUR, FOLDERS };

extern const char *const folder_names[FOLDERS];

struct folder_state { /* all zero: there is no such directory */
	dev_t device;
	ino_t inode;
	nlink_t links;
	off_t size;
	struct timespec modified, changed;
};

struct folder_states {
	struct folder_state of[FOLDERS];
	struct timespec
		at; /* of the calendar clock, before they were looked at; 0 = never settled */
};

/* False with errno when they cannot be looked at. */
bool folder_states_look(struct folder_states *states, int mailbox);
bool folder_state_same(const struct folder_state *a, const struct folder_state *b);
bool folder_states_same(const struct folder_states *a, const struct folder_states *b);
/* Any change after `at` shows in the times. */
bool folder_states_settled(const struct folder_states *states);

#endif
