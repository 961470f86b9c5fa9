/* SPDX-License-Identifier: ISC */
#include "store_role/maildrops.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "store_role/maildrop_octets.h"
#include "daemon/removal.h"
#include "store_role/store_role.h"
#include "io/packet.h"

enum { MAILDROPS_MAX = 65536 };

struct maildrop_slot {
	bool used; /* under the lock of all; the rest under the slot's own, never both locks at once */
	struct store_maildrop *maildrop; /* NULL: not open */
	uint32_t serial;		 /* so that a stale handle is not somebody else's maildrop */
	pthread_mutex_t lock;
};

/* Handles are slot number + serial * MAILDROPS_MAX. */
struct maildrops {
	pthread_mutex_t lock;
	struct maildrop_slot **slots;
	uint32_t count; /* of slots */
	uint32_t open;
	uint32_t next; /* where to look for a free one first */
};

void *maildrops_new(void *context)
{
	struct maildrops *drops = memory_new(sizeof *drops);

	(void)context;
	pthread_mutex_init(&drops->lock, NULL);
	return drops;
}

void maildrops_free(void *context, void *own)
{
	struct maildrops *drops = own;

	(void)context;
	for (uint32_t i = 0; i < drops->count; i++) {
		if (drops->slots[i]->maildrop)
			store_maildrop_close(drops->slots[i]->maildrop);
		pthread_mutex_destroy(&drops->slots[i]->lock);
		free(drops->slots[i]);
	}
	free(drops->slots);
	pthread_mutex_destroy(&drops->lock);
	free(drops);
}

static struct maildrop_slot *slot_free(struct maildrops *drops, uint32_t *number)
{
	if (drops->open < drops->count) {
		do
			*number = drops->next++ % drops->count;
		while (drops->slots[*number]->used);
		return drops->slots[*number];
	}
	if (drops->count == MAILDROPS_MAX)
		return NULL;
	*number = drops->count++;
	drops->slots = memory_grow(drops->slots, drops->count, sizeof *drops->slots);
	drops->slots[*number] = memory_new(sizeof **drops->slots);
	pthread_mutex_init(&drops->slots[*number]->lock, NULL);
	return drops->slots[*number];
}

static bool maildrops_add(struct maildrops *drops, struct store_maildrop *maildrop, uint64_t *handle)
{
	struct maildrop_slot *slot;
	uint32_t number;

	pthread_mutex_lock(&drops->lock);
	slot = slot_free(drops, &number);
	if (slot) {
		slot->used = true;
		drops->open++;
	}
	pthread_mutex_unlock(&drops->lock);
	if (!slot)
		return false;
	pthread_mutex_lock(&slot->lock);
	slot->serial = (slot->serial + 1) % (UINT32_MAX / MAILDROPS_MAX);
	slot->maildrop = maildrop;
	*handle = number + (uint64_t)slot->serial * MAILDROPS_MAX;
	pthread_mutex_unlock(&slot->lock);
	return true;
}

static struct maildrops *maildrops_of(const struct work *work)
{
	const struct store_peer *peer = work_own(work);

	return peer->maildrops;
}

/* NULL when there is none of that number, open or not. */
static struct maildrop_slot *slot_numbered(struct maildrops *drops, uint32_t handle)
{
	uint32_t number = handle % MAILDROPS_MAX;
	struct maildrop_slot *slot = NULL;

	pthread_mutex_lock(&drops->lock);
	if (number < drops->count)
		slot = drops->slots[number];
	pthread_mutex_unlock(&drops->lock);
	return slot;
}

/* Its lock is held. */
static bool slot_has(const struct maildrop_slot *slot, uint32_t handle)
{
	return slot->maildrop && slot->serial == handle / MAILDROPS_MAX;
}

/* The slot, its lock held, or NULL when the handle is not open. */
static struct maildrop_slot *maildrops_hold(struct maildrops *drops, uint32_t handle)
{
	struct maildrop_slot *slot = slot_numbered(drops, handle);

