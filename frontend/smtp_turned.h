/* SPDX-License-Identifier: ISC */
/*
 * ATRN (RFC 2645): what waits for domains of an account is handed to it on its own
 * connection, which is turned round. The first message is taken from the store before the
 * client is told that there is one; from then on the stream belongs to
 * daemon/outgoing_session.h, and the engine of the server is not used any more.
 */
#ifndef FRONTEND_SMTP_TURNED_H
#define FRONTEND_SMTP_TURNED_H

#include <stdbool.h>
#include <stddef.h>

struct smtp_session;
struct smtp_turned;

/* domains as ask_turn of the engine has them. Ends in smtp_session_answer, at once or later. */
void smtp_turned_ask(struct smtp_session *smtp, const char *domains);
/* The client was told 250: it is the server now. */
void smtp_turned_begin(struct smtp_session *smtp);
bool smtp_turned_has_begun(const struct smtp_turned *turned); /* NULL: no */
/* The stream's events from then on. */
size_t smtp_turned_input(struct smtp_turned *turned, const char *bytes, size_t length);
void smtp_turned_drained(struct smtp_turned *turned);
void smtp_turned_gone(struct smtp_turned *turned, const char *why);
/* After the message that is under way. */
void smtp_turned_shutdown(struct smtp_turned *turned);
/* The session is over: what was not delivered goes back to the queue. */
void smtp_turned_free(struct smtp_turned *turned);

#endif
