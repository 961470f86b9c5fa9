/* SPDX-License-Identifier: ISC */
#include "tests/unit/queue/queue_help.h"

static void fill(struct queue_message *message)
{
	struct envelope *envelope = &message->envelope;

	strcpy(message->id, "5f00000001.1");
	strcpy(message->server, "main server%");
	message->arrived = 1800000000;
	envelope_of(envelope, "\"a b\"@corp.example",
		    "x@example.com!SF y@[192.0.2.1] -@example.net!N");
	envelope->body = ENVELOPE_BODY_8BITMIME;
	envelope->smtputf8 = true;
	envelope->ret = ENVELOPE_RET_HDRS;
	envelope->declared = 12345;
	strcpy(envelope->envid, "QQ314159+20x");
	strcpy(envelope->identity, "corp dir/0badc0de");
	envelope->recipients[2].member = true;
	envelope->recipients[0].orcpt = memory_text("rfc822;x+40example.com");
	envelope->recipients[1].via = memory_text("lmtp:[::1]:24");
	message->recipients = memory_array(3, sizeof *message->recipients);
	message->recipients[1].state = QUEUE_FAILED;
	message->recipients[1].attempts = 3;
	message->recipients[1].next = 1800000900;
	strcpy(message->recipients[1].status, "4.4.1");
	strcpy(message->recipients[1].text, "smtp; 450 100% \xc3\xa4 .");
	strcpy(message->recipients[1].mta, "-");
}

static void write_all(struct buffer *to, const struct queue_message *message)
{
	record_envelope(to, message->id, message->server, message->arrived, &message->envelope);
	record_state(to, 1, &message->recipients[1]);
	record_via(to, 2, "mail2.corp.example");
	record_via(to, 2, "lmtp:[192.0.2.1]:24");
	record_mark(to, "told", 0);
	record_mark(to, "owed", 1);
	record_held(to, true);
}

static void clear(struct queue_message *message)
{
	envelope_clear(&message->envelope);
	free(message->recipients);
}

static void round_trip(void **state)
{
	struct queue_message sent = { 0 }, got = { 0 };
	struct buffer records = BUFFER_EMPTY;

	(void)state;
	fill(&sent);
	write_all(&records, &sent);
	assert_true(record_read(buffer_span(&records), &got));
	assert_string_equal(got.id, sent.id);
	assert_string_equal(got.server, sent.server);
	assert_true(got.arrived == sent.arrived);
	assert_true(got.held);
	assert_string_equal(got.envelope.sender.local, "a b");
	assert_int_equal(got.envelope.body, ENVELOPE_BODY_8BITMIME);
	assert_true(got.envelope.smtputf8 && !got.envelope.requiretls);
	assert_int_equal(got.envelope.ret, ENVELOPE_RET_HDRS);
	assert_int_equal(got.envelope.declared, 12345);
	assert_string_equal(got.envelope.envid, "QQ314159+20x");
	assert_string_equal(got.envelope.identity, "corp dir/0badc0de");
	assert_true(got.envelope.recipients[2].member && !got.envelope.recipients[1].member);
	assert_int_equal(got.envelope.count, 3);
	assert_int_equal(got.envelope.recipients[0].notify,
			 ENVELOPE_NOTIFY_SUCCESS | ENVELOPE_NOTIFY_FAILURE);
	assert_string_equal(got.envelope.recipients[0].orcpt, "rfc822;x+40example.com");
	assert_null(got.envelope.recipients[0].via);
	assert_true(got.envelope.recipients[1].address.literal);
	assert_string_equal(got.envelope.recipients[1].via, "lmtp:[::1]:24");
	assert_string_equal(got.envelope.recipients[2].address.local, "-");
	assert_string_equal(got.envelope.recipients[2].via, "lmtp:[192.0.2.1]:24");
	assert_true(got.recipients[0].delay_told && !got.recipients[1].delay_told);
	assert_int_equal(got.recipients[1].state, QUEUE_FAILED);
	assert_true(got.recipients[1].owed);
	assert_int_equal(got.recipients[1].attempts, 3);
	assert_true(got.recipients[1].next == 1800000900);
	assert_string_equal(got.recipients[1].text, "smtp; 450 100% \xc3\xa4 .");
	assert_string_equal(got.recipients[1].mta, "-");
	clear(&sent);
	clear(&got);
	buffer_clear(&records);
}

/* Cut anywhere, what is read is what whole lines say: nothing before the envelope is complete. */
static void torn_anywhere(void **state)
{
	struct queue_message sent = { 0 };
	struct buffer records = BUFFER_EMPTY;
	size_t complete, at;
	char *text;

	(void)state;
	fill(&sent);
	write_all(&records, &sent);
	text = memory_text_n(buffer_bytes(&records), buffer_used(&records));
	complete = (size_t)(strstr(text, "complete 3 .\n") - text) + strlen("complete 3 .\n");
	at = (size_t)(strchr(strstr(text, "\nat ") + 1, '\n') - text);
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct queue_message got = { 0 };
		char *exact = memory_text_n(text, cut);

		assert_int_equal(record_read(span_make(exact, cut), &got), cut >= complete);
		if (cut >= complete)
			assert_int_equal(got.recipients[1].state,
					 cut > at ? QUEUE_FAILED : QUEUE_WAITING);
		clear(&got);
		free(exact);
	}
	free(text);
	clear(&sent);
	buffer_clear(&records);
}

