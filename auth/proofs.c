/* SPDX-License-Identifier: ISC */
#include "auth/proofs.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/wire.h"
#include "directory/threads.h"
#include "io/tls.h"

enum {
	PROOFS_MAX = 50000,
	PROOF_INPUT_SIZE = 4096,
	FAMILIAR_MASK = 0xffff,
	FAMILIAR_MS = 24 * 60 * 60 * 1000,
};

struct right {
	unsigned char mac[MAC_SIZE];
};

/* A password that the directory is being asked about. */
struct asked {
	struct asked *next;
	unsigned char mac[MAC_SIZE];
};

struct familiar {
	uint16_t bits;
};

struct proofs {
	pthread_mutex_t mutex;
	struct table *right;    /* by account: struct right */
	struct table *familiar; /* by account: struct familiar */
	struct table *wrong;    /* by hash; a flood of them leaves the right ones alone */
	struct asked *asked;
	pthread_cond_t answered;
	unsigned char key[MAC_SIZE], familiar_key[MAC_SIZE];
};

static void release_right(void *right)
{
	memory_wipe(right, sizeof(struct right));
	free(right);
}

struct proofs *proofs_new(void)
{
	struct proofs *proofs = memory_new(sizeof(*proofs));

	pthread_mutex_init(&proofs->mutex, NULL);
	thread_cond_init(&proofs->answered);
	proofs->right = table_new(PROOFS_MAX, release_right);
	proofs->familiar = table_new(PROOFS_MAX, free);
	proofs->wrong = table_new(PROOFS_MAX, free);
	random_bytes(proofs->key, sizeof(proofs->key));
	random_bytes(proofs->familiar_key, sizeof(proofs->familiar_key));
	return proofs;
}

void proofs_free(struct proofs *proofs)
{
	if (!proofs)
		return;
	table_free(proofs->right);
	table_free(proofs->familiar);
	table_free(proofs->wrong);
	memory_wipe(proofs->key, sizeof(proofs->key));
	memory_wipe(proofs->familiar_key, sizeof(proofs->familiar_key));
	pthread_cond_destroy(&proofs->answered);
	pthread_mutex_destroy(&proofs->mutex);
	free(proofs);
}

/* False when it is too long to be worth remembering. */
static bool hash(const unsigned char key[MAC_SIZE], const struct proof_of *of,
		 unsigned char to[MAC_SIZE])
{
	char memory[PROOF_INPUT_SIZE];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof(memory));
	wire_put_text(&writer, of->account);
	wire_put_u64(&writer, (uint64_t)of->password_set);
	wire_put_span(&writer, of->password);
	if (!writer.failed)
		mac_sha256(span_make(key, MAC_SIZE), span_make(memory, writer.used), to);
	memory_wipe(memory, sizeof(memory));
	return !writer.failed;
}

/* Under a key of its own: the bits say nothing about the other hash. */
static bool familiar_bits(const struct proofs *proofs, const struct proof_of *of, uint16_t *bits)
{
	unsigned char mac[MAC_SIZE] = { 0 };
	bool hashed = hash(proofs->familiar_key, of, mac);

	*bits = (uint16_t)((mac[0] << 8 | mac[1]) & FAMILIAR_MASK);
	memory_wipe(mac, sizeof(mac));
	return hashed;
}

/* Under the mutex. */
static enum proof find(struct proofs *proofs, const char *account,
		       const unsigned char mac[MAC_SIZE])
{
	int64_t now = clock_ms();
	const struct right *right = table_find(proofs->right, span_text(account), now);

	if (right && memory_equal(right->mac, mac, MAC_SIZE))
		return PROOF_RIGHT;
	return table_find(proofs->wrong, span_make(mac, MAC_SIZE), now) ? PROOF_WRONG
									: PROOF_UNKNOWN;
}

enum proof proofs_find(struct proofs *proofs, const struct proof_of *of)
{
	unsigned char mac[MAC_SIZE] = { 0 };
	enum proof proof;

	if (!hash(proofs->key, of, mac))
		return PROOF_UNKNOWN;
	pthread_mutex_lock(&proofs->mutex);
	proof = find(proofs, of->account, mac);
	pthread_mutex_unlock(&proofs->mutex);
	memory_wipe(mac, sizeof(mac));
	return proof;
}

/* The place that points to it, or the end. */
static struct asked **asked_place(struct proofs *proofs, const unsigned char mac[MAC_SIZE])
{
	struct asked **place = &proofs->asked;

