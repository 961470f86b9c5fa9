/* SPDX-License-Identifier: ISC */
#include "auth/proofs.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct proof_of right = { "id1", 5, { "secret", 6 } };
static const struct proof_of other_password = { "id1", 5, { "secret2", 7 } };
static const struct proof_of other_account = { "id2", 5, { "secret", 6 } };
static const struct proof_of changed = { "id1", 6, { "secret", 6 } };

static void remembers(void **state)
{
	struct proofs *proofs = proofs_new();

	(void)state;
	assert_int_equal(proofs_find(proofs, &right), PROOF_UNKNOWN);
	proofs_right(proofs, &right, 60);
	assert_int_equal(proofs_find(proofs, &right), PROOF_RIGHT);
	assert_int_equal(proofs_find(proofs, &other_password), PROOF_UNKNOWN);
	assert_int_equal(proofs_find(proofs, &other_account), PROOF_UNKNOWN);
	assert_int_equal(proofs_find(proofs, &changed), PROOF_UNKNOWN);
	proofs_wrong(proofs, &other_password, 30);
	assert_int_equal(proofs_find(proofs, &other_password), PROOF_WRONG);
	assert_int_equal(proofs_find(proofs, &right), PROOF_RIGHT);
	proofs_wrong(proofs, &right, 30);
	assert_int_equal(proofs_find(proofs, &right), PROOF_WRONG);
	proofs_right(proofs, &right, 60);
	assert_int_equal(proofs_find(proofs, &right), PROOF_RIGHT);
	proofs_free(proofs);
}

static void one_right_one_an_account(void **state)
{
	struct proofs *proofs = proofs_new();

	(void)state;
	proofs_right(proofs, &right, 60);
	proofs_right(proofs, &changed, 60);
	assert_int_equal(proofs_find(proofs, &right), PROOF_UNKNOWN);
	proofs_forget(proofs, "id1");
	assert_int_equal(proofs_find(proofs, &changed), PROOF_UNKNOWN);
	proofs_free(proofs);
}

static void zero_seconds_forgets(void **state)
{
	struct proofs *proofs = proofs_new();

	(void)state;
	proofs_wrong(proofs, &right, 30);
	proofs_right(proofs, &right, 0);
	assert_int_equal(proofs_find(proofs, &right), PROOF_UNKNOWN);
	proofs_wrong(proofs, &right, 0);
	assert_int_equal(proofs_find(proofs, &right), PROOF_UNKNOWN);
	proofs_free(proofs);
}

/* Of some thousands of wrong passwords a few look like the right one, and no more than a few. */
static void tells_the_owner_from_most(void **state)
{
	struct proofs *proofs = proofs_new();
	unsigned alike = 0;

	(void)state;
	assert_false(proofs_is_familiar(proofs, &right));
	proofs_right(proofs, &right, 0);
	assert_true(proofs_is_familiar(proofs, &right));
	assert_false(proofs_is_familiar(proofs, &other_account));
	for (unsigned i = 0; i < 20000; i++) {
		char text[32];
		struct proof_of guess = { "id1", 5, { text, 0 } };

		guess.password.length = (size_t)snprintf(text, sizeof(text), "guess-%u", i);
		alike += proofs_is_familiar(proofs, &guess);
	}
	/* 4.9 are to be expected. */
	assert_true(alike < 40);
	proofs_free(proofs);
}

struct asker {
	struct proofs *proofs;
	enum proof proof;
};

static void *ask_too(void *context)
{
	struct asker *asker = context;

	asker->proof = proofs_enter(asker->proofs, &right, clock_ms() + 20000);
	if (asker->proof == PROOF_UNKNOWN)
		proofs_leave(asker->proofs, &right);
	return NULL;
}

/* Two programs with the same wrong password at once: the second waits for the first one's answer. */
static void asks_once_at_a_time(void **state)
{
	struct proofs *proofs = proofs_new();
	struct asker asker = { .proofs = proofs, .proof = PROOF_RIGHT };
	pthread_t thread;

	(void)state;
	assert_int_equal(proofs_enter(proofs, &right, clock_ms()), PROOF_UNKNOWN);
	assert_int_equal(proofs_enter(proofs, &other_password, clock_ms()), PROOF_UNKNOWN);
	proofs_leave(proofs, &other_password);
	assert_int_equal(pthread_create(&thread, NULL, ask_too, &asker), 0);
	usleep(50000);
	proofs_wrong(proofs, &right, 30);
	proofs_leave(proofs, &right);
	pthread_join(thread, NULL);
	assert_int_equal(asker.proof, PROOF_WRONG);
	/* Of an owner's devices none waits for the other. */
	proofs_right(proofs, &right, 0);
	assert_int_equal(proofs_enter(proofs, &right, clock_ms() + 20000), PROOF_UNKNOWN);
	assert_int_equal(proofs_enter(proofs, &right, clock_ms() + 20000), PROOF_UNKNOWN);
	proofs_leave(proofs, &right);
	proofs_leave(proofs, &right);
	proofs_free(proofs);
}

struct crowd {
	struct proofs *proofs;
	pthread_barrier_t both;
};

static void *ask_in_crowd(void *context)
{
	struct crowd *crowd = context;

	assert_int_equal(proofs_enter(crowd->proofs, &right, INT64_MAX), PROOF_UNKNOWN);
	pthread_barrier_wait(&crowd->both); /* for ever, if one waited for the other's answer */
	proofs_leave(crowd->proofs, &right);
	return NULL;
}

/* Who waits for the answer that shows him to be the owner does not then wait for the next one's. */
static void lets_the_owners_devices_in_together(void **state)
{
	struct crowd crowd = { .proofs = proofs_new() };
	pthread_t threads[2];

	(void)state;
	pthread_barrier_init(&crowd.both, NULL, 2);
	assert_int_equal(proofs_enter(crowd.proofs, &right, 0), PROOF_UNKNOWN);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_in_crowd, &crowd), 0);
	usleep(50000);
	proofs_right(crowd.proofs, &right, 0);
	proofs_leave(crowd.proofs, &right);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.both);
	proofs_free(crowd.proofs);
}

static void ignores_the_oversized(void **state)
{
	struct proofs *proofs = proofs_new();
	char *long_one = calloc(1, 10000);
	struct proof_of of = { "id1", 5, span_make(long_one, 10000) };

	(void)state;
	proofs_right(proofs, &of, 30);
	assert_int_equal(proofs_find(proofs, &of), PROOF_UNKNOWN);
	assert_false(proofs_is_familiar(proofs, &of));
	proofs_wrong(proofs, &of, 30);
	assert_int_equal(proofs_find(proofs, &of), PROOF_UNKNOWN);
	proofs_free(proofs);
	free(long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(one_right_one_an_account),
		cmocka_unit_test(zero_seconds_forgets),
		cmocka_unit_test(tells_the_owner_from_most),
		cmocka_unit_test(asks_once_at_a_time),
		cmocka_unit_test(lets_the_owners_devices_in_together),
		cmocka_unit_test(ignores_the_oversized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
