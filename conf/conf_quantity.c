/* SPDX-License-Identifier: ISC */
/* Numbers with units: "32M" octets, "10m" of time. */
#include "conf/conf_private.h"

struct unit {
	char letter;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{ 'K', UINT64_C(1) << 10 },
	{ 'M', UINT64_C(1) << 20 },
	{ 'G', UINT64_C(1) << 30 },
	{ 0, 0 },
};

static const struct unit times[] = {
	{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 0, 0 },
};

static bool quantity_parse(const char *text, const struct unit *units, uint64_t *value)
{
	struct span digits = span_text(text);
	uint64_t factor = 1;

	if (digits.length == 0)
		return false;
	for (; units->letter; units++) {
		if (units->letter == digits.at[digits.length - 1]) {
			factor = units->factor;
			digits.length--;
			break;
		}
	}
	if (!span_number(digits, value) || *value > UINT64_MAX / factor)
		return false;
	*value *= factor;
	return true;
}

bool conf_quantity_size(const char *text, uint64_t *octets)
{
	return quantity_parse(text, sizes, octets);
}

bool conf_quantity_time(const char *text, uint64_t *seconds)
{
	return quantity_parse(text, times, seconds);
}

bool conf_quantity_count(const char *text, uint64_t *count)
{
	return span_number(span_text(text), count);
}
