/* SPDX-License-Identifier: ISC */
#include "store_role/store_drop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "store/eml_file.h"

struct drop {
	char *directory;
	struct buffer receivers; /* their lines */
	struct eml_file *file;
};

static struct drop *drop_of(struct drops *drops, const char *directory)
{
	for (size_t i = 0; i < drops->count; i++) {
		if (strcmp(drops->all[i].directory, directory) == 0)
			return &drops->all[i];
	}
	drops->all = memory_grow(drops->all, drops->count + 1, sizeof *drops->all);
	drops->all[drops->count] = (struct drop){ .directory = memory_text(directory) };
	return &drops->all[drops->count++];
}

bool drops_add(struct drops *drops, const struct conf *conf, const struct ticket *ticket)
{
	const struct conf_domain *domain = conf_find_domain(conf, ticket->domain);
	struct address address = { .utf8 = false };
	char text[ADDRESS_TEXT_SIZE];

	if (domain == NULL || domain->drop[0] == '\0' ||
	    !span_copy(span_text(ticket->name), address.local, sizeof address.local) ||
	    !span_copy(span_text(ticket->domain), address.domain, sizeof address.domain))
		return false;
	address_text(&address, text);
	buffer_add_format(&drop_of(drops, domain->drop)->receivers, "x-receiver: %s\r\n", text);
	return true;
}

static bool write_one(struct drop *drop, const char *sender, int message, uint64_t size,
		      struct store_failure *failure)
{
	struct buffer head = BUFFER_EMPTY;

	buffer_add_format(&head, "x-sender: %s\r\n", sender[0] != '\0' ? sender : "<>");
	buffer_add(&head, buffer_bytes(&drop->receivers), buffer_used(&drop->receivers));
	drop->file = eml_file_write(drop->directory, buffer_span(&head), message, size, failure);
	buffer_clear(&head);
	return drop->file != NULL;
}

enum outcome drops_write(struct drops *drops, const struct address *sender, int message,
			 uint64_t size, struct store_failure *failure)
{
	char text[ADDRESS_TEXT_SIZE];

	address_text(sender, text);
	for (size_t i = 0; i < drops->count; i++) {
		if (!write_one(&drops->all[i], text, message, size, failure))
			return OUTCOME_TEMP;
	}
	return OUTCOME_OK;
}

enum outcome drops_commit(struct drops *drops, struct store_failure *failure)
{
	enum outcome outcome = OUTCOME_OK;

	for (size_t i = 0; outcome == OUTCOME_OK && i < drops->count; i++)
		outcome = eml_file_commit(drops->all[i].file, failure);
	return outcome;
}

void drops_clear(struct drops *drops)
{
	while (drops->count > 0) {
		struct drop *drop = &drops->all[--drops->count];

		eml_file_free(drop->file);
		buffer_clear(&drop->receivers);
		free(drop->directory);
	}
	free(drops->all);
	*drops = (struct drops){ .count = 0 };
}

void drop_sender(int message, struct address *sender)
{
	static const char name[] = "Return-Path: ";
	char first[sizeof name + ADDRESS_TEXT_SIZE + 8];
	ssize_t length = pread(message, first, sizeof first, 0);
	struct span text, rest;
	const char *why;

	*sender = (struct address){ .utf8 = false };
	text = span_make(first, length > 0 ? (size_t)length : 0);
	if (!span_starts_nocase(text, name) ||
	    !address_parse_path(span_skip(text, strlen(name)), true, sender, &rest, &why))
		*sender = (struct address){ .utf8 = false };
}
