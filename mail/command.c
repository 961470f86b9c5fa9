/* SPDX-License-Identifier: ISC */
#include "mail/command.h"

#include <string.h>

static bool is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

bool command_split(struct span line, struct command *command)
{
	const char *space;

	for (size_t i = 0; i < line.length; i++) {
		if (is_control(line.at[i]))
			return false;
	}
	line = span_trim(line);
	space = line.length > 0 ? memchr(line.at, ' ', line.length) : NULL;
	command->verb = span_make(line.at, space != NULL ? (size_t)(space - line.at) : line.length);
	command->argument = span_trim(span_skip(line, command->verb.length));
	return true;
}

static bool keyword_valid(struct span keyword)
{
	if (keyword.length == 0 || !ascii_is_alnum(keyword.at[0]))
		return false;
	for (size_t i = 0; i < keyword.length; i++) {
		if (!ascii_is_alnum(keyword.at[i]) && keyword.at[i] != '-')
			return false;
	}
	return true;
}

/* esmtp-value: no "=", no space, no control character, at least one octet. */
static bool value_valid(struct span value)
{
	for (size_t i = 0; i < value.length; i++) {
		if (is_control(value.at[i]) || value.at[i] == ' ' || value.at[i] == '=')
			return false;
	}
	return value.length > 0 && utf8_valid(value);
}

bool command_next_parameter(struct span *rest, struct command_parameter *parameter)
{
	struct span word = *rest;
	const char *stop;

	*parameter = (struct command_parameter){ 0 };
	if (rest->length == 0)
		return true;
	if (rest->at[0] != ' ')
		return false;
	while (word.length > 0 && word.at[0] == ' ')
		word = span_skip(word, 1);
	stop = word.length > 0 ? memchr(word.at, ' ', word.length) : NULL;
	if (stop != NULL)
		word.length = (size_t)(stop - word.at);
	*rest = span_skip(*rest, (size_t)(word.at - rest->at) + word.length);
	if (word.length == 0)
		return true;
	stop = memchr(word.at, '=', word.length);
	parameter->has_value = stop != NULL;
	parameter->keyword = word;
	if (stop != NULL) {
		parameter->keyword.length = (size_t)(stop - word.at);
		parameter->value = span_skip(word, parameter->keyword.length + 1);
	}
	return keyword_valid(parameter->keyword) &&
	       (!parameter->has_value || value_valid(parameter->value));
}

static int upper_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool xtext_valid(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.at[i];
		int high, low;

		if (c != '+') {
			if (c < 33 || c > 126 || c == '=')
				return false;
			continue;
		}
		if (text.length - i < 3)
			return false;
		high = upper_hex(text.at[i + 1]);
		low = upper_hex(text.at[i + 2]);
		if (high < 0 || low < 0 || high * 16 + low < 32 || high * 16 + low > 126)
			return false;
		i += 2;
	}
	return text.length > 0;
}

/* EmbeddedUnicodeChar of RFC 6533: "\x{" 2 to 6 hexadecimal digits "}". Its length, or 0. */
static size_t embedded_length(struct span text)
{
	size_t digits = 0;

	if (text.length < 4 || memcmp(text.at, "\\x{", 3) != 0)
		return 0;
	while (3 + digits < text.length && upper_hex(text.at[3 + digits]) >= 0)
		digits++;
	if (digits < 2 || digits > 6 || 3 + digits == text.length || text.at[3 + digits] != '}')
		return 0;
	return digits + 4;
}

static bool utf8_address_valid(struct span text, bool smtputf8)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.at[i];

		if (c == '\\') {
			size_t length = embedded_length(span_skip(text, i));

			if (length == 0)
				return false;
			i += length - 1;
		} else if ((unsigned char)c > 127 ? !smtputf8
						  : c < 33 || c == '+' || c == '=' || c == 127) {
			return false;
		}
	}
	return text.length > 0 && utf8_valid(text);
}

bool orcpt_valid(struct span text, bool smtputf8)
{
	const char *semicolon = text.length > 0 ? memchr(text.at, ';', text.length) : NULL;
	struct span type;

	if (semicolon == NULL)
		return false;
	type = span_make(text.at, (size_t)(semicolon - text.at));
	text = span_skip(text, type.length + 1);
	if (!keyword_valid(type))
		return false;
	return span_is_nocase(type, "utf-8") ? utf8_address_valid(text, smtputf8)
					     : xtext_valid(text);
}
