/* SPDX-License-Identifier: ISC */
#include "store/maildirsize.h"

#include <string.h>

/* "1000S,5C": any order, each at most once, the letters decide. */
static bool quota_parse(struct span line, struct maildirsize *to)
{
	struct span part;

	while (span_cut(&line, ',', &part)) {
		uint64_t *field;
		char kind;

		if (part.length < 2)
			return false;
		kind = part.at[part.length - 1];
		if (kind != 'S' && kind != 'C')
			return false;
		field = kind == 'S' ? &to->quota_octets : &to->quota_messages;
		if (*field != 0 || !span_number(span_make(part.at, part.length - 1), field))
			return false;
	}
	return true;
}

/* A number with an optional sign, blanks before it. */
static bool signed_take(struct span *rest, int64_t *value)
{
	bool negative = false;
	size_t length = 0;
	uint64_t digits;

	while (rest->length > 0 && rest->at[0] == ' ')
		*rest = span_skip(*rest, 1);
	if (rest->length > 0 && (rest->at[0] == '-' || rest->at[0] == '+')) {
		negative = rest->at[0] == '-';
		*rest = span_skip(*rest, 1);
	}
	while (length < rest->length && ascii_is_digit(rest->at[length]))
		length++;
	if (!span_number(span_make(rest->at, length), &digits) || digits > INT64_MAX)
		return false;
	*value = negative ? -(int64_t)digits : (int64_t)digits;
	*rest = span_skip(*rest, length);
	return true;
}

static bool line_add(struct span line, int64_t *octets, int64_t *messages)
{
	int64_t more_octets, more_messages;

	if (!signed_take(&line, &more_octets) || line.length == 0 || line.at[0] != ' ' ||
	    !signed_take(&line, &more_messages) || span_trim(line).length != 0)
		return false;
	return !__builtin_add_overflow(*octets, more_octets, octets) &&
	       !__builtin_add_overflow(*messages, more_messages, messages);
}

bool maildirsize_parse(struct span text, struct maildirsize *to)
{
	int64_t octets = 0, messages = 0;
	struct span line;

	memset(to, 0, sizeof *to);
	/* Without its newline the last line may be the front part of a longer number. */
	if (text.length == 0 || text.at[text.length - 1] != '\n')
		return false;
	text.length--;
	if (!span_cut(&text, '\n', &line) || !quota_parse(line, to))
		return false;
	while (span_cut(&text, '\n', &line)) {
		if (!line_add(line, &octets, &messages))
			return false;
	}
	if (octets < 0 || messages < 0)
		return false;
	to->octets = (uint64_t)octets;
	to->messages = (uint64_t)messages;
	return true;
}
