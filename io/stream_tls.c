/* SPDX-License-Identifier: ISC */
/*
 * GnuTLS below a stream. It asks for its input in two small reads a record; here one
 * large read feeds it until nothing is left, so that a turn costs one system call and
 * no record can hide in a buffer while the loop sleeps.
 */
#include "io/stream_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "io/tls_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECORD_MAX 16384 /* RFC 8446 section 5.1 */

static char scratch[STREAM_SCRATCH];

struct stream_tls {
	gnutls_session_t session; /* NULL until the peer says something: many never do */
	struct tls_server *server; /* or */
	struct tls_visit *visit;   /* as a client */
	const char *left; /* received, not yet taken by GnuTLS; in scratch or kept */
	size_t left_length;
	struct buffer kept; /* left, when a turn ended early because there was no room to send */
	int fd;
	bool may_receive; /* one system call a turn */
	bool send_again;  /* GnuTLS holds an encrypted record that did not fit */
};

/* ---- feeding ---- */

static ssize_t pull_receive(struct stream_tls *tls)
{
	ssize_t got;

	if (!tls->may_receive) {
		gnutls_transport_set_errno(tls->session, EAGAIN);
		return -1;
	}
	do
		got = recv(tls->fd, scratch, sizeof(scratch), 0);
	while (got < 0 && errno == EINTR);
	tls->may_receive = false;
	if (got < 0)
		gnutls_transport_set_errno(tls->session, errno);
	return got;
}

static ssize_t pull(gnutls_transport_ptr_t context, void *to, size_t size)
{
	struct stream_tls *tls = context;

	if (tls->left_length == 0) {
		buffer_clear(&tls->kept);
		ssize_t got = pull_receive(tls);
		if (got <= 0)
			return got;
		tls->left = scratch;
		tls->left_length = (size_t)got;
	}
	if (size > tls->left_length)
		size = tls->left_length;
	memcpy(to, tls->left, size);
	tls->left += size;
	tls->left_length -= size;
	return (ssize_t)size;
}

/* The scratch memory is another stream's in the next turn. */
static void turn_end(struct stream_tls *tls)
{
	if (tls->left_length > 0 && !buffer_used(&tls->kept)) {
		buffer_add(&tls->kept, tls->left, tls->left_length);
		tls->left = buffer_bytes(&tls->kept);
	}
}

/* ---- life ---- */

struct stream_tls *stream_tls_new(struct stream *stream, struct tls_server *server)
{
	struct stream_tls *tls = memory_new(sizeof(*tls));

	tls->fd = stream->fd;
	tls->server = tls_server_share(server);
	return tls;
}

struct stream_tls *stream_tls_new_client(struct stream *stream, struct tls_client *client,
					 const struct tls_wish *wish)
{
	struct stream_tls *tls = memory_new(sizeof(*tls));

	tls->fd = stream->fd;
	tls->visit = tls_visit_new(client, wish);
	return tls;
}

static void session_open(struct stream_tls *tls)
{
	tls->session = tls->visit ? tls_visit_session(tls->visit) : tls_server_session(tls->server);
	gnutls_transport_set_ptr2(tls->session, tls, (gnutls_transport_ptr_t)(intptr_t)tls->fd);
	gnutls_transport_set_pull_function(tls->session, pull);
}

void stream_tls_free(struct stream_tls *tls, bool secured)
{
	if (!tls)
		return;
	/* A ticket of TLS 1.3 comes behind the handshake: what is to be remembered is known now. */
	if (tls->visit && tls->session && secured)
		tls_visit_remember(tls->visit, tls->session);
	if (tls->session)
		gnutls_deinit(tls->session);
	tls_visit_free(tls->visit);
	tls_server_free(tls->server);
	buffer_clear(&tls->kept);
	free(tls);
}

gnutls_session_t stream_tls_session(const struct stream *stream)
{
	return stream->tls ? stream->tls->session : NULL;
}

const struct tls_server *stream_tls_server(const struct stream *stream)
{
	return stream->tls ? stream->tls->server : NULL;
}

