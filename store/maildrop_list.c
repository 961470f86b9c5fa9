/* SPDX-License-Identifier: ISC */
#include "store/maildrop_list.h"

#include "base/memory.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (32 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	char bytes[CHUNK];
};

struct reading {
	struct drop_list *list;
	bool in_cur;
};

static const char *text_keep(struct drop_list *list, struct span text)
{
	struct arena_chunk *chunk = list->texts;
	char *to;

	if (chunk == NULL || CHUNK - chunk->used <= text.length) {
		chunk = memory_grow(NULL, 1, sizeof *chunk);
		chunk->next = list->texts;
		chunk->used = 0;
		list->texts = chunk;
	}
	to = chunk->bytes + chunk->used;
	if (!span_copy(text, to, CHUNK - chunk->used))
		memory_die("a file name longer than a chunk");
	chunk->used += text.length + 1;
	return to;
}

static bool list_add(void *context, const char *name)
{
	struct reading *reading = context;
	struct drop_list *list = reading->list;
	struct span whole = span_text(name);
	struct drop_message *message;
	struct maildir_name parsed;
	char uid[MAILDIR_UID_SIZE];

	if (whole.length >= MAILDIR_NAME_SIZE || !maildir_name_parse(whole, &parsed))
		return true;
	if (list->count == list->size) {
		list->size = list->size == 0 ? 64 : list->size * 2;
		list->messages = memory_grow(list->messages, list->size, sizeof *list->messages);
	}
	message = &list->messages[list->count++];
	*message = (struct drop_message){
		.unique = text_keep(list, parsed.unique),
		.suffix = text_keep(list, span_skip(whole, parsed.unique.length)),
		.seconds = parsed.seconds,
		.microseconds = parsed.microseconds,
		.counter = parsed.counter,
		.octets = parsed.octets,
		.wire = parsed.wire,
		.has_octets = parsed.has_octets,
		.has_wire = parsed.has_wire,
		.in_cur = reading->in_cur,
	};
	maildir_name_uid(parsed.unique, uid);
	message->uid =
		span_is(parsed.unique, uid) ? message->unique : text_keep(list, span_text(uid));
	return list->count < MAILDROP_MESSAGES_MAX;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int message_order(const void *left, const void *right)
{
	const struct drop_message *a = left, *b = right;
	int order = compare(a->seconds, b->seconds);

	if (order == 0)
		order = compare(a->microseconds, b->microseconds);
	if (order == 0)
		order = compare(a->counter, b->counter);
	return order != 0 ? order : strcmp(a->unique, b->unique);
}

static int message_order_in_list(const void *left, const void *right)
{
	const struct drop_message *a = left, *b = right;
	int order = message_order(left, right);

	if (order == 0)
		order = (int)a->in_cur - (int)b->in_cur;
	return order != 0 ? order : strcmp(a->suffix, b->suffix);
}

/* Seen twice because another program renamed it while the directories were read. */
static void list_remove_doubles(struct drop_list *list)
{
	for (size_t i = 0; i + 1 < list->count; i++)
		list->messages[i].gone =
			strcmp(list->messages[i].unique, list->messages[i + 1].unique) == 0;
	drop_list_remove_gone(list);
}

int drop_list_read(struct drop_list *list, int mailbox)
{
	struct reading reading = { .list = list };

	memset(list, 0, sizeof *list);
	/* new first: what moves to cur meanwhile is then seen twice and not missed. */
	if (folder_scan(mailbox, "new", SCAN_MESSAGES, list_add, &reading)) {
		reading.in_cur = true;
		if (folder_scan(mailbox, "cur", SCAN_MESSAGES, list_add, &reading)) {
			if (list->count > 0)
				qsort(list->messages, list->count, sizeof *list->messages,
				      message_order_in_list);
			list_remove_doubles(list);
			return 0;
		}
	}
	drop_list_clear(list);
	return -1;
}

void drop_list_clear(struct drop_list *list)
{
	int error = errno;

	while (list->texts != NULL) {
		struct arena_chunk *chunk = list->texts;

		list->texts = chunk->next;
		free(chunk);
	}
	free(list->messages);
	memset(list, 0, sizeof *list);
	errno = error;
}

struct drop_message *drop_list_find(const struct drop_list *list, const struct drop_message *like)
{
	if (list->count == 0)
		return NULL;
	return bsearch(like, list->messages, list->count, sizeof *list->messages, message_order);
}

void drop_list_remove_gone(struct drop_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (!list->messages[i].gone)
			list->messages[kept++] = list->messages[i];
	}
	list->count = kept;
}

void drop_message_path(const struct drop_message *message, char to[MAILDIR_NAME_SIZE + 8])
{
	snprintf(to, MAILDIR_NAME_SIZE + 8, "%s/%s%s", message->in_cur ? "cur" : "new",
		 message->unique, message->suffix);
}
