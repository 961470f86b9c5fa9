/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/fields.h"
#include "mail/report.h"

#define S ENVELOPE_NOTIFY_SUCCESS
#define F ENVELOPE_NOTIFY_FAILURE
#define D ENVELOPE_NOTIFY_DELAY
#define N ENVELOPE_NOTIFY_NEVER

/* RFC 3461 section 5: every NOTIFY that may be given, and what the sender is told of. */
struct notify {
	unsigned notify;
	bool failed, delayed, success;
};
static const struct notify notifies[] = {
	{ 0, true, true, false },           { N, false, false, false },
	{ S, false, false, true },          { F, true, false, false },
	{ D, false, true, false },          { S | F, true, false, true },
	{ S | D, false, true, true },       { F | D, true, true, false },
	{ S | F | D, true, true, true },    { N | S, false, false, false },
	{ N | F, false, false, false },     { N | D, false, false, false },
	{ N | S | F, false, false, false }, { N | S | D, false, false, false },
	{ N | F | D, false, false, false }, { N | S | F | D, false, false, false },
};

static void test_wanted(void **state)
{
	struct envelope_recipient recipient = { 0 };
	struct envelope null, envelope;
	const char *why;

	(void)state;
	envelope_init(&null);
	envelope_init(&envelope);
	assert_true(address_parse(span_text("a@example.com"), &envelope.sender, &why));
	for (size_t i = 0; i < sizeof(notifies) / sizeof(notifies[0]); i++) {
		const struct notify *row = &notifies[i];

		recipient.notify = row->notify;
		assert_int_equal(report_wanted(&envelope, &recipient, REPORT_FAILED), row->failed);
		assert_int_equal(report_wanted(&envelope, &recipient, REPORT_DELAYED),
				 row->delayed);
		for (unsigned action = REPORT_DELIVERED; action <= REPORT_EXPANDED; action++)
			assert_int_equal(
				report_wanted(&envelope, &recipient, (enum report_action)action),
				row->success);
		for (unsigned action = REPORT_FAILED; action <= REPORT_EXPANDED; action++)
			assert_false(report_wanted(&null, &recipient, (enum report_action)action));
	}
}

struct scene {
	struct envelope envelope;
	struct report_recipient recipients[2];
	struct report report;
	struct report_needs needs;
	char *text;
};

static const char header[] = "From: a\r\nSubject: Lunch\r\n on Friday\r\nMessage-ID: <1@x>\r\n";

static void scene_add(struct scene *scene, const char *address, enum report_action action)
{
	struct address parsed;
	const char *why;
	size_t i = scene->report.count++;

	assert_true(address_parse(span_text(address), &parsed, &why));
	(void)envelope_add(&scene->envelope, &parsed);
	scene->recipients[i] =
		(struct report_recipient){ NULL, action, "5.1.1", "smtp; 550 no", "mx.test", 100 };
	for (size_t k = 0; k <= i; k++)
		scene->recipients[k].recipient = &scene->envelope.recipients[k];
}

static void scene_init(struct scene *scene, enum report_action action)
{
	const char *why;

	memset(scene, 0, sizeof(*scene));
	envelope_init(&scene->envelope);
	assert_true(address_parse(span_text("alice@example.com"), &scene->envelope.sender, &why));
	scene->report = (struct report){ .reporting_mta = "mx.example.com",
					 .from = "postmaster@example.com",
					 .id = "Q1",
					 .envelope = &scene->envelope,
					 .arrived = 1000,
					 .now = 2000,
					 .will_retry_until = 3000,
					 .recipients = scene->recipients,
					 .header = span_text(header) };
	scene_add(scene, "bob@example.net", action);
}

static const char *scene_write(struct scene *scene)
{
	struct buffer out = BUFFER_EMPTY;

	free(scene->text);
	scene->needs = report_write(&out, &scene->report, report_template_default());
	buffer_add(&out, "", 1);
	assert_int_equal(strlen(buffer_bytes(&out)) + 1, buffer_used(&out));
	scene->text = strdup(buffer_bytes(&out));
	buffer_clear(&out);
	return scene->text;
}

