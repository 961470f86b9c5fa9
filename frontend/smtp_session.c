/* SPDX-License-Identifier: ISC */
#include "frontend/smtp_session.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/login_reply.h"
#include "frontend/recheck.h"

static const struct stream_calls stream_calls;
static const struct smtp_calls engine_calls;

static struct smtp_session *of(void *owner)
{
	return owner;
}

/* ---- the stream's side ---- */

static void session_pace(struct smtp_session *smtp)
{
	if (smtp->feeding) /* an answer known at once: on_input sees what remains */
		return;
	if (smtp_server_waiting(smtp->engine) || !stream_writable(smtp->session.stream))
		stream_pause(smtp->session.stream);
	else
		stream_resume(smtp->session.stream);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	struct smtp_session *smtp = owner;
	size_t used;

	if (smtp_turned_has_begun(smtp->turned))
		return smtp_turned_input(smtp->turned, bytes, length);
	smtp->feeding = true;
	used = smtp_server_feed(smtp->engine, bytes, length);
	smtp->feeding = false;
	if (smtp_server_waiting(smtp->engine) || !stream_writable(smtp->session.stream))
		stream_pause(smtp->session.stream);
	return used;
}

static void on_drained(void *owner)
{
	struct smtp_session *smtp = owner;

	if (smtp_turned_has_begun(smtp->turned))
		smtp_turned_drained(smtp->turned);
	else
		session_pace(smtp);
}

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct smtp_session *smtp = owner;

	recheck_forget(&smtp->session); /* a login before TLS is forgotten */
	smtp_server_tls_started(smtp->engine, version, cipher,
				login_certificate(&smtp->session));
	/* TLS from the first octet: the greeting was waiting for it. */
	if (smtp->session.port->conf->tls == CONF_TLS_IMPLICIT)
		smtp_server_greet(smtp->engine);
}

static void on_idle(void *owner)
{
	/*
	 * While a role is being asked it is we who are slow, and the ask has a deadline. A
	 * connection that was turned round has patience of its own.
	 */
	if (!smtp_turned_has_begun(of(owner)->turned) &&
	    !smtp_server_waiting(of(owner)->engine))
		smtp_server_timeout(of(owner)->engine);
}

static void on_gone(void *owner, const char *why)
{
	struct smtp_session *smtp = owner;

	if (smtp_turned_has_begun(smtp->turned))
		smtp_turned_gone(smtp->turned, why);
	log_debug("smtp.gone", LOG_TEXT("session", smtp->session.id), LOG_TEXT("why", why));
	smtp->session.free(&smtp->session);
}

static void smtp_session_free(struct session *session)
{
	struct smtp_session *smtp = (struct smtp_session *)session;

	smtp_turned_free(smtp->turned);
	smtp_server_free(smtp->engine);
	smtp_message_drop(&smtp->message);
	buffer_clear(&smtp->message.to);
	smtp_recipients_clear(&smtp->recipients);
	smtp_sender_forget(smtp);
	smtp_names_clear(&smtp->names);
	smtp_trigger_clear(&smtp->trigger);
	session_free(session);
}

/* frontend/recheck.h */
static void smtp_session_expel(struct session *session)
{
	struct smtp_session *smtp = (struct smtp_session *)session;

	if (smtp_turned_has_begun(smtp->turned))
		smtp_turned_shutdown(smtp->turned);
	else
		smtp_server_expel(smtp->engine);
}

static void smtp_session_shutdown(struct session *session)
{
	struct smtp_session *smtp = (struct smtp_session *)session;

	if (smtp_turned_has_begun(smtp->turned))
		smtp_turned_shutdown(smtp->turned);
	else if (smtp_server_idle(smtp->engine))
		smtp_server_refuse(smtp->engine, "Service closing, try again later");
	else
		smtp_server_shutdown(smtp->engine);
}

/* ---- the engine's side ---- */

static void do_close(void *owner)
{
	stream_finish(of(owner)->session.stream);
}

void smtp_session_answer(struct smtp_session *smtp, enum outcome outcome, const struct smtp_reply *reply)
{
	smtp_server_answer(smtp->engine, outcome, reply);
	session_pace(smtp);
}

static void smtp_session_decide(struct session *session, const struct message_identity *identity)
{
	struct smtp_session *smtp = (struct smtp_session *)session;
	struct smtp_reply reply = login_reply_smtp(smtp->session.frontend->conf, identity->verdict);

	if (identity->verdict == AUTH_OK || identity->verdict == AUTH_NO_MAILBOX) {
		smtp_sender_forget(smtp);
		recheck_watch(&smtp->session, identity->standing);
		smtp_server_identify(smtp->engine, identity->who);
	}
	smtp_session_answer(smtp, login_reply_outcome(identity->verdict), &reply);
}

static void smtp_session_challenge(struct session *session, struct span challenge)
{
	struct smtp_session *smtp = (struct smtp_session *)session;

	smtp_server_challenge(smtp->engine, challenge);
	session_pace(smtp);
}

