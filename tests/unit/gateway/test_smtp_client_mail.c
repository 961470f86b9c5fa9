/* SPDX-License-Identifier: ISC */
/* Transactions of the SMTP client engine: what is sent, and who is told what. */
#include "smtp_client_owner.h"

static const struct smtp_client_profile lmtp = { .name = "relay.example", .lmtp = true };
static const struct smtp_client_profile secure = { .name = "relay.example", .secure = true };

#define HELLO(offers)                                                                              \
	"S: 220 mx\nC: EHLO relay.example\nS: 250-mx\n" offers "S: 250 HELP\n! ready\n"
#define BARE         HELLO("")
#define PIPE         HELLO("S: 250-PIPELINING\n")
#define CHUNK        HELLO("S: 250-PIPELINING\nS: 250-CHUNKING\n")
#define LHLO(offers) "S: 220 mx\nC: LHLO relay.example\nS: 250-mx\n" offers "S: 250 HELP\n! ready\n"
#define QUIT         "! ready\nC: QUIT\nS: 221 bye\n! ended orderly 221 2.0.0 bye\n"
#define FROM         "C: MAIL FROM:<a@x.example>\n"
#define TO1          "C: RCPT TO:<b@y.example>\n"
#define TO2          "C: RCPT TO:<c@y.example>\n"
#define TO3          "C: RCPT TO:<d@y.example>\n"
#define BODY         "C: Subject: x\nC: \nC: text\n"

static const struct letter one = { .sender = "a@x.example",
				   .recipients = { "b@y.example" },
				   .body = "Subject: x\r\n\r\ntext\r\n" };
static const struct letter three = { .sender = "a@x.example",
				     .recipients = { "b@y.example", "c@y.example", "d@y.example" },
				     .body = "Subject: x\r\n\r\ntext\r\n" };
static const struct letter nobody = { .sender = "a@x.example", .body = "x\r\n" };
static const struct letter empty = { .sender = "", .recipients = { "b@y.example" }, .body = "" };
static const struct letter dots = { .sender = "",
				    .recipients = { "b@y.example" },
				    .body = ".\r\n..x\r\na.b\r\n.\r\n.end" };
static const struct letter unreadable = { .sender = "a@x.example",
					  .recipients = { "b@y.example" },
					  .body = "unreadable" };
static const struct letter masqueraded = { .sender = "a@x.example",
					   .masquerade = "a@corp.example",
					   .recipients = { "b@y.example" },
					   .body = "Subject: x\r\n\r\ntext\r\n" };

#define START1 FROM "S: 250 ok\n" TO1 "S: 250 ok\nC: DATA\nS: 354 go\n" BODY "C: .\n"

