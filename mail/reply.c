/* SPDX-License-Identifier: ISC */
#include "mail/reply.h"

static bool take_code(struct span line, unsigned *code)
{
	if (line.length < 3 || line.at[0] < '2' || line.at[0] > '5')
		return false;
	*code = 0;
	for (size_t i = 0; i < 3; i++) {
		if (!ascii_is_digit(line.at[i]))
			return false;
		*code = *code * 10 + (unsigned)(line.at[i] - '0');
	}
	return true;
}

bool reply_parse_line(struct span line, struct reply_line *parsed)
{
	if (!take_code(line, &parsed->code))
		return false;
	parsed->text = span_skip(line, 3);
	parsed->last = true;
	if (parsed->text.length == 0)
		return true;
	/* Four digits are no code with its blank forgotten. */
	if (ascii_is_digit(parsed->text.at[0]))
		return false;
	parsed->last = parsed->text.at[0] != '-';
	if (!parsed->last || parsed->text.at[0] == ' ' || parsed->text.at[0] == '\t')
		parsed->text = span_skip(parsed->text, 1);
	return true;
}

/* "." and up to three digits, at `at`: how many octets, 0 = they are not there. */
static size_t status_part(struct span text, size_t at)
{
	size_t digits = 0;

	if (at >= text.length || text.at[at] != '.')
		return 0;
	while (digits < 4 && at + 1 + digits < text.length &&
	       ascii_is_digit(text.at[at + 1 + digits]))
		digits++;
	return digits >= 1 && digits <= 3 ? digits + 1 : 0;
}

size_t reply_status(struct span text, unsigned code)
{
	size_t subject, detail, length;

	if (text.length == 0 || text.at[0] != (char)('0' + code / 100))
		return 0;
	subject = status_part(text, 1);
	detail = subject > 0 ? status_part(text, 1 + subject) : 0;
	if (detail == 0)
		return 0;
	length = 1 + subject + detail;
	/* RFC 2034 section 4: a blank follows; an end of the text is no worse. */
	return length == text.length || text.at[length] == ' ' || text.at[length] == '\t' ? length
											  : 0;
}
