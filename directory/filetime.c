/* SPDX-License-Identifier: ISC */
#include "directory/filetime.h"

#define SECONDS_1601_TO_1970 INT64_C(11644473600)
#define TICKS_PER_SECOND     INT64_C(10000000)

bool filetime_parse(struct span text, int64_t *value)
{
	bool negative = text.length > 0 && text.at[0] == '-';
	uint64_t number;

	if (!span_number(span_skip(text, negative), &number))
		return false;
	/* The least number itself is AD's "never" for durations. */
	if (number > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*value = negative ? (int64_t)(~number + 1) : (int64_t)number;
	return true;
}

int64_t filetime_unix(int64_t value)
{
	if (value <= 0 || value == INT64_MAX)
		return FILETIME_NEVER;
	return value / TICKS_PER_SECOND - SECONDS_1601_TO_1970;
}
