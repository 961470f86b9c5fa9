/* SPDX-License-Identifier: ISC */
#include "frontend/pop3_remove.h"

#include "base/log.h"
#include "frontend/frontend.h"
#include "daemon/message_store.h"
#include "frontend/pop3_session.h"
#include "daemon/removal.h"

static bool removal_ask(struct pop3_session *pop3);

static void on_removed(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_result result = { .outcome = OUTCOME_TEMP };

	session_answered(&pop3->session);
	if (answer != CHANNEL_ANSWERED || !message_get_result(packet->body, &result))
		result = (struct message_result){ .outcome = OUTCOME_TEMP };
	pop3->remove.gone += result.value;
	if (result.outcome == OUTCOME_OK && pop3->remove.going_count > 0)
		result.outcome = removal_ask(pop3) ? OUTCOME_OK : OUTCOME_TEMP;
	if (pop3->session.asked)
		return;
	log_info("pop3.removed", LOG_TEXT("session", pop3->session.id), LOG_TEXT("who", pop3->who),
		 LOG_NUMBER("messages", pop3->remove.gone),
		 LOG_TEXT("outcome", outcome_name(result.outcome)));
	pop3_server_removed(pop3->engine, result.outcome, pop3->remove.gone);
	pop3_session_pace(pop3);
}

/* As many as one packet holds. False: there is nobody to ask. */
static bool removal_ask(struct pop3_session *pop3)
{
	static char memory[PACKET_BODY_MAX], bits[REMOVAL_OCTETS];
	struct message_remove ask = { .handle = pop3->handle };
	size_t taken = removal_pack(pop3->remove.going, pop3->remove.going_count, bits, &ask);
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_remove(&writer, &ask);
	if (!pop3_session_has_store(pop3) || writer.failed)
		return false;
	pop3->remove.going += taken;
	pop3->remove.going_count -= taken;
	session_ask(&pop3->session, pop3->session.frontend->store, MESSAGE_REMOVE, &writer, -1,
		    ASK_STORE_MS, on_removed);
	return true;
}

void pop3_remove_ask(struct pop3_session *pop3, const size_t *numbers, size_t count)
{
	pop3->remove.going = numbers;
	pop3->remove.going_count = count;
	pop3->remove.gone = 0;
	if (!removal_ask(pop3))
		pop3_server_removed(pop3->engine, OUTCOME_TEMP, 0);
}
