/* SPDX-License-Identifier: ISC */
/* A peer's packets into a channel with one ask outstanding: a length octet, that many octets, and
 * so on. */
#include "io/packet.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_answer(void *context, enum channel_result result, const struct packet *packet)
{
	if (packet && packet->fd >= 0)
		close(packet->fd);
	*(int *)context += 1 + (int)result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_base *base;
	int ends[2], calls = 0;

	if (!base)
		base = event_base_new();
	if (!packet_pair(ends))
		abort();
	struct channel *channel = channel_new(base, ends[0], NULL, NULL, NULL);
	channel_ask(channel, 1, span_make(NULL, 0), -1, 60000, on_answer, &calls);
	while (size > 0) {
		size_t length = data[0] < size - 1 ? data[0] : size - 1;
		if (send(ends[1], data + 1, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		data += length + 1;
		size -= length + 1;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	channel_free(channel);
	close(ends[1]);
	if (calls == 0)
		abort();
	return 0;
}