	if (!slot)
		return NULL;
	pthread_mutex_lock(&slot->lock);
	if (slot_has(slot, handle))
		return slot;
	pthread_mutex_unlock(&slot->lock);
	return NULL;
}

static void answer_handed(struct work *work, const struct message_handed *handed, int fd)
{
	char memory[PACKET_BODY_MAX];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_handed(&writer, handed);
	work_answer(work, &writer, fd);
}

static void open_maildrop(struct work *work, const struct message_open *ask,
			  const struct store_mailbox *mailbox)
{
	struct store_role *role = work->context;
	char memory[MAILDROP_HANDED_MAX];
	struct message_handed handed = { .octets = { memory, 0 } };
	struct store_failure failure = { 0 };
	struct store_maildrop *maildrop = NULL;
	bool busy = false;
	int fd = -1;

	handed.result.outcome = store_maildrop_open(role->store, mailbox, &maildrop, &busy, &failure);
	if (busy)
		handed.result.flags = MESSAGE_RESULT_BUSY;
	else if (handed.result.outcome != OUTCOME_OK)
		log_error("store.open", LOG_TEXT("session", ask->session), LOG_TEXT("why", failure.reason));
	if (maildrop)
		handed.octets.length = maildrop_listing(maildrop, memory, &fd);
	if (maildrop && (handed.octets.length == 0 ||
			 !maildrops_add(maildrops_of(work), maildrop, &handed.result.value))) {
		log_error("store.open", LOG_TEXT("session", ask->session),
			  LOG_TEXT("why", "too many maildrops or descriptors are open"));
		store_maildrop_close(maildrop);
		handed.result.outcome = OUTCOME_TEMP;
		handed.octets.length = 0;
	}
	answer_handed(work, &handed, handed.result.outcome == OUTCOME_OK ? fd : -1);
	if (fd >= 0)
		close(fd);
}

bool maildrops_handle_open(struct work *work)
{
	struct store_role *role = work->context;
	struct message_open ask;
	struct ticket ticket;
	struct store_mailbox mailbox;

	if (!message_get_open(work_body(work), &ask))
		return false;
	if (!store_ticket(role, ask.ticket, TICKET_READ, &ticket, &mailbox) ||
	    strcmp(ticket.session, ask.session) != 0) {
		log_error("store.ticket", LOG_TEXT("session", ask.session),
			  LOG_TEXT("why", "not a valid reading ticket of this session"));
		answer_handed(work, &(struct message_handed){ .result.outcome = OUTCOME_TEMP }, -1);
		return true;
	}
	open_maildrop(work, &ask, &mailbox);
	return true;
}

static void answer_gone(struct work *work)
{
	store_answer(work, &(struct message_result){ OUTCOME_TEMP, MESSAGE_RESULT_GONE, 0 }, -1);
}

/* What fits into the packet goes there; a large message goes as its file. */
static void fetch(struct work *work, struct store_maildrop *maildrop, const struct message_fetch *ask)
{
	char memory[MAILDROP_HANDED_MAX];
	struct message_handed handed = { .octets = { memory, 0 } };
	struct store_failure failure = { 0 };
	int fd = -1;

	handed.octets.length = maildrop_read_ahead(maildrop, ask->number, ask->wanted, memory);
	if (handed.octets.length == 0) {
		fd = store_maildrop_message(maildrop, ask->number, &handed.result.outcome, &failure);
		if (fd < 0) {
			log_warning("store.fetch", LOG_TEXT("why", failure.reason));
			handed.result.flags = handed.result.outcome == OUTCOME_PERM ? MESSAGE_RESULT_GONE : 0;
		}
	}
	answer_handed(work, &handed, fd);
	if (fd >= 0)
		close(fd);
}