	while (*place && !memory_equal((*place)->mac, mac, MAC_SIZE))
		place = &(*place)->next;
	return place;
}

/* Under the mutex. */
static bool is_familiar(struct proofs *proofs, const char *account, uint16_t bits)
{
	const struct familiar *familiar =
		table_find(proofs->familiar, span_text(account), clock_ms());

	return familiar && familiar->bits == bits;
}

enum proof proofs_enter(struct proofs *proofs, const struct proof_of *of, int64_t deadline)
{
	struct asked *asked = memory_new(sizeof(*asked));
	uint16_t bits;
	bool hashed = familiar_bits(proofs, of, &bits);
	enum proof proof;

	(void)hash(proofs->key, of, asked->mac);
	pthread_mutex_lock(&proofs->mutex);
	/* Whom the first answer shows to be the owner waits no longer either. */
	while ((proof = find(proofs, of->account, asked->mac)) == PROOF_UNKNOWN &&
	       *asked_place(proofs, asked->mac) &&
	       !(hashed && is_familiar(proofs, of->account, bits)))
		if (!thread_wait(&proofs->answered, &proofs->mutex, deadline))
			break;
	if (proof == PROOF_UNKNOWN) {
		asked->next = proofs->asked;
		proofs->asked = asked;
	}
	pthread_mutex_unlock(&proofs->mutex);
	if (proof != PROOF_UNKNOWN) {
		memory_wipe(asked, sizeof(*asked));
		free(asked);
	}
	return proof;
}

void proofs_leave(struct proofs *proofs, const struct proof_of *of)
{
	unsigned char mac[MAC_SIZE] = { 0 };
	struct asked **place, *asked;

	(void)hash(proofs->key, of, mac);
	pthread_mutex_lock(&proofs->mutex);
	place = asked_place(proofs, mac);
	asked = *place;
	if (asked)
		*place = asked->next;
	pthread_cond_broadcast(&proofs->answered);
	pthread_mutex_unlock(&proofs->mutex);
	memory_wipe(mac, sizeof(mac));
	if (asked)
		memory_wipe(asked, sizeof(*asked));
	free(asked);
}

void proofs_right(struct proofs *proofs, const struct proof_of *of, unsigned seconds)
{
	struct right *right = memory_new(sizeof(*right));
	struct familiar *familiar = memory_new(sizeof(*familiar));
	int64_t now = clock_ms();

	if (!hash(proofs->key, of, right->mac) || !familiar_bits(proofs, of, &familiar->bits)) {
		release_right(right);
		free(familiar);
		return;
	}
	pthread_mutex_lock(&proofs->mutex);
	table_drop(proofs->wrong, span_make(right->mac, sizeof(right->mac)));
	table_put(proofs->familiar, span_text(of->account), familiar, now + FAMILIAR_MS);
	if (seconds > 0)
		table_put(proofs->right, span_text(of->account), right,
			  now + (int64_t)seconds * 1000);
	else
		release_right(right);
	pthread_mutex_unlock(&proofs->mutex);
}

void proofs_wrong(struct proofs *proofs, const struct proof_of *of, unsigned seconds)
{
	unsigned char mac[MAC_SIZE] = { 0 };
	const struct right *right;
	int64_t now = clock_ms();

	if (!hash(proofs->key, of, mac))
		return;
	pthread_mutex_lock(&proofs->mutex);
	right = table_find(proofs->right, span_text(of->account), now);
	if (right && memory_equal(right->mac, mac, sizeof(mac)))
		table_drop(proofs->right, span_text(of->account));
	if (seconds > 0)
		table_put(proofs->wrong, span_make(mac, sizeof(mac)), memory_new(1),
			  now + (int64_t)seconds * 1000);
	pthread_mutex_unlock(&proofs->mutex);
	memory_wipe(mac, sizeof(mac));
}

bool proofs_is_familiar(struct proofs *proofs, const struct proof_of *of)
{
	uint16_t bits;
	bool same;

	if (!familiar_bits(proofs, of, &bits))
		return false;
	pthread_mutex_lock(&proofs->mutex);
	same = is_familiar(proofs, of->account, bits);
	pthread_mutex_unlock(&proofs->mutex);
	return same;
}

void proofs_forget(struct proofs *proofs, const char *account)
{
	pthread_mutex_lock(&proofs->mutex);
	table_drop(proofs->right, span_text(account));
	pthread_mutex_unlock(&proofs->mutex);
}
