/* SPDX-License-Identifier: ISC */
/*
 * What reverse DNS says of an SMTP session's client: asked of the resolver role once, and
 * only when something depends on it.
 */
#ifndef FRONTEND_SMTP_NAMES_H
#define FRONTEND_SMTP_NAMES_H

#include <stdbool.h>

struct message_names_found;
struct relay_client;
struct smtp_session;

/* How long a client waits for name servers at most; then nothing is known. */
enum { ASK_NAMES_MS = 20000 };

struct smtp_names { /* zeroed: not asked */
	struct message_names_found *found;
	void (*then)(struct smtp_session *smtp);
};

/* Calls `then`, at once if it is known. No other ask may be outstanding. */
void smtp_names_ask(struct smtp_session *smtp, void (*then)(struct smtp_session *smtp));
/* For Received. They are known. */
void smtp_names_tell(struct smtp_session *smtp);
void smtp_names_clear(struct smtp_names *names);
/* The client as far as he is known now. */
void smtp_session_client(const struct smtp_session *smtp, struct relay_client *client);

#endif
