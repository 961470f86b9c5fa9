/* SPDX-License-Identifier: ISC */
#include "daemon/control_queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/master.h"
#include "daemon/message_queue.h"
#include "io/packet.h"

enum { ORDER_MS = 60000 };

/* All messages of one line; the last answer ends it. */
struct orders {
	int client;
	unsigned open; /* answers that are still to come, and one while they are being sent */
	unsigned found, lost;
};

static bool act_of(struct span word, enum message_order_act *act)
{
	static const char *const names[] = { [ORDER_RETRY] = "retry",
					     [ORDER_HOLD] = "hold",
					     [ORDER_RELEASE] = "release",
					     [ORDER_REMOVE] = "remove",
					     [ORDER_BOUNCE] = "bounce" };

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!span_is(word, names[i]))
			continue;
		*act = (enum message_order_act)i;
		return true;
	}
	return false;
}

static void orders_leave(struct orders *orders)
{
	struct buffer reply = BUFFER_EMPTY;

	if (--orders->open > 0)
		return;
	if (orders->lost > 0)
		buffer_add_text(&reply, "error the store role does not answer\n");
	else
		buffer_add_format(&reply, "ok\n%u\n", orders->found);
	control_say(orders->client, buffer_span(&reply));
	buffer_clear(&reply);
	close(orders->client);
	free(orders);
}

/* The store answers with the number of messages that it found. */
static void on_order(void *context, enum channel_result result, const struct packet *packet)
{
	struct orders *orders = context;
	uint64_t found = 0;

	if (result == CHANNEL_ANSWERED && packet->fd >= 0)
		close(packet->fd);
	if (result == CHANNEL_ANSWERED && span_number(packet->body, &found))
		orders->found += (unsigned)found;
	else
		orders->lost++;
	orders_leave(orders);
}

static void order(struct orders *orders, struct channel *store, enum message_order_act act,
		  struct span id)
{
	struct message_order message = { .act = act };
	char memory[sizeof message + 32];
	struct wire_writer writer;

	if (!span_copy(id, message.id, sizeof message.id))
		return; /* of no message */
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_order(&writer, &message);
	orders->open++;
	channel_ask(store, MESSAGE_ORDER, span_make(memory, writer.used), -1, ORDER_MS, on_order,
		    orders);
}

bool control_queue(struct master *master, int client, struct span words, struct buffer *reply)
{
	struct span word;
	enum message_order_act act;
	struct orders *orders;

	if (!span_cut(&words, ' ', &word) || !act_of(word, &act) || !words.at ||
	    !master->store.control) {
		buffer_add_text(reply, master->store.control ? "error unknown act\n"
							     : "error the store role is down\n");
		return false;
	}
	orders = memory_new(sizeof *orders);
	*orders = (struct orders){ .client = client, .open = 1 };
	while (span_cut(&words, ' ', &word))
		if (word.length > 0)
			order(orders, master->store.control, act, word);
	orders_leave(orders);
	return true;
}
