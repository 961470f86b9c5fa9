/* SPDX-License-Identifier: ISC */
/* One POP3 connection: a stream on one side, the engine in the middle, the roles on the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/ahead.h"
#include "daemon/frontend.h"
#include "daemon/listing.h"
#include "daemon/login_reply.h"
#include "daemon/opening.h"
#include "daemon/removal.h"

struct pop3_session {
	struct session session; /* first */
	struct pop3_server *engine;
	bool feeding; /* the engine is taking input */
	struct channel *asked; /* the channel of the outstanding ask */
	uint32_t ask;
	struct login_exchange exchange;
	struct opening *opening; /* the outstanding MESSAGE_OPEN */
	bool has_maildrop;
	uint32_t handle;      /* of the maildrop, at the store */
	unsigned store_epoch; /* the store's life that the handle belongs to */
	int message;	      /* the file of the message being sent; -1 = none, or its octets are here: */
	struct span octets;
	size_t number; /* of the message asked for */
	struct ahead ahead;
	off_t offset;
	struct listing listing;
	/* What is being removed: the engine's, until it is told that they went. */
	const size_t *going;
	size_t going_count, gone;
	char who[324];
};

static const struct stream_calls stream_calls;
static const struct pop3_calls engine_calls;

static struct pop3_session *of(void *owner)
{
	return owner;
}

/* ---- the stream's side ---- */

static void session_pace(struct pop3_session *pop3)
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

	pop3->feeding = true;
	used = pop3_server_feed(pop3->engine, bytes, length);
	pop3->feeding = false;
	if (pop3_server_waiting(pop3->engine))
		stream_pause(pop3->session.stream);
	return used;
}

static void on_drained(void *owner)
{
	pop3_server_drained(of(owner)->engine);
	session_pace(owner);
}

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct pop3_session *pop3 = owner;

	(void)version;
	(void)cipher;
	pop3_server_tls_started(pop3->engine, login_certificate(&pop3->session));
	if (pop3->session.port->conf->tls == CONF_TLS_IMPLICIT)
		pop3_server_greet(pop3->engine);
	session_pace(pop3); /* input waited for the handshake */
}

static void on_idle(void *owner)
{
	/* While a role is being asked it is we who are slow; a client that takes no output is not. */
	if (!of(owner)->asked && !of(owner)->opening)
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
	else if (pop3->asked)
		channel_forget(pop3->asked, pop3->ask);
	login_drop_exchange(session, &pop3->exchange);
	maildrop_close(pop3);
	if (pop3->message >= 0)
		close(pop3->message);
	ahead_clear(&pop3->ahead);
	pop3_server_free(pop3->engine);
	listing_clear(&pop3->listing);
	session_free(session);
}

/* daemon/recheck.h */
static void pop3_session_expel(struct session *session)
{
	pop3_server_expel(((struct pop3_session *)session)->engine);
}

static void pop3_session_shutdown(struct session *session)
{
	struct pop3_session *pop3 = (struct pop3_session *)session;

	/* RFC 1939 section 3: closed without UPDATE; nothing is removed, the client comes again. */
	if (!pop3_server_in_transaction(pop3->engine))
		pop3_server_timeout(pop3->engine);
}

/* ---- the engine's side ---- */

static void do_write(void *owner, const char *bytes, size_t length)
{
	stream_write(of(owner)->session.stream, bytes, length);
}

static bool do_writable(void *owner)
{
	return stream_writable(of(owner)->session.stream);
}

static void do_start_tls(void *owner)
{
	stream_start_tls(of(owner)->session.stream, of(owner)->session.port->server->tls);
}

/* RFC 1939 section 6: the lock goes before the connection; a client may come again at once. */
static void do_close(void *owner)
{
	maildrop_close(owner);
	stream_finish(of(owner)->session.stream);
}

static void refuse(struct pop3_session *pop3, enum pop3_code code, const char *text)
{
	pop3_server_refused(pop3->engine, code, text);
	session_pace(pop3);
}

static const char temporary[] = "Temporary failure, try again later";

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
		refuse(pop3, POP3_CODE_SYS_TEMP, temporary);
		return;
	}
	log_info("pop3.opened", LOG_TEXT("session", pop3->session.id), LOG_TEXT("who", pop3->who),
		 LOG_TEXT("client", pop3->session.address),
		 LOG_NUMBER("messages", pop3->listing.maildrop.count));
	pop3_server_opened(pop3->engine, &pop3->listing.maildrop);
	session_pace(pop3);
}

static void on_opened(void *owner, const struct message_handed *handed, int fd, unsigned store_epoch)
{
	struct pop3_session *pop3 = owner;

	pop3->opening = NULL;
	if (handed && handed->result.outcome == OUTCOME_OK)
		opened(pop3, handed, fd, store_epoch);
	else if (handed && handed->result.flags & MESSAGE_RESULT_BUSY)
		refuse(pop3, POP3_CODE_IN_USE, "The mailbox is open in another session");
	else
		refuse(pop3, POP3_CODE_SYS_TEMP, temporary);
}

