/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <stdlib.h>

void expansion_clear(struct expansion *expansion)
{
	for (size_t i = 0; i < expansion->lists_count; i++) {
		struct expansion_list *list = &expansion->lists[i];

		for (size_t j = 0; j < list->count; j++)
			free(list->members[j].via);
		free(list->members);
		free(list->sender);
	}
	free(expansion->lists);
	free(expansion->refusals);
	*expansion = (struct expansion){ 0 };
}
