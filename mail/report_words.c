/* SPDX-License-Identifier: ISC */
/* The texts that are built in; conf/templates has them as files. */
#include "mail/report_private.h"

#define ABOUT                                                                                      \
	"%{recipients}\r\n"                                                                        \
	"\r\n"                                                                                     \
	"Subject: %{subject}\r\n"                                                                  \
	"Sent:    %{date}\r\n"                                                                     \
	"\r\n"

#define DETAIL                                                                                     \
	"Technical detail, for whoever helps you (our name for the message: %{id}):\r\n"           \
	"\r\n"                                                                                     \
	"%{detail}\r\n"

static const char failed[] =
	"This is the mail server %{host}.\r\n"
	"\r\n"
	"Your message was not delivered to:\r\n"
	"\r\n" ABOUT "Why:\r\n"
	"\r\n"
	"%{reason}\r\n"
	"\r\n"
	"What you can do:\r\n"
	"\r\n"
	"%{advice}\r\n"
	"\r\n"
	"The server will not try again. Recipients who are not named here are not\r\n"
	"concerned. Your message, or its header, is attached.\r\n"
	"\r\n" DETAIL;

static const char delayed[] =
	"This is the mail server %{host}.\r\n"
	"\r\n"
	"Your message has not been delivered yet to:\r\n"
	"\r\n" ABOUT "Why:\r\n"
	"\r\n"
	"%{reason}\r\n"
	"\r\n"
	"You do not have to do anything, and do not have to send it again. The\r\n"
	"server keeps trying until %{until}.\r\n"
	"If it has not succeeded by then, you get another report.\r\n"
	"\r\n" DETAIL;

static const char success[] =
	"This is the mail server %{host}.\r\n"
	"\r\n"
	"You asked to be told what becomes of your message. It went to:\r\n"
	"\r\n" ABOUT
	"\"Delivered\" is: it lies in the mailbox. It does not say that it has been\r\n"
	"read. \"Handed on\" is: the next server took it, and does not tell what\r\n"
	"comes then.\r\n"
	"\r\n" DETAIL;

static const struct report_template built_in = { {
	[REPORT_KIND_FAILED] = { "Not delivered: %{subject}", "", failed },
	[REPORT_KIND_DELAYED] = { "Delayed: %{subject}", "", delayed },
	[REPORT_KIND_SUCCESS] = { "Delivered: %{subject}", "", success },
} };

const struct report_template *report_template_default(void)
{
	return &built_in;
}
