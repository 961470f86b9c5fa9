/* SPDX-License-Identifier: ISC */
#include "directory/quota.h"

static const struct quota unreadable = { QUOTA_UNREADABLE, 0 };

/* The factor of "", "B", "K", "KB", "KiB", ... in any case; 0 for anything else. */
static uint64_t suffix_factor(struct span suffix, uint64_t bare)
{
	static const char letters[] = "KMGT";
	uint64_t factor = 1024;

	if (suffix.length == 0)
		return bare;
	if (span_is_nocase(suffix, "B"))
		return 1;
	for (size_t i = 0; letters[i]; i++, factor *= 1024) {
		if (ascii_upper(suffix.at[0]) != letters[i])
			continue;
		suffix = span_skip(suffix, 1);
		if (suffix.length == 0 || span_is_nocase(suffix, "B") ||
		    span_is_nocase(suffix, "iB"))
			return factor;
		return 0;
	}
	return 0;
}

static struct quota parse_amount(struct span text, uint64_t bare)
{
	size_t digits = 0;
	uint64_t number, factor, octets;

	while (digits < text.length && ascii_is_digit(text.at[digits]))
		digits++;
	if (digits == 0 || !span_number(span_make(text.at, digits), &number))
		return unreadable;
	factor = suffix_factor(span_trim(span_skip(text, digits)), bare);
	if (factor == 0 || __builtin_mul_overflow(number, factor, &octets))
		return unreadable;
	/* Nothing may be kept: the nearest limit that does not read as "no limit" elsewhere. */
	return (struct quota){ QUOTA_LIMIT, octets ? octets : 1 };
}

/* Dovecot's quota rule for every mailbox: "*:storage=100M:messages=10", bare numbers in KiB. */
static struct quota parse_rule(struct span rule)
{
	struct span item;

	while (span_cut(&rule, ':', &item))
		if (span_starts_nocase(item, "storage="))
			return parse_amount(span_skip(item, 8), 1024);
	return unreadable;
}

struct quota quota_parse(struct span text, uint64_t unit)
{
	text = span_trim(text);
	if (span_is_nocase(text, "none") || span_is(text, "-1"))
		return (struct quota){ QUOTA_NONE, 0 };
	if (span_is_nocase(text, "default"))
		return (struct quota){ QUOTA_DEFAULT, 0 };
	if (span_starts_nocase(text, "*:"))
		return parse_rule(span_skip(text, 2));
	return parse_amount(text, unit);
}

uint64_t quota_octets(struct quota quota, uint64_t fallback)
{
	switch (quota.kind) {
	case QUOTA_NONE:
		return 0;
	case QUOTA_LIMIT:
		return quota.octets;
	case QUOTA_ABSENT:
	case QUOTA_DEFAULT:
	case QUOTA_UNREADABLE:
		break;
	}
	return fallback;
}
