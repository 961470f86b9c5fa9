/* SPDX-License-Identifier: ISC */
/*
 * ETRN (RFC 1985) of an SMTP session: who may set off what waits for a domain, and the
 * questions to the store that do it.
 */
#ifndef FRONTEND_SMTP_TRIGGER_H
#define FRONTEND_SMTP_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct smtp_session;

struct smtp_trigger { /* zeroed: nothing was asked for */
	char *domain;
	bool below;
	size_t next;       /* of the sections `remote`: the one to look at after this answer */
	uint64_t messages; /* set off so far */
};

/* Ends in smtp_session_answer, at once or later. */
void smtp_trigger_ask(struct smtp_session *smtp, const char *domain, bool below);
void smtp_trigger_clear(struct smtp_trigger *trigger);
/* Does any domain wait to be asked for; with `accounts`: by people who may fetch it themselves? */
bool smtp_trigger_offered(const struct conf *conf, bool accounts);

#endif
