/* SPDX-License-Identifier: ISC */
#include "mail/warning.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "mail/fields.h"
#include "mail/text.h"
#include "mail/words.h"

static const char built_in[] =
	"Subject: Your mailbox is %{percent} full\n"
	"\n"
	"This is the mail server %{host}.\n"
	"\n"
	"The mailbox %{address} holds %{used}.\n"
	"You are told from %{warn} on. The limit is %{limit}: mail that does\n"
	"not fit is then refused, and its senders are told so.\n"
	"\n"
	"Please delete messages that you do not need any more. With a mail program\n"
	"that fetches mail by POP3 see that it does not leave copies on the server.\n";

enum { NAME_MAX_WARNING = 16 };

static const char *const names[] = { "address", "host",  "date",    "used",
				     "warn",    "limit", "percent", NULL };

/* Cuts the text up to a "%" from *rest, and the name behind it: "" at the end and for "%%", with
 * the
 * "%" in *text then. False: it is neither. */
static bool next(struct span *rest, struct span *text, char name[NAME_MAX_WARNING])
{
	const char *percent = memchr(rest->at, '%', rest->length), *end;
	struct span word;

	name[0] = '\0';
	*text = *rest;
	if (!percent) {
		*rest = span_skip(*rest, rest->length);
		return true;
	}
	text->length = (size_t)(percent - rest->at);
	*rest = span_skip(*rest, text->length + 1);
	if (rest->length > 0 && rest->at[0] == '%') {
		text->length++;
		*rest = span_skip(*rest, 1);
		return true;
	}
	end = memchr(rest->at, '}', rest->length);
	if (rest->length == 0 || rest->at[0] != '{' || !end)
		return false;
	word = span_make(rest->at + 1, (size_t)(end - rest->at) - 1);
	*rest = span_skip(*rest, word.length + 2);
	if (!span_copy(word, name, NAME_MAX_WARNING))
		return false;
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static unsigned lines_before(struct span whole, const char *at)
{
	unsigned line = 1;

	for (const char *c = whole.at; c < at; c++)
		line += *c == '\n';
	return line;
}

const char *warning_template_fault(struct span template, unsigned *line)
{
	struct span rest = template, text;
	struct field field;
	char name[NAME_MAX_WARNING];

	*line = 1;
	if (template.length == 0)
		return NULL;
	if (!fields_find(template, "Subject", &field))
		return "it does not begin with \"Subject: ...\": write that field, a blank line, "
		       "the "
		       "words";
	while (rest.length > 0) {
		const char *before = rest.at;

		if (!next(&rest, &text, name)) {
			*line = lines_before(template, before + text.length);
			return "a \"%\" that stands for nothing: write %{address}, %{host}, "
			       "%{date}, "
			       "%{used}, %{warn}, %{limit}, %{percent}, or \"%%\"";
		}
	}
	while (fields_next(&template, &field))
		if (span_is_nocase(field.name, "From") || span_is_nocase(field.name, "To") ||
		    span_is_nocase(field.name, "Date") ||
		    span_is_nocase(field.name, "Message-ID") ||
		    span_is_nocase(field.name, "Auto-Submitted") ||
		    span_starts_nocase(field.name, "Content-") ||
		    span_is_nocase(field.name, "MIME-Version"))
			return "a field that the server writes itself: take out From, To, Date, "
			       "Message-ID, Auto-Submitted and those of MIME";
	return NULL;
}

/* "1.5 GiB": three digits at most in front of the unit. */
static void add_octets(struct buffer *to, uint64_t octets)
{
	static const char *const units[] = { "octets", "KiB", "MiB", "GiB", "TiB", "PiB" };
	uint64_t tenths = octets * 10;
	size_t unit = 0;

	if (octets >= UINT64_MAX / 10)
		tenths = UINT64_MAX;
	for (; tenths >= 10240 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		tenths /= 1024;
	if (unit == 0 || tenths % 10 == 0 || tenths >= 1000)
		buffer_add_format(to, "%" PRIu64 " %s", tenths / 10, units[unit]);
	else
		buffer_add_format(to, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10),
				  units[unit]);
}

static void add_value(struct buffer *to, const struct warning *warning, const char *name)
{
	uint64_t whole = warning->limit ? warning->limit : warning->warn;
	char date[CLOCK_RFC5322_SIZE];

	if (strcmp(name, "address") == 0)
		text_add_line(to, span_text(warning->address));
	else if (strcmp(name, "host") == 0)
		text_add_line(to, span_text(warning->host));
	else if (strcmp(name, "used") == 0)
		add_octets(to, warning->used);
	else if (strcmp(name, "warn") == 0)
		add_octets(to, warning->warn);
	else if (strcmp(name, "limit") == 0 && warning->limit == 0)
		buffer_add_text(to, "none");
	else if (strcmp(name, "limit") == 0)
		add_octets(to, warning->limit);
	else if (strcmp(name, "percent") == 0)
		buffer_add_format(to, "%.0f%%",
				  whole ? (double)warning->used * 100 / (double)whole : 100.0);
	else if (strcmp(name, "date") == 0) {
		clock_rfc5322(warning->now, date);
		buffer_add_text(to, date);
	}
}

static void expand(struct buffer *to, const struct warning *warning, struct span words)
{
	char name[NAME_MAX_WARNING];
	struct span text;

	while (words.length > 0 && next(&words, &text, name)) {
		buffer_add(to, text.at, text.length);
		add_value(to, warning, name);
	}
}

/* Any field of a template: one line, then folded and encoded as it must be. */
static void add_field(struct buffer *to, const struct warning *warning, const struct field *field)
{
	struct buffer line = BUFFER_EMPTY, body = BUFFER_EMPTY;

	text_add_line(&line, field->body); /* folds and the line end become blanks */
	expand(&body, warning, span_trim(buffer_span(&line)));
	buffer_add(to, field->name.at, field->name.length);
	buffer_add_text(to, ": ");
	words_encode(to, buffer_span(&body), field->name.length + 2);
	buffer_add_text(to, "\r\n");
	buffer_clear(&body);
	buffer_clear(&line);
}

/*
 * An address beyond ASCII stands in a header of its own kind only (RFC 6532), which not every
 * reader and server takes. So it becomes the name of an empty group, as in RFC 6857.
 */
static void add_recipient(struct buffer *to, const char *address)
{
	buffer_add_text(to, "To: ");
	if (text_is_ascii(span_text(address))) {
		buffer_add_format(to, "<%s>\r\n", address);
		return;
	}
	words_encode(to, span_text(address), strlen("To: "));
	buffer_add_text(to, " :;\r\n");
}

static void add_own_fields(struct buffer *to, const struct warning *warning)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_rfc5322(warning->now, date);
	buffer_add_format(to, "Date: %s\r\nFrom: <%s>\r\n", date, warning->from);
	add_recipient(to, warning->address);
	buffer_add_format(to,
			  "Message-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\n"
			  "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: quoted-printable\r\n",
			  warning->id, warning->host);
}

static void add_words(struct buffer *to, const struct warning *warning, struct span template)
{
	struct buffer words = BUFFER_EMPTY, lines = BUFFER_EMPTY;
	struct span text, line;

	expand(&words, warning, template);
	text = buffer_span(&words);
	while (fields_line(&text, &line)) {
		buffer_add(&lines, line.at, line.length);
		buffer_add_text(&lines, "\r\n");
	}
	text_add_quoted(to, buffer_span(&lines));
	buffer_clear(&lines);
	buffer_clear(&words);
}

void warning_write(struct buffer *to, const struct warning *warning, struct span template)
{
	struct span rest = template.length > 0 ? template : span_text(built_in), line;
	struct field field;

	add_own_fields(to, warning);
	while (fields_next(&rest, &field))
		add_field(to, warning, &field);
	buffer_add_text(to, "\r\n");
	(void)fields_line(&rest, &line); /* the blank one */
	add_words(to, warning, rest);
}
