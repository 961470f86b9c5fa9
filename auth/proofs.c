/* SPDX-License-Identifier: ISC */
#include "auth/proofs.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/wire.h"
#include "io/tls.h"

enum { PROOFS_MAX = 50000, PROOF_INPUT_SIZE = 4096 };

struct proofs {
	pthread_mutex_t mutex;
	struct table *right,
		*wrong; /* by hash; a flood of wrong ones leaves the right ones alone */
	unsigned char key[MAC_SIZE];
};

struct proofs *proofs_new(void)
{
	struct proofs *proofs = memory_new(sizeof(*proofs));

	pthread_mutex_init(&proofs->mutex, NULL);
	proofs->right = table_new(PROOFS_MAX, free);
	proofs->wrong = table_new(PROOFS_MAX, free);
	random_bytes(proofs->key, sizeof(proofs->key));
	return proofs;
}

void proofs_free(struct proofs *proofs)
{
	if (!proofs)
		return;
	table_free(proofs->right);
	table_free(proofs->wrong);
	memory_wipe(proofs->key, sizeof(proofs->key));
	pthread_mutex_destroy(&proofs->mutex);
	free(proofs);
}

/* False when it is too long to be worth remembering. */
static bool hash(const struct proofs *proofs, const struct proof_of *of, unsigned char to[MAC_SIZE])
{
	char memory[PROOF_INPUT_SIZE];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof(memory));
	wire_put_text(&writer, of->account);
	wire_put_u64(&writer, (uint64_t)of->password_set);
	wire_put_span(&writer, of->password);
	if (!writer.failed)
		mac_sha256(span_make(proofs->key, sizeof(proofs->key)),
			   span_make(memory, writer.used), to);
	memory_wipe(memory, sizeof(memory));
	return !writer.failed;
}

enum proof proofs_find(struct proofs *proofs, const struct proof_of *of)
{
	unsigned char mac[MAC_SIZE] = { 0 };
	struct span key = span_make(mac, sizeof(mac));
	enum proof proof = PROOF_UNKNOWN;
	int64_t now = clock_ms();

	if (!hash(proofs, of, mac))
		return PROOF_UNKNOWN;
	pthread_mutex_lock(&proofs->mutex);
	if (table_find(proofs->right, key, now))
		proof = PROOF_RIGHT;
	else if (table_find(proofs->wrong, key, now))
		proof = PROOF_WRONG;
	pthread_mutex_unlock(&proofs->mutex);
	return proof;
}

void proofs_keep(struct proofs *proofs, const struct proof_of *of, enum proof proof,
		 unsigned seconds)
{
	unsigned char mac[MAC_SIZE] = { 0 };
	struct span key = span_make(mac, sizeof(mac));
	int64_t dies = clock_ms() + (int64_t)seconds * 1000;

	if (proof == PROOF_UNKNOWN || !hash(proofs, of, mac))
		return;
	pthread_mutex_lock(&proofs->mutex);
	table_drop(proofs->right, key);
	table_drop(proofs->wrong, key);
	if (seconds > 0)
		table_put(proof == PROOF_RIGHT ? proofs->right : proofs->wrong, key, memory_new(1),
			  dies);
	pthread_mutex_unlock(&proofs->mutex);
}
