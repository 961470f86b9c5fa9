/* SPDX-License-Identifier: ISC */
#include "store/maildrop_list.h"

#include "base/memory.h"
#include "store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 1024
#define CHUNK_MAX (32 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	char bytes[];
};

struct reading {
	struct drop_list *list;
	bool in_cur;
};

/* Small mailboxes are many: each chunk is twice as large as the one before. */
static struct arena_chunk *chunk_new(struct drop_list *list)
{
	size_t size = list->texts == NULL ? CHUNK_MIN : list->texts->size * 2;
	struct arena_chunk *chunk;

	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	chunk = memory_grow(NULL, 1, sizeof *chunk + size);
	chunk->next = list->texts;
	chunk->used = 0;
	chunk->size = size;
	list->texts = chunk;
	list->texts_octets += sizeof *chunk + size;
	return chunk;
}

static const char *text_keep(struct drop_list *list, const char *text)
{
	struct arena_chunk *chunk = list->texts;
	size_t size = strlen(text) + 1;
	char *to;

	if (size > CHUNK_MIN)
		memory_die("a file name longer than a chunk");
	if (chunk == NULL || chunk->size - chunk->used < size)
		chunk = chunk_new(list);
	to = chunk->bytes + chunk->used;
	memcpy(to, text, size);
	chunk->used += size;
	return to;
}

bool drop_message_parse(const char *name, bool in_cur, char unique[MAILDIR_NAME_SIZE],
			struct drop_message *message)
{
	struct span whole = span_text(name);
	struct maildir_name parsed;

	if (whole.length >= MAILDIR_NAME_SIZE || !maildir_name_parse(whole, &parsed) ||
	    !span_copy(parsed.unique, unique, MAILDIR_NAME_SIZE))
		return false;
	*message = (struct drop_message){
		.unique = unique,
		.suffix = name + parsed.unique.length,
		.seconds = parsed.seconds,
		.microseconds = parsed.microseconds,
		.counter = parsed.counter,
		.octets = parsed.octets,
		.wire = parsed.wire,
		.has_octets = parsed.has_octets,
		.has_wire = parsed.has_wire,
		.in_cur = in_cur,
	};
	return true;
}

struct drop_message *drop_list_insert(struct drop_list *list, size_t place,
				      const struct drop_message *message)
{
	struct drop_message *to;
	char uid[MAILDIR_UID_SIZE];

	if (list->count >= MAILDROP_MESSAGES_MAX)
		return NULL;
	if (list->count == list->size) {
		list->size += list->size < 4096 ? list->size + 16 : list->size / 8;
		list->messages = memory_grow(list->messages, list->size, sizeof *list->messages);
	}
	to = &list->messages[place];
	memmove(to + 1, to, (list->count - place) * sizeof *to);
	list->count++;
	*to = *message;
	to->unique = text_keep(list, message->unique);
	to->suffix = text_keep(list, message->suffix);
	maildir_name_uid(span_text(to->unique), uid);
	to->uid = strcmp(to->unique, uid) == 0 ? to->unique : text_keep(list, uid);
	return to;
}

void drop_list_move(struct drop_list *list, struct drop_message *message,
		    const struct drop_message *like)
{
	if (strcmp(message->suffix, like->suffix) != 0)
		message->suffix = text_keep(list, like->suffix);
	message->in_cur = like->in_cur;
	message->gone = false;
}

static bool list_add(void *context, const char *name)
{
	struct reading *reading = context;
	struct drop_message message;
	char unique[MAILDIR_NAME_SIZE];

	return !drop_message_parse(name, reading->in_cur, unique, &message) ||
	       drop_list_insert(reading->list, reading->list->count, &message) != NULL;
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
	for (size_t i = 0; i + 1 < list->count; i++) {
		list->messages[i].gone =
			strcmp(list->messages[i].unique, list->messages[i + 1].unique) == 0;
		list->doubles += list->messages[i].gone;
	}
	if (list->doubles > 0)
		(void)drop_list_remove_gone(list);
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
			list->texts_read = list->texts_octets;
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

size_t drop_list_place(const struct drop_list *list, const struct drop_message *message)
{
	size_t from = 0, to = list->count;

	/* What comes new belongs to the end, or close to it. */
	if (to == 0 || message_order(&list->messages[to - 1], message) < 0)
		return to;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (message_order(&list->messages[middle], message) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

size_t drop_list_remove_gone(struct drop_list *list)
{
	size_t kept = 0, first = list->count;

	for (size_t i = 0; i < list->count; i++) {
		if (!list->messages[i].gone)
			list->messages[kept++] = list->messages[i];
		else if (first == list->count)
			first = i;
	}
	list->count = kept;
	list->some_gone = false;
	return first;
}

size_t drop_list_memory(const struct drop_list *list)
{
	return list->size * sizeof *list->messages + list->texts_octets;
}

void drop_message_path(const struct drop_message *message, char to[MAILDIR_NAME_SIZE + 8])
{
	snprintf(to, MAILDIR_NAME_SIZE + 8, "%s/%s%s", message->in_cur ? "cur" : "new",
		 message->unique, message->suffix);
}
