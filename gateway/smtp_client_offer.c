/* SPDX-License-Identifier: ISC */
/* What a server offers in its reply to EHLO. */
#include "gateway/smtp_client_private.h"

#include <stddef.h>
#include <string.h>

static void take_size(struct smtp_client_offer *offer, struct span value)
{
	offer->size = true;
	if (!span_number(value, &offer->size_max))
		offer->size_max = 0;
}

static bool is_mechanism(struct span name)
{
	for (size_t i = 0; i < name.length; i++) {
		if (!ascii_is_alnum(name.at[i]) && name.at[i] != '-' && name.at[i] != '_')
			return false;
	}
	return name.length > 0;
}

/* Whole names only. A second line adds to the first: some servers have "AUTH=" for old clients. */
static void take_mechanisms(struct smtp_client_offer *offer, struct span value)
{
	struct span name;

	while (span_cut(&value, ' ', &name)) {
		size_t used = strlen(offer->mechanisms);

		if (!is_mechanism(name) || used + 1 + name.length >= sizeof(offer->mechanisms))
			continue;
		if (used > 0)
			offer->mechanisms[used++] = ' ';
		(void)span_copy(name, offer->mechanisms + used, sizeof(offer->mechanisms) - used);
	}
}

#define FLAG(keyword, member)                                                                      \
	{                                                                                          \
		keyword, NULL, offsetof(struct smtp_client_offer, member)                          \
	}

static const struct {
	const char *keyword;
	void (*take)(struct smtp_client_offer *offer, struct span value); /* or */
	size_t flag;                                                      /* that is set */
} extensions[] = {
	FLAG("PIPELINING", pipelining), FLAG("8BITMIME", eightbitmime),
	FLAG("CHUNKING", chunking),     FLAG("BINARYMIME", binarymime),
	FLAG("SMTPUTF8", smtputf8),     FLAG("DSN", dsn),
	FLAG("STARTTLS", starttls),     FLAG("ENHANCEDSTATUSCODES", enhanced),
	FLAG("REQUIRETLS", requiretls), { "SIZE", take_size, 0 },
	{ "AUTH", take_mechanisms, 0 },
};

static void take_extension(struct smtp_client_offer *offer, struct span keyword, struct span value)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (!span_is_nocase(keyword, extensions[i].keyword))
			continue;
		if (extensions[i].take != NULL)
			extensions[i].take(offer, value);
		else
			*(bool *)((char *)offer + extensions[i].flag) = true;
	}
}

static void take_name(struct smtp_client_offer *offer, struct span line)
{
	struct span name = { NULL, 0 };
	size_t length;

	(void)span_cut(&line, ' ', &name);
	length = name.length < sizeof(offer->name) ? name.length : sizeof(offer->name) - 1;
	for (size_t i = 0; i < length; i++)
		offer->name[i] = name.at[i] > ' ' && name.at[i] < 127 ? name.at[i] : '?';
	offer->name[length] = '\0';
}

void smtp_client_offer_line(struct smtp_client_offer *offer, struct span line)
{
	struct span keyword = { NULL, 0 };

	line = span_trim(line);
	if (!offer->esmtp) { /* the first line greets */
		offer->esmtp = true;
		take_name(offer, line);
	} else if (span_starts_nocase(line, "AUTH=")) {
		take_mechanisms(offer, span_skip(line, 5));
	} else if (span_cut(&line, ' ', &keyword)) {
		take_extension(offer, keyword, span_trim(line));
	}
}
