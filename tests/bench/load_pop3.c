/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <stdio.h>
#include <string.h>

enum {
	POP3_GREETING,
	POP3_USER,
	POP3_PASS,
	POP3_STAT,
	POP3_UIDL,
	POP3_UIDL_LINES,
	POP3_LIST,
	POP3_LIST_LINES,
	POP3_RETR,
	POP3_RETR_LINES,
	POP3_QUIT,
	POP3_HELD
};

void load_user_next(const struct load *load, struct load_session *session)
{
	const struct load_options *options = load->options;
	uint64_t turn = session->slot + session->turns * options->sessions;

	session->user = options->first_user + (unsigned)(turn % options->users);
}

static void user_send(struct load *load, struct load_session *session)
{
	load_user_next(load, session);
	load_send(session, "USER u%u@%s\r\n", session->user, load->options->domain);
	session->state = POP3_USER;
}

static enum load_verdict quit_send(struct load_session *session)
{
	load_send(session, "QUIT\r\n");
	session->state = POP3_QUIT;
	return LOAD_GO;
}

static enum load_verdict goodbye(struct load *load)
{
	load->finished++;
	return LOAD_END;
}

/* The part all sessions share: up to the answer to PASS. True when the line was its. */
static bool login_line(struct load *load, struct load_session *session)
{
	if (session->state == POP3_GREETING) {
		user_send(load, session);
		return true;
	}
	if (session->state == POP3_USER) {
		load_send(session, "PASS pw%u\r\n", session->user);
		session->state = POP3_PASS;
		return true;
	}
	return false;
}

static bool positive(const char *line, size_t length)
{
	return length >= 3 && memcmp(line, "+OK", 3) == 0;
}

static enum load_verdict login_step(struct load *load, struct load_session *session,
				    const char *line, size_t length)
{
	if (!positive(line, length))
		return LOAD_BAD;
	if (login_line(load, session))
		return LOAD_GO;
	if (session->state == POP3_PASS) {
		load_send(session, "STAT\r\n");
		session->state = POP3_STAT;
		return LOAD_GO;
	}
	return session->state == POP3_STAT ? quit_send(session) : goodbye(load);
}

static void retrieve_next(struct load_session *session)
{
	if (session->done < session->count) {
		load_send(session, "RETR %u\r\n", session->done + 1);
		session->state = POP3_RETR;
		return;
	}
	(void)quit_send(session);
}

static void multiline_ended(struct load *load, struct load_session *session)
{
	switch (session->state) {
	case POP3_UIDL_LINES:
		load_send(session, "LIST\r\n");
		session->state = POP3_LIST;
		break;
	case POP3_LIST_LINES:
		retrieve_next(session);
		break;
	default:
		load->fetched++;
		session->done++;
		retrieve_next(session);
	}
}

static enum load_verdict multiline(struct load *load, struct load_session *session,
				   const char *line, size_t length)
{
	if (length == 1 && line[0] == '.') {
		bool complete = session->state != POP3_UIDL_LINES || !load->options->expect ||
				session->count == load->options->expect;

		multiline_ended(load, session);
		return complete ? LOAD_GO : LOAD_BAD;
	}
	if (session->state == POP3_UIDL_LINES)
		session->count++;
	if (session->state == POP3_RETR_LINES)
		load->octets += length + 2;
	return LOAD_GO;
}

static enum load_verdict fetch_step(struct load *load, struct load_session *session,
				    const char *line, size_t length)
{
	switch (session->state) {
	case POP3_UIDL_LINES:
	case POP3_LIST_LINES:
	case POP3_RETR_LINES:
		return multiline(load, session, line, length);
	default:
		break;
	}
	if (!positive(line, length))
		return LOAD_BAD;
	if (login_line(load, session))
		return LOAD_GO;
	switch (session->state) {
	case POP3_PASS:
		load_send(session, "UIDL\r\n");
		session->state = POP3_UIDL;
		return LOAD_GO;
	case POP3_UIDL:
	case POP3_LIST:
	case POP3_RETR:
		session->state++; /* to the lines of that reply */
		return LOAD_GO;
	default:
		return goodbye(load);
	}
}

static enum load_verdict idle_step(struct load *load, struct load_session *session,
				   const char *line, size_t length)
{
	if (!positive(line, length) || session->state == POP3_HELD)
		return LOAD_BAD;
	if (load->options->login && login_line(load, session))
		return LOAD_GO;
	session->state = POP3_HELD;
	load->finished++;
	load->held++;
	return LOAD_GO;
}

const struct load_protocol load_pop3_login = { "pop3-login", "sessions/s", false, login_step };
const struct load_protocol load_pop3_fetch = { "pop3-fetch", "sessions/s", false, fetch_step };
const struct load_protocol load_pop3_idle = { "pop3-idle", "connections/s", false, idle_step };
