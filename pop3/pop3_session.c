/* SPDX-License-Identifier: ISC */
/* CAPA (RFC 2449 section 5), STLS (RFC 2595 section 4), UTF8 and LANG (RFC 6856): what the session
 * is like. */
#include "pop3/pop3_private.h"

#include "base/buffer.h"

/* Before the login USER, SASL and STLS stand only where the next command could be one of them. */
static void capa_login(const struct pop3_server *server, struct buffer *list)
{
	struct buffer names = BUFFER_EMPTY;

	if (server->state == POP3_STATE_TRANSACTION)
		return;
	if (pop3_basic_fault(server) == NULL)
		buffer_add_text(list, "USER\r\n");
	pop3_auth_list(server, &names, " ", "");
	if (buffer_used(&names) > 0) {
		buffer_add_text(list, "SASL");
		buffer_add(list, buffer_bytes(&names), buffer_used(&names));
		buffer_add_text(list, "\r\n");
	}
	buffer_clear(&names);
	if (!server->secure && server->profile->starttls)
		buffer_add_text(list, "STLS\r\n");
	if (server->profile->proxies)
		buffer_add_text(list, "XPROXIED\r\n");
}

enum pop3_next pop3_step_capa(struct pop3_server *server, const struct pop3_command *command)
{
	struct buffer list = BUFFER_EMPTY;
	struct span bytes;

	(void)command;
	buffer_add_text(&list, "+OK Capabilities follow\r\nTOP\r\nUIDL\r\n");
	capa_login(server, &list);
	buffer_add_text(&list, "RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"
			       "UTF8 USER\r\nLANG\r\nXQUOTA\r\n");
	if (server->profile->implementation != NULL)
		buffer_add_format(&list, "IMPLEMENTATION %s\r\n", server->profile->implementation);
	buffer_add_text(&list, ".\r\n");
	bytes = buffer_span(&list);
	server->calls->write(server->owner, bytes.at, bytes.length);
	buffer_clear(&list);
	return POP3_NEXT;
}

/*
 * RFC 6856 section 2.1. Messages are sent as they were stored in either mode: a
 * client that never asked for UTF8 gets internationalised headers unconverted
 * rather than a message that it can never fetch.
 */
enum pop3_next pop3_step_utf8(struct pop3_server *server, const struct pop3_command *command)
{
	(void)command;
	return pop3_ok(server, "UTF8 enabled");
}

/* RFC 6856 section 3: "*" asks for the server's own choice. */
enum pop3_next pop3_step_lang(struct pop3_server *server, const struct pop3_command *command)
{
	struct span range = command->argument;

	if (range.length == 0) {
		pop3_write_text(server, "+OK Languages follow\r\nen English\r\n"
					"i-default English\r\n.\r\n");
		return POP3_NEXT;
	}
	if (span_is_nocase(range, "i-default"))
		return pop3_ok(server, "i-default Language changed");
	if (span_is(range, "*") || span_is_nocase(range, "en") || span_starts_nocase(range, "en-"))
		return pop3_ok(server, "en Language changed");
	return pop3_error(server, command->verb, POP3_CODE_NONE, "Language not known");
}

/* Anybody may say so: it takes away, and gives nothing. */
enum pop3_next pop3_step_proxied(struct pop3_server *server, const struct pop3_command *command)
{
	if (!server->profile->proxies)
		return pop3_mistake(server, command->verb, POP3_CODE_NONE, "Unknown command");
	server->proxied = true;
	return pop3_ok(server, "This session stays here");
}

enum pop3_next pop3_step_stls(struct pop3_server *server, const struct pop3_command *command)
{
	/* RFC 2595 section 4: refused when TLS is on already. */
	if (server->secure)
		return pop3_mistake(server, command->verb, POP3_CODE_NONE, "TLS is on already");
	if (!server->profile->starttls)
		return pop3_mistake(server, command->verb, POP3_CODE_NONE,
				    "TLS is not offered here");
	pop3_ok(server, "Begin TLS");
	server->state = POP3_STATE_HANDSHAKE;
	server->discarding = true;
	server->calls->start_tls(server->owner);
	return POP3_WAIT;
}
