/* SPDX-License-Identifier: ISC */
#include "relay/pickup_file.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/message_store.h"
#include "io/packet.h"
#include "mail/pickup.h"

enum {
	PIECE = 65536, /* octets read at a time */
	PIECES = 8,    /* of them before others have their turn */
	ASK_MS = 60000
};

struct pickup_file { /* one that was claimed */
	struct relay *relay;
	const struct conf_smtp *smtp;
	struct message_claimed claimed;
	char id[QUEUE_ID_SIZE];
	unsigned epoch; /* of the store that gave it */
	int fd, spool;
	uint64_t at, written; /* octets read, written */
	struct envelope envelope;
	struct buffer out;
	struct pickup_body body;
};

/* ---- the end of a file ---- */

static void file_free(struct pickup_file *file)
{
	struct relay *relay = file->relay;

	relay->files--;
	if (file->fd >= 0)
		close(file->fd);
	if (file->spool >= 0)
		close(file->spool);
	envelope_clear(&file->envelope);
	buffer_clear(&file->out);
	free(file);
	pickup_file_over(relay);
}

static bool file_stale(const struct pickup_file *file)
{
	return file->relay->store == NULL || file->epoch != file->relay->store_epoch;
}

static void on_ended(void *context, enum channel_result result, const struct packet *packet)
{
	(void)result;
	if (packet != NULL && packet->fd >= 0)
		close(packet->fd);
	file_free(context);
}

static void file_end(struct pickup_file *file, bool bad, const char *reason)
{
	struct message_claim_end end = { .handle = file->claimed.handle, .bad = bad };
	char memory[1024];
	struct wire_writer writer;

	if (file_stale(file)) { /* the next life of the store claims it anew */
		file_free(file);
		return;
	}
	snprintf(end.reason, sizeof end.reason, "%s", reason);
	wire_writer_init(&writer, memory, sizeof memory);
	message_put_claim_end(&writer, &end);
	channel_ask(file->relay->store, MESSAGE_CLAIMED, span_make(memory, writer.used), -1, ASK_MS,
		    on_ended, file);
}

static void file_bad(struct pickup_file *file, const char *why)
{
	log_warning("pickup.bad", LOG_TEXT("server", file->claimed.server),
		    LOG_TEXT("file", file->claimed.name), LOG_TEXT("id", file->id),
		    LOG_TEXT("why", why));
	file_end(file, true, why);
}

static void file_later(struct pickup_file *file, const char *why)
{
	log_error("pickup.later", LOG_TEXT("server", file->claimed.server),
		  LOG_TEXT("file", file->claimed.name), LOG_TEXT("why", why));
	file_end(file, true, "");
}

/* ---- into the queue ---- */

static void on_delivered(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pickup_file *file = context;
	struct message_result result;
	char sender[ADDRESS_TEXT_SIZE];

	if (packet != NULL && packet->fd >= 0)
		close(packet->fd);
	if (answer != CHANNEL_ANSWERED || !message_get_result(packet->body, &result) ||
	    result.outcome != OUTCOME_OK) {
		file_later(file, "the store did not take it");
		return;
	}
	address_text(&file->envelope.sender, sender);
	log_info("pickup.taken", LOG_TEXT("server", file->claimed.server),
		 LOG_TEXT("file", file->claimed.name), LOG_TEXT("id", file->id),
		 LOG_TEXT("from", sender), LOG_NUMBER("recipients", file->envelope.count),
		 LOG_NUMBER("size", file->written));
	file_end(file, false, "");
}

static void file_deliver(struct pickup_file *file)
{
	static char memory[PACKET_BODY_MAX], envelope[PACKET_BODY_MAX];
	struct message_deliver deliver = { .tickets = { "", 0 } };
	struct wire_writer writer;

	if (file_stale(file)) {
		file_free(file);
		return;
	}
	if (file->body.wide || file->envelope.smtputf8)
		file->envelope.body = ENVELOPE_BODY_8BITMIME;
	strcpy(file->envelope.identity, MESSAGE_IDENTITY_PICKUP);
	wire_writer_init(&writer, envelope, sizeof envelope);
	message_put_envelope(&writer, file->smtp->name, &file->envelope);
	snprintf(deliver.label, sizeof deliver.label, "%.*s", SESSION_SIZE - 1, file->id);
	deliver.envelope = span_make(envelope, writer.used);
	if (!writer.failed) {
		wire_writer_init(&writer, memory, sizeof memory);
		message_put_deliver(&writer, &deliver);
	}
	if (writer.failed)
		file_bad(file, "the addresses of the recipients are too long together: send the "
			       "message in several files");
	else
		channel_ask(file->relay->store, MESSAGE_DELIVER, span_make(memory, writer.used),
			    file->spool, CHANNEL_FOREVER, on_delivered, file);
}

