/* SPDX-License-Identifier: ISC */
/*
 * AUTH (RFC 4954) as a client. The mechanism is the owner's; here are only its lines. A
 * login that fails is a trouble between us and the next hop, which somebody can mend: no
 * mail is refused for it.
 */
#include "gateway/smtp_client_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mail/mechanism.h"

#define COMMAND_MAX 512 /* RFC 5321 section 4.5.3.1.4; RFC 4954 section 4 keeps it for AUTH */

static void ask(struct smtp_client *client, bool first, struct span challenge)
{
	client->phase = SMTP_PHASE_LOGIN;
	client->login_begun = !first;
	client->calls->ask_login(client->owner, first, &client->offer, challenge);
}

void smtp_client_log_in(struct smtp_client *client)
{
	if (client->offer.mechanisms[0] == '\0') {
		struct smtp_client_reply why = smtp_client_words(
			"4.7.0",
			client->secure ? "a login is required, and the server does not offer AUTH"
				       : "a login is required, and the server does not offer AUTH "
					 "without TLS");

		smtp_client_give_up(client, SMTP_CLIENT_LATER, &why);
		return;
	}
	ask(client, true, span_text(""));
}

static void cancel(struct smtp_client *client)
{
	client->phase = SMTP_PHASE_CANCEL;
	smtp_client_command(client, "*\r\n");
}

static void send_secret(struct smtp_client *client, char *line)
{
	client->phase = SMTP_PHASE_AUTH;
	smtp_client_command(client, line);
	mechanism_wipe(line, strlen(line));
}

static void send_first(struct smtp_client *client, const char *mechanism, bool has_response,
		       struct span response)
{
	char *prefix = memory_format("AUTH %s%s", mechanism, has_response ? " " : "");
	char *line = mechanism_challenge(prefix, response);

	client->login_bare = !has_response;
	/* RFC 4954 section 4: an initial response without octets is "="; one that makes the
	 * command too long waits for the server's empty challenge. */
	if (has_response && response.length == 0) {
		free(line);
		line = memory_format("AUTH %s =\r\n", mechanism);
	} else if (strlen(line) > COMMAND_MAX) {
		buffer_add(&client->response, response.at, response.length);
		mechanism_wipe(line, strlen(line));
		line = memory_format("AUTH %s\r\n", mechanism);
	}
	free(prefix);
	send_secret(client, line);
}

/* Kept until the exchange has been cancelled, or the call that asked has returned. */
static void refuse(struct smtp_client *client, enum smtp_client_end end, const char *status,
		   const char *text)
{
	client->refusal = memory_new(sizeof(*client->refusal));
	*client->refusal = smtp_client_words(status, text);
	client->refusal_end = end;
	if (client->login_begun)
		cancel(client);
}

bool smtp_client_refuse(struct smtp_client *client)
{
	if (client->refusal == NULL || client->phase != SMTP_PHASE_LOGIN)
		return false;
	smtp_client_give_up(client, client->refusal_end, client->refusal);
	return true;
}

void smtp_client_take_response(struct smtp_client *client, const char *mechanism, bool has_response,
			       struct span response)
{
	if (client->login_begun)
		send_secret(client, mechanism_challenge("", response));
	else
		send_first(client, mechanism, has_response, response);
}

void smtp_client_take_refusal(struct smtp_client *client, enum outcome outcome, const char *text)
{
	bool never = outcome == OUTCOME_PERM;

	refuse(client, never ? SMTP_CLIENT_NEVER : SMTP_CLIENT_LATER, never ? "5.7.0" : "4.7.0",
	       text != NULL ? text : "login not possible");
}

static void take_challenge(struct smtp_client *client)
{
	size_t length = 0;
	char *challenge;

	if (buffer_used(&client->response) > 0) {
		char *line = mechanism_challenge("", buffer_span(&client->response));

		buffer_wipe(&client->response);
		send_secret(client, line);
		return;
	}
	challenge = client->line_cut ? NULL : mechanism_decode(span_trim(client->last), &length);
	/* Exchange says "334 NTLM supported" where RFC 4954 has an empty challenge. */
	if (challenge == NULL && client->login_bare && !client->line_cut)
		challenge = memory_text("");
	client->login_begun = true;
	client->login_bare = false;
	if (challenge == NULL)
		refuse(client, SMTP_CLIENT_LATER, "4.7.0",
		       "the server's challenge in AUTH cannot be decoded");
	else
		ask(client, false, span_make(challenge, length));
	mechanism_wipe(challenge, length);
}

void smtp_client_heard_auth(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	unsigned class = reply->code / 100;

	if (reply->code == 334)
		take_challenge(client);
	else if (class == 2)
		smtp_client_become_ready(client);
	else if (class == 3)
		smtp_client_senseless(client, reply);
	else /* 4yz: another host may know us. 5yz: wrong everywhere, until somebody changes it. */
		smtp_client_give_up(client, class == 4 ? SMTP_CLIENT_TRY_NEXT : SMTP_CLIENT_LATER,
				    reply);
}

void smtp_client_heard_cancel(struct smtp_client *client, const struct smtp_client_reply *reply)
{
	(void)reply; /* 501, or what the server thinks of it */
	smtp_client_give_up(client, client->refusal_end, client->refusal);
}
