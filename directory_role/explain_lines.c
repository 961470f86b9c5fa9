/* SPDX-License-Identifier: ISC */
#include "directory_role/explain_lines.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

enum { VALUE_SIZE = 2000, SUMMARY = 8000 /* octets kept for what follows the steps */ };

/* The octets of the character at the front; 0: none that is text. */
static size_t character(const char *at)
{
	size_t length = (unsigned char)*at < 0x80   ? 1
			: (unsigned char)*at < 0xe0 ? 2
			: (unsigned char)*at < 0xf0 ? 3
						    : 4;

	if ((unsigned char)*at < ' ' || *at == 0x7f || strnlen(at, length) < length)
		return 0;
	/* C1 controls are no text either. */
	if ((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0)
		return 0;
	return utf8_valid(span_make(at, length)) ? length : 0;
}

static void escape(const char *value, char *to, size_t size)
{
	size_t used = 0;

	while (*value && used + 5 < size) {
		size_t length = character(value);

		if (length > 0)
			memcpy(to + used, value, length);
		else
			snprintf(to + used, 5, "\\x%02x", (unsigned char)*value);
		used += length > 0 ? length : 4;
		value += length > 0 ? length : 1;
	}
	snprintf(to + used, size - used, "%s", *value ? "..." : "");
}

static bool add_below(struct buffer *lines, size_t most, const char *key, const char *value)
{
	char text[VALUE_SIZE];

	escape(value, text, sizeof text - 4);
	if (buffer_used(lines) + strlen(key) + strlen(text) + 2 > most)
		return false;
	buffer_add_format(lines, "%s\t%s\n", key, text);
	return true;
}

void explain_add(struct buffer *lines, const char *key, const char *value)
{
	(void)add_below(lines, EXPLAIN_MAX, key, value);
}

void explain_addf(struct buffer *lines, const char *key, const char *format, ...)
{
	char value[VALUE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	explain_add(lines, key, value);
}

void explain_mailbox(struct buffer *lines, const char *whose, const struct route_mailbox *mailbox)
{
	char key[40];

	snprintf(key, sizeof key, "%smailbox", whose);
	explain_addf(lines, key, "%s@%s", mailbox->name, mailbox->domain);
	snprintf(key, sizeof key, "%sid", whose);
	explain_add(lines, key, mailbox->id);
	snprintf(key, sizeof key, "%squota", whose);
	if (mailbox->quota > 0)
		explain_addf(lines, key, "%" PRIu64, mailbox->quota);
	else
		explain_add(lines, key, "none");
	if (mailbox->warn > 0)
		explain_addf(lines, "warn", "%" PRIu64, mailbox->warn);
}

struct explain_steps explain_steps_begin(struct buffer *lines, const char *group)
{
	return (struct explain_steps){
		.lines = lines,
		.group = group,
		.many = { { "reaches", 0 }, { "skipped", 0 }, { "refused", 0 } }
	};
}

void explain_step(void *context, const char *key, const char *value)
{
	struct explain_steps *steps = context;
	char full[80];

	/* Told anew, as a client gets them. */
	if (strcmp(key, "reply") == 0 || strcmp(key, "route") == 0)
		return;
	for (size_t i = 0; steps->many[i].key; i++) {
		if (strcmp(key, steps->many[i].key) == 0 &&
		    steps->many[i].count++ >= EXPLAIN_ALIKE_MAX)
			return;
	}
	snprintf(full, sizeof full, "%s/%.40s", steps->group, key);
	if (!add_below(steps->lines, EXPLAIN_MAX - SUMMARY, full, value))
		steps->left_out++;
}

void explain_steps_end(struct explain_steps *steps)
{
	char full[80];

	snprintf(full, sizeof full, "%s/left out", steps->group);
	for (size_t i = 0; steps->many[i].key; i++)
		if (steps->many[i].count > EXPLAIN_ALIKE_MAX)
			explain_addf(steps->lines, full, "%zu more of \"%s\"",
				     steps->many[i].count - EXPLAIN_ALIKE_MAX, steps->many[i].key);
	if (steps->left_out > 0)
		explain_addf(steps->lines, full, "%zu facts for which there is no room",
			     steps->left_out);
}
