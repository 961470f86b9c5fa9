/* SPDX-License-Identifier: ISC */
#include "frontend/pop3_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_dial.h"
#include "frontend/frontend.h"
#include "frontend/pop3_session.h"
#include "frontend/recheck.h"

enum { AUTHORITIES_MAX = 4 << 20, ASK_DIAL_MS = 70000, LOGIN_IDLE_SECONDS = 60 };

static const struct pop3_client_calls client_calls;

static const struct conf_proxy *conf_of(const struct pop3_session *pop3)
{
	return &pop3->session.frontend->conf->proxy;
}

void pop3_proxy_load(struct frontend *frontend)
{
	const struct conf_proxy *proxy = &frontend->conf->proxy;
	int fd = *proxy->tls_ca ? open(proxy->tls_ca, O_RDONLY | O_CLOEXEC) : -1;
	char *pem = NULL, why[200] = "the file cannot be read";
	size_t length = 0;

	if (fd >= 0)
		pem = role_read_all(fd, AUTHORITIES_MAX, &length);
	if (!*proxy->tls_ca || length > 0)
		frontend->proxy_tls = tls_client_new(span_make(pem, length), why, sizeof why);
	if (!frontend->proxy_tls)
		log_error("pop3.authorities",
			  LOG_TEXT("file", *proxy->tls_ca ? proxy->tls_ca : "the system's"),
			  LOG_TEXT("why", why));
	free(pem);
}

/* ---- the client's password ---- */

void pop3_proxy_forget(struct pop3_session *pop3)
{
	if (pop3->secret)
		memory_wipe(pop3->secret, sizeof *pop3->secret);
	free(pop3->secret);
	pop3->secret = NULL;
}

void pop3_proxy_keep(struct pop3_session *pop3, const struct pop3_login *login)
{
	const struct conf_proxy *proxy = conf_of(pop3);

	pop3_proxy_forget(pop3);
	/* Whoever named somebody to act as has another's password there, if any. */
	if (!proxy->enabled || proxy->login.how != CONF_LOGIN_OUT_NONE || *login->authzid)
		return;
	pop3->secret = memory_new(sizeof *pop3->secret);
	if (!span_copy(span_text(login->user), pop3->secret->user, sizeof pop3->secret->user) ||
	    !span_copy(span_text(login->password), pop3->secret->password,
		       sizeof pop3->secret->password))
		pop3_proxy_forget(pop3);
}

/* ---- it does not come about ---- */

static void refuse(struct pop3_session *pop3, enum pop3_code code, const char *text)
{
	pop3_proxy_cut(pop3);
	pop3_proxy_forget(pop3);
	pop3_session_refuse(pop3, code, text);
}

static void fail(struct pop3_session *pop3, enum log_level level, const char *why)
{
	const struct pop3_proxy *proxy = pop3->proxy;

	log_event(level, "pop3.proxy_failed", LOG_TEXT("session", pop3->session.id),
		  LOG_TEXT("who", proxy->who), LOG_TEXT("host", proxy->host),
		  LOG_TEXT("address", proxy->address), LOG_TEXT("why", why));
	refuse(pop3, POP3_CODE_SYS_TEMP, pop3_session_temporary);
}

/* What the host did not take: whose fault, for the log, and what the client is told of it. */
static void refused(struct pop3_session *pop3, const struct pop3_client_failure *failure)
{
	bool own = conf_of(pop3)->login.how != CONF_LOGIN_OUT_NONE;
	enum pop3_code code = failure->code;
	const char *fault = "the host's";

	if (code == POP3_CODE_NONE || code == POP3_CODE_AUTH) {
		/* The person has shown here who he is: another password would not help him. */
		code = own ? POP3_CODE_SYS_PERM : POP3_CODE_AUTH;
		fault = own ? "the login of pop3_proxy, or the host does not let it act for others"
			    : "the host does not take the password that is right here";
	}
	log_event(code == POP3_CODE_IN_USE || code == POP3_CODE_LOGIN_DELAY ? LOG_LEVEL_INFO
									    : LOG_LEVEL_WARNING,
		  "pop3.proxy_refused", LOG_TEXT("session", pop3->session.id),
		  LOG_TEXT("who", pop3->proxy->who), LOG_TEXT("host", pop3->proxy->host),
		  LOG_TEXT("address", pop3->proxy->address), LOG_TEXT("fault", fault),
		  LOG_TEXT("reply", pop3_code_text(failure->code)),
		  LOG_TEXT("text", failure->text));
	refuse(pop3, code, code == POP3_CODE_AUTH ? "Invalid user name or password" : NULL);
}

