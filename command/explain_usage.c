/* SPDX-License-Identifier: ISC */
/* How full a mailbox is: the directory role, which explains the rest, cannot see that. */
#include "command/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "daemon/mail_reply.h"
#include "store/store.h"

struct fullness {
	bool there;           /* the lines name a mailbox */
	bool read;            /* and it could be looked at */
	uint64_t used, quota; /* octets; quota 0 = none */
	char why[STORE_REASON_SIZE];
};

static void read_usage(const struct conf *conf, const struct store_mailbox *who,
		       struct fullness *full)
{
	struct store_failure failure = { .reason = "" };
	struct store *store = store_visit(conf->store.root, &failure);
	struct store_usage usage = { 0 };
	bool exists;

	/* Nothing was ever stored. */
	full->read =
		!store || store_visit_usage(store, who, &exists, &usage, &failure) == OUTCOME_OK;
	full->used = usage.octets;
	snprintf(full->why, sizeof full->why, "%s", failure.reason);
	store_visit_end(store);
}

/* `whose`: "" or "sender's ", in front of the keys. */
static struct fullness look(const struct conf *conf, struct span lines, const char *whose)
{
	struct fullness full = { .there = false };
	struct store_mailbox who = { .id = "" };
	char key[40];
	const char *at;
	struct span mailbox;

	snprintf(key, sizeof key, "%smailbox", whose);
	mailbox = explain_value(lines, key);
	at = mailbox.at ? memrchr(mailbox.at, '@', mailbox.length) : NULL;
	snprintf(key, sizeof key, "%sid", whose);
	if (!at ||
	    !span_copy(span_make(mailbox.at, (size_t)(at - mailbox.at)), who.name,
		       sizeof who.name) ||
	    !span_copy(span_skip(mailbox, (size_t)(at - mailbox.at) + 1), who.domain,
		       sizeof who.domain) ||
	    !span_copy(explain_value(lines, key), who.id, sizeof who.id))
		return full;
	snprintf(key, sizeof key, "%squota", whose);
	(void)span_number(explain_value(lines, key), &full.quota);
	full.there = true;
	read_usage(conf, &who, &full);
	return full;
}

static void tell(struct buffer *lines, const char *whose, const struct fullness *full)
{
	if (!full->there)
		return;
	if (!full->read)
		buffer_add_format(lines, "%squota state\tnot known: %s\n", whose, full->why);
	else if (full->quota == 0)
		buffer_add_format(lines, "%squota state\t%" PRIu64 " octets used, no limit\n",
				  whose, full->used);
	else
		buffer_add_format(
			lines, "%squota state\t%" PRIu64 " of %" PRIu64 " octets used, %.0f %%%s\n",
			whose, full->used, full->quota,
			100.0 * (double)full->used / (double)full->quota,
			full->used >= full->quota ? ": full" : "");
}

static void add(struct buffer *lines, struct span key, struct span value)
{
	buffer_add(lines, key.at, key.length);
	buffer_add_text(lines, "\t");
	buffer_add(lines, value.at, value.length);
	buffer_add_text(lines, "\n");
}

static bool is_full(const struct fullness *full)
{
	return full->read && full->quota > 0 && full->used >= full->quota;
}

/* Only what would have been taken is refused for that. */
static void add_reply(struct buffer *lines, struct span key, struct span value,
		      const struct fullness *full, const struct smtp_reply *reply)
{
	if (!is_full(full) || value.length == 0 || value.at[0] != '2') {
		add(lines, key, value);
		return;
	}
	buffer_add(lines, key.at, key.length);
	buffer_add_format(lines, "\t%u %s %s\n", reply->code, reply->status, reply->text);
}

void explain_add_usage(const struct conf *conf, struct buffer *lines)
{
	struct span all = buffer_span(lines), rest = all, key, value;
	struct fullness recipient = look(conf, all, ""), sender = look(conf, all, "sender's ");
	char address[ADDRESS_TEXT_SIZE] = "", room[MAIL_REPLY_SIZE];
	struct buffer told = BUFFER_EMPTY;
	struct smtp_reply full;

	(void)span_copy(explain_value(all, "recipient/asked"), address, sizeof address);
	full = mail_reply_recipient_full(address, room);
	while (explain_take(&rest, &key, &value)) {
		if (span_is(key, "RCPT")) {
			tell(&told, "", &recipient);
			add_reply(&told, key, value, &recipient, &full);
		} else if (span_is(key, "MAIL")) {
			tell(&told, "sender's ", &sender);
			add_reply(&told, key, value, &sender, &mail_reply_sender_full);
		} else {
			add(&told, key, value);
		}
	}
	buffer_clear(lines);
	*lines = told;
}
