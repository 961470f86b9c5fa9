/* SPDX-License-Identifier: ISC */
#include "daemon/outgoing_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int file_of(const char *text, size_t length)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	return fd;
}

static void scans(void **state)
{
	static const struct {
		const char *text;
		bool has_8bit, header_utf8;
	} texts[] = {
		{ "", false, false },
		{ "a: b\r\n\r\nbody\r\n", false, false },
		{ "a: b\r\n\r\nb\xc3\xb6" "dy\r\n", true, false },
		{ "a: \xc3\xb6\r\n\r\nbody\r\n", true, true },
		{ "a: \xc3\xb6", true, true },
		{ "\r\n\xc3\xb6", true, false },
		{ "a: b\r\r\n\r\n\xc3\xb6", true, false },
		{ "a: b\r\n\xc3\xb6\r\n\r\n", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t length = strlen(texts[i].text);
		struct outgoing_body body;
		int fd = file_of(texts[i].text, length);

		outgoing_body_init(&body, fd, length);
		assert_true(outgoing_body_scan(&body));
		if (body.has_8bit != texts[i].has_8bit || body.header_utf8 != texts[i].header_utf8)
			fail_msg("%zu: %d %d", i, body.has_8bit, body.header_utf8);
		outgoing_body_clear(&body);
		close(fd);
	}
}

/* Wherever the pieces are cut. */
static void scans_large_ones(void **state)
{
	size_t length = 3 * OUTGOING_PIECE;
	char *text = malloc(length);
	struct outgoing_body body;

	(void)state;
	assert_non_null(text);
	for (int cut = -4; cut <= 4; cut++) {
		int fd;

		memset(text, 'a', length);
		memcpy(text + OUTGOING_PIECE + cut, "\r\n\r\n", 4);
		text[length - 1] = '\xff';
		fd = file_of(text, length);
		outgoing_body_init(&body, fd, length);
		assert_true(outgoing_body_scan(&body));
		assert_true(body.has_8bit);
		assert_false(body.header_utf8);
		outgoing_body_clear(&body);
		close(fd);
	}
	free(text);
}

static void read_all(const struct outgoing_body *body, char *to, size_t piece)
{
	size_t used = 0;
	ssize_t count;

	while ((count = outgoing_body_read(body, used, to + used, piece)) > 0)
		used += (size_t)count;
	assert_int_equal(count, 0);
	assert_int_equal(used, outgoing_body_size(body));
	to[used] = '\0';
}

static void another_header(void **state)
{
	static const char text[] = "From: a\r\nb: c\r\n\r\nbody\r\n";
	struct buffer header = BUFFER_EMPTY, other = BUFFER_EMPTY;
	int fd = file_of(text, strlen(text));
	struct outgoing_body body;
	char all[100];

	(void)state;
	outgoing_body_init(&body, fd, strlen(text));
	read_all(&body, all, 7);
	assert_string_equal(all, text);
	assert_true(outgoing_body_header(&body, &header));
	assert_true(span_is(buffer_span(&header), "From: a\r\nb: c\r\n\r\n"));
	buffer_add_text(&other, "From: another\r\n\r\n");
	outgoing_body_replace(&body, &other, buffer_used(&header));
	for (size_t piece = 1; piece < 30; piece++) {
		read_all(&body, all, piece);
		assert_string_equal(all, "From: another\r\n\r\nbody\r\n");
	}
	outgoing_body_clear(&body);
	buffer_clear(&header);
	close(fd);
}

static void troubles(void **state)
{
	struct buffer header = BUFFER_EMPTY;
	char *text = malloc(OUTGOING_HEADER_MAX * 2), piece[16];
	struct outgoing_body body;
	int fd;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', OUTGOING_HEADER_MAX * 2);
	fd = file_of(text, OUTGOING_HEADER_MAX * 2);
	outgoing_body_init(&body, fd, OUTGOING_HEADER_MAX * 2);
	assert_false(outgoing_body_header(&body, &header));
	buffer_clear(&header);
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_int_equal(outgoing_body_read(&body, 10, piece, sizeof piece), -1);
	assert_false(outgoing_body_scan(&body));
	outgoing_body_clear(&body);
	close(fd);
	free(text);
}

/* The Return-Path that we put in front stays here; one that stands elsewhere is the sender's matter. */
static void sends_no_return_path(void **state)
{
	static const struct {
		const char *text, *sent;
	} texts[] = {
		{ "Return-Path: <a@b>\r\na: b\r\n\r\nx", "a: b\r\n\r\nx" },
		{ "RETURN-PATH: <>\r\n\r\nx", "\r\nx" },
		{ "a: b\r\nReturn-Path: <a@b>\r\n\r\nx", "a: b\r\nReturn-Path: <a@b>\r\n\r\nx" },
		{ "Return-Path: <a@b>", "Return-Path: <a@b>" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t length = strlen(texts[i].text);
		char sent[100] = "";
		struct outgoing_body body;
		struct buffer header = BUFFER_EMPTY;
		int fd = file_of(texts[i].text, length);

		outgoing_body_init(&body, fd, length);
		assert_int_equal(outgoing_body_size(&body), strlen(texts[i].sent));
		read_all(&body, sent, 3);
		assert_string_equal(sent, texts[i].sent);
		if (outgoing_body_header(&body, &header))
			assert_memory_equal(buffer_bytes(&header), texts[i].sent, buffer_used(&header));
		buffer_clear(&header);
		outgoing_body_clear(&body);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scans), cmocka_unit_test(sends_no_return_path),
		cmocka_unit_test(scans_large_ones),
		cmocka_unit_test(another_header),
		cmocka_unit_test(troubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
