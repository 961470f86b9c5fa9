/* SPDX-License-Identifier: ISC */
#include "daemon/removal.h"

#include <string.h>

size_t removal_pack(const size_t *numbers, size_t count, char memory[REMOVAL_OCTETS],
		    struct message_remove *ask)
{
	size_t taken = 0, used = 0;

	for (; taken < count && (numbers[taken] - numbers[0]) / 8 < REMOVAL_OCTETS; taken++)
		used = (numbers[taken] - numbers[0]) / 8 + 1;
	memset(memory, 0, used);
	for (size_t i = 0; i < taken; i++) {
		size_t bit = numbers[i] - numbers[0];

		memory[bit / 8] |= (char)(1 << bit % 8);
	}
	ask->first = taken ? (uint32_t)numbers[0] : 1;
	ask->bits = span_make(memory, used);
	return taken;
}

size_t removal_numbers(const struct message_remove *ask, size_t last, uint32_t *numbers)
{
	size_t count = 0;

	for (size_t bit = 0; bit / 8 < ask->bits.length && ask->first + bit <= last; bit++)
		if (ask->first > 0 && ask->bits.at[bit / 8] & 1 << bit % 8)
			numbers[count++] = (uint32_t)(ask->first + bit);
	return count;
}
