/* SPDX-License-Identifier: ISC */
/*
 * A user name as people type it, taken apart: `name`, `DOMAIN\name`,
 * `name@domain`. And the forms under which a directory is then searched, one
 * after the other: the next is tried only when nobody has the one before, so
 * that a bare `bob` is the account bob and not somebody's bob@sales.example.
 */
#ifndef AUTH_LOGIN_NAME_H
#define AUTH_LOGIN_NAME_H

#include "base/span.h"

enum { LOGIN_USER_SIZE = 257, LOGIN_DOMAIN_SIZE = 256, LOGIN_TEXT_SIZE = 514 };

enum login_form { LOGIN_BARE, LOGIN_DOWN_LEVEL /* DOMAIN\name */, LOGIN_ADDRESS };

struct login_name {
	enum login_form form;
	char user[LOGIN_USER_SIZE];
	char domain[LOGIN_DOMAIN_SIZE]; /* lower case; "" in LOGIN_BARE */
};

/* False with *why (static): empty, too long, control characters, not UTF-8, an empty part. */
bool login_name_parse(struct span text, struct login_name *name, const char **why);

/* What is known where the name is used; texts are lower case. */
struct login_place {
	const char *
		mail_domain; /* canonical, of the name's domain or the default; "" = none of ours */
	const char *ad_domain; /* DNS name of the directory's domain; "" = unknown or not AD */
	bool append_first;     /* a bare name is first of all name@mail_domain */
};

enum { LOGIN_TRIES_MAX = 3 };

struct login_try {
	char login[LOGIN_TEXT_SIZE];
	char user[LOGIN_USER_SIZE];
	char domain[LOGIN_DOMAIN_SIZE];
};

size_t login_name_tries(const struct login_name *name, const struct login_place *place,
			struct login_try tries[LOGIN_TRIES_MAX]);

#endif