/* ---- the login there ---- */

static void on_write(void *owner, const char *bytes, size_t length)
{
	stream_write(((struct pop3_proxy *)owner)->stream, bytes, length);
}

static void start_tls(void *owner)
{
	struct pop3_proxy *proxy = owner;
	const struct conf_proxy *conf = conf_of(proxy->pop3);
	const char *names[2] = { proxy->host, NULL };
	unsigned char address[16];
	bool numeric = inet_pton(AF_INET, proxy->host, address) == 1 ||
		       inet_pton(AF_INET6, proxy->host, address) == 1;
	struct tls_wish wish = { .demand = conf->verify ? TLS_NAMED : TLS_ANY,
				 .sni = numeric ? NULL : proxy->host,
				 .names = names };

	stream_start_tls_client(proxy->stream, proxy->pop3->session.frontend->proxy_tls, &wish);
}

static void on_turn(void *context, enum outcome outcome, const char *mechanism, bool has_response,
		    struct span response, const char *text)
{
	struct pop3_proxy *proxy = context;
	bool named = proxy->named;

	proxy->named = true;
	stream_resume(proxy->stream);
	pop3_client_respond(proxy->client, outcome, named ? "" : mechanism, has_response, response,
			    text);
}

static void ask_login(void *owner, bool first, const struct pop3_client_offer *offer,
		      struct span challenge)
{
	struct pop3_proxy *proxy = owner;
	struct pop3_session *pop3 = proxy->pop3;
	struct smtp_client_offer offered = { 0 };

	if (conf_of(pop3)->login.how == CONF_LOGIN_OUT_NONE && first) {
		pop3_client_password(proxy->client, pop3->secret->user, pop3->secret->password);
		return;
	}
	if (conf_of(pop3)->login.how == CONF_LOGIN_OUT_NONE) {
		pop3_client_lost(proxy->client, "the server asks for more than a password");
		return;
	}
	span_copy(span_text(offer->mechanisms), offered.mechanisms, sizeof offered.mechanisms);
	outgoing_login_ask(&proxy->login, &proxy->way, proxy->stream, first, &offered, challenge);
}

static void on_opened(void *owner, const char *text)
{
	struct pop3_proxy *proxy = owner;
	struct pop3_session *pop3 = proxy->pop3;

	pop3_proxy_forget(pop3);
	outgoing_login_drop(&proxy->login, false);
	pop3_client_free(proxy->client);
	proxy->client = NULL;
	proxy->state = PROXY_OPEN;
	stream_set_idle(proxy->stream, 0); /* the client's is the one that counts */
	log_info("pop3.proxied", LOG_TEXT("session", pop3->session.id), LOG_TEXT("who", proxy->who),
		 LOG_TEXT("client", pop3->session.address), LOG_TEXT("host", proxy->host),
		 LOG_TEXT("address", proxy->address),
		 LOG_TEXT("tls", !stream_secure(proxy->stream)    ? "none"
				 : stream_verified(proxy->stream) ? "verified"
								  : "encrypted"));
	pop3_server_elsewhere(pop3->engine, text);
	stream_resume(proxy->stream);
	stream_resume(pop3->session.stream);
}

static void on_failed(void *owner, const struct pop3_client_failure *failure)
{
	struct pop3_proxy *proxy = owner;

	outgoing_login_drop(&proxy->login, failure->end == POP3_CLIENT_REFUSED);
	if (failure->end == POP3_CLIENT_REFUSED)
		refused(proxy->pop3, failure);
	else
		fail(proxy->pop3, LOG_LEVEL_WARNING, failure->text);
}

static const struct pop3_client_calls client_calls = { on_write, start_tls, ask_login, on_opened,
						       on_failed };

/* ---- the connection ---- */

static void connected(struct pop3_session *pop3, int fd)
{
	struct pop3_proxy *proxy = pop3->proxy;

	proxy->state = PROXY_LOGIN;
	proxy->profile.starttls = conf_of(pop3)->tls == CONF_TLS_STARTTLS;
	proxy->profile.proxied = true;
	proxy->client = pop3_client_new(&proxy->profile, &client_calls, proxy);
	proxy->stream = stream_new(pop3->session.frontend->base, fd, &pop3_proxy_stream, proxy,
				   LOGIN_IDLE_SECONDS);
	if (conf_of(pop3)->tls == CONF_TLS_IMPLICIT)
		start_tls(proxy);
}

