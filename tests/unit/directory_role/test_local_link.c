/* SPDX-License-Identifier: ISC */
/* Many threads ask one channel; answers come in another order, late, wrongly, or not at all. */
#include "directory_role/local_link.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/message_local.h"
#include "io/packet.h"

enum { ASKERS = 8 };

struct asking {
	struct local_link *link;
	char account[32];
	int64_t deadline;
	struct checker_answer answer;
	pthread_t thread;
};

static void *ask(void *of)
{
	struct asking *asking = of;

	local_link_prove(asking->link, asking->account, span_text("Alice-Pw1"), asking->deadline,
			 &asking->answer);
	return NULL;
}

static void ask_begin(struct asking *asking, struct local_link *link, const char *account,
		      int64_t ms)
{
	*asking = (struct asking){ .link = link, .deadline = clock_ms() + ms };
	strcpy(asking->account, account);
	assert_int_equal(pthread_create(&asking->thread, NULL, ask, asking), 0);
}

static void ask_end(struct asking *asking, enum password_result wanted)
{
	assert_int_equal(pthread_join(asking->thread, NULL), 0);
	assert_int_equal(asking->answer.result, wanted);
}

/* What came, and the answer that goes back to it. */
static uint32_t take(int fd, struct message_prove *prove)
{
	static char memory[PACKET_BODY_MAX];
	struct packet packet;

	assert_int_equal(packet_receive(fd, memory, &packet), PACKET_OK);
	assert_int_equal(packet.kind, MESSAGE_PROVE);
	assert_true(message_get_prove(packet.body, prove));
	assert_string_equal(prove->password, "Alice-Pw1");
	return packet.id;
}

static void give(int fd, uint32_t id, enum password_result result)
{
	struct message_proof proof = { result, "as given" };
	char memory[300];
	struct wire_writer writer;

	wire_writer_init(&writer, memory, sizeof memory);
	message_put_proof(&writer, &proof);
	assert_int_equal(
		packet_send(fd, &(struct packet){ .kind = MESSAGE_PROVE,
						  .id = id,
						  .fd = -1,
						  .body = span_make(memory, writer.used) }),
		PACKET_OK);
}

static void answers_find_their_askers(void **state)
{
	struct local_link *link = local_link_new();
	struct asking askings[ASKERS];
	struct message_prove prove;
	uint32_t ids[ASKERS];
	int ends[2], order[ASKERS];

	(void)state;
	assert_true(packet_pair(ends));
	local_link_take(link, ends[0]);
	for (int i = 0; i < ASKERS; i++) {
		char account[32];

		snprintf(account, sizeof account, "user%d", i);
		ask_begin(&askings[i], link, account, 60000);
	}
	for (int i = 0; i < ASKERS; i++) {
		ids[i] = take(ends[1], &prove);
		order[i] = atoi(prove.account + 4);
	}
	for (int i = ASKERS - 1; i >= 0; i--)
		give(ends[1], ids[i], order[i] % 2 ? PASSWORD_RIGHT : PASSWORD_WRONG);
	for (int i = 0; i < ASKERS; i++)
		ask_end(&askings[i], i % 2 ? PASSWORD_RIGHT : PASSWORD_WRONG);
	close(ends[1]);
	local_link_free(link);
}

static void a_lost_channel_is_temporary(void **state)
{
	struct local_link *link = local_link_new();
	struct asking asking;
	struct message_prove prove;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	local_link_take(link, ends[0]);
	ask_begin(&asking, link, "alice", 60000);
	take(ends[1], &prove);
	close(ends[1]);
	ask_end(&asking, PASSWORD_TEMPORARY);
	/* Nobody there: waits for the next one, as long as there is time. */
	ask_begin(&asking, link, "alice", 60000);
	assert_true(packet_pair(ends));
	local_link_take(link, ends[0]);
	give(ends[1], take(ends[1], &prove), PASSWORD_RIGHT);
	ask_end(&asking, PASSWORD_RIGHT);
	local_link_free(link);
	close(ends[1]);
	link = local_link_new();
	ask_begin(&asking, link, "alice", 50);
	ask_end(&asking, PASSWORD_TEMPORARY);
	local_link_free(link);
}

/* The answer to a question that was given up is nobody's. */
static void late_answers_are_dropped(void **state)
{
	struct local_link *link = local_link_new();
	struct asking asking;
	struct message_prove prove;
	struct pollfd there;
	uint32_t id;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	local_link_take(link, ends[0]);
	/* Given up when it was asked: a slow machine may need longer than there is time to ask. */
	there = (struct pollfd){ .fd = ends[1], .events = POLLIN };
	for (int64_t ms = 50; poll(&there, 1, 0) == 0; ms *= 2) {
		ask_begin(&asking, link, "alice", ms);
		ask_end(&asking, PASSWORD_TEMPORARY);
	}
	id = take(ends[1], &prove);
	ask_begin(&asking, link, "bob", 60000);
	give(ends[1], id, PASSWORD_RIGHT);
	give(ends[1], take(ends[1], &prove), PASSWORD_WRONG);
	ask_end(&asking, PASSWORD_WRONG);
	local_link_free(link);
	close(ends[1]);
}

static void nonsense_ends_the_channel(void **state)
{
	struct local_link *link = local_link_new();
	struct asking asking;
	struct message_prove prove;
	char octet;
	int ends[2];

	(void)state;
	assert_true(packet_pair(ends));
	local_link_take(link, ends[0]);
	ask_begin(&asking, link, "alice", 60000);
	assert_int_equal(packet_send(ends[1], &(struct packet){ .kind = MESSAGE_PROVE,
								.id = take(ends[1], &prove),
								.fd = -1,
								.body = span_text("x") }),
			 PACKET_OK);
	ask_end(&asking, PASSWORD_TEMPORARY);
	assert_int_equal(recv(ends[1], &octet, 1, 0), 0);
	local_link_free(link);
	close(ends[1]);
}

static void what_does_not_fit_is_not_asked(void **state)
{
	struct local_link *link = local_link_new();
	struct checker_answer answer;
	char *account = memory_new(200), octet;
	int ends[2];

	(void)state;
	memset(account, 'a', 199);
	assert_true(packet_pair(ends));
	local_link_take(link, ends[0]);
	local_link_prove(link, account, span_text("x"), clock_ms() + 60000, &answer);
	assert_int_equal(answer.result, PASSWORD_TEMPORARY);
	assert_int_equal(recv(ends[1], &octet, 1, MSG_DONTWAIT), -1);
	free(account);
	local_link_free(link);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_find_their_askers),
		cmocka_unit_test(a_lost_channel_is_temporary),
		cmocka_unit_test(late_answers_are_dropped),
		cmocka_unit_test(nonsense_ends_the_channel),
		cmocka_unit_test(what_does_not_fit_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
