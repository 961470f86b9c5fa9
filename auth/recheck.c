/* SPDX-License-Identifier: ISC */
/* The accounts of open sessions asked for again, each once for all its sessions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "conf/conf.h"
#include "directory/directories.h"

enum { SEEN_MS_MAX = 20000 };

_Static_assert(STANDING_BATCH_MAX <= (int)DIRECTORY_AGAIN_MAX, "one search asks for all");

/* The sessions of one directory in a batch. */
struct round {
	struct auth *auth;
	struct directory *directory;
	const struct standing *standings;
	enum standing_state *states;
	size_t count;
	struct directory_again again[STANDING_BATCH_MAX]; /* to be asked for; each identity once */
	size_t again_count;
};

static struct span seen_key(const struct standing *standing, char room[96])
{
	int length = snprintf(room, 96, "%u %.64s", (unsigned)standing->directory, standing->id);

	return span_make(room, (size_t)length);
}

static void judge(const struct standing *standing, const struct directory_again *now,
		  enum standing_state *state)
{
	const char *fault = standing_fault(standing, now);

	*state = fault ? STANDING_ENDED : STANDING_GOOD;
	if (fault)
		log_info("auth.ended", LOG_TEXT("session", standing->session),
			 LOG_TEXT("id", standing->id), LOG_TEXT("cause", fault));
}

/* True: judged by an answer that is fresh enough. */
static bool judge_seen(struct auth *auth, const struct standing *standing,
		       enum standing_state *state)
{
	struct directory_again now;
	const struct directory_again *seen;
	char room[96];

	pthread_mutex_lock(&auth->mutex);
	seen = table_find(auth->seen, seen_key(standing, room), clock_ms());
	if (seen)
		now = *seen;
	pthread_mutex_unlock(&auth->mutex);
	if (seen)
		judge(standing, &now, state);
	return seen != NULL;
}

static void want(struct round *round, const char *id)
{
	for (size_t i = 0; i < round->again_count; i++)
		if (strcmp(round->again[i].id, id) == 0)
			return;
	round->again[round->again_count++].id = id;
}

static int64_t fresh_ms(const struct round *round)
{
	int64_t positive = (int64_t)directory_conf(round->directory)->cache_positive * 1000;

	return positive < SEEN_MS_MAX ? positive : SEEN_MS_MAX;
}

static void keep(struct round *round, const struct standing *standing,
		 const struct directory_again *again)
{
	struct directory_again *copy;
	char room[96];

	if (fresh_ms(round) == 0)
		return;
	copy = memory_new(sizeof(*copy));
	*copy = *again;
	copy->id = NULL;
	pthread_mutex_lock(&round->auth->mutex);
	table_put(round->auth->seen, seen_key(standing, room), copy, clock_ms() + fresh_ms(round));
	pthread_mutex_unlock(&round->auth->mutex);
}

/* The sessions that nothing fresh was known of. */
static void judge_asked(struct round *round, uint32_t directory)
{
	for (size_t i = 0; i < round->count; i++) {
		const struct standing *standing = &round->standings[i];

		if (standing->directory != directory || round->states[i] != STANDING_UNKNOWN)
			continue;
		for (size_t j = 0; j < round->again_count; j++) {
			if (strcmp(round->again[j].id, standing->id) != 0)
				continue;
			keep(round, standing, &round->again[j]);
			judge(standing, &round->again[j], &round->states[i]);
		}
	}
}

static void recheck_directory(struct round *round, uint32_t directory)
{
	const struct conf *conf = round->auth->conf;

	round->directory =
		directories_find(round->auth->directories, &conf->directories[directory]);
	round->again_count = 0;
	for (size_t i = 0; i < round->count; i++) {
		const struct standing *standing = &round->standings[i];

		if (standing->directory == directory &&
		    !judge_seen(round->auth, standing, &round->states[i]))
			want(round, standing->id);
	}
	if (round->again_count > 0 &&
	    directory_read_again(round->directory, clock_ms() + round->auth->patience, round->again,
				 round->again_count))
		judge_asked(round, directory);
}

void auth_recheck(struct auth *auth, const struct standing *standings, size_t count,
		  enum standing_state *states)
{
	struct round round = {
		.auth = auth, .standings = standings, .states = states, .count = count
	};

	for (size_t i = 0; i < count; i++)
		states[i] = STANDING_UNKNOWN;
	for (uint32_t i = 0; i < auth->conf->directories_count; i++)
		recheck_directory(&round, i);
}
