/* SPDX-License-Identifier: ISC */
/*
 * What a directory says about itself, asked once a connection is made: where its
 * entries are, and of AD the names of the domain and when it locks accounts out.
 */
#ifndef DIRECTORY_FACTS_H
#define DIRECTORY_FACTS_H

#include "directory/netlogon.h"
#include "directory/person.h"

struct conf_directory;
struct connection;

struct facts {
	char base[PERSON_DN_SIZE];  /* where searches start */
	char netbios[64];           /* "" = none or unknown */
	char dns_domain[256];       /* of AD, lower case; "" = none or unknown */
	unsigned lockout_threshold; /* wrong passwords before AD locks; 0 = it never does */
	bool has_netlogon;
	struct netlogon netlogon; /* of the controller that was asked, with our site */
	int64_t lockout_window;   /* milliseconds after which AD forgets wrong passwords */
};

/* False with *why when even the base cannot be learnt. Policies of the domain are optional. */
bool facts_load(struct connection *connection, const struct conf_directory *conf, int64_t deadline,
		struct facts *facts, char *why, size_t size);

#endif
