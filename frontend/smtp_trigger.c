/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_trigger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/message_store.h"
#include "frontend/relaying.h"
#include "frontend/smtp_session.h"

bool smtp_trigger_offered(const struct conf *conf, bool accounts)
{
	for (size_t i = 0; i < conf->remotes_count; i++)
		if (conf->remotes[i].trigger &&
		    (!accounts || conf->remotes[i].trigger_accounts_count > 0))
			return true;
	return false;
}

void smtp_trigger_clear(struct smtp_trigger *trigger)
{
	free(trigger->domain);
	*trigger = (struct smtp_trigger){ .domain = NULL };
}

static void trigger_answer(struct smtp_session *smtp, enum outcome outcome, unsigned code,
			   const char *status, const char *text)
{
	smtp_trigger_clear(&smtp->trigger);
	smtp_session_answer(smtp, outcome, &(struct smtp_reply){ code, status, text });
}

static void trigger_done(struct smtp_session *smtp)
{
	const struct smtp_trigger *trigger = &smtp->trigger;
	char text[320];

	log_info("smtp.etrn", LOG_TEXT("session", smtp->session.id),
		 LOG_TEXT("client", smtp->session.address),
		 LOG_TEXT("auth", smtp_server_identity(smtp->engine)),
		 LOG_TEXT("domain", trigger->domain), LOG_NUMBER("messages", trigger->messages));
	if (trigger->messages == 0) {
		snprintf(text, sizeof text, "OK, no messages waiting for node %.255s",
			 trigger->domain);
		trigger_answer(smtp, OUTCOME_OK, 251, "2.0.0", text);
		return;
	}
	snprintf(text, sizeof text, "OK, %" PRIu64 " pending messages for node %.255s started",
		 trigger->messages, trigger->domain);
	trigger_answer(smtp, OUTCOME_OK, 253, "2.0.0", text);
}

static void trigger_next(struct smtp_session *smtp);

static void on_released(void *context, enum channel_result result, const struct packet *packet)
{
	struct smtp_session *smtp = context;
	struct message_result released;

	session_answered(&smtp->session);
	if (result != CHANNEL_ANSWERED || !message_get_result(packet->body, &released) ||
	    released.outcome != OUTCOME_OK) {
		trigger_answer(smtp, OUTCOME_TEMP, 458, "4.3.0", "Unable to queue messages now");
		return;
	}
	smtp->trigger.messages += released.value;
	trigger_next(smtp);
}

static void trigger_release(struct smtp_session *smtp, const char *domain)
{
	char memory[300];
	struct wire_writer writer;

	if (!smtp->session.frontend->store) {
		trigger_answer(smtp, OUTCOME_TEMP, 458, "4.3.0", "Unable to queue messages now");
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	wire_put_bytes(&writer, domain, strlen(domain));
	session_ask(&smtp->session, smtp->session.frontend->store, MESSAGE_RELEASE, &writer, -1,
		    ASK_STORE_MS, on_released);
}

/* "@example.com": the sections of domains below it, those he may ask for, one after the other. */
static void trigger_next(struct smtp_session *smtp)
{
	const struct conf *conf = smtp->session.frontend->conf;
	struct smtp_trigger *trigger = &smtp->trigger;
	size_t length = strlen(trigger->domain);
	struct relay_client client;

	smtp_session_client(smtp, &client);
	while (trigger->below && trigger->next < conf->remotes_count) {
		const struct conf_remote *remote = &conf->remotes[trigger->next++];
		struct span name = span_text(remote->name);

		if (remote->name[0] != '*' && name.length > length &&
		    span_is(span_skip(name, name.length - length), trigger->domain) &&
		    name.at[name.length - length - 1] == '.' &&
		    relaying_trigger(smtp->session.port->server->smtp, &client, remote) ==
			    RELAYING_YES) {
			trigger_release(smtp, remote->name);
			return;
		}
	}
	trigger_done(smtp);
}

static void trigger_decide(struct smtp_session *smtp)
{
	const struct conf_remote *remote =
		conf_find_remote(smtp->session.frontend->conf, smtp->trigger.domain);
	struct relay_client client;
	char text[320];

	smtp_session_client(smtp, &client);
	switch (relaying_trigger(smtp->session.port->server->smtp, &client, remote)) {
	case RELAYING_YES:
		trigger_release(smtp, smtp->trigger.domain);
		return;
	case RELAYING_NAMES:
		smtp_names_ask(smtp, trigger_decide);
		return;
	case RELAYING_LATER:
		trigger_answer(smtp, OUTCOME_TEMP, 458, "4.7.1",
			       "Your host name cannot be looked up now");
		return;
	case RELAYING_NO:
		/* RFC 1985 section 5.3. The same text whether the domain waits here or not. */
		snprintf(text, sizeof text, "Node %.255s not allowed", smtp->trigger.domain);
		trigger_answer(smtp, OUTCOME_TEMP, 459, "4.7.1", text);
	}
}

void smtp_trigger_ask(struct smtp_session *smtp, const char *domain, bool below)
{
	smtp_trigger_clear(&smtp->trigger);
	smtp->trigger.domain = memory_text(domain);
	smtp->trigger.below = below;
	trigger_decide(smtp);
}
