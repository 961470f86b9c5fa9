/* SPDX-License-Identifier: ISC */
/* One pickup directory: which of its files are whole. */
#ifndef STORE_ROLE_PICKUP_PLACE_H
#define STORE_ROLE_PICKUP_PLACE_H

#include "base/table.h"
#include "store_role/pickup_scan.h"

#define PICKUP_READY_MAX 256

struct stat;

struct pickup_place {
	char server[QUEUE_SERVER_SIZE];
	char *path;
	int directory, claimed;        /* -1: not open; tried again */
	int notices;                   /* inotify; -1: the kernel tells nothing */
	int64_t looked;                /* clock_ms; 0 = never */
	bool stirred;                  /* something may have changed since */
	size_t resting;                /* files that are not whole yet */
	struct table *seen;            /* name -> struct seen */
	char *ready[PICKUP_READY_MAX]; /* names of files that are whole */
	size_t ready_count;
	struct pickup_place *next;
};

struct pickup_place *pickup_place_new(const char *server, const char *path);
void pickup_place_free(struct pickup_place *place);
/* Opens what is not open. False: it cannot be used now; the log says why, once an hour. */
bool pickup_place_open(struct pickup_place *place, int64_t now);
/* The next whole file's name, for free(); NULL: none now. */
char *pickup_place_next(struct pickup_place *place, int64_t now);
/* Moves it into .postern, as `file`. False: it has gone, or is left alone, as the log says. */
bool pickup_place_take(struct pickup_place *place, const char *name, const char *file);
/* One in .postern, for reading; -1: it has gone, or is nothing that may be read. */
int pickup_place_open_claimed(const struct pickup_place *place, const char *file,
			      struct stat *status);

#endif
