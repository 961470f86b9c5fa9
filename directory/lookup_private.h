/* SPDX-License-Identifier: ISC */
/* Shared by lookup.c (askers) and keeper.c (the thread that keeps links). */
#ifndef DIRECTORY_LOOKUP_PRIVATE_H
#define DIRECTORY_LOOKUP_PRIVATE_H

#include <stdatomic.h>

#include "directory/link.h"
#include "directory/lookup.h"
#include "directory/threads.h"

enum { LOOKUP_LINKS = 2, LOOKUP_LINKS_MAX = 8 };

struct lookup {
	struct lookup_tools tools;
	pthread_t keeper;
	pthread_mutex_t mutex;
	pthread_cond_t changed;               /* for askers: links, outage, room */
	pthread_cond_t work;                  /* for the keeper */
	struct link *links[LOOKUP_LINKS_MAX]; /* usable or ending; their `ended` empties the slot */
	unsigned readers;                     /* whose last word is not yet said */
	unsigned in_flight;
	bool outage;      /* no server could be reached at the last round */
	bool wake;        /* something ended: the keeper must look */
	atomic_bool stop; /* read without the mutex by what ends while closing */
	bool has_facts;
	struct facts facts;
	int64_t probe; /* when to look for a preferred server again */
};

void *keeper_run(void *lookup);

#endif