static const struct script stepwise[] = {
	{ .name = "one",
	  .letters = { &one },
	  .text = BARE START1
	  "S: 250 2.6.0 queued as 7\n! result 0 ok 250 2.6.0 queued as 7\n! sent\n" QUIT },
	{ .name = "two messages",
	  .letters = { &one, &masqueraded },
	  .text = BARE START1 "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n! ready\n"
			      "C: MAIL FROM:<a@corp.example>\nS: 250 ok\n" TO1
			      "S: 250 ok\nC: DATA\nS: 354 go\n" BODY
			      "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "nobody", .letters = { &nobody }, .text = BARE "! sent\n" QUIT },
	{ .name = "empty",
	  .letters = { &empty },
	  .text = BARE "C: MAIL FROM:<>\nS: 250 ok\n" TO1 "S: 251 ok\nC: DATA\nS: 354 go\nC: .\n"
		       "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "dots",
	  .letters = { &dots },
	  .text = BARE "C: MAIL FROM:<>\nS: 250 ok\n" TO1 "S: 250 ok\nC: DATA\nS: 354 go\n"
		       "C: ..\nC: ...x\nC: a.b\nC: ..\nC: ..end\nC: .\n"
		       "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "sender refused",
	  .letters = { &three, &one },
	  .text = BARE FROM
	  "S: 550 5.7.1 no\n! result 0 perm 550 5.7.1 no\n! result 1 perm 550 5.7.1 no\n"
	  "! result 2 perm 550 5.7.1 no\n! sent\n! ready\n" START1
	  "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "sender later",
	  .letters = { &one },
	  .text = BARE FROM "S: 451 4.7.1 grey\n! result 0 temp 451 4.7.1 grey\n! sent\n" QUIT },
	{ .name = "recipients differ",
	  .letters = { &three },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 550 5.1.1 who\n! result 0 perm 550 5.1.1 who\n" TO2
	  "S: 250 ok\n" TO3
	  "S: 452 4.5.3 many\n! result 2 temp 452 4.5.3 many\nC: DATA\nS: 354 go\n" BODY
	  "C: .\nS: 250 ok\n! result 1 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "nobody accepted",
	  .letters = { &three, &one },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 550 5.1.1 who\n! result 0 perm 550 5.1.1 who\n" TO2
	  "S: 552 5.2.2 full\n! result 1 temp 552 4.2.2 5.2.2 full\n" TO3
	  "S: 450 later\n! result 2 temp 450 4.0.0 later\n! sent\n! ready\nC: RSET\nS: 250 "
	  "ok\n" START1 "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "no RSET",
	  .letters = { &one, &one },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 550 who\n! result 0 perm 550 5.0.0 who\n! sent\n! ready\n"
	  "C: RSET\nS: 500 what\n! result 0 temp 500 4.0.0 what\n! ended next 500 5.0.0 what\n" },
	{ .name = "no DATA",
	  .letters = { &one, &one },
	  .text = BARE FROM "S: 250 ok\n" TO1
			    "S: 250 ok\nC: DATA\nS: 554 5.5.1 no\n! result 0 perm 554 5.5.1 no\n"
			    "! sent\n! ready\nC: RSET\nS: 250 ok\n" START1
			    "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "refused at the end",
	  .letters = { &one, &one },
	  .text = BARE START1
	  "S: 554 5.7.1 spam\n! result 0 perm 554 5.7.1 spam\n! sent\n! ready\n" START1
	  "S: 450 4.7.1 busy\n! result 0 temp 450 4.7.1 busy\n! sent\n" QUIT },
	{ .name = "closing at RCPT",
	  .letters = { &three },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 550 5.1.1 who\n! result 0 perm 550 5.1.1 who\n" TO2
	  "S: 421 4.3.2 bye\n! result 1 temp 421 4.3.2 bye\n! result 2 temp 421 4.3.2 bye\n"
	  "! ended next 421 4.3.2 bye\n" },
	{ .name = "closing at the end",
	  .letters = { &one },
	  .text = BARE START1
	  "S: 421 bye\n! result 0 temp 421 4.0.0 bye\n! ended next 421 4.0.0 bye\n" },
	{ .name = "lost at MAIL",
	  .letters = { &one },
	  .text = BARE FROM
	  "> lost reset\n! result 0 temp 0 4.4.2 reset\n! ended next 0 4.4.2 reset\n" },
	{ .name = "lost at DATA",
	  .letters = { &one },
	  .text = BARE FROM "S: 250 ok\n" TO1
			    "S: 250 ok\nC: DATA\n> lost reset\n! result 0 temp 0 4.4.2 reset\n"
			    "! ended next 0 4.4.2 reset\n" },
	{ .name = "lost at the end",
	  .letters = { &three },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 550 5.1.1 who\n! result 0 perm 550 5.1.1 who\n" TO2
	  "S: 250 ok\n" TO3 "S: 250 ok\nC: DATA\nS: 354 go\n" BODY "C: .\n> lost timeout\n"
	  "! result 1 temp 0 4.4.2 timeout, after all of the message was sent: it may have been "
	  "delivered "
	  "all the same\n"
	  "! result 2 temp 0 4.4.2 timeout, after all of the message was sent: it may have been "
	  "delivered "
	  "all the same\n"
	  "! ended next 0 4.4.2 timeout, after all of the message was sent: it may have been "
	  "delivered "
	  "all the same\n" },
	{ .name = "senseless at MAIL",
	  .letters = { &one },
	  .text = BARE FROM
	  "S: 354 go\n! result 0 temp 0 4.5.0 the server answered out of order at MAIL FROM: "
	  "354 go\n! ended next 0 4.5.0 the server answered out of order at MAIL FROM: 354 go\n" },
	{ .name = "senseless at DATA",
	  .letters = { &one },
	  .text = BARE FROM "S: 250 ok\n" TO1
			    "S: 250 ok\nC: DATA\nS: 250 go\n! result 0 temp 0 4.5.0 the server "
			    "answered out of order at DATA: 250 go\n! ended next 0 4.5.0 the "
			    "server answered out of order at "
			    "DATA: 250 go\n" },
	{ .name = "senseless at the end",
	  .letters = { &one },
	  .text = BARE START1
	  "S: 354 go\n! result 0 temp 0 4.5.0 the server answered out of order at end of data: "
	  "354 go\n! ended next 0 4.5.0 the server answered out of order at end of data: 354 "
	  "go\n" },
	{ .name = "unreadable",
	  .letters = { &unreadable },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 250 ok\nC: DATA\nS: 354 go\n"
	  "! result 0 temp 0 4.3.0 the message cannot be read from the queue now\n"
	  "! ended orderly 0 4.3.0 the message cannot be read from the queue now\n" },
	{ .name = "quit meanwhile",
	  .letters = { &one, &one },
	  .text = BARE FROM
	  "> quit\nS: 250 ok\n" TO1 "S: 250 ok\nC: DATA\nS: 354 go\n" BODY
	  "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\nC: QUIT\nS: 221 bye\n"
	  "! ended orderly 221 2.0.0 bye\n" },
	{ .name = "patience",
	  .letters = { &one },
	  .patience = true,
	  .once = true,
	  .text = "! patience 300 greeting\nS: 220 mx\nC: EHLO relay.example\n! patience 300 "
		  "EHLO\nS: 250 mx\n"
		  "! ready\n" FROM "! patience 300 MAIL FROM\nS: 250 ok\n" TO1
		  "! patience 300 RCPT TO\nS: 250 ok\n"
		  "C: DATA\n! patience 120 DATA\nS: 354 go\n" BODY
		  "C: .\n! patience 600 end of data\nS: 250 ok\n"
		  "! result 0 ok 250 2.0.0 ok\n! sent\n! ready\nC: QUIT\n! patience 300 QUIT\nS: "
		  "221 bye\n"
		  "! ended orderly 221 2.0.0 bye\n" },
};

static void test_stepwise(void **state)
{
	(void)state;
	PLAY_ALL(stepwise);
}

#define ALL1 FROM TO1 "C: DATA\n"
#define ALL3 FROM TO1 TO2 TO3 "C: DATA\n"

static const struct script pipelined[] = {
	{ .name = "one",
	  .letters = { &one },
	  .text = PIPE ALL1 "S: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "C: .\nS: 250 ok\n"
			    "! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "mixed",
	  .letters = { &three },
	  .text = PIPE ALL3 "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 who\nS: 250 ok\nS: 354 go\n"
			    "! result 1 perm 550 5.1.1 who\n" BODY
			    "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n"
			    "! result 2 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "nobody, 354",
	  .letters = { &one, &one },
	  .text = PIPE ALL1
	  "S: 250 ok\nS: 550 5.1.1 who\nS: 354 go\n! result 0 perm 550 5.1.1 who\nC: .\n"
	  "S: 554 nobody\n! sent\n! ready\n" ALL1 "S: 250 ok\nS: 250 ok\nS: 354 go\n" BODY
	  "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "nobody, 503",
	  .letters = { &one, &one },
	  .text = PIPE ALL1
	  "S: 250 ok\nS: 550 5.1.1 who\nS: 503 nobody\n! result 0 perm 550 5.1.1 who\n! sent\n"
	  "! ready\nC: RSET\n" ALL1 "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n" BODY
	  "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "no sender",
	  .letters = { &three, &one },
	  .text = PIPE ALL3 "S: 451 4.7.1 grey\nS: 503 no\nS: 503 no\nS: 503 no\nS: 503 no\n"
			    "! result 0 temp 451 4.7.1 grey\n! result 1 temp 451 4.7.1 grey\n! "
			    "result 2 temp 451 4.7.1 grey\n"
			    "! sent\n! ready\n" ALL1 "S: 250 ok\nS: 250 ok\nS: 354 go\n" BODY
			    "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	/* Recipients behind a sender that was refused are refused, whatever is said of them. */
	{ .name = "no sender, yet recipients",
	  .letters = { &one },
	  .text = PIPE ALL1
	  "S: 550 5.1.0 no\nS: 250 ok\nS: 354 go\n! result 0 perm 550 5.1.0 no\nC: .\nS: 250 ok\n"
	  "! sent\n" QUIT },
	{ .name = "closing in the middle",
	  .letters = { &three },
	  .text = PIPE ALL3
	  "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 who\nS: 421 bye\n! result 1 perm 550 5.1.1 who\n"
	  "! result 0 temp 421 4.0.0 bye\n! result 2 temp 421 4.0.0 bye\n! ended next 421 4.0.0 "
	  "bye\n" },
	{ .name = "lost in the middle",
	  .letters = { &three },
	  .text = PIPE ALL3 "S: 250 ok\nS: 250 ok\n> lost reset\n! result 0 temp 0 4.4.2 reset\n"
			    "! result 1 temp 0 4.4.2 reset\n! result 2 temp 0 4.4.2 reset\n! ended "
			    "next 0 4.4.2 reset\n" },
	{ .name = "the 101st",
	  .letters = { &three },
	  .text = PIPE ALL3 "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 452 4.5.3 enough\nS: 354 go\n"
			    "! result 2 temp 452 4.5.3 enough\n" BODY
			    "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n"
			    "! result 1 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "DATA refused",
	  .letters = { &one },
	  .text = PIPE ALL1 "S: 250 ok\nS: 250 ok\nS: 451 4.3.0 disk\n! result 0 temp 451 4.3.0 "
			    "disk\n! sent\n" QUIT },
};

static void test_pipelined(void **state)
{
	(void)state;
	PLAY_ALL(pipelined);
}

#define BDAT1 FROM TO1 "C: BDAT 20 LAST\n" BODY
#define BDAT3 FROM TO1 TO2 TO3 "C: BDAT 20 LAST\n" BODY

static const struct script chunked[] = {
	{ .name = "one",
	  .letters = { &one, &one },
	  .text = CHUNK BDAT1
	  "S: 250 ok\nS: 250 ok\nS: 250 2.6.0 taken\n! result 0 ok 250 2.6.0 taken\n! sent\n"
	  "! ready\n" BDAT1
	  "S: 250 ok\nS: 250 ok\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "mixed",
	  .letters = { &three },
	  .text = CHUNK BDAT3 "S: 250 ok\nS: 250 ok\nS: 550 who\nS: 450 later\nS: 250 ok\n"
			      "! result 1 perm 550 5.0.0 who\n! result 2 temp 450 4.0.0 later\n! "
			      "result 0 ok 250 2.0.0 ok\n"
			      "! sent\n" QUIT },
	{ .name = "nobody",
	  .letters = { &one, &one },
	  .text = CHUNK BDAT1
	  "S: 250 ok\nS: 550 who\nS: 503 nobody\n! result 0 perm 550 5.0.0 who\n! sent\n"
	  "! ready\nC: RSET\n" BDAT1 "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 ok\n"
	  "! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "refused",
	  .letters = { &one },
	  .text = CHUNK BDAT1
	  "S: 250 ok\nS: 250 ok\nS: 554 spam\n! result 0 perm 554 5.0.0 spam\n! sent\n" QUIT },
	{ .name = "lost",
	  .letters = { &one },
	  .text = CHUNK BDAT1
	  "S: 250 ok\nS: 250 ok\n> lost reset\n! result 0 temp 0 4.4.2 reset, after all of the "
	  "message was sent: it may have been delivered all the same\n! ended next 0 4.4.2 reset, "
	  "after all "
	  "of the message was sent: it may have been delivered all the same\n" },
	{ .name = "lost early",
	  .letters = { &one },
	  .text = CHUNK BDAT1
	  "S: 250 ok\n> lost reset\n! result 0 temp 0 4.4.2 reset\n! ended next 0 4.4.2 reset\n" },
	{ .name = "dots are nothing special",
	  .letters = { &dots },
	  .text = CHUNK
	  "C: MAIL FROM:<>\n" TO1 "C: BDAT 20 LAST\nC: .\nC: ..x\nC: a.b\nC: .\nC: .end(no CRLF)\n"
	  "S: 250 ok\nS: 250 ok\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "without pipelining",
	  .letters = { &one },
	  .text = HELLO("S: 250-CHUNKING\n") FROM
	  "S: 250 ok\n" TO1 "S: 250 ok\nC: BDAT 20 LAST\n" BODY
	  "S: 250 ok\n! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT },
};

static void test_chunked(void **state)
{
	(void)state;
	PLAY_ALL(chunked);
}

static const struct script lmtps[] = {
	{ .name = "each its reply",
	  .profile = &lmtp,
	  .letters = { &three },
	  .text = LHLO("S: 250-PIPELINING\nS: 250-CHUNKING\n") ALL3
	  "S: 250 ok\nS: 250 ok\nS: 550 who\nS: 250 ok\nS: 354 go\n! result 1 perm 550 5.0.0 "
	  "who\n" BODY "C: .\nS: 250 2.0.0 b\nS: 452 4.2.2 full\n! result 0 ok 250 2.0.0 b\n"
	  "! result 2 temp 452 4.2.2 full\n! sent\n" QUIT },
	{ .name = "stepwise",
	  .profile = &lmtp,
	  .letters = { &three },
	  .text = LHLO("") FROM
	  "S: 250 ok\n" TO1 "S: 250 ok\n" TO2 "S: 250 ok\n" TO3
	  "S: 250 ok\nC: DATA\nS: 354 go\n" BODY
	  "C: .\nS: 250 1\n! result 0 ok 250 2.0.0 1\nS: 550 2\n! result 1 perm 550 5.0.0 2\n"
	  "> lost reset\n! result 2 temp 0 4.4.2 reset, after all of the message was sent: it may "
	  "have been "
	  "delivered all the same\n! ended next 0 4.4.2 reset, after all of the message was sent: "
	  "it may have "
	  "been delivered all the same\n" },
	{ .name = "nobody",
	  .profile = &lmtp,
	  .letters = { &one },
	  .text = LHLO("S: 250-PIPELINING\n") ALL1
	  "S: 250 ok\nS: 550 who\nS: 503 no\n! result 0 perm 550 5.0.0 who\n"
	  "! sent\n" QUIT },
	{ .name = "nobody, 354",
	  .profile = &lmtp,
	  .letters = { &one, &one },
	  .text = LHLO("S: 250-PIPELINING\n") ALL1
	  "S: 250 ok\nS: 550 who\nS: 354 go\n! result 0 perm 550 5.0.0 who\n"
	  "C: .\n! sent\nC: QUIT\nS: 503 nobody\n! ended orderly 503 5.0.0 nobody\n" },
};

static void test_lmtp(void **state)
{
	(void)state;
	PLAY_ALL(lmtps);
}

static const struct letter rich = { .sender = "a@x.example",
				    .recipients = { "b@y.example|10|rfc822;B@y.example",
						    "\"c c\"@y.example|1" },
				    .body = "Subject: x\r\n\r\ntext\r\n",
				    .kind = ENVELOPE_BODY_8BITMIME,
				    .ret = ENVELOPE_RET_HDRS,
				    .envid = "Q+2B1" };
static const struct letter eight = { .sender = "a@x.example",
				     .recipients = { "b@y.example" },
				     .body = "Subject: x\r\n\r\ntext\r\n",
				     .has_8bit = true };
static const struct letter binary = { .sender = "a@x.example",
				      .recipients = { "b@y.example" },
				      .body = "Subject: x\r\n\r\ntext\r\n",
				      .kind = ENVELOPE_BODY_BINARYMIME };
static const struct letter utf8_header = { .sender = "a@x.example",
					   .recipients = { "b@y.example" },
					   .body = "Subject: x\r\n\r\ntext\r\n",
					   .smtputf8 = true,
					   .header_utf8 = true };
static const struct letter utf8_masquerade = { .sender = "a@x.example",
					       .masquerade = "a@b\303\274ro.example",
					       .recipients = { "b@y.example" },
					       .body = "Subject: x\r\n\r\ntext\r\n" };
static const struct letter utf8_recipient = {
	.sender = "a@x.example",
	.recipients = { "j\303\266@y.example|0|utf-8;j\303\266@y", "b@y.example",
			"d\303\251@y.example" },
	.body = "Subject: x\r\n\r\ntext\r\n",
	.smtputf8 = true
};
static const struct letter required = { .sender = "a@x.example",
					.recipients = { "b@y.example" },
					.body = "Subject: x\r\n\r\ntext\r\n",
					.requiretls = true };
#define SENT             "! result 0 ok 250 2.0.0 ok\n! sent\n" QUIT
#define NO(status, text) "! result 0 perm 0 " status " " text "\n! sent\n" QUIT
#define LACKS_UTF8                                                                                 \
	"the message has an address or header in UTF-8, and the next server does not offer "       \
	"SMTPUTF8"
#define NO_UTF8        NO("5.6.7", LACKS_UTF8)
#define NO_UTF8_FOR(n) "! result " n " perm 0 5.6.7 " LACKS_UTF8 "\n"
#define NO_TLS         NO("5.7.30", "the sender demands REQUIRETLS, and the next server does not offer it")
#define REST           "S: 250 ok\n" TO1 "S: 250 ok\nC: DATA\nS: 354 go\n" BODY "C: .\nS: 250 ok\n" SENT

static const struct script extensions[] = {
	{ .name = "all that is asked",
	  .letters = { &rich },
	  .text = HELLO(
		  "S: 250-DSN\nS: 250-SIZE 1000\nS: 250-8BITMIME\n") "C: MAIL FROM:<a@x.example> "
								     "SIZE=20 BODY=8BITMIME "
								     "RET=HDRS ENVID=Q+2B1\nS: 250 "
								     "ok\n"
								     "C: RCPT TO:<b@y.example> "
								     "NOTIFY=SUCCESS,DELAY "
								     "ORCPT=rfc822;B@y.example\nS: "
								     "250 ok\n"
								     "C: RCPT TO:<\"c "
								     "c\"@y.example> "
								     "NOTIFY=NEVER\nS: 250 ok\nC: "
								     "DATA\nS: 354 go\n" BODY
								     "C: .\nS: 250 ok\n! result 0 "
								     "ok 250 2.0.0 ok\n! result 1 "
								     "ok 250 2.0.0 ok\n! "
								     "sent\n" QUIT },
	{ .name = "nothing offered",
	  .letters = { &rich },
	  .text = BARE FROM
	  "S: 250 ok\n" TO1 "S: 250 ok\nC: RCPT TO:<\"c c\"@y.example>\nS: 250 ok\nC: DATA\n"
	  "S: 354 go\n" BODY
	  "C: .\nS: 250 ok\n! result 0 ok 250 2.0.0 ok\n! result 1 ok 250 2.0.0 ok\n"
	  "! sent\n" QUIT },
	{ .name = "too big",
	  .letters = { &one, &one },
	  .text = HELLO("S: 250-SIZE 19\n") "! result 0 perm 0 5.3.4 the message is bigger than "
					    "the next server takes\n"
					    "! sent\n! ready\n! result 0 perm 0 5.3.4 the message "
					    "is bigger than the next server takes\n"
					    "! sent\n" QUIT },
	{ .name = "just so",
	  .letters = { &one },
	  .text = HELLO("S: 250-SIZE 20\n") "C: MAIL FROM:<a@x.example> SIZE=20\n" REST },
	{ .name = "8-bit",
	  .letters = { &eight },
	  .text = HELLO("S: 250-8BITMIME\n") "C: MAIL FROM:<a@x.example> BODY=8BITMIME\n" REST },
	{ .name = "8-bit, not offered",
	  .letters = { &eight },
	  .text = BARE NO(
		  "5.6.3",
		  "the message has 8-bit content, and the next server takes 7-bit content only") },
	{ .name = "binary",
	  .letters = { &binary },
	  .text = HELLO("S: 250-BINARYMIME\nS: 250-CHUNKING\n") "C: MAIL FROM:<a@x.example> "
								"BODY=BINARYMIME\n"
								"S: 250 ok\n" TO1
								"S: 250 ok\nC: BDAT 20 LAST\n" BODY
								"S: 250 ok\n" SENT },
	{ .name = "binary, not offered",
	  .letters = { &binary },
	  .text = HELLO("S: 250-BINARYMIME\n") NO(
		  "5.6.3", "the message has binary content, and the next server takes text only") },
	{ .name = "UTF-8 header",
	  .letters = { &utf8_header },
	  .text = HELLO("S: 250-SMTPUTF8\n") "C: MAIL FROM:<a@x.example> SMTPUTF8\n" REST },
	{ .name = "UTF-8 header, not offered", .letters = { &utf8_header }, .text = BARE NO_UTF8 },
	{ .name = "UTF-8 sender, not offered",
	  .letters = { &utf8_masquerade },
	  .text = BARE NO_UTF8 },
	{ .name = "UTF-8 recipients",
	  .letters = { &utf8_recipient },
	  .text = HELLO(
		  "S: 250-SMTPUTF8\nS: 250-DSN\n") "C: MAIL FROM:<a@x.example> SMTPUTF8\nS: 250 "
						   "ok\n"
						   "C: RCPT TO:<j\303\266@y.example> "
						   "ORCPT=utf-8;j\303\266@y\nS: 250 ok\n" TO1
						   "S: 550 who\n! result 1 perm 550 5.0.0 who\nC: "
						   "RCPT TO:<d\303\251@y.example>\nS: 550 who\n"
						   "! result 2 perm 550 5.0.0 who\nC: DATA\nS: 354 "
						   "go\n" BODY "C: .\nS: 250 ok\n" SENT },
	/* Nobody else has to do without the message. */
	{ .name = "UTF-8 recipients, not offered",
	  .letters = { &utf8_recipient },
	  .text = BARE NO_UTF8_FOR("0") NO_UTF8_FOR("2") FROM
	  "S: 250 ok\n" TO1 "S: 250 ok\nC: DATA\nS: 354 go\n" BODY
	  "C: .\nS: 250 ok\n! result 1 ok 250 2.0.0 ok\n! sent\n" QUIT },
	{ .name = "REQUIRETLS",
	  .letters = { &required },
	  .profile = &secure,
	  .text = HELLO("S: 250-REQUIRETLS\n") "C: MAIL FROM:<a@x.example> REQUIRETLS\n" REST },
	{ .name = "REQUIRETLS, not offered",
	  .letters = { &required },
	  .profile = &secure,
	  .text = BARE NO_TLS },
	{ .name = "REQUIRETLS, plain",
	  .letters = { &required },
	  .text = HELLO("S: 250-REQUIRETLS\n") NO_TLS },
};

static void test_extensions(void **state)
{
	(void)state;
	PLAY_ALL(extensions);
}

/* A big body comes in blocks; what a server says meanwhile counts. */
struct big {
	struct smtp_client *client;
	struct envelope envelope;
	uint64_t asked, given, written;
	enum outcome outcome;
	unsigned results, sent, ended, code;
};

static void big_write(void *owner, const char *bytes, size_t length)
{
	(void)bytes;
	((struct big *)owner)->written += length;
}

static void big_ready(void *owner)
{
	struct big *big = owner;
	struct smtp_client_message message = { .envelope = &big->envelope, .size = 1000000 };

	big->written = 0;
	if (big->sent == 0)
		smtp_client_send(big->client, &message);
}

static void big_ask(void *owner, uint64_t offset, size_t length)
{
	struct big *big = owner;

	assert_int_equal(offset, big->given);
	big->asked = offset + length;
}

static void big_result(void *owner, size_t recipient, enum outcome outcome,
		       const struct smtp_client_reply *reply)
{
	struct big *big = owner;

	(void)recipient;
	big->results++;
	big->outcome = outcome;
	big->code = reply->code;
}

static void big_sent(void *owner)
{
	((struct big *)owner)->sent++;
}

static void big_ended(void *owner, enum smtp_client_end end, const struct smtp_client_reply *why)
{
	(void)end, (void)why;
	((struct big *)owner)->ended++;
}

static void big_patience(void *owner, unsigned seconds)
{
	(void)owner, (void)seconds;
}

static const struct smtp_client_calls big_calls = { .write = big_write,
						    .ready = big_ready,
						    .ask_body = big_ask,
						    .result = big_result,
						    .sent = big_sent,
						    .ended = big_ended,
						    .patience = big_patience };

static void big_hear(struct big *big, const char *text)
{
	smtp_client_feed(big->client, text, strlen(text));
}

static void big_begin(struct big *big, const char *hello)
{
	struct address address;
	const char *why;

	memset(big, 0, sizeof(*big));
	envelope_init(&big->envelope);
	assert_true(address_parse(span_text("b@y.example"), &address, &why));
	envelope_add(&big->envelope, &address);
	big->client = smtp_client_new(&usual, &big_calls, big);
	smtp_client_connected(big->client);
	big_hear(big, "220 mx\r\n");
	big_hear(big, hello);
}

static void big_give(struct big *big)
{
	static const char block[65536];
	size_t length = (size_t)(big->asked - big->given);

	assert_true(length > 0 && length <= sizeof(block));
	assert_string_equal(smtp_client_doing(big->client), "message body");
	big->given += length;
	smtp_client_body(big->client, block, length);
}

static void big_end(struct big *big)
{
	smtp_client_free(big->client);
	envelope_clear(&big->envelope);
}

static void test_big(void **state)
{
	struct big big;

	(void)state;
	big_begin(&big, "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
	/* It is too big to be sent to nobody: the recipients come first. */
	assert_int_equal(big.asked, 0);
	big_hear(&big, "250 ok\r\n250 ok\r\n");
	while (big.given < 1000000)
		big_give(&big);
	assert_int_equal(big.written,
			 strlen("MAIL FROM:<>\r\nRCPT TO:<b@y.example>\r\nBDAT 1000000 LAST\r\n") +
				 1000000);
	assert_string_equal(smtp_client_doing(big.client), "end of data");
	big_hear(&big, "250 ok\r\n");
	assert_int_equal(big.sent, 1);
	assert_int_equal(big.outcome, OUTCOME_OK);
	big_end(&big);
}

static void test_refused_in_the_body(void **state)
{
	static const struct {
		const char *offer, *said;
		bool goes_on; /* the chunk must be finished before anything else */
		enum outcome outcome;
		unsigned code;
	} cases[] = {
		{ "250 mx\r\n", "552 5.3.4 big\r\n", false, OUTCOME_PERM, 552 },
		{ "250 mx\r\n", "450 busy\r\n", false, OUTCOME_TEMP, 450 },
		{ "250 mx\r\n", "250 ok\r\n", false, OUTCOME_TEMP, 0 },
		{ "250 mx\r\n", "421 bye\r\n", false, OUTCOME_TEMP, 421 },
		{ "250-mx\r\n250 CHUNKING\r\n", "552 5.3.4 big\r\n", true, OUTCOME_PERM, 552 },
		{ "250-mx\r\n250 CHUNKING\r\n", "250 ok\r\n", false, OUTCOME_TEMP, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct big big;

		big_begin(&big, cases[i].offer);
		big_hear(&big, "250 ok\r\n");
		big_hear(&big, "250 ok\r\n");
		if (strstr(cases[i].offer, "CHUNKING") == NULL)
			big_hear(&big, "354 go\r\n");
		big_give(&big);
		big_hear(&big, cases[i].said);
		assert_int_equal(big.results, 1);
		assert_int_equal(big.outcome, cases[i].outcome);
		assert_int_equal(big.code, cases[i].code);
		assert_int_equal(big.ended, !cases[i].goes_on);
		while (cases[i].goes_on && big.given < 1000000)
			big_give(&big);
		assert_int_equal(big.sent, cases[i].goes_on);
		big_end(&big);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stepwise),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_chunked),
		cmocka_unit_test(test_lmtp),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_refused_in_the_body),
	};

	return cmocka_run_group_tests_name("smtp client mail", tests, NULL, NULL);
}
