/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/message_resolver.h"
#include "frontend/relaying.h"
#include "frontend/smtp_session.h"

/* What the resolver role says is of strangers: a name with a blank in it would be two. */
static void names_check(struct message_names_found *found)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < found->count; i++)
		if (domain_valid(span_text(found->names[i])))
			memmove(found->names[kept++], found->names[i], sizeof found->names[i]);
	found->count = kept;
}

static void on_names(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_names_found *found = memory_new(sizeof *found);

	session_answered(&smtp->session);
	if (result != CHANNEL_ANSWERED || !message_get_names_found(packet->body, found))
		*found = (struct message_names_found){ .trouble = 1 };
	names_check(found);
	log_debug("smtp.names", LOG_TEXT("session", smtp->session.id),
		  LOG_TEXT("client", smtp->session.address), LOG_NUMBER("trouble", found->trouble),
		  LOG_NUMBER("names", found->count),
		  LOG_TEXT("name", found->count ? found->names[0] : ""));
	smtp->names.found = found;
	smtp->names.then(smtp);
}

void smtp_names_ask(struct smtp_session *smtp, void (*then)(struct smtp_session *smtp))
{
	struct channel *resolver = smtp->session.frontend->resolver;
	struct message_names ask;
	struct wire_writer writer;
	char memory[64];
	bool known = smtp->names.found != NULL;

	smtp->names.then = then;
	if (!known && (!resolver || !relaying_address(smtp->session.address, ask.address))) {
		smtp->names.found = memory_new(sizeof *smtp->names.found);
		smtp->names.found->trouble = 1;
		known = true;
	}
	if (known) {
		then(smtp);
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_names(&writer, &ask);
	session_ask(&smtp->session, resolver, MESSAGE_NAMES, &writer, -1, ASK_NAMES_MS, on_names);
}

void smtp_names_tell(struct smtp_session *smtp)
{
	const struct message_names_found *found = smtp->names.found;
	struct buffer names = BUFFER_EMPTY;

	if (found->trouble && found->count == 0) {
		smtp_server_names(smtp->engine, NULL);
		return;
	}
	for (uint32_t i = 0; i < found->count; i++)
		buffer_add_format(&names, "%s%s", i ? " " : "", found->names[i]);
	buffer_add(&names, "", 1);
	smtp_server_names(smtp->engine, buffer_bytes(&names));
	buffer_clear(&names);
}

void smtp_names_clear(struct smtp_names *names)
{
	free(names->found);
	names->found = NULL;
}

void smtp_session_client(const struct smtp_session *smtp, struct relay_client *client)
{
	*client = (struct relay_client){ .identity = smtp_server_identity(smtp->engine),
					 .member = smtp_sender_relay(smtp),
					 .names = smtp->names.found };
	/* All zero is nobody's address. */
	if (!relaying_address(smtp->session.address, client->address))
		memset(client->address, 0, sizeof client->address);
}