/* A list of three with one that another server has, and what becomes of it. */
static void write_more(struct buffer *to)
{
	struct envelope others;

	envelope_of(&others, "", "p@corp.example!F -@example.net!F \"q%..\"@corp.example!F");
	others.recipients[0].orcpt = memory_text("rfc822;list@corp.example");
	others.recipients[1].via = memory_text("lmtp:[192.0.2.1]:24");
	record_more(to, 0, others.recipients, others.count);
	envelope_clear(&others);
}

static void check_more(const struct queue_message *got)
{
	assert_int_equal(got->envelope.count, 6);
	assert_int_equal(got->recipients[0].state, QUEUE_EXPANDED);
	assert_true(got->recipients[0].owed); /* NOTIFY=SUCCESS, and no member brings a report */
	for (size_t i = 3; i < 6; i++) {
		assert_true(got->envelope.recipients[i].member);
		assert_int_equal(got->envelope.recipients[i].notify, ENVELOPE_NOTIFY_FAILURE);
	}
	assert_string_equal(got->envelope.recipients[3].orcpt, "rfc822;list@corp.example");
	assert_string_equal(got->envelope.recipients[4].via, "lmtp:[192.0.2.1]:24");
	assert_string_equal(got->envelope.recipients[5].address.local, "q%..");
}

/* Cut at every octet: all of those that it became, or none; and what is written behind the cut
 * counts. */
static void more_torn_anywhere(void **state)
{
	struct queue_message sent = { 0 };
	struct buffer records = BUFFER_EMPTY;
	size_t begin, end;

	(void)state;
	fill(&sent);
	write_all(&records, &sent);
	begin = buffer_used(&records);
	write_more(&records);
	end = buffer_used(&records);
	for (size_t cut = begin; cut <= end; cut++) {
		struct buffer file = BUFFER_EMPTY;
		struct queue_message got = { 0 };

		buffer_add(&file, buffer_bytes(&records), cut);
		if (buffer_bytes(&file)[cut - 1] != '\n')
			buffer_add_text(&file, "\n");
		buffer_add_text(&file, "at 2 relayed 1 0 - - - .\n");
		assert_true(record_read(buffer_span(&file), &got));
		assert_int_equal(got.recipients[2].state, QUEUE_RELAYED);
		if (cut + 1 >= end) { /* the line end that a torn one gets makes it whole */
			check_more(&got);
		} else {
			assert_int_equal(got.envelope.count, 3);
			assert_int_equal(got.recipients[0].state, QUEUE_WAITING);
		}
		clear(&got);
		buffer_clear(&file);
	}
	clear(&sent);
	buffer_clear(&records);
}

static void more_refused(void **state)
{
#define LIST "message 1 id main 5 .\nfrom a@b.c 0 0 0 0 - 0 .\nto x@y.z 0 - - .\ncomplete 1 .\n"
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
		{ LIST "more 0 1 p@y.z 0 - - .\n", 2 },
		{ LIST "more 0 0 .\n", 1 },
		{ LIST "more 0 2 p@y.z 0 - - q@y.z 0 - - .\nmore 2 1 r@y.z 0 - - .\n", 4 },
		{ LIST "more 1 1 p@y.z 0 - - .\n", 1 },
		{ LIST "more 0 2 p@y.z 0 - - .\n", 1 },
		{ LIST "more 0 1 p@y.z 0 - - q@y.z 0 - - .\n", 1 },
		{ LIST "more 0 1 p@y.z 0 - -\n", 1 },
		{ LIST "more 0 1 p@y.z 0 - - . \n", 1 },
		{ LIST "more 0 1 p@y.z 16 - - .\n", 1 },
		{ LIST "more 0 1 - 0 - - .\n", 1 },
		{ LIST "more 0 1 p@y.z 0 a%0 - .\n", 1 },
		{ LIST "more 0 2 p@y.z 0 - - q@y.z 0 %00 - .\n", 1 },
		{ LIST "more 0 18446744073709551615 p@y.z 0 - - .\n", 1 },
		{ LIST "more 0 200001 p@y.z 0 - - .\n", 1 },
		{ LIST "more\nmore 0\nmore 0 1\nmore  1 .\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct queue_message got = { 0 };

		assert_true(record_read(span_text(cases[i].text), &got));
		if (got.envelope.count != cases[i].count)
			fail_msg("%zu: %zu recipients: %s", i, got.envelope.count, cases[i].text);
		if (cases[i].count == 1 && i != 1)
			assert_int_equal(got.recipients[0].state, QUEUE_WAITING);
		clear(&got);
	}
}

