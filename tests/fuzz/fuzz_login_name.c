/* SPDX-License-Identifier: ISC */
/* Any bytes as a user name: refused, or two parts that fit and forms without control characters. */
#include "auth/login_name.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct login_place place = { "corp.example", "corp.example", false };
	struct login_try tries[LOGIN_TRIES_MAX];
	struct login_name name;
	const char *why;

	if (!login_name_parse(span_make(data, size), &name, &why)) {
		assert(why);
		return 0;
	}
	assert(name.user[0] && strlen(name.user) + strlen(name.domain) <= size);
	size_t count = login_name_tries(&name, &place, tries);

	assert(count >= 1 && count <= LOGIN_TRIES_MAX);
	for (size_t i = 0; i < count; i++)
		assert(tries[i].login[0] && strcmp(tries[i].user, name.user) == 0);
	return 0;
}
