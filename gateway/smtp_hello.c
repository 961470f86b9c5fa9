/* SPDX-License-Identifier: ISC */
/* EHLO, HELO, STARTTLS: what the two sides can do. */
#include "gateway/smtp_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"

/*
 * RFC 5321 section 4.1.4: a name that is wrong is no reason to refuse mail. Control
 * characters never come this far. RFC 2034 section 4: no status codes here.
 */
static bool take_name(struct smtp_server *server, struct span name, bool esmtp)
{
	if (name.length == 0 || name.length > ADDRESS_DOMAIN_MAX)
		return false;
	smtp_forget_transaction(server, false);
	free(server->helo);
	server->helo = memory_text_n(name.at, name.length);
	server->esmtp = esmtp;
	server->state = SMTP_READY;
	return true;
}

static bool starttls_usable(const struct smtp_server *server)
{
	return server->profile->starttls && server->tls == NULL;
}

static void list_extensions(const struct smtp_server *server, struct buffer *reply)
{
	const struct smtp_profile *profile = server->profile;

	buffer_add_text(reply, "250-PIPELINING\r\n");
	if (profile->message_size > 0)
		buffer_add_format(reply, "250-SIZE %" PRIu64 "\r\n", profile->message_size);
	else
		buffer_add_text(reply, "250-SIZE\r\n");
	buffer_add_text(reply, "250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
			       "250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n");
	if (starttls_usable(server))
		buffer_add_text(reply, "250-STARTTLS\r\n");
	/* RFC 8689 section 2: only inside TLS. */
	if (server->tls != NULL)
		buffer_add_text(reply, "250-REQUIRETLS\r\n");
	if (profile->etrn)
		buffer_add_text(reply, "250-ETRN\r\n");
	if (profile->atrn)
		buffer_add_text(reply, "250-ATRN\r\n");
	smtp_auth_list(server, reply);
	if (profile->recipients > 0)
		buffer_add_format(reply, "250-LIMITS RCPTMAX=%u\r\n", profile->recipients);
	buffer_add_text(reply, "250 HELP\r\n");
}

enum smtp_step smtp_step_ehlo(struct smtp_server *server, struct span argument)
{
	struct buffer reply = BUFFER_EMPTY;

	if (!take_name(server, argument, true))
		return smtp_refuse(server, 501, NULL, "Syntax: EHLO host-name");
	buffer_add_format(&reply, "250-%s\r\n", server->profile->fqdn);
	list_extensions(server, &reply);
	server->calls->write(server->owner, buffer_bytes(&reply), buffer_used(&reply));
	buffer_clear(&reply);
	return SMTP_NEXT;
}

enum smtp_step smtp_step_helo(struct smtp_server *server, struct span argument)
{
	if (!take_name(server, argument, false))
		return smtp_refuse(server, 501, NULL, "Syntax: HELO host-name");
	smtp_reply(server, 250, NULL, server->profile->fqdn);
	return SMTP_NEXT;
}

enum smtp_step smtp_step_starttls(struct smtp_server *server, struct span argument)
{
	(void)argument;
	if (server->tls != NULL)
		return smtp_refuse(server, 503, "5.5.1", "TLS is on already");
	if (!starttls_usable(server))
		return smtp_refuse(server, 502, "5.5.1", "STARTTLS not offered");
	smtp_reply(server, 220, "2.0.0", "Ready to start TLS");
	server->state = SMTP_TLS;
	server->calls->start_tls(server->owner);
	/* What came with the command was not protected: an attacker may have put it there. */
	return SMTP_CLOSE;
}