static void refused(void **state)
{
#define TOP  "message 1 id main 5 .\nfrom a@b.c 0 0 0 0 - 0 .\n"
#define GOOD TOP "to x@y.z 0 - - .\ncomplete 1 .\n"
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ GOOD, true },
		{ "", false },
		{ "\n", false },
		{ "message 2 id main 5 .\nfrom a@b.c 0 0 0 0 - 0 .\nto x@y.z 0 - - .\ncomplete 1 "
		  ".\n",
		  false },
		{ "message 1 ../id main 5 .\nfrom a@b.c 0 0 0 0 - 0 .\nto x@y.z 0 - - .\ncomplete "
		  "1 .\n",
		  false },
		{ TOP "complete 0 .\n", false },
		{ TOP "to x@y.z 0 - - .\ncomplete 2 .\n", false },
		{ TOP "to x@y.z 16 - - .\ncomplete 1 .\n", false },
		{ TOP "to - 0 - - .\ncomplete 1 .\n", false },
		{ TOP "to x@y.z 0 - - member .\nby d/1 .\ncomplete 1 .\n", true },
		{ TOP "to x@y.z 0 - - other .\ncomplete 1 .\n", false },
		{ TOP "to x@y.z 0 - - .\nby d/1 .\nby d/2 .\ncomplete 1 .\n", false },
		{ TOP "to x@y.z 0 - - .\nby d/1 2 .\ncomplete 1 .\n", false },
		{ TOP TOP "to x@y.z 0 - - .\ncomplete 1 .\n", false },
		{ TOP "to x@y.z 0 a%0 - .\ncomplete 1 .\n", false },
		{ TOP "to x@y.z 0 a%00 - .\ncomplete 1 .\n", false },
		{ "message 1 id main 5 .\nfrom a@b.c 3 0 0 0 - 0 .\nto x@y.z 0 - - .\ncomplete 1 "
		  ".\n",
		  false },
		/* behind the envelope, what is not understood changes nothing */
		{ GOOD "at 1 failed 0 0 - - - .\n", true },
		{ GOOD "at 0 lost 0 0 - - - .\n", true },
		{ GOOD "at 0 failed 0 0 - - -\n", true },
		{ GOOD "at 0 failed 0 -1 - - - .\n", true },
		{ GOOD "told 9 .\n\n . \n\1\2\3\n", true },
		{ GOOD "at 0 fai\nat 0 waiting 1 5 4.0.0 - - .\n", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct queue_message got = { 0 };

		if (record_read(span_text(cases[i].text), &got) != cases[i].good)
			fail_msg("%zu: %s", i, cases[i].text);
		if (cases[i].good)
			assert_int_equal(got.recipients[0].state, QUEUE_WAITING);
		clear(&got);
	}
}

static void names(void **state)
{
	static const struct {
		const char *name, *id;
		uint64_t size;
	} cases[] = {
		{ "5f01.a,S=17", "5f01.a", 17 },
		{ "a,S=0", "a", 0 },
		{ "a", NULL, 0 },
		{ "a,S=", NULL, 0 },
		{ ",S=5", NULL, 0 },
		{ ".a,S=5", NULL, 0 },
		{ "a,S=5,W=6", NULL, 0 },
		{ "a/b,S=5", NULL, 0 },
		{ "a,W=5", NULL, 0 },
		{ "a,S=99999999999999999999", NULL, 0 },
		{ "0123456789012345678901234567890,S=1", "0123456789012345678901234567890", 1 },
		{ "01234567890123456789012345678901,S=1", NULL, 0 },
	};
	char id[QUEUE_ID_SIZE];
	uint64_t size;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (record_name_parse(cases[i].name, id, &size) != (cases[i].id != NULL))
			fail_msg("%s", cases[i].name);
		if (cases[i].id == NULL)
			continue;
		assert_string_equal(id, cases[i].id);
		assert_int_equal(size, cases[i].size);
	}
}

/* What is the same for many stands there once; what else is known of them stays. */
static void same_for_many(void **state)
{
	struct queue_message message = { 0 };
	struct buffer records = BUFFER_EMPTY;
	struct envelope envelope;
	struct address address;
	const char *why;

	(void)state;
	envelope_init(&envelope);
	envelope.has_sender = true;
	assert_true(address_parse(span_text("a@example.org"), &address, &why));
	for (size_t i = 0; i < 5; i++)
		envelope_add(&envelope, &address);
	record_envelope(&records, "id", "mx", 1, &envelope);
	record_mark(&records, "told", 2);
	record_state(&records, 1,
		     &(struct queue_recipient){ .attempts = 3, .next = 77, .status = "4.3.0" });
	record_same(&records, 1, 3);
	record_same(&records, 1, 5); /* there is no such recipient */
	assert_true(record_read(buffer_span(&records), &message));
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(message.recipients[i].attempts, i >= 1 && i <= 3 ? 3 : 0);
	assert_int_equal(message.recipients[3].next, 77);
	assert_true(message.recipients[2].delay_told);
	assert_false(message.recipients[1].delay_told);
	buffer_clear(&records);
	envelope_clear(&envelope);
	envelope_clear(&message.envelope);
	free(message.recipients);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(torn_anywhere),
		cmocka_unit_test(more_torn_anywhere),
		cmocka_unit_test(more_refused),
		cmocka_unit_test(refused),
		cmocka_unit_test(same_for_many),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