/* ---- the text ---- */

static bool file_write(struct pickup_file *file)
{
	while (buffer_used(&file->out) > 0) {
		ssize_t count =
			write(file->spool, buffer_bytes(&file->out), buffer_used(&file->out));

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		file->written += (uint64_t)count;
		buffer_consume(&file->out, (size_t)count);
	}
	return true;
}

/* 1: more may come. 0: the end. -1: the file has been dealt with. */
static int file_piece(struct pickup_file *file)
{
	static char memory[PIECE];
	char why[PICKUP_REASON_SIZE];
	ssize_t count = pread(file->fd, memory, sizeof memory, (off_t)file->at);
	bool good = count >= 0;

	if (!good) {
		file_later(file, strerror(errno));
		return -1;
	}
	file->at += (uint64_t)count;
	good = count > 0 ? pickup_body_add(&file->body, span_make(memory, (size_t)count),
					   &file->out, why)
			 : pickup_body_end(&file->body, &file->out, why);
	if (!good) {
		file_bad(file, why);
		return -1;
	}
	if (!file_write(file)) {
		file_later(file, strerror(errno));
		return -1;
	}
	if (file->smtp->message_size != 0 && file->written > file->smtp->message_size) {
		snprintf(why, sizeof why,
			 "the message is larger than message_size (%llu octets) permits",
			 (unsigned long long)file->smtp->message_size);
		file_bad(file, why);
		return -1;
	}
	return count > 0;
}

/* A large file must not hold up the loop. */
static void on_turn(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval now = { 0, 0 };
	struct pickup_file *file = context;
	int more = 1;

	(void)fd;
	(void)what;
	for (unsigned i = 0; more == 1 && i < PIECES; i++)
		more = file_piece(file);
	if (more == 0)
		file_deliver(file);
	else if (more == 1)
		event_base_once(file->relay->base, -1, EV_TIMEOUT, on_turn, file, &now);
}

static void on_spool(void *context, enum channel_result answer, const struct packet *packet)
{
	struct pickup_file *file = context;

	if (answer != CHANNEL_ANSWERED || packet->fd < 0) {
		file_later(file, "the store has no room for a message");
		return;
	}
	file->spool = packet->fd;
	on_turn(-1, 0, file);
}

/* ---- the head ---- */

/* Whether all of the file was read. */
static bool read_head(struct pickup_file *file, struct buffer *head)
{
	ssize_t count = 1;

	while (count > 0 && buffer_used(head) < PICKUP_HEAD_MAX) {
		count = pread(file->fd, buffer_reserve(head, PIECE), PIECE,
			      (off_t)buffer_used(head));
		if (count > 0)
			buffer_commit(head, (size_t)count);
	}
	return count == 0;
}

static const char *default_domain(const struct conf *conf)
{
	const struct conf_domain *domain = conf_default_domain(conf);

	return domain != NULL ? domain->name : "";
}

static void file_begin(struct pickup_file *file)
{
	struct pickup_rules rules = { .fqdn = file->smtp->fqdn,
				      .default_domain = default_domain(file->relay->conf),
				      .id = file->id,
				      .now = clock_unix(),
				      .hops = file->smtp->hops,
				      .unstuff = file->smtp->outbound.pickup_unstuff };
	struct buffer head = BUFFER_EMPTY;
	char why[PICKUP_REASON_SIZE] = "";
	bool whole = read_head(file, &head), good;
	size_t used = 0;
	unsigned lines = 0;

	good = pickup_head(buffer_span(&head), whole, &rules, &file->envelope, &file->out, &used,
			   &lines, why);
	buffer_clear(&head);
	if (!good) {
		file_bad(file, why);
		return;
	}
	file->at = used;
	pickup_body_init(&file->body, lines, rules.unstuff);
	if (file_stale(file))
		file_free(file);
	else
		channel_ask(file->relay->store, MESSAGE_SPOOL, span_make("", 0), -1, ASK_MS,
			    on_spool, file);
}

/* ---- a file ---- */

void pickup_file_take(struct relay *relay, const struct message_claimed *claimed, int fd)
{
	struct pickup_file *file = memory_new(sizeof *file);

	relay->files++;
	file->relay = relay;
	file->claimed = *claimed;
	file->epoch = relay->store_epoch;
	file->fd = fd;
	file->spool = -1;
	file->smtp = conf_find_smtp(relay->conf, claimed->server);
	snprintf(file->id, sizeof file->id, "p%llx", (unsigned long long)claimed->handle);
	if (fd < 0 || file->smtp == NULL)
		file_later(file, fd < 0 ? "no descriptor is left for it"
					: "its virtual server is not in the configuration of now");
	else
		file_begin(file);
}