static void scene_clear(struct scene *scene)
{
	free(scene->text);
	envelope_clear(&scene->envelope);
}

struct has {
	enum report_action action;
	const char *text;
};
static const struct has haves[] = {
	{ REPORT_FAILED, "\r\nSubject: Not delivered: Lunch on Friday\r\n" },
	{ REPORT_FAILED, "\r\nAuto-Submitted: auto-replied\r\n" },
	{ REPORT_FAILED, "\r\nIn-Reply-To: <1@x>\r\n" },
	{ REPORT_FAILED, "\r\nTo: <alice@example.com>\r\n" },
	{ REPORT_FAILED, "From: \"Mail Delivery System\" <postmaster@example.com>\r\n" },
	{ REPORT_FAILED, "\r\n    There is no mailbox of that address.\r\n" },
	{ REPORT_FAILED, "\r\n    Check the spelling of the address." },
	{ REPORT_FAILED, "\r\n        mx.test said: 550 no (5.1.1)\r\n" },
	{ REPORT_FAILED, "\r\nReporting-MTA: dns; mx.example.com\r\n" },
	{ REPORT_FAILED, "\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\n"
			 "Status: 5.1.1\r\nRemote-MTA: dns; mx.test\r\n"
			 "Diagnostic-Code: smtp; 550 no\r\nLast-Attempt-Date: " },
	{ REPORT_FAILED, "\r\n\r\nFrom: a\r\nSubject: Lunch\r\n on Friday\r\n" },
	{ REPORT_DELAYED, "\r\nSubject: Delayed: Lunch on Friday\r\n" },
	{ REPORT_DELAYED, "\r\nAction: delayed\r\n" },
	{ REPORT_DELAYED, "\r\nWill-Retry-Until: " },
	{ REPORT_DELIVERED, "\r\nSubject: Delivered: Lunch on Friday\r\n" },
	{ REPORT_DELIVERED, "\r\nAction: delivered\r\n" },
	{ REPORT_RELAYED, "\r\nAction: relayed\r\n" },
	{ REPORT_RELAYED, "\r\n        Handed on. mx.test" },
	{ REPORT_EXPANDED, "\r\nAction: expanded\r\n" },
};

static void test_actions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(haves) / sizeof(haves[0]); i++) {
		struct scene scene;

		scene_init(&scene, haves[i].action);
		if (strstr(scene_write(&scene), haves[i].text) == NULL)
			fail_msg("row %zu: no \"%s\" in:\n%s", i, haves[i].text, scene.text);
		assert_int_equal(scene.needs.body, ENVELOPE_BODY_7BIT);
		assert_false(scene.needs.smtputf8);
		scene_clear(&scene);
	}
}

/* RET, and what is too much to give back. */
struct given {
	enum report_action action;
	enum envelope_ret ret;
	enum envelope_body body;
	size_t size;
	bool full;
};
static const struct given givens[] = {
	{ REPORT_FAILED, ENVELOPE_RET_NONE, ENVELOPE_BODY_7BIT, 1000, true },
	{ REPORT_FAILED, ENVELOPE_RET_NONE, ENVELOPE_BODY_7BIT, REPORT_FULL_MAX, true },
	{ REPORT_FAILED, ENVELOPE_RET_NONE, ENVELOPE_BODY_7BIT, REPORT_FULL_MAX + 1, false },
	{ REPORT_FAILED, ENVELOPE_RET_FULL, ENVELOPE_BODY_7BIT, REPORT_FULL_MAX + 1, true },
	{ REPORT_FAILED, ENVELOPE_RET_FULL, ENVELOPE_BODY_7BIT, REPORT_FULL_ASKED_MAX + 1, false },
	{ REPORT_FAILED, ENVELOPE_RET_HDRS, ENVELOPE_BODY_7BIT, 1000, false },
	{ REPORT_FAILED, ENVELOPE_RET_FULL, ENVELOPE_BODY_BINARYMIME, 1000, false },
	{ REPORT_FAILED, ENVELOPE_RET_FULL, ENVELOPE_BODY_7BIT, 0, false },
	{ REPORT_DELAYED, ENVELOPE_RET_FULL, ENVELOPE_BODY_7BIT, 1000, false },
	{ REPORT_DELIVERED, ENVELOPE_RET_FULL, ENVELOPE_BODY_7BIT, 1000, false },
	{ REPORT_RELAYED, ENVELOPE_RET_NONE, ENVELOPE_BODY_7BIT, 1000, false },
};

