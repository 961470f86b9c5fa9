/* SPDX-License-Identifier: ISC */
#include "auth/throttle.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/table.h"
#include "io/tls.h"

enum {
	FAILURE = 1000, /* what a bucket counts in */
	AGAIN = 50,     /* the same name once more */
	EPOCH_MS = 10 * 60 * 1000,
	KEY_SIZE = 32,
	ADDRESS_SIZE = 64,
};

struct bucket {
	int64_t level;             /* thousandths of a failure */
	int64_t seen, epoch, next; /* last change; names noted since; when the next answer may go */
	uint64_t failed, came_in;  /* names of this epoch, a bit each */
};

struct throttle {
	pthread_mutex_t mutex;
	struct table *buckets; /* by address */
	unsigned char key[KEY_SIZE];
};

struct throttle *throttle_new(void)
{
	struct throttle *throttle = memory_new(sizeof(*throttle));

	pthread_mutex_init(&throttle->mutex, NULL);
	throttle->buckets = table_new(THROTTLE_ADDRESSES_MAX, free);
	random_bytes(throttle->key, sizeof(throttle->key));
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	if (!throttle)
		return;
	table_free(throttle->buckets);
	pthread_mutex_destroy(&throttle->mutex);
	free(throttle);
}

/* The first half of an IPv6 address is a household's; an IPv4 address in IPv6 form is itself. */
static struct span address_key(const char *client, char room[ADDRESS_SIZE])
{
	struct in6_addr six;

	if (inet_pton(AF_INET6, client, &six) == 1) {
		bool mapped = IN6_IS_ADDR_V4MAPPED(&six);

		memcpy(room, six.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 8);
		return span_make(room, mapped ? 4 : 8);
	}
	if (inet_pton(AF_INET, client, room) == 1)
		return span_make(room, 4);
	return span_text(client);
}

/* One of 64 bits, under a key: nobody can choose names that share one. */
static uint64_t name_bit(const struct throttle *throttle, const char *name)
{
	unsigned char hash[MAC_SIZE];

	mac_sha256(span_make(throttle->key, sizeof(throttle->key)), span_text(name), hash);
	return UINT64_C(1) << hash[0] % 64;
}

static int64_t gap(const struct bucket *bucket)
{
	int64_t above = bucket->level / FAILURE - THROTTLE_FREE;
	int64_t distance = above * THROTTLE_STEP_MS;

	if (above <= 0)
		return 0;
	return distance < THROTTLE_GAP_MS ? distance : THROTTLE_GAP_MS;
}

/* How long the last answer of a failure is still to be held. */
static int64_t waits(const struct bucket *bucket, int64_t now)
{
	return bucket->next > now ? bucket->next - now : 0;
}

static void leak(struct bucket *bucket, int64_t now)
{
	int64_t gone = (now - bucket->seen) * FAILURE / THROTTLE_LEAK_MS;

	bucket->level = bucket->level > gone ? bucket->level - gone : 0;
	if (gone > 0 || bucket->level == 0)
		bucket->seen = now;
	if (now - bucket->epoch >= EPOCH_MS) {
		bucket->epoch = now;
		bucket->failed = bucket->came_in = 0;
	}
}

/* The bucket as it is now; under the mutex. NULL: there is none. */
static struct bucket *find(struct throttle *throttle, const char *client, int64_t now)
{
	char room[ADDRESS_SIZE];
	struct bucket *bucket = table_find(throttle->buckets, address_key(client, room), now);

	if (bucket)
		leak(bucket, now);
	return bucket;
}

/* Dead when it would be empty and everything noted in it is out of date. */
static void keep(struct throttle *throttle, const char *client, const struct bucket *bucket,
		 int64_t now)
{
	struct bucket *copy = memory_new(sizeof(*copy));
	int64_t empty = now + bucket->level * THROTTLE_LEAK_MS / FAILURE + EPOCH_MS;
	char room[ADDRESS_SIZE];

	*copy = *bucket;
	table_put(throttle->buckets, address_key(client, room), copy, empty);
}

int64_t throttle_failed(struct throttle *throttle, const char *client, const char *name,
			int64_t now)
{
	uint64_t bit = name_bit(throttle, name);
	struct bucket bucket = { .seen = now, .epoch = now };
	const struct bucket *found;
	int64_t wait, distance;

	pthread_mutex_lock(&throttle->mutex);
	found = find(throttle, client, now);
	if (found)
		bucket = *found;
	bucket.level += bucket.failed & bit ? AGAIN : FAILURE;
	if (bucket.level > THROTTLE_LEVEL_MAX * FAILURE)
		bucket.level = THROTTLE_LEVEL_MAX * FAILURE;
	bucket.failed |= bit;
	distance = gap(&bucket);
	wait = distance > 0 ? waits(&bucket, now) + distance : 0;
	if (wait > THROTTLE_WAIT_MS)
		wait = THROTTLE_WAIT_MS;
	bucket.next = now + wait;
	keep(throttle, client, &bucket, now);
	pthread_mutex_unlock(&throttle->mutex);
	return wait;
}

void throttle_succeeded(struct throttle *throttle, const char *client, const char *name,
			int64_t now)
{
	uint64_t bit = name_bit(throttle, name);
	struct bucket *bucket;

	pthread_mutex_lock(&throttle->mutex);
	bucket = find(throttle, client, now);
	if (bucket && !(bucket->came_in & bit)) {
		bucket->came_in |= bit;
		bucket->level = bucket->level > FAILURE ? bucket->level - FAILURE : 0;
	}
	pthread_mutex_unlock(&throttle->mutex);
}

bool throttle_is_full(struct throttle *throttle, const char *client, int64_t now)
{
	return throttle_look(throttle, client, now).wait > THROTTLE_WAIT_MS;
}

struct throttle_state throttle_look(struct throttle *throttle, const char *client, int64_t now)
{
	struct throttle_state state = { 0 };
	const struct bucket *bucket;

	pthread_mutex_lock(&throttle->mutex);
	bucket = find(throttle, client, now);
	if (bucket) {
		state.failures = (unsigned)(bucket->level / FAILURE);
		if (gap(bucket) > 0)
			state.wait = waits(bucket, now) + gap(bucket);
	}
	pthread_mutex_unlock(&throttle->mutex);
	return state;
}