static void maildrop_open(struct pop3_session *pop3, struct span ticket)
{
	if (pop3->session.frontend->store)
		pop3->opening = opening_start(pop3->session.frontend, pop3->session.id, ticket, on_opened, pop3);
	else
		refuse(pop3, POP3_CODE_SYS_TEMP, temporary);
}

static void login_decide(struct pop3_session *pop3, const struct message_identity *identity)
{
	enum auth_verdict verdict = identity->verdict;

	if (verdict == AUTH_OK && identity->ticket.length == 0)
		verdict = AUTH_NO_MAILBOX;
	if (verdict != AUTH_OK) {
		struct login_reply_pop3 reply = login_reply_pop3(pop3->session.frontend->conf, verdict);

		refuse(pop3, reply.code, reply.text);
		return;
	}
	recheck_watch(&pop3->session, identity->standing);
	memcpy(pop3->who, identity->who, sizeof pop3->who);
	maildrop_open(pop3, identity->ticket);
}

static void on_login(void *context, enum channel_result result, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_identity identity = { .verdict = AUTH_TEMPORARY };

	pop3->asked = NULL;
	if (result != CHANNEL_ANSWERED || !message_get_identity(packet->body, &identity))
		identity.verdict = AUTH_TEMPORARY;
	login_decide(pop3, &identity);
}

static void on_exchange(void *context, enum channel_result result, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_turn turn;

	pop3->asked = NULL;
	if (!login_exchange_more(&pop3->exchange, result, packet, &turn)) {
		login_decide(pop3, &turn.identity);
		return;
	}
	pop3_server_challenge(pop3->engine, turn.challenge);
	session_pace(pop3);
}

static void do_ask_exchange(void *owner, const struct mechanism_message *message)
{
	struct pop3_session *pop3 = owner;

	if (login_ask_exchange(&pop3->session, &pop3->exchange, message, on_exchange, pop3, &pop3->ask))
		pop3->asked = pop3->session.frontend->directory;
	else
		pop3_server_refused(pop3->engine, POP3_CODE_SYS_TEMP, temporary);
}

static void do_drop_exchange(void *owner)
{
	struct pop3_session *pop3 = owner;

	if (pop3->asked)
		channel_forget(pop3->asked, pop3->ask);
	pop3->asked = NULL;
	login_drop_exchange(&pop3->session, &pop3->exchange);
}

static void do_ask_login(void *owner, const struct pop3_login *login)
{
	struct pop3_session *pop3 = owner;
	const struct conf_pop3 *conf = &pop3->session.frontend->conf->pop3;
	struct message_login message;

	if (!pop3->session.frontend->directory) {
		pop3_server_refused(pop3->engine, POP3_CODE_SYS_TEMP, temporary);
	} else if (!session_login(&pop3->session, "pop", login->user, login->authzid, login->password,
				  conf->default_domain, &message)) {
		pop3_server_refused(pop3->engine, POP3_CODE_AUTH, "Invalid user name or password");
	} else {
		pop3->asked = pop3->session.frontend->directory;
		pop3->ask = session_ask_login(&pop3->session, &message, on_login, pop3);
	}
	memory_wipe(&message, sizeof message);
}

/* The store that locked the maildrop is still the one we talk to. */
static bool store_there(const struct pop3_session *pop3)
{
	return pop3->session.frontend->store && pop3->session.frontend->store_epoch == pop3->store_epoch;
}

static void message_close(struct pop3_session *pop3)
{
	if (pop3->message >= 0)
		close(pop3->message);
	pop3->message = -1;
}

static void message_begin(struct pop3_session *pop3)
{
	pop3->offset = 0;
	pop3_server_message(pop3->engine);
	session_pace(pop3);
}

/* The message is there, as a file or as octets. */
static bool message_came(struct pop3_session *pop3, const struct message_handed *handed, int fd)
{
	message_close(pop3);
	pop3->message = fd;
	if (fd >= 0) {
		ahead_passed(&pop3->ahead, pop3->number);
		return true;
	}
	ahead_put(&pop3->ahead, pop3->number, handed->octets);
	return ahead_take(&pop3->ahead, pop3->number, &pop3->octets);
}

static void on_message(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_handed handed = { .result.outcome = OUTCOME_TEMP };

	pop3->asked = NULL;
	if (answer == CHANNEL_ANSWERED && message_get_handed(packet->body, &handed) &&
	    handed.result.outcome == OUTCOME_OK) {
		if (message_came(pop3, &handed, packet->fd))
			message_begin(pop3);
		else
			refuse(pop3, POP3_CODE_SYS_TEMP, temporary);
		return;
	}
	if (answer == CHANNEL_ANSWERED && packet->fd >= 0)
		close(packet->fd);
	if (handed.result.flags & MESSAGE_RESULT_GONE && handed.result.outcome == OUTCOME_PERM)
		refuse(pop3, POP3_CODE_NONE, "The message was removed by another program");
	else
		refuse(pop3, POP3_CODE_SYS_TEMP, temporary);
}

