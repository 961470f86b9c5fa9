/* SPDX-License-Identifier: ISC */
/*
 * What a directory says about itself, asked once a connection is made: where its
 * entries are, and of AD the names of the domain.
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
	bool has_netlogon;
	struct netlogon netlogon; /* of the controller that was asked, with our site */
	char context[PERSON_DN_SIZE]; /* head of AD's domain, with its password policy; "" = none */
};

/* False with *why when even the base cannot be learnt.  */
bool facts_load(struct connection *connection, const struct conf_directory *conf, int64_t deadline,
		struct facts *facts, char *why, size_t size);

#endif
