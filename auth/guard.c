/* SPDX-License-Identifier: ISC */
/* What others ask who check a proof themselves (winbind, SCRAM), before they do and after. */
#include "auth/auth_private.h"

#include <stdio.h>
#include <string.h>

#include "accounts/password.h"

bool auth_scram_keys(struct auth *auth, const struct auth_ask *ask, struct scram_keys *keys,
		     char *cause, size_t size)
{
	struct auth_answer answer;
	struct login login = login_make(auth, ask, "", &answer);
	struct find_place place = login_place(&login);
	const struct directory_hit *hit = &login.found.hit;
	enum directory_found found;

	find_account(&place, ask->user, &login.found);
	found = hit->found;
	snprintf(cause, size, "%s", hit->cause);
	if (found == DIRECTORY_ONE)
		found = directory_scram_keys(login.found.directory, hit->person.dn, keys);
	if (found == DIRECTORY_NOBODY || found == DIRECTORY_MANY)
		scram_keys_pretend(auth->secret, ask->user, PASSWORD_ITERATIONS, keys);
	return found != DIRECTORY_FAILED;
}

/* A workstation's name, or one that the directory does not know, stands for the domain. */
static void find_claimed(const struct find_place *place, const char *user,
			 struct find_answer *found)
{
	const char *bare = strchr(user, '\\');

	find_account(place, user, found);
	if (found->hit.found == DIRECTORY_NOBODY && bare)
		find_account(place, bare + 1, found);
}

/* An account that may not log in is refused here; nobody's is asked about as if it were
 * somebody's. */
static bool enter_guard(struct login *login, struct auth_guard *guard)
{
	const struct directory_hit *hit = &login->found.hit;
	const char *state = hit->found == DIRECTORY_ONE ? login_bad_state(login) : "";

	if (hit->found == DIRECTORY_FAILED)
		return login_judge(login, login->ask->user, hit);
	if (hit->found == DIRECTORY_ONE && !state[0])
		return login_guard(login, guard);
	login_name_account(&login->found, login->account);
	if (!login_guard_pretended(login, guard, state[0] ? state : hit->cause))
		return false;
	if (hit->found == DIRECTORY_NOBODY)
		return true;
	auth_guard_leave(login->auth, login->ask, guard, BACKOFF_WRONG);
	return hit->found == DIRECTORY_ONE ? login_end(login, AUTH_REJECTED, "%s", state)
					   : login_judge(login, login->ask->user, hit);
}

bool auth_guard_enter(struct auth *auth, const struct auth_ask *ask, struct auth_guard *guard,
		      enum auth_verdict *verdict, char *cause, size_t size)
{
	struct auth_answer answer;
	struct login login = login_make(auth, ask, "", &answer);
	struct find_place place = login_place(&login);
	bool entered;

	*guard = (struct auth_guard){ 0 };
	find_claimed(&place, ask->user, &login.found);
	entered = enter_guard(&login, guard);
	*verdict = answer.verdict;
	snprintf(cause, size, "%s", answer.cause);
	return entered;
}

void auth_guard_leave(struct auth *auth, const struct auth_ask *ask, const struct auth_guard *guard,
		      enum backoff_end end)
{
	struct backoff_try try = { .rule = guard->rule,
				   .account = guard->account,
				   .client = ask->client };

	if (guard->account[0])
		backoff_leave(auth->backoff, &try, end);
}