static void do_ask_exchange(void *owner, const struct mechanism_message *message)
{
	if (!login_ask_exchange(owner, message))
		smtp_server_answer(of(owner)->engine, OUTCOME_TEMP, NULL);
}

static void do_ask_login(void *owner, const struct smtp_login *login)
{
	enum outcome asked = login_ask(owner, login->user, login->authzid, login->password);

	if (asked != OUTCOME_OK)
		smtp_server_answer(of(owner)->engine, asked, NULL);
}

static void do_ask_release(void *owner, const char *domain, bool below)
{
	smtp_trigger_ask(owner, domain, below);
}

static void do_ask_turn(void *owner, const char *domains)
{
	smtp_turned_ask(owner, domains);
}

static void do_turn(void *owner)
{
	smtp_turned_begin(owner);
}

static void sender_named(struct smtp_session *smtp)
{
	smtp_names_tell(smtp);
	smtp_sender_ask(smtp, smtp->envelope);
}

static void do_ask_sender(void *owner, const struct envelope *envelope)
{
	struct smtp_session *smtp = owner;

	smtp_recipients_forget(&smtp->recipients);
	smtp->envelope = envelope;
	smtp->recipients.declared = envelope->declared;
	smtp->recipients.null_sender = address_is_null(&envelope->sender);
	if (smtp->session.port->server->smtp->reverse_dns)
		smtp_names_ask(smtp, sender_named);
	else
		smtp_sender_ask(smtp, envelope);
}

static void do_ask_recipient(void *owner, struct envelope *envelope, struct envelope_recipient *recipient)
{
	smtp_recipient_ask(owner, envelope, recipient);
}

static void do_ask_spool(void *owner, const struct envelope *envelope)
{
	(void)envelope;
	smtp_message_begin(owner);
}

static bool do_body(void *owner, const char *bytes, size_t length)
{
	return smtp_message_body(owner, bytes, length);
}

static void do_ask_commit(void *owner, const struct smtp_delivery *delivery)
{
	smtp_message_commit(owner, delivery);
}

static void do_discard(void *owner)
{
	smtp_message_drop(&of(owner)->message);
	of(owner)->envelope = NULL;
	smtp_recipients_forget(&of(owner)->recipients);
}

static void do_note(void *owner, const char *event, const char *detail, const char *reply)
{
	struct smtp_session *smtp = owner;

	if (strcmp(event, "smtp.accepted") != 0) {
		log_info(event, LOG_TEXT("session", smtp->session.id), LOG_TEXT("client", smtp->session.address),
			 LOG_TEXT("detail", detail), LOG_TEXT("reply", reply));
		return;
	}
	log_info(event, LOG_TEXT("session", smtp->session.id), LOG_TEXT("id", smtp->message.label),
		 LOG_TEXT("client", smtp->session.address), LOG_TEXT("detail", detail),
		 LOG_SPAN("to", buffer_span(&smtp->message.to)),
		 LOG_TEXT("auth", smtp_server_identity(smtp->engine)), LOG_TEXT("reply", reply));
	buffer_clear(&smtp->message.to);
}

static const struct stream_calls stream_calls = {
	.input = on_input,
	.drained = on_drained,
	.secured = on_secured,
	.idle = on_idle,
	.gone = on_gone,
};

static const struct smtp_calls engine_calls = {
	.write = session_write,
	.start_tls = session_start_tls,
	.close = do_close,
	.ask_login = do_ask_login,
	.ask_exchange = do_ask_exchange,
	.drop_exchange = session_drop_exchange,
	.ask_release = do_ask_release,
	.ask_turn = do_ask_turn,
	.turn = do_turn,
	.ask_sender = do_ask_sender,
	.ask_recipient = do_ask_recipient,
	.ask_spool = do_ask_spool,
	.ask_commit = do_ask_commit,
	.body = do_body,
	.discard = do_discard,
	.note = do_note,
	.writable = session_writable,
};

void smtp_session_start(struct port *port, int fd, const char *address, const char *refuse)
{
	struct smtp_session *smtp = memory_new(sizeof *smtp);

	smtp->message.spool = -1;
	smtp->session.free = smtp_session_free;
	smtp->session.shutdown = smtp_session_shutdown;
	smtp->session.expel = smtp_session_expel;
	smtp->session.decide = smtp_session_decide;
	smtp->session.challenge = smtp_session_challenge;
	session_init(&smtp->session, port, fd, address, !refuse, &stream_calls);
	smtp->engine = smtp_server_new(&port->smtp, &engine_calls, smtp, address, smtp->session.id);
	if (refuse && port->conf->tls == CONF_TLS_IMPLICIT)
		stream_finish(smtp->session.stream); /* no handshake for somebody who may not stay */
	else if (refuse)
		smtp_server_refuse(smtp->engine, refuse);
	else if (port->conf->tls == CONF_TLS_IMPLICIT)
		stream_start_tls(smtp->session.stream, port->server->tls);
	else
		smtp_server_greet(smtp->engine);
}
