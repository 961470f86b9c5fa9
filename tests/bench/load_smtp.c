/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_ENVELOPE,
	SMTP_DATA,
	SMTP_ACCEPTED,
	SMTP_RECIPIENTS,
	SMTP_QUIT
};

#define HEADER_SIZE 160 /* what header_send makes, nearly */
#define LINE_LENGTH 76

bool load_smtp_prepare(struct load *load)
{
	size_t wanted = load->options->size > HEADER_SIZE ? load->options->size - HEADER_SIZE : 0;
	char *block = malloc(wanted + LINE_LENGTH + 8);
	size_t length = 0;

	if (!block)
		return false;
	while (length < wanted) {
		size_t line = wanted - length < LINE_LENGTH ? wanted - length : LINE_LENGTH;

		memset(block + length, 'a' + (int)(length % 26), line);
		length += line;
		memcpy(block + length, "\r\n", 2);
		length += 2;
	}
	memcpy(block + length, ".\r\n", 3);
	load->block = block;
	load->block_length = length + 3;
	return true;
}

static void envelope_send(struct load *load, struct load_session *session)
{
	const struct load_options *options = load->options;

	session->replies = 1 + options->recipients;
	session->user = options->first_user + (unsigned)(load->begun % options->users);
	load_send(session, "MAIL FROM:<load@client.example>\r\n");
	for (unsigned i = 0; i < options->recipients; i++)
		load_send(session, "RCPT TO:<u%u@%s>\r\n",
			  options->first_user + (unsigned)((load->begun + i) % options->users),
			  options->domain);
	load_send(session, "DATA\r\n");
	session->state = SMTP_ENVELOPE;
}

static void message_send(struct load *load, struct load_session *session)
{
	load_send(session,
		  "From: <load@client.example>\r\nTo: <u%u@%s>\r\nSubject: load\r\n"
		  "Date: Mon, 05 Jan 2026 10:00:00 +0000\r\n"
		  "Message-ID: <%u.%llu.%llu@client.example>\r\n\r\n",
		  session->user, load->options->domain, (unsigned)getpid(),
		  (unsigned long long)session->slot, (unsigned long long)load->begun);
	session->body = load->block;
	session->body_length = load->block_length;
	session->state = SMTP_ACCEPTED;
}

static void next_message(struct load *load, struct load_session *session)
{
	if (session->done < load->options->messages && load_begin(load)) {
		envelope_send(load, session);
		return;
	}
	load_send(session, "QUIT\r\n");
	session->state = SMTP_QUIT;
}

/* Slot by slot other users, as with POP3. */
static void auth_send(struct load *load, struct load_session *session)
{
	const struct load_options *options = load->options;
	uint64_t turn = session->slot + session->turns * options->sessions;
	gnutls_datum_t plain, encoded;
	char text[200];

	session->user = options->first_user + (unsigned)(turn % options->users);
	plain.data = (unsigned char *)text;
	plain.size = (unsigned)snprintf(text, sizeof(text), "%cu%u@%s%cpw%u", 0, session->user,
					options->domain, 0, session->user);
	if (gnutls_base64_encode2(&plain, &encoded) < 0)
		abort();
	load_send(session, "AUTH PLAIN %s\r\n", (char *)encoded.data);
	gnutls_free(encoded.data);
	session->state = SMTP_AUTH;
}

/* RCPT after RCPT, and no message: what is counted is the answers. */
static void recipients_send(struct load *load, struct load_session *session)
{
	const struct load_options *options = load->options;

	if (!load_begin(load)) {
		load_send(session, "QUIT\r\n");
		session->state = SMTP_QUIT;
		return;
	}
	session->replies = 2 + options->recipients;
	load_send(session, "MAIL FROM:<load@client.example>\r\n");
	for (unsigned i = 0; i < options->recipients; i++)
		load_send(session, "RCPT TO:<u%u@%s>\r\n",
			  options->first_user + (unsigned)((load->begun * options->recipients + i) %
							   options->users),
			  options->domain);
	load_send(session, "RSET\r\n");
	session->state = SMTP_RECIPIENTS;
}

static void work_begin(struct load *load, struct load_session *session)
{
	if (load->protocol == &load_smtp_rcpt)
		recipients_send(load, session);
	else
		next_message(load, session);
}

static void greeted(struct load *load, struct load_session *session)
{
	if (load->options->tls == LOAD_STARTTLS && !session->tls) {
		load_send(session, "STARTTLS\r\n");
		session->state = SMTP_STARTTLS;
	} else if (load->options->login) {
		auth_send(load, session);
	} else {
		work_begin(load, session);
	}
}

static bool tls_begin(struct load *load, struct load_session *session)
{
	if (!load_tls_start(load, session))
		return false;
	load_send(session, "EHLO client.example\r\n");
	session->state = SMTP_EHLO;
	return true;
}

static enum load_verdict recipient_answered(struct load *load, struct load_session *session,
					    bool good)
{
	unsigned left = --session->replies;

	if (!good)
		return LOAD_BAD;
	load->finished += left >= 1 && left <= load->options->recipients;
	if (left == 0)
		recipients_send(load, session);
	return LOAD_GO;
}

static bool code_is(const char *line, size_t length, const char *code)
{
	return length >= 3 && memcmp(line, code, 3) == 0;
}

static enum load_verdict reply(struct load *load, struct load_session *session, const char *line,
			       size_t length)
{
	switch (session->state) {
	case SMTP_GREETING:
		load_send(session, "EHLO client.example\r\n");
		session->state = SMTP_EHLO;
		return code_is(line, length, "220") ? LOAD_GO : LOAD_BAD;
	case SMTP_EHLO:
		greeted(load, session);
		return code_is(line, length, "250") ? LOAD_GO : LOAD_BAD;
	case SMTP_STARTTLS:
		return code_is(line, length, "220") && tls_begin(load, session) ? LOAD_GO
										: LOAD_BAD;
	case SMTP_AUTH:
		work_begin(load, session);
		return code_is(line, length, "235") ? LOAD_GO : LOAD_BAD;
	case SMTP_RECIPIENTS:
		return recipient_answered(load, session, code_is(line, length, "250"));
	case SMTP_ENVELOPE:
		if (--session->replies == 0)
			session->state = SMTP_DATA;
		return code_is(line, length, "250") ? LOAD_GO : LOAD_BAD;
	case SMTP_DATA:
		message_send(load, session);
		return code_is(line, length, "354") ? LOAD_GO : LOAD_BAD;
	case SMTP_ACCEPTED:
		if (!code_is(line, length, "250"))
			return LOAD_BAD;
		load->finished++;
		session->done++;
		next_message(load, session);
		return LOAD_GO;
	default:
		return code_is(line, length, "221") ? LOAD_END : LOAD_BAD;
	}
}

static enum load_verdict smtp_line(struct load *load, struct load_session *session,
				   const char *line, size_t length)
{
	if (length >= 4 && line[3] == '-')
		return LOAD_GO;
	return reply(load, session, line, length);
}

const struct load_protocol load_smtp = { "smtp", "msg/s", true, smtp_line };
const struct load_protocol load_smtp_rcpt = { "smtp-rcpt", "lookups/s", true, smtp_line };