static void on_dialled(void *context, enum channel_result result, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_dialled dialled;
	int fd = result == CHANNEL_ANSWERED ? packet->fd : -1;

	session_answered(&pop3->session);
	if (result == CHANNEL_ANSWERED && message_get_dialled(packet->body, &dialled)) {
		memcpy(pop3->proxy->address, dialled.address, sizeof pop3->proxy->address);
		if (dialled.outcome == OUTCOME_OK && fd >= 0) {
			connected(pop3, fd);
			return;
		}
		fail(pop3, LOG_LEVEL_WARNING,
		     dialled.outcome == OUTCOME_OK ? "no descriptor is left" : dialled.text);
	} else {
		fail(pop3, LOG_LEVEL_WARNING, "the relay role does not answer");
	}
	if (fd >= 0)
		close(fd);
}

static void dial(struct pop3_session *pop3)
{
	struct pop3_proxy *proxy = pop3->proxy;
	struct message_dial body = { .ticket = span_make(proxy->ticket, proxy->ticket_length) };
	char memory[ELSEWHERE_SIZE_MAX + 64];
	struct wire_writer writer;

	memcpy(body.session, pop3->session.id, sizeof body.session);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_dial(&writer, &body);
	session_ask(&pop3->session, pop3->session.frontend->relay, MESSAGE_DIAL, &writer, -1,
		    ASK_DIAL_MS, on_dialled);
}

static struct pop3_proxy *proxy_new(struct pop3_session *pop3,
				    const struct message_identity *identity)
{
	struct frontend *frontend = pop3->session.frontend;
	struct pop3_proxy *proxy = memory_new(sizeof *proxy);

	proxy->pop3 = pop3;
	proxy->ticket_length = identity->elsewhere.length;
	memcpy(proxy->ticket, identity->elsewhere.at, proxy->ticket_length);
	memcpy(proxy->host, identity->host, sizeof proxy->host);
	memcpy(proxy->who, identity->who, sizeof proxy->who);
	memcpy(proxy->session, pop3->session.id, sizeof proxy->session);
	proxy->way = (struct outgoing_way){
		.base = frontend->base,
		.host = proxy->host,
		.remote = "",
		.server = "",
		.elsewhere = span_make(proxy->ticket, proxy->ticket_length),
		.directory = &frontend->directory,
		.exchanges = &frontend->exchanges,
	};
	outgoing_login_init(&proxy->login, on_turn, proxy);
	return proxy;
}

/* NULL, or why the session cannot go there, for the log. */
static const char *hindrance(const struct pop3_session *pop3,
			     const struct message_identity *identity, bool *loop)
{
	*loop = pop3_server_proxied(pop3->engine);
	if (!conf_of(pop3)->enabled)
		return "there is no section pop3_proxy: add it, or have the person come to that "
		       "host";
	if (*loop || identity->elsewhere.length == 0)
		return "another gateway has sent the session here: correct where the directory "
		       "says "
		       "that this mailbox is";
	if (conf_of(pop3)->login.how == CONF_LOGIN_OUT_NONE && !pop3->secret)
		return "the client has given no password that could be shown there: set login in "
		       "section pop3_proxy";
	return NULL;
}

void pop3_proxy_begin(struct pop3_session *pop3, const struct message_identity *identity)
{
	bool loop;
	const char *why = hindrance(pop3, identity, &loop);

	if (why) {
		log_event(loop ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			  loop ? "pop3.loop" : "pop3.elsewhere",
			  LOG_TEXT("session", pop3->session.id), LOG_TEXT("who", identity->who),
			  LOG_TEXT("client", pop3->session.address),
			  LOG_TEXT("host", identity->host), LOG_TEXT("why", why));
		refuse(pop3, POP3_CODE_SYS_PERM, "The mailbox is on another server");
		return;
	}
	recheck_watch(&pop3->session, identity->standing);
	pop3->proxy = proxy_new(pop3, identity);
	if (conf_of(pop3)->tls != CONF_TLS_NONE && !pop3->session.frontend->proxy_tls)
		fail(pop3, LOG_LEVEL_ERROR, "no authorities were loaded: see pop3.authorities");
	else if (!pop3->session.frontend->relay)
		fail(pop3, LOG_LEVEL_WARNING, "the relay role is away");
	else
		dial(pop3);
}
