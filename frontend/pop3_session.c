/* SPDX-License-Identifier: ISC */
#include "frontend/pop3_session.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "daemon/login_reply.h"
#include "frontend/opening.h"
#include "frontend/recheck.h"

static const struct stream_calls stream_calls;
static const struct pop3_calls engine_calls;

static struct pop3_session *of(void *owner)
{
	return owner;
}

/* RFC 1939 section 3: closed without UPDATE, here and there. */
static void pop3_session_hang_up(struct pop3_session *pop3, const char *event)
{
	log_info(event, LOG_TEXT("session", pop3->session.id),
		 LOG_TEXT("client", pop3->session.address));
	pop3_proxy_cut(pop3);
	stream_finish(pop3->session.stream);
}

/* ---- the stream's side ---- */

void pop3_session_pace(struct pop3_session *pop3)
{
	if (pop3->feeding) /* an answer known at once: on_input sees what remains */
		return;
	if (pop3_server_waiting(pop3->engine))
		stream_pause(pop3->session.stream);
	else
		stream_resume(pop3->session.stream);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	struct pop3_session *pop3 = owner;
	size_t used;

	if (pop3_proxy_is_open(pop3))
		return pop3_pipe_input(pop3, bytes, length);
	pop3->feeding = true;
	used = pop3_server_feed(pop3->engine, bytes, length);
	pop3->feeding = false;
	if (pop3_server_waiting(pop3->engine))
		stream_pause(pop3->session.stream);
	return used;
}

static void on_drained(void *owner)
{
	if (pop3_proxy_is_open(owner)) {
		pop3_pipe_drained(owner);
		return;
	}
	pop3_server_drained(of(owner)->engine);
	pop3_session_pace(owner);
}

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct pop3_session *pop3 = owner;

	(void)version;
	(void)cipher;
	pop3_server_tls_started(pop3->engine, login_certificate(&pop3->session));
	if (pop3->session.port->conf->tls == CONF_TLS_IMPLICIT)
		pop3_server_greet(pop3->engine);
	pop3_session_pace(pop3); /* input waited for the handshake */
}

static void on_idle(void *owner)
{
	if (pop3_proxy_is_open(owner)) {
		pop3_session_hang_up(owner, "pop3.timeout");
		return;
	}
	/* While a role is being asked it is we who are slow; a client that takes no output is not. */
	if (!of(owner)->session.asked && !of(owner)->opening && !of(owner)->proxy)
		pop3_server_timeout(of(owner)->engine);
}

static void on_gone(void *owner, const char *why)
{
	struct pop3_session *pop3 = owner;

	log_debug("pop3.gone", LOG_TEXT("session", pop3->session.id), LOG_TEXT("why", why));
	pop3->session.free(&pop3->session);
}

static void maildrop_close(struct pop3_session *pop3)
{
	if (pop3->has_maildrop)
		opening_unlock(pop3->session.frontend, pop3->store_epoch, pop3->handle);
	pop3->has_maildrop = false;
}

static void pop3_session_free(struct session *session)
{
	struct pop3_session *pop3 = (struct pop3_session *)session;

	if (pop3->opening)
		opening_abandon(pop3->opening);
	pop3_proxy_leave(pop3);
	pop3_proxy_forget(pop3);
	maildrop_close(pop3);
	pop3_fetch_clear(&pop3->fetch);
	pop3_server_free(pop3->engine);
	listing_clear(&pop3->listing);
	session_free(session);
}

/* frontend/recheck.h */
static void pop3_session_expel(struct session *session)
{
	struct pop3_session *pop3 = (struct pop3_session *)session;

	if (pop3_proxy_is_open(pop3))
		pop3_session_hang_up(pop3, "pop3.expelled");
	else
		pop3_server_expel(pop3->engine);
}

static void pop3_session_shutdown(struct session *session)
{
	struct pop3_session *pop3 = (struct pop3_session *)session;

	/* RFC 1939 section 3: closed without UPDATE; nothing is removed, the client comes again. */
	if (!pop3_server_in_transaction(pop3->engine) && !pop3_proxy_is_open(pop3))
		pop3_server_timeout(pop3->engine);
}

