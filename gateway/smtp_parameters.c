/* SPDX-License-Identifier: ISC */
/* The parameters of MAIL and RCPT, kept in the envelope. */
#include "gateway/smtp_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mail/command.h"

struct target {
	struct envelope *envelope;            /* MAIL */
	struct envelope_recipient *recipient; /* RCPT */
	bool smtputf8;
};

enum value { VALUE_NEEDED, VALUE_NONE };

struct parameter {
	const char *keyword;
	enum value value;
	bool (*take)(struct target *target, struct span value);
};

/* RFC 1870 section 3: up to 20 digits, more than 64 bits hold: too big, not malformed. */
static bool take_size(struct target *target, struct span value)
{
	if (span_number(value, &target->envelope->declared))
		return true;
	target->envelope->declared = UINT64_MAX;
	for (size_t i = 0; i < value.length; i++)
		if (!ascii_is_digit(value.at[i]))
			return false;
	return value.length <= 20;
}

static bool take_body(struct target *target, struct span value)
{
	static const char *const names[] = { [ENVELOPE_BODY_7BIT] = "7BIT",
					     [ENVELOPE_BODY_8BITMIME] = "8BITMIME",
					     [ENVELOPE_BODY_BINARYMIME] = "BINARYMIME" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is_nocase(value, names[i])) {
			target->envelope->body = (enum envelope_body)i;
			return true;
		}
	}
	return false;
}

static bool take_smtputf8(struct target *target, struct span value)
{
	(void)value;
	target->envelope->smtputf8 = true;
	return true;
}

static bool take_requiretls(struct target *target, struct span value)
{
	(void)value;
	target->envelope->requiretls = true;
	return true;
}

static bool take_ret(struct target *target, struct span value)
{
	if (span_is_nocase(value, "FULL"))
		target->envelope->ret = ENVELOPE_RET_FULL;
	else if (span_is_nocase(value, "HDRS"))
		target->envelope->ret = ENVELOPE_RET_HDRS;
	return target->envelope->ret != ENVELOPE_RET_NONE;
}

static bool take_envid(struct target *target, struct span value)
{
	struct envelope *envelope = target->envelope;

	return xtext_valid(value) && span_copy(value, envelope->envid, sizeof(envelope->envid));
}

/* RFC 4954 section 5: nobody here is trusted to say who somebody else is. */
static bool take_auth(struct target *target, struct span value)
{
	(void)target;
	return span_is(value, "<>") || xtext_valid(value);
}

static unsigned notify_bit(struct span word)
{
	if (span_is_nocase(word, "SUCCESS"))
		return ENVELOPE_NOTIFY_SUCCESS;
	if (span_is_nocase(word, "FAILURE"))
		return ENVELOPE_NOTIFY_FAILURE;
	return span_is_nocase(word, "DELAY") ? ENVELOPE_NOTIFY_DELAY : 0;
}

/* RFC 3461 section 4.1: NEVER alone, or a list of the others. */
static bool take_notify(struct target *target, struct span value)
{
	unsigned notify = 0;

	if (span_is_nocase(value, "NEVER")) {
		target->recipient->notify = ENVELOPE_NOTIFY_NEVER;
		return true;
	}
	for (;;) {
		const char *comma = memchr(value.at, ',', value.length);
		size_t length = comma != NULL ? (size_t)(comma - value.at) : value.length;
		unsigned bit = notify_bit(span_make(value.at, length));

		if (bit == 0)
			return false;
		notify |= bit;
		if (comma == NULL)
			break;
		value = span_skip(value, length + 1);
	}
	target->recipient->notify = notify;
	return true;
}

static bool take_orcpt(struct target *target, struct span value)
{
	if (value.length > ENVELOPE_ORCPT_MAX || !orcpt_valid(value, target->smtputf8))
		return false;
	target->recipient->orcpt = memory_text_n(value.at, value.length);
	return true;
}

static const struct parameter mail_parameters[] = {
	{ "SIZE", VALUE_NEEDED, take_size },
	{ "BODY", VALUE_NEEDED, take_body },
	{ "SMTPUTF8", VALUE_NONE, take_smtputf8 },
	{ "REQUIRETLS", VALUE_NONE, take_requiretls },
	{ "RET", VALUE_NEEDED, take_ret },
	{ "ENVID", VALUE_NEEDED, take_envid },
	{ "AUTH", VALUE_NEEDED, take_auth },
	{ NULL, VALUE_NONE, NULL },
};

static const struct parameter rcpt_parameters[] = {
	{ "NOTIFY", VALUE_NEEDED, take_notify },
	{ "ORCPT", VALUE_NEEDED, take_orcpt },
	{ NULL, VALUE_NONE, NULL },
};

static const struct smtp_words bad_syntax = { 501, "5.5.4", "Bad parameter" };
/* RFC 5321 section 4.1.1.11. */
static const struct smtp_words not_known = { 555, "5.5.4", "Parameter not recognised" };

/* Each parameter may come once (RFC 5321 section 4.1.2 in the words of each extension). */
static const struct smtp_words *take_parameters(const struct parameter *table,
						struct target *target, struct span text)
{
	struct command_parameter given;
	unsigned seen = 0;

	while (command_next_parameter(&text, &given)) {
		size_t i = 0;

		if (given.keyword.length == 0)
			return NULL;
		while (table[i].keyword != NULL && !span_is_nocase(given.keyword, table[i].keyword))
			i++;
		if (table[i].keyword == NULL)
			return &not_known;
		if ((seen & 1u << i) || given.has_value != (table[i].value == VALUE_NEEDED) ||
		    !table[i].take(target, given.value))
			return &bad_syntax;
		seen |= 1u << i;
	}
	return &bad_syntax;
}

const struct smtp_words *smtp_mail_parameters(struct envelope *envelope, struct span text)
{
	struct target target = { .envelope = envelope };

	return take_parameters(mail_parameters, &target, text);
}

const struct smtp_words *smtp_rcpt_parameters(const struct envelope *envelope,
					      struct envelope_recipient *recipient,
					      struct span text)
{
	struct target target = { .recipient = recipient, .smtputf8 = envelope->smtputf8 };

	return take_parameters(rcpt_parameters, &target, text);
}
