/* SPDX-License-Identifier: ISC */
/* Logins of ours that show a password or a token: PLAIN (RFC 4616), LOGIN, XOAUTH2; and SCRAM,
 * which only proves it. */
#include <string.h>

#include "accounts/scram_client.h"
#include "auth/client_private.h"
#include "auth/oauth.h"
#include "base/base64.h"
#include "io/tls.h"

enum outcome client_plain_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response)
{
	enum outcome outcome = client_read_password(login, turn);

	if (outcome != OUTCOME_OK)
		return outcome;
	buffer_add(response, login->authzid, strlen(login->authzid) + 1);
	buffer_add(response, login->conf->user, strlen(login->conf->user) + 1);
	buffer_add(response, login->secret, login->secret_length);
	return OUTCOME_OK;
}

/* The server asks for the name, then for the password; in which words is not fixed anywhere. */
enum outcome client_login_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response)
{
	(void)response;
	turn->has_response = false;
	return client_read_password(login, turn);
}

enum outcome client_login_answer(struct client_login *login, struct span challenge,
				 struct client_login_turn *turn, struct buffer *response)
{
	(void)challenge;
	if (login->turns > 2)
		return client_say(turn, OUTCOME_TEMP, "%s asks for more than a name and a password",
				  login->host);
	if (login->turns == 1)
		buffer_add_text(response, login->conf->user);
	else
		buffer_add(response, login->secret, login->secret_length);
	return OUTCOME_OK;
}

enum outcome client_oauth_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response)
{
	login->secret = oauth_token(client_logins_tokens(login->logins), login->conf,
				    &login->secret_length, turn->text, sizeof turn->text);
	if (!login->secret)
		return OUTCOME_TEMP;
	/* The token is of an application, which the server lets into the mailbox of `user`. */
	buffer_add_format(response, "user=%s\001auth=Bearer %s\001\001",
			  login->authzid[0] ? login->authzid : login->conf->user, login->secret);
	return OUTCOME_OK;
}

/* A challenge is the refusal, in JSON; an empty response brings the reply. */
enum outcome client_oauth_next(struct client_login *login, struct span challenge,
			       struct client_login_turn *turn, struct buffer *response)
{
	(void)challenge, (void)turn, (void)response;
	client_login_refused(login);
	return OUTCOME_OK;
}

enum outcome client_scram_first(struct client_login *login, struct client_login_turn *turn,
				struct buffer *response)
{
	unsigned char chance[SCRAM_NONCE_OCTETS];
	struct scram_client_ask ask = { .user = login->conf->user, .authzid = login->authzid };
	enum outcome outcome = client_read_password(login, turn);
	const char *why;

	if (outcome != OUTCOME_OK)
		return outcome;
	ask.password = span_make(login->secret, login->secret_length);
	ask.plus = login->mechanism->bound;
	ask.could_bind = login->exporter_length > 0 || login->end_point_length > 0;
	ask.binding_name = login->exporter_length > 0 ? "tls-exporter" : "tls-server-end-point";
	ask.binding = login->exporter_length > 0
			      ? span_make(login->exporter, login->exporter_length)
			      : span_make(login->end_point, login->end_point_length);
	random_bytes(chance, sizeof chance);
	base64_encode(span_make(chance, sizeof chance), ask.nonce, sizeof ask.nonce);
	login->scram = scram_client_new(&ask, &why);
	if (!login->scram)
		return client_say(turn, OUTCOME_TEMP, "%s: %s", login->conf->password_file, why);
	buffer_add_text(response, scram_client_first(login->scram));
	return OUTCOME_OK;
}

enum outcome client_scram_next(struct client_login *login, struct span challenge,
			       struct client_login_turn *turn, struct buffer *response)
{
	char message[SCRAM_MESSAGE_MAX * 2];
	const char *why;
	bool good = login->turns == 1 ? scram_client_final(login->scram, challenge, message,
							   sizeof message, &why)
				      : scram_client_proved(login->scram, challenge, &why);

	if (!good)
		return client_say(turn, OUTCOME_TEMP, "%s: %s", login->host, why);
	if (login->turns == 1)
		buffer_add_text(response, message);
	return OUTCOME_OK;
}