/* ---- the engine's side ---- */

/* RFC 1939 section 6: the lock goes before the connection; a client may come again at once. */
static void do_close(void *owner)
{
	maildrop_close(owner);
	pop3_proxy_cut(owner);
	stream_finish(of(owner)->session.stream);
}

void pop3_session_refuse(struct pop3_session *pop3, enum pop3_code code, const char *text)
{
	pop3_server_refused(pop3->engine, code, text);
	pop3_session_pace(pop3);
}

const char pop3_session_temporary[] = "Temporary failure, try again later";

/* fd -1: all of the listing came in the packet. */
static void opened(struct pop3_session *pop3, const struct message_handed *handed, int fd,
		   unsigned store_epoch)
{
	bool read = listing_read(&pop3->listing, handed->octets, fd);

	pop3->has_maildrop = true;
	pop3->handle = (uint32_t)handed->result.value;
	pop3->store_epoch = store_epoch;
	if (!read) {
		opening_unlock(pop3->session.frontend, pop3->store_epoch, pop3->handle);
		pop3->has_maildrop = false; /* the client may log in once more */
		pop3_session_refuse(pop3, POP3_CODE_SYS_TEMP, pop3_session_temporary);
		return;
	}
	log_info("pop3.opened", LOG_TEXT("session", pop3->session.id), LOG_TEXT("who", pop3->who),
		 LOG_TEXT("client", pop3->session.address),
		 LOG_NUMBER("messages", pop3->listing.maildrop.count));
	pop3_server_opened(pop3->engine, &pop3->listing.maildrop);
	pop3_session_pace(pop3);
}

static void on_opened(void *owner, const struct message_handed *handed, int fd, unsigned store_epoch)
{
	struct pop3_session *pop3 = owner;

	pop3->opening = NULL;
	if (handed && handed->result.outcome == OUTCOME_OK)
		opened(pop3, handed, fd, store_epoch);
	else if (handed && handed->result.flags & MESSAGE_RESULT_BUSY)
		pop3_session_refuse(pop3, POP3_CODE_IN_USE, "The mailbox is open in another session");
	else
		pop3_session_refuse(pop3, POP3_CODE_SYS_TEMP, pop3_session_temporary);
}

static void maildrop_open(struct pop3_session *pop3, struct span ticket)
{
	if (pop3->session.frontend->store)
		pop3->opening = opening_start(pop3->session.frontend, pop3->session.id, ticket, on_opened, pop3);
	else
		pop3_session_refuse(pop3, POP3_CODE_SYS_TEMP, pop3_session_temporary);
}

static void pop3_session_decide(struct session *session, const struct message_identity *identity)
{
	struct pop3_session *pop3 = (struct pop3_session *)session;
	enum auth_verdict verdict = identity->verdict;

	if (verdict == AUTH_OK && identity->host[0]) {
		pop3_proxy_begin(pop3, identity);
		return;
	}
	pop3_proxy_forget(pop3);
	if (verdict == AUTH_OK && identity->ticket.length == 0)
		verdict = AUTH_NO_MAILBOX;
	if (verdict != AUTH_OK) {
		struct login_reply_pop3 reply = login_reply_pop3(pop3->session.frontend->conf, verdict);

		pop3_session_refuse(pop3, reply.code, reply.text);
		return;
	}
	recheck_watch(&pop3->session, identity->standing);
	memcpy(pop3->who, identity->who, sizeof pop3->who);
	maildrop_open(pop3, identity->ticket);
}

static void pop3_session_challenge(struct session *session, struct span challenge)
{
	struct pop3_session *pop3 = (struct pop3_session *)session;

	pop3_server_challenge(pop3->engine, challenge);
	pop3_session_pace(pop3);
}

static void do_ask_exchange(void *owner, const struct mechanism_message *message)
{
	if (!login_ask_exchange(owner, message))
		pop3_server_refused(of(owner)->engine, POP3_CODE_SYS_TEMP, pop3_session_temporary);
}

