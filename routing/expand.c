/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <stdio.h>

enum outcome routing_expand(struct routing *routing, const struct route_ask *ask,
			    struct expansion *expansion)
{
	(void)routing;
	(void)ask;
	*expansion = (struct expansion){ 0 };
	snprintf(expansion->status, sizeof(expansion->status), "4.3.0");
	snprintf(expansion->text, sizeof(expansion->text), "lists cannot be read now");
	return OUTCOME_TEMP;
}
