/* SPDX-License-Identifier: ISC */
/* What the files of one directory share. Only they include this. */
#ifndef DIRECTORY_DIRECTORY_PRIVATE_H
#define DIRECTORY_DIRECTORY_PRIVATE_H

#include "directory/directory.h"

enum { PASSWORD_SIZE = 512 };

struct directory {
	const struct conf *conf;
	const struct conf_directory *section;
	struct filter *recipient, *login;
	const char *attributes[PERSON_ATTRIBUTES];
	const char *login_attributes[ACCOUNT_ATTRIBUTES];
	struct credentials *credentials;
	char password[PASSWORD_SIZE]; /* of the service, for simple binds */
	struct locator *locator;
	struct lookup *lookup;
	struct checker *checker;
	struct cache *cache;
	struct policies *policies;
};

#endif
