/* SPDX-License-Identifier: ISC */
#include "store_role/pickup_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "store_role/pickup_place.h"

struct claim {
	uint64_t handle;
	struct pickup_place *place;
	char *file;         /* its name in .postern: something of ours, ".", its writer's name */
	const void *owner;  /* NULL: nobody has it */
	int64_t not_before; /* clock_ms */
	struct claim *next;
};

struct pickup_scan {
	pthread_mutex_t mutex;
	struct pickup_place *places;
	struct claim *claims;
	size_t out; /* of them with an owner */
	uint64_t handles;
};

struct pickup_scan *pickup_scan_new(void)
{
	struct pickup_scan *scan = memory_new(sizeof *scan);

	pthread_mutex_init(&scan->mutex, NULL);
	/* Names in .postern outlive us: no start may use those of another. */
	scan->handles = (uint64_t)clock_unix() << 20;
	return scan;
}

static void claim_free(struct claim *claim)
{
	free(claim->file);
	free(claim);
}

void pickup_scan_free(struct pickup_scan *scan)
{
	if (scan == NULL)
		return;
	while (scan->claims != NULL) {
		struct claim *claim = scan->claims;

		scan->claims = claim->next;
		claim_free(claim);
	}
	while (scan->places != NULL) {
		struct pickup_place *place = scan->places;

		scan->places = place->next;
		pickup_place_free(place);
	}
	pthread_mutex_destroy(&scan->mutex);
	free(scan);
}

static struct claim *claim_add(struct pickup_scan *scan, struct pickup_place *place,
			       const char *file)
{
	struct claim *claim = memory_new(sizeof *claim);

	claim->handle = ++scan->handles;
	claim->place = place;
	claim->file = memory_text(file);
	claim->next = scan->claims;
	scan->claims = claim;
	return claim;
}

static void claim_end(struct pickup_scan *scan, struct claim *claim)
{
	struct claim **at = &scan->claims;

	while (*at != claim)
		at = &(*at)->next;
	*at = claim->next;
	scan->out -= claim->owner != NULL;
	claim_free(claim);
}

/* ---- places ---- */

/* Its directory was away for a moment, or its server has another name now: it is known still. */
static bool is_claimed(const struct pickup_scan *scan, const struct pickup_place *place,
		       const char *file)
{
	const struct claim *claim = scan->claims;

	while (claim != NULL && (strcmp(claim->file, file) != 0 ||
				 strcmp(claim->place->path, place->path) != 0))
		claim = claim->next;
	return claim != NULL;
}

/* What was claimed before a crash. */
static void recover(struct pickup_scan *scan, struct pickup_place *place)
{
	int fd = openat(place->claimed, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (directory == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] != '.' && !is_claimed(scan, place, entry->d_name))
			(void)claim_add(scan, place, entry->d_name);
	}
	closedir(directory);
}

static struct pickup_place *place_of(struct pickup_scan *scan, const struct conf_smtp *smtp,
				     int64_t now)
{
	struct pickup_place *place = scan->places;
	bool was_open;

	while (place != NULL && (strcmp(place->server, smtp->name) != 0 ||
				 strcmp(place->path, smtp->outbound.pickup) != 0))
		place = place->next;
	if (place == NULL) {
		place = pickup_place_new(smtp->name, smtp->outbound.pickup);
		place->next = scan->places;
		scan->places = place;
	}
	was_open = place->claimed >= 0;
	if (!pickup_place_open(place, now))
		return NULL;
	if (!was_open)
		recover(scan, place);
	return place;
}

/* ---- claiming ---- */

static bool hand_out(struct claim *claim, struct pickup_claim *to)
{
	const char *name = strchr(claim->file, '.');
	struct stat status;

	to->fd = pickup_place_open_claimed(claim->place, claim->file, &status);
	if (to->fd < 0)
		return false;
	to->handle = claim->handle;
	to->size = (uint64_t)status.st_size;
	memcpy(to->server, claim->place->server, sizeof to->server);
	snprintf(to->name, sizeof to->name, "%s", name != NULL ? name + 1 : claim->file);
	return true;
}

static struct claim *take(struct pickup_scan *scan, struct pickup_place *place, const char *name)
{
	char file[NAME_MAX + 1];

	snprintf(file, sizeof file, "%llx.%.200s", (unsigned long long)(scan->handles + 1), name);
	return pickup_place_take(place, name, file) ? claim_add(scan, place, file) : NULL;
}

static struct claim *take_next(struct pickup_scan *scan, struct pickup_place *place, int64_t now)
{
	struct claim *claim = NULL;
	char *name;

