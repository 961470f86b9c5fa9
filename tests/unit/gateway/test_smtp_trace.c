/* SPDX-License-Identifier: ISC */
/* Return-Path, Received, and what submission adds. */
#include "smtp_owner.h"

#define ALICE  "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
#define MAILTO "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\n"
#define TLS    "EHLO c\r\nSTARTTLS\r\n\001EHLO c\r\n"
#define LOGIN  "login PLAIN /alice/secret\n"
#define COMMIT(utf8)                                                                               \
	"commit <a@b> size=0 body=0 utf8=" utf8 " ret=0 envid=\nto <x@y> notify=0 orcpt=\n"
#define FROM           "Return-Path: <a@b>\r\nReceived: from c\r\n\t([192.0.2.1])\r\n\tby mx.corp.example\r\n"
#define DATE           "Sun, 22 Nov 2026 00:00:00 +0000\r\n"
#define TLS_ON         "\r\n\t(TLS1.3 TLS_AES_256_GCM_SHA384)"
#define FOR            "\r\n\tfor <x@y>;\r\n\t" DATE
#define SUBMITTED      LOGIN COMMIT("0") FROM "\twith ESMTPA id S1" FOR
#define ID             "Message-ID: <S1.1.1795305600@mx.corp.example>\r\n"
#define SUBMIT(text)   TEXT("EHLO c\r\n" ALICE MAILTO "DATA\r\n" text ".\r\n")
#define CHUNK(n, text) TEXT("EHLO c\r\n" ALICE MAILTO "BDAT " n " LAST\r\n" text)

static const struct smtp_profile submission = {
	.fqdn = "mx.corp.example",
	.default_domain = "corp.example",
	.basic = true,
	.basic_without_tls = true,
	.anonymous = true,
	.starttls = true,
};

static const struct dialogue protocols[] = {
	{ "SMTP", TEXT("HELO c\r\n" MAILTO "DATA\r\n.\r\n"), NULL,
	  COMMIT("0") FROM "\twith SMTP id S1" FOR, &submission },
	{ "ESMTP", TEXT("EHLO c\r\n" MAILTO "DATA\r\n.\r\n"), NULL,
	  COMMIT("0") FROM "\twith ESMTP id S1" FOR, &submission },
	{ "ESMTPS", TEXT(TLS MAILTO "DATA\r\n.\r\n"), NULL,
	  COMMIT("0") FROM "\twith ESMTPS id S1" TLS_ON FOR, &submission },
	{ "ESMTPSA", TEXT(TLS ALICE MAILTO "DATA\r\nDate: 1\r\nMessage-ID: 2\r\n\r\n.\r\n"), NULL,
	  LOGIN COMMIT("0") FROM "\twith ESMTPSA id S1" TLS_ON FOR
				 "Date: 1\r\nMessage-ID: 2\r\n\r\n",
	  &submission },
	{ "UTF8SMTP", TEXT("EHLO c\r\nMAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<x@y>\r\nDATA\r\n.\r\n"),
	  NULL, COMMIT("1") FROM "\twith UTF8SMTP id S1" FOR, &submission },
	{ "name that lies", TEXT("EHLO a (b [192.0.2.9])\r\n" MAILTO "DATA\r\n.\r\n"), NULL,
	  COMMIT("0") "Return-Path: <a@b>\r\nReceived: from "
		      "a??b?[192.0.2.9]?\r\n\t([192.0.2.1])\r\n"
		      "\tby mx.corp.example\r\n\twith ESMTP id S1" FOR,
	  &submission },
};

