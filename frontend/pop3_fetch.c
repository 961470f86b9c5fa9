/* SPDX-License-Identifier: ISC */
#include "frontend/pop3_fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "frontend/frontend.h"
#include "daemon/message_store.h"
#include "frontend/pop3_session.h"

static void message_close(struct pop3_fetch *fetch)
{
	if (fetch->message >= 0)
		close(fetch->message);
	fetch->message = -1;
}

static void message_begin(struct pop3_session *pop3)
{
	pop3->fetch.offset = 0;
	pop3_server_message(pop3->engine);
	pop3_session_pace(pop3);
}

/* The message is there, as a file or as octets. */
static bool message_came(struct pop3_session *pop3, const struct message_handed *handed, int fd)
{
	message_close(&pop3->fetch);
	pop3->fetch.message = fd;
	if (fd >= 0) {
		ahead_passed(&pop3->fetch.ahead, pop3->fetch.number);
		return true;
	}
	ahead_put(&pop3->fetch.ahead, pop3->fetch.number, handed->octets);
	return ahead_take(&pop3->fetch.ahead, pop3->fetch.number, &pop3->fetch.octets);
}

static void on_message(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pop3_session *pop3 = context;
	struct message_handed handed = { .result.outcome = OUTCOME_TEMP };

	session_answered(&pop3->session);
	if (answer == CHANNEL_ANSWERED && message_get_handed(packet->body, &handed) &&
	    handed.result.outcome == OUTCOME_OK) {
		if (message_came(pop3, &handed, packet->fd))
			message_begin(pop3);
		else
			pop3_session_refuse(pop3, POP3_CODE_SYS_TEMP, pop3_session_temporary);
		return;
	}
	if (answer == CHANNEL_ANSWERED && packet->fd >= 0)
		close(packet->fd);
	if (handed.result.flags & MESSAGE_RESULT_GONE && handed.result.outcome == OUTCOME_PERM)
		pop3_session_refuse(pop3, POP3_CODE_NONE,
				    "The message was removed by another program");
	else
		pop3_session_refuse(pop3, POP3_CODE_SYS_TEMP, pop3_session_temporary);
}

void pop3_fetch_ask(struct pop3_session *pop3, size_t number)
{
	struct message_fetch fetch = { .handle = pop3->handle, .number = (uint32_t)number };
	char memory[16];
	struct wire_writer writer;

	fetch.wanted = ahead_wanted(&pop3->fetch.ahead, number);
	pop3->fetch.number = number;
	if (ahead_take(&pop3->fetch.ahead, number, &pop3->fetch.octets)) {
		message_close(&pop3->fetch);
		message_begin(pop3);
		return;
	}
	if (!pop3_session_has_store(pop3)) {
		pop3_server_refused(pop3->engine, POP3_CODE_SYS_TEMP, pop3_session_temporary);
		return;
	}
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_fetch(&writer, &fetch);
	session_ask(&pop3->session, pop3->session.frontend->store, MESSAGE_FETCH, &writer, -1,
		    ASK_STORE_MS, on_message);
}

static long read_octets(struct pop3_session *pop3, char *to, size_t size)
{
	size_t length = pop3->fetch.octets.length < size ? pop3->fetch.octets.length : size;

	if (length == 0) {
		ahead_done(&pop3->fetch.ahead);
		return 0;
	}
	memcpy(to, pop3->fetch.octets.at, length);
	pop3->fetch.octets = span_skip(pop3->fetch.octets, length);
	return (long)length;
}

static long read_file(struct pop3_session *pop3, char *to, size_t size)
{
	ssize_t count;

	do
		count = pread(pop3->fetch.message, to, size, pop3->fetch.offset);
	while (count < 0 && errno == EINTR);
	if (count > 0)
		pop3->fetch.offset += count;
	if (count <= 0) {
		if (count < 0)
			log_error("pop3.read", LOG_TEXT("session", pop3->session.id),
				  LOG_TEXT("why", strerror(errno)));
		message_close(&pop3->fetch);
	}
	return count;
}

long pop3_fetch_read(struct pop3_session *pop3, char *to, size_t size)
{
	return pop3->fetch.message >= 0 ? read_file(pop3, to, size) : read_octets(pop3, to, size);
}

void pop3_fetch_clear(struct pop3_fetch *fetch)
{
	message_close(fetch);
	ahead_clear(&fetch->ahead);
}
