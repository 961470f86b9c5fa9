/* SPDX-License-Identifier: ISC */
/*
 * Password checks: a simple bind as the found entry on a connection of its own,
 * never one that searches use, so that slow checks cannot hold lookups up and a
 * user's identity never searches. Connections are inside TLS and are kept for the
 * next check. A password is tried once: a connection found dead before is replaced,
 * one that dies after is an answer we did not get, because AD may have counted it. Only
 * where a server says that it did not look (busy, TLS or channel bindings wanted) is it
 * shown to a second one.
 */
#ifndef DIRECTORY_CHECKER_H
#define DIRECTORY_CHECKER_H

#include "directory/connection.h"
#include "directory/errors.h"

struct conf_directory;
struct locator;
struct checker;

struct checker_answer {
	enum password_result result;
	uint32_t sub_code; /* of AD; 0 = none */
	char server[SERVER_NAME_SIZE];
	char cause[320]; /* for the log */
};

struct checker *checker_new(const struct conf_directory *conf, struct locator *locator,
			    struct watchdog *watchdog);
void checker_free(struct checker *checker); /* nobody may be checking */
/* Blocks until `deadline` (clock_ms) at most. An empty password is PASSWORD_WRONG and never sent.
 */
void checker_check(struct checker *checker, const char *dn, struct span password, int64_t deadline,
		   struct checker_answer *answer);

#endif
