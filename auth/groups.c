/* SPDX-License-Identifier: ISC */
/* Only members of login_groups log in, however they have proved who they are. */
#include "auth/auth_private.h"
#include "conf/conf.h"
#include "directory/directory.h"

bool login_check_groups(struct login *login)
{
	const struct conf_methods *methods = login->ask->methods;
	const struct person *person = &login->found.hit.person;
	char why[400] = "";
	size_t which = 0;

	if (!methods || methods->groups_count == 0)
		return true;
	switch (directory_is_member(login->found.directory, person, methods->groups,
				    methods->groups_count, login->deadline, &which, why)) {
	case DIRECTORY_ONE:
		return true;
	case DIRECTORY_NOBODY:
		return login_end(login, AUTH_REJECTED, "not a member of login_groups: %.250s",
				 person->dn);
	case DIRECTORY_MANY:
	case DIRECTORY_FAILED:
		break;
	}
	return login_end(login, AUTH_TEMPORARY, "login_groups cannot be looked up: %.300s", why);
}
