/* SPDX-License-Identifier: ISC */
#include "store/folder_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

const char *const folder_names[FOLDERS] = { [FOLDER_NEW] = "new", [FOLDER_CUR] = "cur" };

bool folder_states_look(struct folder_states *states, int mailbox)
{
	struct stat status;

	memset(states, 0, sizeof *states);
	clock_gettime(CLOCK_REALTIME, &states->at);
	for (int i = 0; i < FOLDERS; i++) {
		if (fstatat(mailbox, folder_names[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			states->of[i] = (struct folder_state){
				status.st_dev,  status.st_ino,  status.st_nlink,
				status.st_size, status.st_mtim, status.st_ctim,
			};
		else if (errno != ENOENT)
			return false;
	}
	return true;
}

static bool time_same(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool folder_state_same(const struct folder_state *a, const struct folder_state *b)
{
	return a->device == b->device && a->inode == b->inode && a->links == b->links &&
	       a->size == b->size && time_same(&a->modified, &b->modified) &&
	       time_same(&a->changed, &b->changed);
}

bool folder_states_same(const struct folder_states *a, const struct folder_states *b)
{
	return folder_state_same(&a->of[FOLDER_NEW], &b->of[FOLDER_NEW]) &&
	       folder_state_same(&a->of[FOLDER_CUR], &b->of[FOLDER_CUR]);
}

/* Also when the clock was set back: a time to come is not before. */
static bool tick_passed(const struct timespec *when, const struct timespec *now)
{
	struct timespec limit = { now->tv_sec, now->tv_nsec - CLOCK_TICK_NS };

	if (limit.tv_nsec < 0) {
		limit.tv_nsec += 1000000000;
		limit.tv_sec--;
	}
	return when->tv_sec != limit.tv_sec ? when->tv_sec < limit.tv_sec
					    : when->tv_nsec < limit.tv_nsec;
}

bool folder_states_settled(const struct folder_states *states)
{
	for (int i = 0; i < FOLDERS; i++) {
		if (!tick_passed(&states->of[i].modified, &states->at) ||
		    !tick_passed(&states->of[i].changed, &states->at))
			return false;
	}
	return true;
}