static void do_ask_login(void *owner, const struct pop3_login *login)
{
	enum outcome asked = login_ask(owner, login->user, login->authzid, login->password);

	if (asked == OUTCOME_OK)
		pop3_proxy_keep(owner, login);
	if (asked == OUTCOME_TEMP)
		pop3_server_refused(of(owner)->engine, POP3_CODE_SYS_TEMP, pop3_session_temporary);
	else if (asked == OUTCOME_PERM)
		pop3_server_refused(of(owner)->engine, POP3_CODE_AUTH, "Invalid user name or password");
}

bool pop3_session_has_store(const struct pop3_session *pop3)
{
	return pop3->session.frontend->store && pop3->session.frontend->store_epoch == pop3->store_epoch;
}

static void do_ask_message(void *owner, size_t number)
{
	pop3_fetch_ask(owner, number);
}

static long do_read(void *owner, char *to, size_t size)
{
	return pop3_fetch_read(owner, to, size);
}

static void do_ask_remove(void *owner, const size_t *numbers, size_t count)
{
	pop3_remove_ask(owner, numbers, count);
}

static void on_quota(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_quota quota = { .outcome = OUTCOME_TEMP };

	session_answered(&pop3->session);
	if (answer != CHANNEL_ANSWERED || !message_get_quota(packet->body, &quota))
		quota = (struct message_quota){ .outcome = OUTCOME_TEMP };
	pop3_server_quota(pop3->engine, quota.outcome, quota.used, quota.limit);
	pop3_session_pace(pop3);
}

static void do_ask_quota(void *owner)
{
	struct pop3_session *pop3 = owner;
	char memory[8];
	struct wire_writer writer;

	if (!pop3_session_has_store(pop3)) {
		pop3_server_quota(pop3->engine, OUTCOME_TEMP, 0, 0);
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	wire_put_u32(&writer, pop3->handle);
	session_ask(&pop3->session, pop3->session.frontend->store, MESSAGE_QUOTA, &writer, -1,
		    ASK_STORE_MS, on_quota);
}

static void do_note(void *owner, const char *event, const char *detail, const char *reply)
{
	log_info(event, LOG_TEXT("session", of(owner)->session.id),
		 LOG_TEXT("client", of(owner)->session.address), LOG_TEXT("detail", detail),
		 LOG_TEXT("reply", reply));
}

static const struct stream_calls stream_calls = {
	.input = on_input,
	.drained = on_drained,
	.secured = on_secured,
	.idle = on_idle,
	.gone = on_gone,
};

static const struct pop3_calls engine_calls = {
	.write = session_write,
	.writable = session_writable,
	.start_tls = session_start_tls,
	.close = do_close,
	.ask_login = do_ask_login,
	.ask_exchange = do_ask_exchange,
	.drop_exchange = session_drop_exchange,
	.ask_message = do_ask_message,
	.ask_remove = do_ask_remove,
	.ask_quota = do_ask_quota,
	.read = do_read,
	.note = do_note,
};

void pop3_session_start(struct port *port, int fd, const char *address, const char *refuse_text)
{
	struct pop3_session *pop3 = memory_new(sizeof *pop3);

	pop3->fetch.message = -1;
	pop3->session.free = pop3_session_free;
	pop3->session.shutdown = pop3_session_shutdown;
	pop3->session.expel = pop3_session_expel;
	pop3->session.decide = pop3_session_decide;
	pop3->session.challenge = pop3_session_challenge;
	session_init(&pop3->session, port, fd, address, !refuse_text, &stream_calls);
	pop3->engine = pop3_server_new(&port->pop3, &engine_calls, pop3);
	if (refuse_text && port->conf->tls == CONF_TLS_IMPLICIT)
		stream_finish(pop3->session.stream); /* no handshake for somebody who may not stay */
	else if (refuse_text)
		pop3_server_refuse(pop3->engine, refuse_text);
	else if (port->conf->tls == CONF_TLS_IMPLICIT)
		stream_start_tls(pop3->session.stream, port->server->tls);
	else
		pop3_server_greet(pop3->engine);
}
