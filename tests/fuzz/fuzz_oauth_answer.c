/* SPDX-License-Identifier: ISC */
/* Any bytes as the answer of a token endpoint: a token that can be shown, or words about it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oauth_answer answer;
	char why[300] = "";

	if (oauth_answer_parse((const char *)data, size, &answer, why, sizeof why)) {
		assert(answer.token[0] && !strpbrk(answer.token, "\001\r\n"));
		assert(answer.lives >= 1);
	} else {
		assert(!answer.token && !answer.refresh && why[0] && strlen(why) < sizeof why);
		for (const char *at = why; *at; at++)
			assert(*at >= ' ' && *at <= '~');
	}
	free(answer.token);
	free(answer.refresh);
	return 0;
}
