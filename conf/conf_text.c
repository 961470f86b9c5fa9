/* SPDX-License-Identifier: ISC */
/*
 * Makes a text safe to give to libconfuse 3.3, whose scanner miscounts lines after
 * comments, drops characters it does not know, takes "//" in a bare word for a
 * comment, puts the environment in place of ${NAME} and lets a string run on to
 * the next quote. Comments become spaces here; the rest is refused with its line.
 * The line on which each section begins is kept, in the order the sections close.
 */
#include "conf/conf_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define DEPTH_MAX 8

struct brace {
	unsigned line;
	bool section; /* not a list */
};

struct scan {
	struct conf_reading *reading;
	char *at;
	unsigned line;
	char before; /* the character that means something before this one; '"' for a string */
	struct brace open[DEPTH_MAX];
	size_t depth;
};

static bool refuse(struct scan *scan, const char *text)
{
	conf_tell(scan->reading, scan->line, "%s", text);
	return false;
}

static void blank_line(struct scan *scan)
{
	while (*scan->at && *scan->at != '\n')
		*scan->at++ = ' ';
}

static bool blank_block(struct scan *scan)
{
	unsigned begins = scan->line;
	char *end = strstr(scan->at + 2, "*/");

	if (!end) {
		conf_tell(scan->reading, begins, "a comment opens here and never closes: add */");
		return false;
	}
	for (; scan->at < end + 2; scan->at++) {
		if (*scan->at == '\n')
			scan->line++;
		else
			*scan->at = ' ';
	}
	return true;
}

static bool escape_known(const char *at, char quote)
{
	/* In single quotes libconfuse keeps a backslash before anything but these two. */
	return at[1] == '\\' || at[1] == quote || (quote == '\'' && at[1] != '\0' && at[1] != '\n');
}

static bool pass_string(struct scan *scan)
{
	char quote = *scan->at;

	for (scan->at++; *scan->at != quote; scan->at++) {
		if (*scan->at == '\0' || *scan->at == '\n' || *scan->at == '\r')
			return refuse(scan,
				      "a text is not closed on its line: add the closing quote");
		if (quote == '"' && scan->at[0] == '$' && scan->at[1] == '{')
			return refuse(scan,
				      "\"${\" would take a value from the environment, which is "
				      "not allowed: write the value itself");
		if (*scan->at == '\\') {
			if (!escape_known(scan->at, quote))
				return refuse(scan, "a backslash in double quotes means something "
						    "only before \\ and \": put the text in single "
						    "quotes, or write \\\\");
			scan->at++;
		}
	}
	scan->at++;
	scan->before = '"';
	return true;
}

static bool pass_open(struct scan *scan)
{
	if (scan->depth == DEPTH_MAX)
		return refuse(scan, "too many braces within each other: close one first");
	scan->open[scan->depth].line = scan->line;
	scan->open[scan->depth++].section = scan->before != '=';
	return true;
}

static bool pass_close(struct scan *scan)
{
	struct conf_reading *reading = scan->reading;
	struct brace *brace;

	if (scan->depth == 0)
		return refuse(scan,
			      "a closing brace without an opening one: remove it, or look for "
			      "a section that was closed too early");
	brace = &scan->open[--scan->depth];
	if (!brace->section && scan->before == '{')
		return refuse(scan, "an empty list: write at least one value, or remove the key");
	if (brace->section) {
		reading->section_lines =
			memory_grow(reading->section_lines, reading->section_count + 1,
				    sizeof(*reading->section_lines));
		reading->section_lines[reading->section_count++] = brace->line;
	}
	return true;
}

static bool word_character(unsigned char c)
{
	return ascii_is_alnum((char)c) || c >= 0x80 || (c && strchr("_-.:/@", c));
}

static bool pass_mark(struct scan *scan)
{
	char c = *scan->at;

	if (c == '{' && !pass_open(scan))
		return false;
	if (c == '}' && !pass_close(scan))
		return false;
	if (c == '=' && scan->before == '"')
		return refuse(scan, "a key is written without quotes: remove them");
	if (c == '+' && scan->at[1] != '=')
		return refuse(scan, "\"+\" outside quotes: put the value in quotes");
	if (!strchr("{}=,+", c) && !word_character((unsigned char)c)) {
		conf_tell(scan->reading, scan->line,
			  "\"%c\" outside quotes: put the whole value in quotes", c);
		return false;
	}
	scan->before = c;
	scan->at++;
	return true;
}

static bool pass_one(struct scan *scan)
{
	char c = *scan->at;

	if (c == '#') {
		blank_line(scan);
		return true;
	}
	if (c == '/' && scan->at[1] == '/') {
		if (scan->before == ':' && scan->at[-1] == ':')
			return refuse(scan, "an address with // outside quotes would end as a "
					    "comment: put it in quotes");
		blank_line(scan);
		return true;
	}
	if (c == '/' && scan->at[1] == '*')
		return blank_block(scan);
	if (c == '"' || c == '\'')
		return pass_string(scan);
	if (c == '\n')
		scan->line++;
	if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
		*scan->at = c == '\r' ? ' ' : c;
		scan->at++;
		return true;
	}
	return pass_mark(scan);
}

static bool characters_allowed(struct conf_reading *reading, const char *text)
{
	unsigned line = 1;

	for (const char *at = text; *at; at++) {
		if (*at == '\n')
			line++;
		if (((unsigned char)*at < ' ' && !strchr("\t\r\n", *at)) || *at == 0x7f) {
			conf_tell(reading, line,
				  "a control character (%02x hexadecimal): remove it",
				  (unsigned)*at);
			return false;
		}
	}
	return true;
}

static bool lines_are_utf8(struct conf_reading *reading, const char *text)
{
	struct span rest = span_text(text), line;

	for (unsigned number = 1; span_cut(&rest, '\n', &line); number++) {
		if (!utf8_valid(line)) {
			conf_tell(reading, number, "not UTF-8: save the file in UTF-8");
			return false;
		}
	}
	return true;
}

bool conf_text_prepare(struct conf_reading *reading, const char *text)
{
	struct scan scan = { .reading = reading, .line = 1 };

	if (strlen(text) > CONF_FILE_MAX) {
		conf_tell(reading, 0, "larger than %d octets: this is no configuration file",
			  CONF_FILE_MAX);
		return false;
	}
	if (!characters_allowed(reading, text) || !lines_are_utf8(reading, text))
		return false;
	reading->text = memory_text(text);
	scan.at = reading->text;
	while (*scan.at)
		if (!pass_one(&scan))
			return false;
	if (scan.depth > 0) {
		conf_tell(reading, scan.open[scan.depth - 1].line,
			  "the brace that opens here is never closed: add }");
		return false;
	}
	return true;
}
