/* SPDX-License-Identifier: ISC */
/* The beginning of a session: greeting, EHLO, LHLO or HELO, STARTTLS. */
#include "gateway/smtp_client_private.h"

#include <stdlib.h>

#include "base/memory.h"

static void greet(struct smtp_client *client, const char *verb, enum smtp_client_phase phase)
{
	char *line = memory_format("%s %s\r\n", verb, client->profile->name);

	client->offer = (struct smtp_client_offer){ .esmtp = false };
	client->phase = phase;
	smtp_client_command(client, line);
	free(line);
}

void smtp_client_hello(struct smtp_client *client)
{
	if (client->profile->helo)
		greet(client, "HELO", SMTP_PHASE_HELO);
	else
		greet(client, client->profile->lmtp ? "LHLO" : "EHLO", SMTP_PHASE_EHLO);
}

/* 4yz and 5yz end the session; what is neither and not 2yz makes no sense. True: 2yz. */
static bool is_welcome(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	unsigned class = reply->code / 100;

	if (class == 3)
		smtp_client_senseless(client, reply);
	else if (class != 2)
		smtp_client_give_up(client, class == 4 ? SMTP_CLIENT_TRY_NEXT : SMTP_CLIENT_NEVER,
				    reply);
	return class == 2;
}

void smtp_client_heard_greeting(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	if (is_welcome(client, reply))
		smtp_client_hello(client);
}

static void need_tls(struct smtp_client *client)
{
	struct smtp_client_reply why = smtp_client_words(
		"4.7.4", "TLS is required, and the server does not offer STARTTLS");

	smtp_client_give_up(client, SMTP_CLIENT_TRY_NEXT, &why);
}

/* The server has said who it is and what it can: what is to be done before mail is sent? */
static void go_on(struct smtp_client *client)
{
	const struct smtp_client_profile *profile = client->profile;

	if (!client->secure && profile->tls != SMTP_CLIENT_TLS_NEVER && client->offer.starttls &&
	    !client->starttls_refused) {
		client->phase = SMTP_PHASE_STARTTLS;
		smtp_client_command(client, "STARTTLS\r\n");
	} else if (!client->secure && profile->tls == SMTP_CLIENT_TLS_MUST) {
		need_tls(client);
	} else if (profile->login) {
		smtp_client_log_in(client);
	} else {
		smtp_client_become_ready(client);
	}
}

void smtp_client_heard_ehlo(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	/* RFC 5321 section 3.2: who does not know EHLO is asked again with HELO. */
	if (reply->code / 100 == 5 && !client->profile->lmtp)
		greet(client, "HELO", SMTP_PHASE_HELO);
	else if (is_welcome(client, reply))
		go_on(client);
}

void smtp_client_heard_helo(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	if (!is_welcome(client, reply))
		return;
	smtp_client_offer_line(&client->offer, client->last);
	client->offer.esmtp = false;
	go_on(client);
}

void smtp_client_heard_starttls(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	if (reply->code == 220) {
		/* RFC 3207 section 5: what stands behind it was not said inside TLS. */
		buffer_clear(&client->input);
		client->phase = SMTP_PHASE_HANDSHAKE;
		client->calls->start_tls(client->owner);
	} else if (reply->code / 100 < 4) {
		smtp_client_senseless(client, reply);
	} else if (client->profile->tls == SMTP_CLIENT_TLS_MUST) {
		smtp_client_give_up(client, SMTP_CLIENT_TRY_NEXT, reply);
	} else {
		client->starttls_refused = true;
		go_on(client);
	}
}
