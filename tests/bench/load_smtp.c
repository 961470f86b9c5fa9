/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMTP_GREETING, SMTP_EHLO, SMTP_ENVELOPE, SMTP_DATA, SMTP_ACCEPTED, SMTP_QUIT };

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
		next_message(load, session);
		return code_is(line, length, "250") ? LOAD_GO : LOAD_BAD;
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

const struct load_protocol load_smtp = { "smtp", "msg/s", smtp_line };
