/* SPDX-License-Identifier: ISC */
/* What comes from the host of a proxied session, and the pipe; the ends of both. */
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "frontend/frontend.h"
#include "frontend/pop3_proxy.h"
#include "frontend/pop3_session.h"

/* Passes on all of it. False: `to` is full, and is to say when it is not. */
static bool carry(struct stream *to, const char *bytes, size_t length)
{
	stream_write(to, bytes, length);
	return stream_writable(to);
}

size_t pop3_pipe_input(struct pop3_session *pop3, const char *bytes, size_t length)
{
	pop3->proxy->up += length;
	if (!carry(pop3->proxy->stream, bytes, length))
		stream_pause(pop3->session.stream);
	return length;
}

void pop3_pipe_drained(struct pop3_session *pop3)
{
	stream_resume(pop3->proxy->stream);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	struct pop3_proxy *proxy = owner;

	switch (proxy->state) {
	case PROXY_DIALLING:
	case PROXY_LEAVING:
		return length;
	case PROXY_LOGIN:
		break;
	case PROXY_OPEN:
		proxy->down += length;
		if (!carry(proxy->pop3->session.stream, bytes, length))
			stream_pause(proxy->stream);
		return length;
	}
	return pop3_client_feed(proxy->client, bytes, length);
}

static void on_drained(void *owner)
{
	struct pop3_proxy *proxy = owner;

	if (proxy->state == PROXY_OPEN)
		stream_resume(proxy->pop3->session.stream);
}

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct pop3_proxy *proxy = owner;

	(void)version, (void)cipher;
	if (proxy->state == PROXY_LOGIN)
		pop3_client_secured(proxy->client);
}

static void on_idle(void *owner)
{
	struct pop3_proxy *proxy = owner;

	if (proxy->state == PROXY_LOGIN)
		pop3_client_lost(proxy->client, "no answer");
}

static void on_gone(void *owner, const char *why)
{
	struct pop3_proxy *proxy = owner;
	struct pop3_session *pop3 = proxy->pop3;

	if (proxy->state == PROXY_LOGIN) {
		pop3_client_lost(proxy->client, why);
		return;
	}
	if (pop3) {
		pop3->proxy = NULL;
		stream_finish(pop3->session.stream);
	}
	pop3_proxy_free(proxy);
}

const struct stream_calls pop3_proxy_stream = {
	.input = on_input,
	.drained = on_drained,
	.secured = on_secured,
	.idle = on_idle,
	.gone = on_gone,
};

bool pop3_proxy_is_open(const struct pop3_session *pop3)
{
	return pop3->proxy && pop3->proxy->state == PROXY_OPEN;
}

void pop3_proxy_free(struct pop3_proxy *proxy)
{
	if (proxy->state == PROXY_OPEN || proxy->state == PROXY_LEAVING)
		log_info("pop3.proxy_ended", LOG_TEXT("session", proxy->session),
			 LOG_TEXT("who", proxy->who), LOG_TEXT("host", proxy->host),
			 LOG_NUMBER("up", proxy->up), LOG_NUMBER("down", proxy->down));
	outgoing_login_drop(&proxy->login, false);
	pop3_client_free(proxy->client);
	stream_free(proxy->stream);
	memory_wipe(proxy, sizeof *proxy);
	free(proxy);
}

void pop3_proxy_cut(struct pop3_session *pop3)
{
	struct pop3_proxy *proxy = pop3->proxy;

	pop3->proxy = NULL;
	if (!proxy)
		return;
	if (proxy->state == PROXY_DIALLING)
		session_unask(&pop3->session);
	pop3_proxy_free(proxy);
}

void pop3_proxy_leave(struct pop3_session *pop3)
{
	struct pop3_proxy *proxy = pop3->proxy;

	if (!pop3_proxy_is_open(pop3)) {
		pop3_proxy_cut(pop3);
		return;
	}
	pop3->proxy = NULL;
	proxy->pop3 = NULL;
	proxy->state = PROXY_LEAVING;
	stream_finish(proxy->stream);
}
