/* SPDX-License-Identifier: ISC */
/* One recipient in a domain of ours whose mail is not simply put into a directory. */
#ifndef ROUTING_RESOLVE_H
#define ROUTING_RESOLVE_H

#include "routing/routing_private.h"

/* *route is empty; where->where is QUESTION_OURS. */
enum outcome resolve_in_directory(const struct routing *routing, const struct route_ask *ask,
				  const struct question *question, struct route *route);

#endif
