/* SPDX-License-Identifier: ISC */
#include "queue/slab.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { PIECE = 4096 }; /* records */

void *slab_at(const struct slab *slab, uint32_t number)
{
	return slab->pieces[(number - 1) / PIECE] + (size_t)((number - 1) % PIECE) * slab->size;
}

uint32_t slab_take(struct slab *slab)
{
	uint32_t number = slab->spare;

	if (number != 0) {
		memcpy(&slab->spare, slab_at(slab, number), sizeof slab->spare);
		memset(slab_at(slab, number), 0, slab->size);
		return number;
	}
	if (slab->used % PIECE == 0) {
		slab->pieces =
			memory_grow(slab->pieces, slab->used / PIECE + 1, sizeof *slab->pieces);
		slab->pieces[slab->used / PIECE] = memory_array(PIECE, slab->size);
	}
	return ++slab->used;
}

void slab_give(struct slab *slab, uint32_t number)
{
	memcpy(slab_at(slab, number), &slab->spare, sizeof slab->spare);
	slab->spare = number;
}

void slab_clear(struct slab *slab)
{
	for (uint32_t i = 0; i * PIECE < slab->used; i++)
		free(slab->pieces[i]);
	free(slab->pieces);
	*slab = (struct slab){ .size = slab->size };
}