void stream_tls_names(const struct stream *stream, const char **version, const char **cipher)
{
	gnutls_session_t session = stream->tls->session;

	*version = gnutls_protocol_get_name(gnutls_protocol_get_version(session));
	*cipher = gnutls_ciphersuite_get(session);
	if (!*version)
		*version = "TLS";
	if (!*cipher)
		*cipher = "unknown";
}

bool stream_tls_verified(const struct stream *stream)
{
	return stream->tls && stream->tls->visit && tls_visit_verified(stream->tls->visit);
}

bool stream_tls_stalled(const struct stream *stream)
{
	return stream->tls && stream->layer == LAYER_TLS && stream->tls->left_length > 0;
}

/* ---- moving ---- */

static enum stream_result blocked(const struct stream_tls *tls)
{
	return gnutls_record_get_direction(tls->session) ? BLOCKED_WRITE : BLOCKED_READ;
}

/* In words made for the occasion, where they say more than the library's: as a client we choose
 * our peers, and somebody wants to know. */
static const char *failure(struct stream *stream, int result)
{
	const struct stream_tls *tls = stream->tls;

	if (tls->visit) {
		free(stream->words);
		stream->words = tls_visit_failure(tls->visit, tls->session, result);
		if (stream->words)
			return stream->words;
	}
	switch (result) {
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PREMATURE_TERMINATION:
		return "closed by peer";
	case GNUTLS_E_REHANDSHAKE:
		return "renegotiation refused";
	default:
		return gnutls_strerror(result);
	}
}

enum stream_result stream_tls_handshake(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	int result;

	if (!tls->session)
		session_open(tls);
	tls->may_receive = true;
	do
		result = gnutls_handshake(tls->session);
	while (result == GNUTLS_E_INTERRUPTED ||
	       (result < 0 && result != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(result)));
	if (result == GNUTLS_E_SUCCESS && tls->visit)
		tls_visit_arrive(tls->visit, tls->session);
	if (result == GNUTLS_E_SUCCESS)
		return MOVED; /* what is left is read in the same turn */
	turn_end(tls);
	if (result == GNUTLS_E_AGAIN)
		return blocked(tls);
	(void)gnutls_alert_send_appropriate(tls->session, result);
	stream->ended = failure(stream, result);
	return ENDED;
}

enum stream_result stream_tls_read(struct stream *stream, char *to, size_t size, size_t *got)
{
	struct stream_tls *tls = stream->tls;
	enum stream_result answer = MOVED;

	tls->may_receive = true;
	for (*got = 0; answer == MOVED && size - *got >= RECORD_MAX;) {
		ssize_t result = gnutls_record_recv(tls->session, to + *got, size - *got);

		if (result > 0) {
			*got += (size_t)result;
		} else if (result == GNUTLS_E_AGAIN) {
			answer = blocked(tls);
		} else if (result == 0 || result == GNUTLS_E_REHANDSHAKE ||
			   gnutls_error_is_fatal((int)result)) {
			stream->ended = result == 0 ? "closed by peer" : failure(stream, (int)result);
			answer = ENDED;
		}
	}
	turn_end(tls);
	return answer;
}

/* A record that did not fit is GnuTLS's already: it must be asked again, without new octets. */
static ssize_t record_send(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	size_t length = buffer_used(&stream->output);

	if (tls->send_again)
		return gnutls_record_send(tls->session, NULL, 0);
	return gnutls_record_send(tls->session, buffer_bytes(&stream->output),
				  length < RECORD_MAX ? length : RECORD_MAX);
}

enum stream_result stream_tls_write(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;

	while (buffer_used(&stream->output) > 0) {
		ssize_t sent = record_send(stream);

		if (sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED) {
			tls->send_again = true;
			if (sent == GNUTLS_E_AGAIN)
				return BLOCKED_WRITE;
			continue;
		}
		tls->send_again = false;
		if (sent < 0) {
			stream->ended = failure(stream, (int)sent);
			return ENDED;
		}
		buffer_consume(&stream->output, (size_t)sent);
		stream->heard = clock_ms();
	}
	return MOVED;
}

bool stream_tls_bye(struct stream *stream)
{
	int result;

	do
		result = gnutls_bye(stream->tls->session, GNUTLS_SHUT_WR);
	while (result == GNUTLS_E_INTERRUPTED);
	return result != GNUTLS_E_AGAIN;
}
