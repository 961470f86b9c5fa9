/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 2000, LOG_VALUE_MAX = 500 };

static struct {
	/* Threads write lines while a reload changes these. */
	const char *_Atomic role;
	_Atomic enum log_level level;
	_Atomic enum log_form form;
} log_state = { "postern", LOG_LEVEL_INFO, LOG_FORM_LINE };

struct log_line {
	char *at;
	size_t used, size;
};

const char *log_some(const char *text)
{
	return text ? text : "";
}

void log_open(const char *role, enum log_level level, enum log_form form)
{
	log_state.role = role;
	log_state.level = level;
	log_state.form = form;
}

static void line_char(struct log_line *line, char c)
{
	if (line->used < line->size)
		line->at[line->used++] = c;
}

static void line_text(struct log_line *line, const char *text)
{
	while (*text)
		line_char(line, *text++);
}

/* Octets that may stand in a value without quotes. UTF-8 is quoted but not escaped. */
static bool is_plain(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static bool is_all_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_plain((unsigned char)text[i]))
			return false;
	return length > 0;
}

static void line_octet(struct log_line *line, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		line_char(line, '\\');
		line_char(line, (char)c);
	} else if (c >= 0x20 && c != 0x7f) {
		line_char(line, (char)c);
	} else {
		line_text(line, "\\x");
		line_char(line, hex[c >> 4]);
		line_char(line, hex[c & 15]);
	}
}

static void line_value(struct log_line *line, const char *text, size_t length)
{
	size_t shown = length < LOG_VALUE_MAX ? length : LOG_VALUE_MAX;
	bool plain = shown == length && is_all_plain(text, length) && utf8_valid(span_make(text, length));

	if (!plain)
		line_char(line, '"');
	for (size_t i = 0; i < shown; i++) {
		if (plain)
			line_char(line, text[i]);
		else
			line_octet(line, (unsigned char)text[i]);
	}
	if (shown < length)
		line_text(line, "...");
	if (!plain)
		line_char(line, '"');
}

static void line_field(struct log_line *line, const struct log_field *field)
{
	char number[24];

	line_char(line, ' ');
	line_text(line, field->key);
	line_char(line, '=');
	if (field->text) {
		line_value(line, field->text, field->length);
		return;
	}
	snprintf(number, sizeof number, "%lld", (long long)field->number);
	line_text(line, number);
}

size_t log_format(char *to, size_t size, enum log_level level, const char *event,
		  const struct log_field *fields)
{
	struct log_line line = { to, 0, size ? size - 1 : 0 };

	if (level == LOG_LEVEL_ERROR)
		line_text(&line, "error ");
	else if (level == LOG_LEVEL_WARNING)
		line_text(&line, "warning ");
	line_text(&line, event);
	for (; fields->key; fields++)
		line_field(&line, fields);
	if (size)
		to[line.used] = '\0';
	return line.used;
}

static int log_prefix(char *to, size_t size, enum log_level level)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	struct timespec now;
	struct tm tm;

	if (log_state.form == LOG_FORM_SYSLOG)
		return snprintf(to, size, "<%d>posternd[%d]: %s: ", LOG_MAIL | priorities[level],
				(int)getpid(), log_state.role);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return snprintf(to, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s[%d]: ", tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			now.tv_nsec / 1000000, log_state.role, (int)getpid());
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	char line[LOG_LINE_MAX];
	size_t used;

	if (level > log_state.level)
		return;
	used = (size_t)log_prefix(line, sizeof line, level);
	used += log_format(line + used, sizeof line - used - 1, level, event, fields);
	if (log_state.form == LOG_FORM_LINE)
		line[used++] = '\n';
	/* Nobody is left to tell when the log itself fails. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