static const struct dialogue submissions[] = {
	{ "nothing missing", SUBMIT("From: a\r\ndate: 1\r\nMESSAGE-ID: <2>\r\n\r\nHello\r\n"), NULL,
	  SUBMITTED "From: a\r\ndate: 1\r\nMESSAGE-ID: <2>\r\n\r\nHello\r\n", &submission },
	{ "both missing", SUBMIT("From: a\r\nSubject: folded\r\n Date: no\r\n\r\nDate: no\r\n"),
	  NULL,
	  SUBMITTED "From: a\r\nSubject: folded\r\n Date: no\r\nDate: " DATE ID "\r\nDate: no\r\n",
	  &submission },
	{ "date missing", SUBMIT("Message-ID: <x>\r\n\r\n"), NULL,
	  SUBMITTED "Message-ID: <x>\r\nDate: " DATE "\r\n", &submission },
	{ "no header", SUBMIT("\r\nHello\r\n"), NULL, SUBMITTED "Date: " DATE ID "\r\nHello\r\n",
	  &submission },
	{ "no header, no empty line", SUBMIT("Hello you\r\nDate: x\r\n"), NULL,
	  SUBMITTED "Date: " DATE ID "\r\nHello you\r\nDate: x\r\n", &submission },
	{ "text behind fields", SUBMIT("From: a\r\nHello you\r\n"), NULL,
	  SUBMITTED "From: a\r\nDate: " DATE ID "\r\nHello you\r\n", &submission },
	{ "header alone", SUBMIT("From: a\r\n"), NULL, SUBMITTED "From: a\r\nDate: " DATE ID,
	  &submission },
	{ "nothing at all", SUBMIT(""), NULL, SUBMITTED "Date: " DATE ID, &submission },
	{ "return-path stays", SUBMIT("Return-Path: <z@z>\r\nDate: 1\r\nMessage-ID: 2\r\n\r\n"),
	  NULL, SUBMITTED "Return-Path: <z@z>\r\nDate: 1\r\nMessage-ID: 2\r\n\r\n", &submission },
	{ "chunk without CRLF", CHUNK("7", "From: a"), NULL, SUBMITTED "From: a\r\nDate: " DATE ID,
	  &submission },
	{ "chunk without field", CHUNK("4", "From"), NULL,
	  SUBMITTED "Date: " DATE ID "\r\nFrom\r\n", &submission },
	{ "nothing is added to mail from outside",
	  TEXT("EHLO c\r\n" MAILTO "DATA\r\nFrom: a\r\nHello\r\n.\r\n"), NULL,
	  COMMIT("0") FROM "\twith ESMTP id S1" FOR "From: a\r\nHello\r\n", &submission },
	{ "text from outside stays out of our fields",
	  TEXT("EHLO c\r\n" MAILTO "DATA\r\nHello\r\n.\r\n"), NULL,
	  COMMIT("0") FROM "\twith ESMTP id S1" FOR "\r\nHello\r\n", &submission },
	{ "nor does it continue the last of them",
	  TEXT("EHLO c\r\n" MAILTO "DATA\r\n Hello\r\nFrom: a\r\n\r\n.\r\n"), NULL,
	  COMMIT("0") FROM "\twith ESMTP id S1" FOR "\r\n Hello\r\nFrom: a\r\n\r\n", &submission },
	{ "chunk without field from outside",
	  TEXT("EHLO c\r\n" MAILTO "BDAT 2\r\nFrBDAT 2 LAST\r\nom"), NULL,
	  COMMIT("0") FROM "\twith ESMTP id S1" FOR "\r\nFrom\r\n", &submission },
};

static void test_protocols(void **state)
{
	(void)state;
	PLAY_ALL(protocols);
}

static void test_submissions(void **state)
{
	(void)state;
	PLAY_ALL(submissions);
}

/* What reverse DNS says, told when the sender is asked about. */
static void test_names(void **state)
{
	static const struct {
		const char *names; /* NULL: no answer */
		const char *client;
	} rows[] = {
		{ "mail.example.com", "(mail.example.com [192.0.2.1]) (unverified)" },
		{ "mail.example.com c", "(c [192.0.2.1])" },
		{ "a.example C b.example", "(C [192.0.2.1])" },
		{ "", "([192.0.2.1]) (unverified)" },
		{ NULL, "([192.0.2.1]) (RDNS failed)" },
		{ "x)(by", "(x??by [192.0.2.1]) (unverified)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char input[] = "EHLO c\r\n" MAILTO "DATA\r\n.\r\n";
		struct owner owner;
		char want[400];

		snprintf(want, sizeof(want),
			 COMMIT("0") "Return-Path: <a@b>\r\nReceived: from c\r\n\t%s\r\n"
				     "\tby mx.corp.example\r\n\twith ESMTP id S1" FOR,
			 rows[i].client);
		owner_init(&owner, &submission);
		smtp_server_names(owner.server, "forgotten");
		smtp_server_names(owner.server, rows[i].names);
		owner_receive(&owner, input, sizeof(input) - 1);
		check_text(rows[i].client, "events", &owner.events, want);
		owner_clear(&owner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_submissions),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
