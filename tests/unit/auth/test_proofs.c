/* SPDX-License-Identifier: ISC */
#include "auth/proofs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void remembers(void **state)
{
	struct proofs *proofs = proofs_new();
	struct proof_of right = { "id1", 5, span_text("secret") };
	struct proof_of other_password = { "id1", 5, span_text("secret2") };
	struct proof_of other_account = { "id2", 5, span_text("secret") };
	struct proof_of changed = { "id1", 6, span_text("secret") };

	(void)state;
	assert_int_equal(proofs_find(proofs, &right), PROOF_UNKNOWN);
	proofs_keep(proofs, &right, PROOF_RIGHT, 60);
	assert_int_equal(proofs_find(proofs, &right), PROOF_RIGHT);
	assert_int_equal(proofs_find(proofs, &other_password), PROOF_UNKNOWN);
	assert_int_equal(proofs_find(proofs, &other_account), PROOF_UNKNOWN);
	assert_int_equal(proofs_find(proofs, &changed), PROOF_UNKNOWN);
	proofs_keep(proofs, &right, PROOF_WRONG, 30);
	assert_int_equal(proofs_find(proofs, &right), PROOF_WRONG);
	proofs_free(proofs);
}

static void zero_seconds_forgets(void **state)
{
	struct proofs *proofs = proofs_new();
	struct proof_of of = { "id1", 5, span_text("secret") };

	(void)state;
	proofs_keep(proofs, &of, PROOF_WRONG, 30);
	proofs_keep(proofs, &of, PROOF_RIGHT, 0);
	assert_int_equal(proofs_find(proofs, &of), PROOF_UNKNOWN);
	proofs_free(proofs);
}

static void ignores_the_oversized(void **state)
{
	struct proofs *proofs = proofs_new();
	char *long_one = calloc(1, 10000);
	struct proof_of of = { "id1", 5, span_make(long_one, 10000) };

	(void)state;
	proofs_keep(proofs, &of, PROOF_RIGHT, 30);
	assert_int_equal(proofs_find(proofs, &of), PROOF_UNKNOWN);
	proofs_free(proofs);
	free(long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers),
		cmocka_unit_test(zero_seconds_forgets),
		cmocka_unit_test(ignores_the_oversized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
