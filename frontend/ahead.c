/* SPDX-License-Identifier: ISC */
#include "frontend/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"

static size_t held; /* octets, by all sessions of this process */

void ahead_clear(struct ahead *ahead)
{
	held -= ahead->length;
	free(ahead->octets);
	ahead->octets = NULL;
	ahead->length = ahead->at = 0;
}

void ahead_put(struct ahead *ahead, size_t number, struct span octets)
{
	ahead_clear(ahead);
	ahead->octets = memory_grow(NULL, octets.length, 1);
	memcpy(ahead->octets, octets.at, octets.length);
	ahead->length = octets.length;
	ahead->next = number;
	held += octets.length;
}

void ahead_passed(struct ahead *ahead, size_t number)
{
	ahead_clear(ahead);
	ahead->next = number + 1;
}

bool ahead_take(struct ahead *ahead, size_t number, struct span *message)
{
	struct wire_reader reader;

	if (ahead->octets && number == ahead->next) {
		wire_reader_init(&reader, ahead->octets + ahead->at, ahead->length - ahead->at);
		*message = wire_get_span(&reader);
		if (!reader.failed) {
			ahead->at = ahead->length - reader.left;
			ahead->next++;
			return true;
		}
	}
	ahead_clear(ahead);
	return false;
}

void ahead_done(struct ahead *ahead)
{
	if (ahead->at == ahead->length)
		ahead_clear(ahead);
}

unsigned ahead_wanted(const struct ahead *ahead, size_t number)
{
	bool in_turn = ahead->next == 0 || ahead->next == number;

	return in_turn && held < AHEAD_OCTETS_MAX ? AHEAD_MESSAGES : 1;
}
