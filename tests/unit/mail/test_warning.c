/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mail/warning.h"

static const struct warning sample = {
	.from = "postmaster@corp.example",
	.address = "j\xc3\xbcrgen@corp.example",
	.host = "mail.corp.example",
	.id = "5f000000w1.1",
	.now = 1600000000,
	.used = 96636764,
	.warn = 94371840,
	.limit = 104857600,
};

static char *write_it(const struct warning *warning, const char *template)
{
	static char room[8192];
	struct buffer text = BUFFER_EMPTY;

	warning_write(&text, warning, span_text(template));
	assert_true(buffer_used(&text) < sizeof room);
	memcpy(room, buffer_bytes(&text), buffer_used(&text));
	room[buffer_used(&text)] = '\0';
	buffer_clear(&text);
	return room;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void built_in(void **state)
{
	const char *text = write_it(&sample, "");

	(void)state;
	assert_has(text, "From: <postmaster@corp.example>\r\n");
	assert_has(text, "\r\nTo: =?utf-8?B?asO8cmdlbkBjb3JwLmV4YW1wbGU=?= :;\r\n");
	assert_has(text, "Message-ID: <5f000000w1.1@mail.corp.example>\r\n");
	assert_has(text, "Auto-Submitted: auto-generated\r\n");
	assert_has(text, "Subject: Your mailbox is 92% full\r\n");
	assert_has(text, "\r\n\r\nThis is the mail server mail.corp.example.\r\n");
	assert_has(text, "mailbox j=C3=BCrgen@corp.example holds 92.1 MiB.\r\n");
	assert_has(text, "from 90 MiB on. The limit is 100 MiB:");
	for (const char *at = text; *at; at++)
		assert_true((unsigned char)*at < 128);
	for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
		assert_true(at > text && at[-1] == '\r');
}

static void own_template(void **state)
{
	struct warning warning = sample;
	const char *text;

	(void)state;
	warning.limit = 0;
	warning.address = "\"a b\"@corp.example";
	text = write_it(&warning,
			"Subject: Postfach voll: f\xc3\xbcr %{address}\r\nPrecedence: bulk\n"
			"X-Quota: 100%% of\n %{used}\n\n"
			"100%% %{limit} %{used}/%{warn}\n\xc3\xa4ndern\nzuletzt");
	assert_has(text, "\r\nTo: <\"a b\"@corp.example>\r\n");
	assert_has(text, "Subject: =?utf-8?");
	assert_has(text, "\r\nPrecedence: bulk\r\n");
	assert_has(text, "\r\nX-Quota: 100% of 92.1 MiB\r\n");
	assert_has(text, "\r\n\r\n100% none 92.1 MiB/90 MiB\r\n=C3=A4ndern\r\nzuletzt\r\n");
}

static void faults(void **state)
{
	static const struct {
		const char *template;
		unsigned line; /* 0: it is good */
	} rows[] = {
		{ "", 0 },
		{ "Subject: x\n\nbody %{used}\n", 0 },
		{ "Subject: x\n", 0 },
		{ "body without a header\n", 1 },
		{ "X: y\n\nSubject: x\n", 1 },
		{ "Subject: x\n\nline\n%{unknown}\n", 4 },
		{ "Subject: 100% x\n\n", 1 },
		{ "Subject: x\n\n%{used", 3 },
		{ "Subject: x\n\nends in %", 3 },
		{ "Subject: x\nFrom: y@z\n\nbody\n", 1 },
		{ "Subject: x\nContent-Type: text/html\n\nbody\n", 1 },
		{ "Subject: x\nAuto-Submitted: no\n\nbody\n", 1 },
	};
	unsigned line;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *why = warning_template_fault(span_text(rows[i].template), &line);

		if ((why != NULL) != (rows[i].line > 0) || (why && line != rows[i].line))
			fail_msg("%s: %u %s", rows[i].template, line, why ? why : "good");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in),
		cmocka_unit_test(own_template),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