static void test_given_back(void **state)
{
	char *message = malloc(REPORT_FULL_ASKED_MAX + 2);

	(void)state;
	memset(message, 'x', REPORT_FULL_ASKED_MAX + 2);
	for (size_t i = 0; i < sizeof(givens) / sizeof(givens[0]); i++) {
		struct scene scene;

		scene_init(&scene, givens[i].action);
		scene.envelope.ret = givens[i].ret;
		scene.envelope.body = givens[i].body;
		scene.report.message = span_make(message, givens[i].size);
		(void)scene_write(&scene);
		assert_int_equal(strstr(scene.text, "message/rfc822\r\n") != NULL, givens[i].full);
		assert_int_equal(strstr(scene.text, "text/rfc822-headers\r\n") != NULL,
				 !givens[i].full);
		scene_clear(&scene);
	}
	free(message);
}

/* One failed, one was delivered: the words are of the failure, the second part tells both. */
static void test_mixed(void **state)
{
	struct scene scene;
	const char *words, *status;

	(void)state;
	scene_init(&scene, REPORT_DELIVERED);
	scene_add(&scene, "carol@example.net", REPORT_FAILED);
	words = strstr(scene_write(&scene), "\r\n\r\n");
	status = strstr(words, "message/delivery-status");
	assert_non_null(strstr(scene.text, "Subject: Not delivered"));
	assert_true(strstr(words, "carol@example.net") < status);
	assert_true(strstr(words, "bob@example.net") > status);
	assert_non_null(strstr(status, "Action: delivered"));
	assert_non_null(strstr(status, "Action: failed"));
	scene_clear(&scene);
}

static void test_wide(void **state)
{
	static const char message[] = "Subject: x\r\n\r\nW\xc3\xb6rter\r\n";
	struct scene scene;
	const char *why;

	(void)state;
	scene_init(&scene, REPORT_FAILED);
	scene.report.message = span_text(message);
	(void)scene_write(&scene);
	assert_int_equal(scene.needs.body, ENVELOPE_BODY_8BITMIME);
	assert_false(scene.needs.smtputf8);
	assert_true(address_parse(span_text("j\xc3\xbcrgen@example.com"), &scene.envelope.sender,
				  &why));
	scene.report.utf8 = true;
	(void)scene_write(&scene);
	assert_true(scene.needs.smtputf8);
	assert_non_null(strstr(scene.text, "message/global-delivery-status"));
	scene_clear(&scene);
}

