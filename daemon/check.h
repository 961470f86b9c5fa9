/* SPDX-License-Identifier: ISC */
/* The configuration tested from the outside: for `posternd -t`, `postern check` and before a reload. */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include "conf/conf.h"

/* "FILE:LINE: text" on standard error; without the line when it is 0. */
void check_complain(void *context, const char *file, unsigned line, const char *text);

/* conf_check_machine, and that the mailboxes there are were made with the configured method. */
bool check_machine(const struct conf *conf, conf_complain complain, void *context);

enum check_extent {
	CHECK_MACHINE,	  /* the text, and what it names on this machine */
	CHECK_DIRECTORIES /* and whether the directories answer: a lookup and a password check in each */
};

/* False after at least one complaint that is not just a warning. A directory that does not answer is a warning. */
bool check_configuration(const char *file, enum check_extent extent);

#endif