bool maildrops_handle_fetch(struct work *work)
{
	struct maildrop_slot *slot;
	struct message_fetch ask;

	if (!message_get_fetch(work_body(work), &ask))
		return false;
	slot = maildrops_hold(maildrops_of(work), ask.handle);
	if (!slot || ask.number == 0 || ask.number > store_maildrop_count(slot->maildrop))
		answer_handed(work, &(struct message_handed){ .result = { OUTCOME_TEMP, MESSAGE_RESULT_GONE, 0 } },
			      -1);
	else
		fetch(work, slot->maildrop, &ask);
	if (slot)
		pthread_mutex_unlock(&slot->lock);
	return true;
}

bool maildrops_handle_remove(struct work *work)
{
	struct message_result result = { .outcome = OUTCOME_OK };
	struct store_failure failure = { 0 };
	struct message_remove ask;
	struct maildrop_slot *slot;
	uint32_t *numbers;
	size_t count, removed = 0;

	if (!message_get_remove(work_body(work), &ask))
		return false;
	slot = maildrops_hold(maildrops_of(work), ask.handle);
	if (!slot) {
		answer_gone(work);
		return true;
	}
	numbers = memory_array(store_maildrop_count(slot->maildrop), sizeof *numbers);
	count = removal_numbers(&ask, store_maildrop_count(slot->maildrop), numbers);
	result.outcome = store_maildrop_remove(slot->maildrop, numbers, count, &removed, &failure);
	pthread_mutex_unlock(&slot->lock);
	if (result.outcome != OUTCOME_OK)
		log_error("store.remove", LOG_TEXT("why", failure.reason));
	result.value = removed;
	free(numbers);
	store_answer(work, &result, -1);
	return true;
}

static bool body_handle(const struct work *work, uint32_t *handle)
{
	struct wire_reader reader;

	wire_reader_init(&reader, work->body, work->length);
	*handle = wire_get_u32(&reader);
	return wire_done(&reader);
}

bool maildrops_handle_quota(struct work *work)
{
	struct message_quota answer = { .outcome = OUTCOME_TEMP };
	struct store_failure failure = { 0 };
	struct store_usage usage;
	struct maildrop_slot *slot;
	char memory[64];
	struct wire_writer writer;
	uint32_t handle;

	if (!body_handle(work, &handle))
		return false;
	slot = maildrops_hold(maildrops_of(work), handle);
	if (slot) {
		answer.outcome = store_maildrop_quota(slot->maildrop, &usage, &answer.limit, &failure);
		answer.used = usage.octets;
		pthread_mutex_unlock(&slot->lock);
		if (answer.outcome != OUTCOME_OK)
			log_error("store.quota", LOG_TEXT("why", failure.reason));
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_quota(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

/* Its lock is held. */
static void slot_close(struct maildrops *drops, struct maildrop_slot *slot)
{
	store_maildrop_close(slot->maildrop);
	slot->maildrop = NULL;
	pthread_mutex_unlock(&slot->lock);
	pthread_mutex_lock(&drops->lock);
	slot->used = false;
	drops->open--;
	pthread_mutex_unlock(&drops->lock);
}

bool maildrops_handle_close(struct work *work)
{
	struct maildrop_slot *slot;
	uint32_t handle;

	if (!body_handle(work, &handle))
		return false;
	slot = maildrops_hold(maildrops_of(work), handle);
	if (slot)
		slot_close(maildrops_of(work), slot);
	return true;
}

bool maildrops_at_once(struct work *work)
{
	struct maildrop_slot *slot;
	uint32_t handle;

	if (work->permit->kind != MESSAGE_CLOSE || !body_handle(work, &handle))
		return false;
	slot = slot_numbered(maildrops_of(work), handle);
	if (!slot || pthread_mutex_trylock(&slot->lock) != 0)
		return false; /* a thread is reading a message of it: another one will wait for that */
	if (slot_has(slot, handle))
		slot_close(maildrops_of(work), slot);
	else
		pthread_mutex_unlock(&slot->lock);
	return true;
}