/* Addresses in UTF-8 in a report that must be ASCII, and back from what ORCPT has (RFC 6533). */
struct form {
	const char *address, *orcpt;
	bool utf8;
	const char *expected;
};
static const struct form forms[] = {
	{ "b@x.test", "rfc822;B+2Bc+40x.test", false,
	  "Original-Recipient: rfc822; B+c@x.test\r\n" },
	{ "b@x.test", "x400;a+20+3B", false, "Original-Recipient: x400; a ;\r\n" },
	{ "\xc3\xb6@x.test", NULL, false, "Final-Recipient: utf-8; \\x{F6}@x.test\r\n" },
	{ "\xc3\xb6+a@x.test", NULL, false, "Final-Recipient: utf-8; \\x{F6}\\x{2B}a@x.test\r\n" },
	{ "\xf0\x9f\x98\x80@x.test", NULL, false, "Final-Recipient: utf-8; \\x{1F600}@x.test\r\n" },
	{ "\xc3\xb6@x.test", NULL, true, "Final-Recipient: utf-8; \xc3\xb6@x.test\r\n" },
	{ "b@x.test", "utf-8;\xc3\xb6@x.test", true,
	  "Original-Recipient: utf-8; \xc3\xb6@x.test\r\n" },
	{ "b@x.test", "utf-8;\xc3\xb6@x.test", false,
	  "Original-Recipient: utf-8; \\x{F6}@x.test\r\n" },
	{ "b@x.test", "utf-8;\\x{F6}@x.test", false,
	  "Original-Recipient: utf-8; \\x{F6}@x.test\r\n" },
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct scene scene;
		const char *why;

		scene_init(&scene, REPORT_FAILED);
		assert_true(address_parse(span_text(forms[i].address),
					  &scene.envelope.recipients[0].address, &why));
		if (forms[i].orcpt != NULL)
			scene.envelope.recipients[0].orcpt = strdup(forms[i].orcpt);
		scene.report.utf8 = forms[i].utf8;
		if (strstr(scene_write(&scene), forms[i].expected) == NULL)
			fail_msg("row %zu: no \"%s\" in:\n%s", i, forms[i].expected, scene.text);
		scene_clear(&scene);
	}
}

/* Whatever strangers chose, the header has the fields that are ours, and no more. */
static void test_injection(void **state)
{
	static const char evil[] = "Subject: a\r\n =?utf-8?Q?=0D=0AX-Evil:_1=0D=0A=0D=0A?=\r\n"
				   "Message-ID: <a\r\n X-Evil: 1>\r\n";
	struct scene scene;
	struct span rest;
	struct field field;
	unsigned count = 0;

	(void)state;
	scene_init(&scene, REPORT_FAILED);
	scene.report.header = span_text(evil);
	scene.recipients[0].diagnostic = "smtp; 550 a\r\nX-Evil: 1\r\n\r\n--";
	scene.recipients[0].mta = "a\nX-Evil: 1";
	scene.recipients[0].status = "5.1.1\r\nX-Evil: 1";
	rest = span_text(scene_write(&scene));
	for (; fields_next(&rest, &field); count++)
		assert_false(span_starts_nocase(field.name, "X-Evil"));
	assert_int_equal(count, 8);
	assert_true(rest.length > 2 && memcmp(rest.at, "\r\n", 2) == 0);
	rest = span_text(strstr(scene.text, "delivery-status\r\n"));
	/* Behind it stands what the sender wrote himself. */
	rest.length = (size_t)(strstr(rest.at, "text/rfc822-headers") - rest.at);
	assert_null(memmem(rest.at, rest.length, "\nX-Evil", 7));
	scene_clear(&scene);
}

struct words {
	const char *status, *reason;
};
static const struct words statuses[] = {
	{ "5.1.1", "There is no mailbox of that address." },
	{ "4.1.1", "There is no mailbox of that address." },
	{ "5.1.99", "The address was not accepted." },
	{ "5.1.10", "The domain has declared that it takes no mail." },
	{ "5.2.2", "The mailbox is full." },
	{ "5.7.99", "The rules of one of the servers do not permit this message." },
	{ "5.9.9", "The other server did not say why." },
	{ "5", "The other server did not say why." },
	{ "", "The other server did not say why." },
	{ "junk", "The other server did not say why." },
};

static void test_statuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		assert_string_equal(report_reason(statuses[i].status), statuses[i].reason);
		assert_true(strlen(report_advice(statuses[i].status)) > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),     cmocka_unit_test(test_actions),
		cmocka_unit_test(test_given_back), cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_wide),       cmocka_unit_test(test_forms),
		cmocka_unit_test(test_injection),  cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
