/* SPDX-License-Identifier: ISC */
#include "mail/sts_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mail/address.h"

enum { AGE_DIGITS = 10 };

/* ---- the record ---- */

/* "name=value" of a record, without the white space around the delimiters. */
static bool field_split(struct span field, struct span *name, struct span *value)
{
	const char *equal = field.length ? memchr(field.at, '=', field.length) : NULL;

	if (!equal)
		return false;
	*name = span_make(field.at, (size_t)(equal - field.at));
	*value = span_skip(field, name->length + 1);
	return name->length > 0;
}

static bool id_valid(struct span id)
{
	for (size_t i = 0; i < id.length; i++)
		if (!ascii_is_alnum(id.at[i]))
			return false;
	return id.length > 0 && id.length < STS_ID_SIZE;
}

bool sts_record_parse(struct span text, char id[STS_ID_SIZE])
{
	struct span rest = text, field, name, value;
	bool found = false;

	/* The version comes first, and as it is written. */
	if (!span_cut(&rest, ';', &field) || !span_is(span_trim(field), "v=STSv1") || !rest.at)
		return false;
	while (span_cut(&rest, ';', &field)) {
		field = span_trim(field);
		if (field.length == 0)
			continue;
		if (!field_split(field, &name, &value))
			return false;
		if (!span_is(name, "id") || found)
			continue;
		if (!id_valid(value) || !span_copy(value, id, STS_ID_SIZE))
			return false;
		found = true;
	}
	return found;
}

/* ---- the policy ---- */

struct reading {
	struct sts_policy *policy;
	bool version, mode, age;
	size_t octets; /* of the patterns */
};

static bool take_version(struct reading *reading, struct span value)
{
	reading->version = true;
	return span_is(value, "STSv1");
}

static bool take_mode(struct reading *reading, struct span value)
{
	static const char *const modes[] = { "none", "testing", "enforce" };

	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (span_is(value, modes[i])) {
			reading->policy->mode = (enum sts_mode)i;
			return reading->mode = true;
		}
	return false;
}

static bool take_age(struct reading *reading, struct span value)
{
	uint64_t age;

	if (value.length > AGE_DIGITS || !span_number(value, &age))
		return false;
	reading->policy->max_age = age > STS_AGE_MAX ? STS_AGE_MAX : (uint32_t)age;
	return reading->age = true;
}

static bool take_pattern(struct reading *reading, struct span value)
{
	struct sts_policy *policy = reading->policy;
	struct span domain = value;
	char *text;

	if (value.length > 2 && value.at[0] == '*' && value.at[1] == '.')
		domain = span_skip(value, 2);
	if (!domain_valid(domain))
		return false;
	if (policy->count == STS_PATTERNS_MAX || reading->octets + value.length > STS_OCTETS_MAX)
		return true;
	reading->octets += value.length;
	text = memory_text_n(value.at, value.length);
	ascii_lower_text(text);
	policy->patterns[policy->count++] = text;
	return true;
}

/* Of everything but "mx" the first one counts; fields of other names are for others (section 3.2).
 */
static bool take_field(struct reading *reading, struct span name, struct span value)
{
	if (span_is(name, "version"))
		return reading->version || take_version(reading, value);
	/* Without its version in front it is nobody's policy. */
	if (!reading->version)
		return false;
	if (span_is(name, "mode"))
		return reading->mode || take_mode(reading, value);
	if (span_is(name, "max_age"))
		return reading->age || take_age(reading, value);
	if (span_is(name, "mx"))
		return take_pattern(reading, value);
	return true;
}

static bool take_line(struct reading *reading, struct span line)
{
	const char *colon;

	if (line.length && line.at[line.length - 1] == '\r')
		line.length--;
	line = span_trim(line);
	if (line.length == 0)
		return true;
	colon = memchr(line.at, ':', line.length);
	if (!colon)
		return false;
	return take_field(reading, span_make(line.at, (size_t)(colon - line.at)),
			  span_trim(span_skip(line, (size_t)(colon - line.at) + 1)));
}

bool sts_policy_parse(struct span text, struct sts_policy *policy)
{
	struct reading reading = { .policy = policy };
	struct span line;

	*policy = (struct sts_policy){ 0 };
	while (span_cut(&text, '\n', &line))
		if (!take_line(&reading, line)) {
			sts_policy_clear(policy);
			return false;
		}
	if (reading.version && reading.mode && reading.age &&
	    (policy->mode == STS_NONE || policy->count))
		return true;
	sts_policy_clear(policy);
	return false;
}

void sts_policy_clear(struct sts_policy *policy)
{
	for (size_t i = 0; i < policy->count; i++)
		free(policy->patterns[i]);
	*policy = (struct sts_policy){ 0 };
}

bool sts_pattern_matches(const char *pattern, const char *host)
{
	const char *point;

	if (strncmp(pattern, "*.", 2) != 0)
		return span_equal_nocase(span_text(pattern), span_text(host));
	point = strchr(host, '.');
	return point && point != host &&
	       span_equal_nocase(span_text(pattern + 2), span_text(point + 1));
}

bool sts_policy_names(const struct sts_policy *policy, const char *host)
{
	for (size_t i = 0; i < policy->count; i++)
		if (sts_pattern_matches(policy->patterns[i], host))
			return true;
	return false;
}
