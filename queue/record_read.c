/* SPDX-License-Identifier: ISC */
#include "queue/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIELDS_MAX 9

struct line {
	size_t count; /* without the last, "." */
	struct span fields[FIELDS_MAX];
};

/* False unless it is whole: it ends in the field ".". */
static bool line_parse(struct span text, struct line *line)
{
	struct span field;

	line->count = 0;
	while (span_cut(&text, ' ', &field)) {
		if (span_is(field, ".") && text.at == NULL)
			return line->count > 0;
		if (line->count == FIELDS_MAX)
			return false;
		line->fields[line->count++] = field;
	}
	return false;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False when it does not fit or is not well-formed. */
static bool get_text(struct span field, char *to, size_t size)
{
	size_t used = 0;

	if (span_is(field, "-"))
		field.length = 0;
	for (size_t i = 0; i < field.length; i++) {
		char c = field.at[i];

		if (c == '%') {
			if (i + 2 >= field.length || hex(field.at[i + 1]) < 0 ||
			    hex(field.at[i + 2]) < 0)
				return false;
			c = (char)(hex(field.at[i + 1]) << 4 | hex(field.at[i + 2]));
			i += 2;
		}
		if (c == '\0' || used + 1 >= size)
			return false;
		to[used++] = c;
	}
	to[used] = '\0';
	return true;
}

static bool get_number(struct span field, uint64_t most, uint64_t *value)
{
	return span_number(field, value) && *value <= most;
}

/* An optional text in memory of its own; NULL for "". */
static bool get_own(struct span field, size_t most, char **to)
{
	char text[1024];

	*to = NULL;
	if (!get_text(field, text, most + 1 < sizeof text ? most + 1 : sizeof text))
		return false;
	if (text[0] != '\0')
		*to = memory_text(text);
	return true;
}

static bool get_address(struct span field, bool null_ok, struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	const char *why;

	memset(address, 0, sizeof *address);
	if (!get_text(field, text, sizeof text))
		return false;
	if (text[0] == '\0')
		return null_ok;
	return address_parse(span_text(text), address, &why);
}

static bool read_message(const struct line *line, struct queue_message *message)
{
	uint64_t arrived;

	if (line->count != 5 || !span_is(line->fields[1], "1") ||
	    !get_text(line->fields[2], message->id, sizeof message->id) ||
	    !record_id_valid(message->id) ||
	    !get_text(line->fields[3], message->server, sizeof message->server) ||
	    !get_number(line->fields[4], INT64_MAX, &arrived))
		return false;
	message->arrived = (int64_t)arrived;
	return true;
}

static bool read_from(const struct line *line, struct envelope *envelope)
{
	uint64_t body, utf8, tls, ret;

	if (line->count != 8 || envelope->has_sender ||
	    !get_address(line->fields[1], true, &envelope->sender) ||
	    !get_number(line->fields[2], ENVELOPE_BODY_BINARYMIME, &body) ||
	    !get_number(line->fields[3], 1, &utf8) || !get_number(line->fields[4], 1, &tls) ||
	    !get_number(line->fields[5], ENVELOPE_RET_HDRS, &ret) ||
	    !get_text(line->fields[6], envelope->envid, sizeof envelope->envid) ||
	    !get_number(line->fields[7], UINT64_MAX, &envelope->declared))
		return false;
	envelope->has_sender = true;
	envelope->body = (enum envelope_body)body;
	envelope->smtputf8 = utf8 == 1;
	envelope->requiretls = tls == 1;
	envelope->ret = (enum envelope_ret)ret;
	return true;
}

/* Four fields. */
static bool read_recipient(const struct span *fields, bool member, struct envelope *envelope)
{
	struct envelope_recipient *recipient;
	struct address address;
	uint64_t notify;

	if (envelope->count >= RECORD_RECIPIENTS_MAX || !get_address(fields[0], false, &address) ||
	    !get_number(fields[1], 15, &notify))
		return false;
	recipient = envelope_add(envelope, &address);
	recipient->notify = (unsigned)notify;
	recipient->member = member;
	return get_own(fields[2], ENVELOPE_ORCPT_MAX, &recipient->orcpt) &&
	       get_own(fields[3], QUEUE_KEY_SIZE - 1, &recipient->via);
}

static bool read_to(const struct line *line, struct envelope *envelope)
{
	bool member = line->count == 6 && span_is(line->fields[5], "member");

	return (line->count == 5 || member) && read_recipient(line->fields + 1, member, envelope);
}

static bool read_by(const struct line *line, struct envelope *envelope)
{
	return line->count == 2 && envelope->identity[0] == '\0' &&
	       get_text(line->fields[1], envelope->identity, sizeof envelope->identity);
}

/* A line of the envelope that is not the first and not the last. */
static bool read_part(const struct line *line, struct envelope *envelope)
{
	if (span_is(line->fields[0], "from"))
		return read_from(line, envelope);
	if (span_is(line->fields[0], "by"))
		return read_by(line, envelope);
	return span_is(line->fields[0], "to") && read_to(line, envelope);
}

bool record_read_head(struct span records, struct queue_message *message)
{
	struct span first, second;
	struct line line;

	return span_cut(&records, '\n', &first) && span_cut(&records, '\n', &second) &&
	       records.at != NULL && line_parse(first, &line) &&
	       span_is(line.fields[0], "message") && read_message(&line, message) &&
	       line_parse(second, &line) && span_is(line.fields[0], "from") &&
	       read_from(&line, &message->envelope);
}

/* The lines up to `complete`; false when one is not as it must be. */
static bool read_envelope(struct span *rest, struct queue_message *message)
{
	struct span text;
	struct line line;
	uint64_t count;

	if (!span_cut(rest, '\n', &text) || rest->at == NULL || !line_parse(text, &line) ||
	    !span_is(line.fields[0], "message") || !read_message(&line, message))
		return false;
	while (span_cut(rest, '\n', &text) && line_parse(text, &line)) {
		if (span_is(line.fields[0], "complete"))
			return line.count == 2 && message->envelope.has_sender &&
			       get_number(line.fields[1], SIZE_MAX, &count) && count > 0 &&
			       count == message->envelope.count;
		if (!read_part(&line, &message->envelope))
			return false;
	}
	return false;
}

static bool get_state(struct span field, enum queue_state *state)
{
	for (size_t i = 0; i <= QUEUE_EXPANDED; i++)
		if (span_is(field, record_states[i])) {
			*state = (enum queue_state)i;
			return true;
		}
	return false;
}

static void read_at(const struct line *line, struct queue_recipient *recipient)
{
	struct queue_recipient now = *recipient;
	uint64_t attempts, next;

	if (line->count != 8 || !get_state(line->fields[2], &now.state) ||
	    !get_number(line->fields[3], UINT32_MAX, &attempts) ||
	    !get_number(line->fields[4], INT64_MAX, &next) ||
	    !get_text(line->fields[5], now.status, sizeof now.status) ||
	    !get_text(line->fields[6], now.mta, sizeof now.mta) ||
	    !get_text(line->fields[7], now.text, sizeof now.text))
		return;
	now.attempts = (unsigned)attempts;
	now.next = (int64_t)next;
	*recipient = now;
}

static void read_via(struct span field, struct envelope_recipient *recipient)
{
	char *via;

	if (!get_own(field, QUEUE_KEY_SIZE - 1, &via))
		return;
	free(recipient->via);
	recipient->via = via;
}

static void read_same(struct span field, size_t first, struct queue_message *message)
{
	struct queue_recipient *all = message->recipients;
	uint64_t last;

	if (!get_number(field, message->envelope.count - 1, &last))
		return;
	for (size_t i = first + 1; i <= last; i++) {
		struct queue_recipient now = all[first];

		now.delay_told = all[i].delay_told;
		now.owed = all[i].owed;
		now.moved = all[i].moved;
		all[i] = now;
	}
}

static void read_event(const struct line *line, struct queue_message *message)
{
	struct span word = line->fields[0];
	struct queue_recipient *recipient;
	uint64_t number;

	if (line->count == 1 && (span_is(word, "held") || span_is(word, "unheld")))
		message->held = span_is(word, "held");
	if (line->count < 2 || !get_number(line->fields[1], message->envelope.count - 1, &number))
		return;
	recipient = &message->recipients[number];
	if (span_is(word, "at"))
		read_at(line, recipient);
	else if (line->count == 3 && span_is(word, "same"))
		read_same(line->fields[2], (size_t)number, message);
	else if (line->count == 3 && span_is(word, "via"))
		read_via(line->fields[2], &message->envelope.recipients[number]);
	else if (line->count == 2 && span_is(word, "told"))
		recipient->delay_told = true;
	else if (line->count == 2 && (span_is(word, "owed") || span_is(word, "paid")))
		recipient->owed = span_is(word, "owed");
}

/* ---- those that others became ---- */

/* COUNT times four fields, and then nothing but the end. */
static bool read_others(struct span *text, uint64_t count, struct envelope *envelope)
{
	struct span fields[4], last;

	for (uint64_t i = 0; i < count; i++) {
		for (size_t j = 0; j < 4; j++)
			if (!span_cut(text, ' ', &fields[j]))
				return false;
		if (!read_recipient(fields, true, envelope))
			return false;
	}
	return span_cut(text, ' ', &last) && span_is(last, ".") && text->at == NULL;
}

/* What recipient `number` became, from recipient `first` on. */
static void take_others(struct queue_message *message, size_t number, size_t first)
{
	size_t count = message->envelope.count - first;
	struct envelope_recipient *all = message->envelope.recipients;
	struct queue_recipient *recipient;

	message->recipients = memory_grow(message->recipients, message->envelope.count,
					  sizeof *message->recipients);
	memset(message->recipients + first, 0, count * sizeof *message->recipients);
	recipient = &message->recipients[number];
	recipient->state = QUEUE_EXPANDED;
	recipient->owed = record_more_owed(&all[number], all + first, count);
}

/* False: it is no whole line of this kind, and nothing has changed. */
static bool read_more(struct span text, struct queue_message *message)
{
	struct envelope *envelope = &message->envelope;
	size_t first = envelope->count;
	struct span word, fields[2];
	uint64_t number, count;

	if (!span_cut(&text, ' ', &word) || !span_is(word, "more") ||
	    !span_cut(&text, ' ', &fields[0]) || !get_number(fields[0], first - 1, &number) ||
	    !span_cut(&text, ' ', &fields[1]) ||
	    !get_number(fields[1], RECORD_RECIPIENTS_MAX, &count))
		return false;
	if (read_others(&text, count, envelope)) {
		take_others(message, number, first);
		return true;
	}
	while (envelope->count > first)
		envelope_drop_last(envelope);
	return false;
}

bool record_read(struct span records, struct queue_message *message)
{
	struct span text;
	struct line line;

	/* What stands behind the last line end is a line that was being written. */
	while (records.length > 0 && records.at[records.length - 1] != '\n')
		records.length--;
	if (!read_envelope(&records, message))
		return false;
	message->recipients = memory_array(message->envelope.count, sizeof *message->recipients);
	while (span_cut(&records, '\n', &text))
		if (!read_more(text, message) && line_parse(text, &line))
			read_event(&line, message);
	return true;
}

bool record_id_valid(const char *id)
{
	size_t length =
		strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return length > 0 && length < QUEUE_ID_SIZE && id[length] == '\0' && id[0] != '.';
}

bool record_name_parse(const char *name, char id[QUEUE_ID_SIZE], uint64_t *size)
{
	const char *comma = strchr(name, ',');

	return comma != NULL && strncmp(comma, ",S=", 3) == 0 &&
	       span_copy(span_make(name, (size_t)(comma - name)), id, QUEUE_ID_SIZE) &&
	       record_id_valid(id) && span_number(span_text(comma + 3), size);
}