	while (claim == NULL && (name = pickup_place_next(place, now)) != NULL) {
		claim = take(scan, place, name);
		free(name);
	}
	return claim;
}

/* One that was given back, or was claimed before a crash. */
static struct claim *take_waiting(struct pickup_scan *scan, struct pickup_place *place,
				  int64_t now)
{
	for (struct claim *claim = scan->claims; claim != NULL; claim = claim->next) {
		if (claim->owner == NULL && claim->not_before <= now &&
		    strcmp(claim->place->path, place->path) == 0) {
			claim->place = place; /* its server may have another name by now */
			return claim;
		}
	}
	return NULL;
}

static bool give(struct pickup_scan *scan, struct claim *claim, const void *owner, int64_t now,
		 struct pickup_claim *to)
{
	if (hand_out(claim, to)) {
		claim->owner = owner;
		scan->out++;
		return true;
	}
	log_error("pickup.lost", LOG_TEXT("directory", claim->place->path),
		  LOG_TEXT("file", claim->file), LOG_TEXT("why", strerror(errno)));
	if (errno == ENOENT)
		claim_end(scan, claim);
	else
		claim->not_before = now + PICKUP_AGAIN_MS;
	return false;
}

static bool claim_of(struct pickup_scan *scan, const struct conf_smtp *smtp, const void *owner,
		     int64_t now, struct pickup_claim *to)
{
	struct pickup_place *place =
		smtp->outbound.pickup[0] != '\0' ? place_of(scan, smtp, now) : NULL;
	struct claim *claim;

	if (place == NULL)
		return false;
	claim = take_waiting(scan, place, now);
	if (claim == NULL)
		claim = take_next(scan, place, now);
	return claim != NULL && give(scan, claim, owner, now, to);
}

bool pickup_scan_claim(struct pickup_scan *scan, const struct conf *conf, const void *owner,
		       int64_t now, struct pickup_claim *to)
{
	bool found = false;

	pthread_mutex_lock(&scan->mutex);
	/* Each server in turn, so that a full directory does not hold up the others. */
	for (size_t i = 0; !found && scan->out < PICKUP_OUT_MAX && i < conf->smtps_count; i++)
		found = claim_of(scan, &conf->smtps[(scan->handles + i) % conf->smtps_count], owner,
				 now, to);
	pthread_mutex_unlock(&scan->mutex);
	return found;
}

/* ---- what came of it ---- */

static struct claim *find(struct pickup_scan *scan, uint64_t handle, const void *owner)
{
	struct claim *claim = scan->claims;

	while (claim != NULL && (claim->handle != handle || claim->owner != owner))
		claim = claim->next;
	return claim;
}

bool pickup_scan_find(struct pickup_scan *scan, uint64_t handle, const void *owner,
		      struct pickup_claim *to)
{
	struct claim *claim;
	bool found;

	pthread_mutex_lock(&scan->mutex);
	claim = find(scan, handle, owner);
	found = claim != NULL && hand_out(claim, to);
	pthread_mutex_unlock(&scan->mutex);
	return found;
}

static void give_back(struct pickup_scan *scan, struct claim *claim, int64_t not_before)
{
	claim->owner = NULL;
	claim->not_before = not_before;
	scan->out--;
}

bool pickup_scan_remove(struct pickup_scan *scan, uint64_t handle, const void *owner)
{
	struct claim *claim;
	bool good = false;

	pthread_mutex_lock(&scan->mutex);
	errno = ENOENT;
	claim = find(scan, handle, owner);
	if (claim != NULL) {
		good = (unlinkat(claim->place->claimed, claim->file, 0) == 0 || errno == ENOENT) &&
		       fsync(claim->place->claimed) == 0;
		if (good)
			claim_end(scan, claim);
		else
			give_back(scan, claim, INT64_MAX);
	}
	pthread_mutex_unlock(&scan->mutex);
	return good;
}

void pickup_scan_again(struct pickup_scan *scan, uint64_t handle, const void *owner, int64_t now)
{
	struct claim *claim;

	pthread_mutex_lock(&scan->mutex);
	claim = find(scan, handle, owner);
	if (claim != NULL)
		give_back(scan, claim, now + PICKUP_AGAIN_MS);
	pthread_mutex_unlock(&scan->mutex);
}

void pickup_scan_owner_gone(struct pickup_scan *scan, const void *owner)
{
	pthread_mutex_lock(&scan->mutex);
	for (struct claim *claim = scan->claims; claim != NULL; claim = claim->next) {
		if (claim->owner == owner)
			give_back(scan, claim, 0);
	}
	pthread_mutex_unlock(&scan->mutex);
}
