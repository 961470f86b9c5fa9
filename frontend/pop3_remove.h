/* SPDX-License-Identifier: ISC */
/* What a POP3 session removes at QUIT: asked for at the store, as many a packet as one holds. */
#ifndef FRONTEND_POP3_REMOVE_H
#define FRONTEND_POP3_REMOVE_H

#include <stddef.h>

struct pop3_session;

struct pop3_remove {
	const size_t *going; /* the engine's, until it is told that they went */
	size_t going_count, gone;
};

/* Ends in pop3_server_removed, at once or later. */
void pop3_remove_ask(struct pop3_session *pop3, const size_t *numbers, size_t count);

#endif