static void do_ask_message(void *owner, size_t number)
{
	struct pop3_session *pop3 = owner;
	struct message_fetch fetch = { .handle = pop3->handle, .number = (uint32_t)number };
	char memory[16];
	struct wire_writer writer;

	fetch.wanted = ahead_wanted(&pop3->ahead, number);
	pop3->number = number;
	if (ahead_take(&pop3->ahead, number, &pop3->octets)) {
		message_close(pop3);
		message_begin(pop3);
		return;
	}
	if (!store_there(pop3)) {
		pop3_server_refused(pop3->engine, POP3_CODE_SYS_TEMP, temporary);
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_fetch(&writer, &fetch);
	pop3->asked = pop3->session.frontend->store;
	pop3->ask = channel_ask(pop3->asked, MESSAGE_FETCH, span_make(memory, writer.used), -1, ASK_STORE_MS,
				on_message, pop3);
}

static long read_octets(struct pop3_session *pop3, char *to, size_t size)
{
	size_t length = pop3->octets.length < size ? pop3->octets.length : size;

	if (length == 0) {
		ahead_done(&pop3->ahead);
		return 0;
	}
	memcpy(to, pop3->octets.at, length);
	pop3->octets = span_skip(pop3->octets, length);
	return (long)length;
}

static long read_file(struct pop3_session *pop3, char *to, size_t size)
{
	ssize_t count;

	do
		count = pread(pop3->message, to, size, pop3->offset);
	while (count < 0 && errno == EINTR);
	if (count > 0)
		pop3->offset += count;
	if (count <= 0) {
		if (count < 0)
			log_error("pop3.read", LOG_TEXT("session", pop3->session.id),
				  LOG_TEXT("why", strerror(errno)));
		message_close(pop3);
	}
	return count;
}

static long do_read(void *owner, char *to, size_t size)
{
	return of(owner)->message >= 0 ? read_file(owner, to, size) : read_octets(owner, to, size);
}

static bool removal_ask(struct pop3_session *pop3);

static void on_removed(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_result result = { .outcome = OUTCOME_TEMP };

	pop3->asked = NULL;
	if (answer != CHANNEL_ANSWERED || !message_get_result(packet->body, &result))
		result = (struct message_result){ .outcome = OUTCOME_TEMP };
	pop3->gone += result.value;
	if (result.outcome == OUTCOME_OK && pop3->going_count > 0)
		result.outcome = removal_ask(pop3) ? OUTCOME_OK : OUTCOME_TEMP;
	if (pop3->asked)
		return;
	log_info("pop3.removed", LOG_TEXT("session", pop3->session.id), LOG_TEXT("who", pop3->who),
		 LOG_NUMBER("messages", pop3->gone), LOG_TEXT("outcome", outcome_name(result.outcome)));
	pop3_server_removed(pop3->engine, result.outcome, pop3->gone);
	session_pace(pop3);
}

/* As many as one packet holds. False: there is nobody to ask. */
static bool removal_ask(struct pop3_session *pop3)
{
	static char memory[PACKET_BODY_MAX], bits[REMOVAL_OCTETS];
	struct message_remove ask = { .handle = pop3->handle };
	size_t taken = removal_pack(pop3->going, pop3->going_count, bits, &ask);
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_remove(&writer, &ask);
	if (!store_there(pop3) || writer.failed)
		return false;
	pop3->going += taken;
	pop3->going_count -= taken;
	pop3->asked = pop3->session.frontend->store;
	pop3->ask = channel_ask(pop3->asked, MESSAGE_REMOVE, span_make(memory, writer.used), -1, ASK_STORE_MS,
				on_removed, pop3);
	return true;
}

static void do_ask_remove(void *owner, const size_t *numbers, size_t count)
{
	struct pop3_session *pop3 = owner;

	pop3->going = numbers;
	pop3->going_count = count;
	pop3->gone = 0;
	if (!removal_ask(pop3))
		pop3_server_removed(pop3->engine, OUTCOME_TEMP, 0);
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
	.write = do_write,
	.writable = do_writable,
	.start_tls = do_start_tls,
	.close = do_close,
	.ask_login = do_ask_login,
	.ask_exchange = do_ask_exchange,
	.drop_exchange = do_drop_exchange,
	.ask_message = do_ask_message,
	.ask_remove = do_ask_remove,
	.read = do_read,
	.note = do_note,
};

void pop3_session_start(struct port *port, int fd, const char *address, const char *refuse_text)
{
	struct pop3_session *pop3 = memory_new(sizeof *pop3);

	pop3->message = -1;
	pop3->session.free = pop3_session_free;
	pop3->session.shutdown = pop3_session_shutdown;
	pop3->session.expel = pop3_session_expel;
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
