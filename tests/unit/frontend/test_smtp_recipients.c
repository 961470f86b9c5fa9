/* SPDX-License-Identifier: ISC */
/* Of a message's recipients: tickets for the store, an envelope for its queue, full mailboxes. */
#include "frontend/smtp_recipients.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "daemon/message_queue.h"
#include "daemon/route_cache.h"

static void add(struct envelope *envelope, const char *text, bool queued, const char *orcpt)
{
	struct message_route route = { .outcome = OUTCOME_OK, .kind = ROUTE_MAILBOX };
	struct envelope_recipient *recipient;
	struct route_answer *answer;
	struct address address;
	const char *why = "";

	if (!address_parse(span_text(text), &address, &why))
		fail_msg("%s: %s", text, why);
	route.ticket = span_text(address.local); /* so it is seen whose it is */
	recipient = envelope_add(envelope, &address);
	recipient->orcpt = memory_text(orcpt);
	recipient->notify = orcpt ? ENVELOPE_NOTIFY_SUCCESS : 0;
	answer = route_answer_new(&route);
	answer->queued = queued;
	recipient->route = answer;
}

static void clear(struct envelope *envelope)
{
	for (size_t i = 0; i < envelope->count; i++)
		free(envelope->recipients[i].route);
	envelope_clear(envelope);
}

static void expect(const struct envelope *envelope, const char *tickets, const char *queued)
{
	static char memory[PACKET_BODY_MAX];
	char heard[400] = "", server[QUEUE_SERVER_SIZE];
	struct envelope waits;
	struct wire_writer writer;
	struct wire_reader reader;
	size_t count;

	wire_writer_init(&writer, memory, sizeof memory);
	count = smtp_recipients_put_tickets(&writer, envelope);
	wire_reader_init(&reader, memory, writer.used);
	for (size_t i = 0; i < count; i++) {
		struct span ticket = wire_get_span(&reader);

		strncat(heard, ticket.at, ticket.length);
		strcat(heard, " ");
	}
	assert_true(wire_done(&reader));
	assert_string_equal(heard, tickets);

	heard[0] = '\0';
	wire_writer_init(&writer, memory, sizeof memory);
	smtp_recipients_put_queued(&writer, "Default", "corp/0123", envelope);
	assert_false(writer.failed);
	if (!*queued) {
		assert_int_equal(writer.used, 0);
		return;
	}
	assert_true(message_get_envelope(span_make(memory, writer.used), server, &waits));
	assert_string_equal(server, "Default");
	assert_string_equal(waits.envid, "id");
	assert_true(waits.requiretls && waits.ret == ENVELOPE_RET_HDRS);
	for (size_t i = 0; i < waits.count; i++) {
		strcat(heard, waits.recipients[i].address.local);
		strcat(heard, waits.recipients[i].orcpt ? "!" : "");
		strcat(heard, " ");
	}
	assert_string_equal(heard, queued);
	envelope_clear(&waits);
}

static struct envelope envelope_of_three(void)
{
	struct envelope envelope;

	envelope_init(&envelope);
	envelope.has_sender = envelope.requiretls = true;
	envelope.ret = ENVELOPE_RET_HDRS;
	strcpy(envelope.envid, "id");
	add(&envelope, "a@corp.example", false, NULL);
	add(&envelope, "r@far.example", true, "rfc822;x@y");
	add(&envelope, "b@corp.example", false, NULL);
	return envelope;
}

static void test_split(void **state)
{
	struct envelope envelope = envelope_of_three(), local;

	(void)state;
	expect(&envelope, "a b ", "r! ");
	clear(&envelope);
	envelope_init(&local);
	add(&local, "a@corp.example", false, NULL);
	expect(&local, "a ", "");
	clear(&local);
}

/* The store names the ticket, not the recipient; whoever is full goes to the queue. */
static void test_full(void **state)
{
	struct envelope envelope = envelope_of_three(), alone;
	bool others = false;
	const struct envelope_recipient *full;

	(void)state;
	full = smtp_recipients_full(&envelope, 1, &others);
	assert_string_equal(full->address.local, "b");
	assert_true(others);
	expect(&envelope, "a ", "r! b ");
	full = smtp_recipients_full(&envelope, 0, &others);
	assert_string_equal(full->address.local, "a");
	assert_true(others); /* the one elsewhere */
	expect(&envelope, "", "a r! b ");
	assert_null(smtp_recipients_full(&envelope, 0, &others));
	clear(&envelope);

	envelope_init(&alone);
	add(&alone, "a@corp.example", false, NULL);
	add(&alone, "b@corp.example", false, NULL);
	assert_non_null(smtp_recipients_full(&alone, 0, &others));
	assert_true(others);
	assert_non_null(smtp_recipients_full(&alone, 0, &others));
	assert_false(others); /* all are: the client is told */
	assert_null(smtp_recipients_full(&alone, 7, &others));
	clear(&alone);
}

static void limit(struct envelope *envelope, size_t which, uint64_t size)
{
	((struct route_answer *)envelope->recipients[which].route)->size = size;
}

/* Who takes no message of that size goes to the queue too, which tells the sender. */
static void test_too_big(void **state)
{
	struct envelope envelope = envelope_of_three();
	bool others = false;

	(void)state;
	limit(&envelope, 0, 1000);
	limit(&envelope, 1, UINT64_MAX);
	limit(&envelope, 2, 2000);
	assert_null(smtp_recipients_too_big(&envelope, 1000, &others));
	expect(&envelope, "a b ", "r! ");
	assert_string_equal(smtp_recipients_too_big(&envelope, 1001, &others)->address.local, "a");
	assert_true(others);
	expect(&envelope, "b ", "a r! ");
	assert_string_equal(smtp_recipients_too_big(&envelope, 3000, &others)->address.local, "a");
	assert_true(others); /* the one elsewhere */
	expect(&envelope, "", "a r! b ");
	limit(&envelope, 1, 2000);
	assert_non_null(smtp_recipients_too_big(&envelope, 3000, &others));
	assert_false(others);
	clear(&envelope);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_too_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
