/* SPDX-License-Identifier: ISC */
/*
 * One line per event: time, role, `area.event`, then key=value. Bytes that a
 * stranger chose are quoted and escaped, lines are capped, and there is no way
 * to log a password: callers have none in hand when they log.
 *
 *	log_info("smtp.rcpt", LOG_TEXT("session", id), LOG_NUMBER("size", n));
 *
 * Every role writes to descriptor 2, one write() a line; what descriptor 2 is
 * (terminal, file, /dev/log) is the master's business.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <string.h>

#include "base/span.h"

enum log_level { LOG_LEVEL_SILENT = -1, LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
	const char *key;
	const char *text; /* NULL: the number */
	size_t length;    /* of text */
	int64_t number;
};

#define LOG_TEXT(k, v)   ((struct log_field){ .key = (k), .text = log_some(v), .length = strlen(log_some(v)) })
#define LOG_SPAN(k, s)   ((struct log_field){ .key = (k), .text = (s).at ? (s).at : "", .length = (s).length })
#define LOG_NUMBER(k, n) ((struct log_field){ .key = (k), .number = (int64_t)(n) })

#define log_event(level, event, ...) \
	log_write((level), (event), (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(,) { .key = NULL } })
#define log_error(event, ...)   log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) log_event(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_info(event, ...)    log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...)   log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

enum log_form {
	LOG_FORM_LINE,  /* 2026-11-21T22:00:00.123Z posternd[role]: area.event ... */
	LOG_FORM_SYSLOG /* <priority>posternd[pid]: area.event ..., one datagram a line */
};

void log_open(const char *role, enum log_level level, enum log_form form); /* once a process */
void log_write(enum log_level level, const char *event, const struct log_field *fields);
/* What log_write would write, without the newline: for tests and `postern`. */
size_t log_format(char *to, size_t size, enum log_level level, const char *event,
		  const struct log_field *fields);
const char *log_some(const char *text); /* NULL becomes "" */

#endif
