/* SPDX-License-Identifier: ISC */
#include "directory_role/directory_role.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "daemon/message_dial.h"

_Static_assert(ELSEWHERE_SIZE_MAX <= TICKET_SIZE_MAX, "either kind has room in one place");

/* A slow client may take hours from RCPT to the end of its data. */
enum { DELIVER_TICKET_SECONDS = 24 * 3600, READ_TICKET_SECONDS = 60 };

static size_t role_ticket(const struct directory_role *role, enum ticket_purpose purpose,
			  const struct route_mailbox *mailbox, const char *session,
			  char to[TICKET_SIZE_MAX])
{
	struct ticket ticket = { .purpose = purpose, .quota = mailbox->quota,
				 .warn = mailbox->warn };
	int64_t life = purpose == TICKET_READ ? READ_TICKET_SECONDS : DELIVER_TICKET_SECONDS;
	size_t length;

	if (!span_copy(span_text(mailbox->id), ticket.id, sizeof ticket.id) ||
	    !span_copy(span_text(mailbox->domain), ticket.domain, sizeof ticket.domain) ||
	    !span_copy(span_text(mailbox->name), ticket.name, sizeof ticket.name) ||
	    !span_copy(span_text(session), ticket.session, sizeof ticket.session))
		memory_die("a mailbox name is longer than its ticket");
	ticket.expires = clock_unix() + life;
	length = ticket_sign(&ticket, role->key, to, TICKET_SIZE_MAX);
	if (length == 0)
		memory_die("a ticket did not fit");
	return length;
}

size_t directory_ticket(const struct directory_role *role, const struct route_mailbox *mailbox,
			char to[TICKET_SIZE_MAX])
{
	return role_ticket(role, mailbox->drop ? TICKET_DROP : TICKET_DELIVER, mailbox, "", to);
}

static size_t role_standing(const struct directory_role *role, struct standing *standing,
			    const char *session, char to[STANDING_SIZE_MAX])
{
	size_t length = 0;

	if (span_copy(span_text(session), standing->session, sizeof standing->session))
		length = standing_sign(standing, role->key, to, STANDING_SIZE_MAX);
	if (length == 0)
		memory_die("a standing did not fit");
	return length;
}

/* One that a gateway has opened for somebody does not go on once more: gateways would go round. */
static void role_elsewhere(const struct directory_role *role, const struct auth_answer *answer,
			   const char *session, struct message_identity *identity,
			   char to[TICKET_SIZE_MAX])
{
	struct elsewhere elsewhere = { .expires = clock_unix() + READ_TICKET_SECONDS };
	size_t length;

	memcpy(identity->host, answer->host, sizeof identity->host);
	if (!role->conf->proxy.enabled)
		return;
	if (answer->by[0]) {
		log_error("pop3.loop", LOG_TEXT("session", session), LOG_TEXT("who", answer->who),
			  LOG_TEXT("by", answer->by), LOG_TEXT("host", answer->host),
			  LOG_TEXT("do", "correct where the directory says that this mailbox is"));
		return;
	}
	memcpy(elsewhere.host, answer->host, sizeof elsewhere.host);
	memcpy(elsewhere.who, answer->who, sizeof elsewhere.who);
	(void)span_copy(span_text(session), elsewhere.session, sizeof elsewhere.session);
	length = elsewhere_sign(&elsewhere, role->key, to, ELSEWHERE_SIZE_MAX);
	if (length == 0)
		memory_die("a ticket did not fit");
	identity->elsewhere = span_make(to, length);
}

bool directory_elsewhere(struct work *work)
{
	const struct directory_role *role = work->context;
	struct message_dial_host answer = { .outcome = OUTCOME_OK };
	struct elsewhere elsewhere;
	struct message_dial ask;
	struct wire_writer writer;
	char memory[sizeof answer + 64];

	if (!message_get_dial(work_body(work), &ask))
		return false;
	if (elsewhere_verify(ask.ticket, role->key, clock_unix(), &elsewhere)) {
		memcpy(answer.host, elsewhere.host, sizeof answer.host);
	} else {
		answer.outcome = OUTCOME_PERM;
		span_copy(span_text("the ticket is not ours, or too old"), answer.text,
			  sizeof answer.text);
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_dial_host(&writer, &answer);
	work_answer(work, &writer, -1);
	return true;
}

void directory_identify(const struct directory_role *role, struct auth_answer *answer,
			const char *session, struct message_identity *identity,
			char ticket[TICKET_SIZE_MAX], char standing[STANDING_SIZE_MAX])
{
	identity->verdict = answer->verdict;
	memcpy(identity->who, answer->who, sizeof identity->who);
	if (answer->verdict == AUTH_OK && answer->host[0])
		role_elsewhere(role, answer, session, identity, ticket);
	else if (answer->verdict == AUTH_OK && answer->mailbox.id[0])
		identity->ticket = span_make(
			ticket, role_ticket(role, TICKET_READ, &answer->mailbox, session, ticket));
	if (answer->verdict == AUTH_OK || answer->verdict == AUTH_NO_MAILBOX)
		identity->standing = span_make(
			standing, role_standing(role, &answer->standing, session, standing));
}
