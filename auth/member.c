/* SPDX-License-Identifier: ISC */
/* Groups whose members alone may log in (keys login_groups), nested ones included. */
#include "auth/auth_private.h"
#include "conf/conf.h"
#include "directory/directory.h"

enum directory_found login_groups_look(const struct login *login,
				       const struct conf_methods *methods, size_t *which,
				       char why[400])
{
	const struct find_answer *found = &login->found;

	why[0] = '\0';
	return directory_is_member(found->directory, &found->hit.person, methods->groups,
				   methods->groups_count, login->deadline, which, why);
}

/* Refused as a wrong password is, in words and in time: the cause is for the log alone. */
bool login_check_groups(struct login *login)
{
	const struct conf_methods *methods = login->ask->methods;
	char why[400];
	size_t which;

	if (!methods || methods->groups_count == 0)
		return true;
	switch (login_groups_look(login, methods, &which, why)) {
	case DIRECTORY_ONE:
		return true;
	case DIRECTORY_NOBODY:
		return login_end(login, AUTH_REJECTED, "proved, but in none of the login_groups");
	case DIRECTORY_MANY:
	case DIRECTORY_FAILED:
		break;
	}
	return login_end(login, AUTH_TEMPORARY,
			 "whether he is in one of the login_groups cannot be told: %.300s", why);
}
