/* SPDX-License-Identifier: ISC */
/*
 * In whose name somebody logs in (SASL's authorization identity, RFC 4422): his own, or, if he is
 * one of the gateways that key `proxies` of section pop3 names, anybody's.
 */
#include <stdio.h>
#include <string.h>

#include "auth/auth_private.h"
#include "conf/conf.h"

/* By what the entry says, never by what was typed. */
static bool is_named(const struct person *person, struct span name)
{
	const char *const own[] = { person->account, person->upn, person->address };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i][0] && span_is_nocase(name, own[i]))
			return true;
	return false;
}

static bool is_proxy(const struct login *login)
{
	const struct conf_pop3 *pop3 = &login->auth->conf->pop3;
	const struct person *person = &login->found.hit.person;

	if (strcmp(login->ask->service, "pop") != 0)
		return false;
	for (size_t i = 0; i < pop3->proxies_count; i++)
		if (is_named(person, span_text(pop3->proxies[i])))
			return true;
	return false;
}

bool login_check_authzid(struct login *login)
{
	const char *authzid = login->ask->authzid;
	struct find_answer other;

	if (!authzid || !authzid[0] || strcmp(authzid, login->ask->user) == 0)
		return true;
	if (is_proxy(login)) {
		login->acts = true; /* for whom is looked at when he has proved who he is */
		return true;
	}
	login_find(login, authzid, &other);
	if (!login_judge(login, authzid, &other.hit))
		return false;
	if (other.directory == login->found.directory &&
	    strcmp(other.hit.person.id, login->found.hit.person.id) == 0)
		return true;
	return login_end(login, AUTH_REJECTED, "may not act as another person: %.200s",
			 other.hit.person.dn);
}

/* A machine's ticket: it may be no person's that login_filter lets in. */
void login_admit_proxy(struct login *login)
{
	const char *authzid = login->ask->authzid;

	if (login->found.hit.found == DIRECTORY_NOBODY && login->found.hit.person.id[0] &&
	    authzid && authzid[0] && is_proxy(login))
		login->found.hit.found = DIRECTORY_ONE;
}

/* The gateway has shown who it is: nobody guesses here, so nothing is counted. */
static bool judge_other(struct login *login)
{
	const struct directory_hit *hit = &login->found.hit;
	const char *state;

	switch (hit->found) {
	case DIRECTORY_ONE:
		state = login_bad_state(login);
		return state[0] == '\0' || login_end(login, AUTH_REJECTED, "%s", state);
	case DIRECTORY_NOBODY:
		return login_end(login, AUTH_REJECTED,
				 "nobody by the authorization identity: %.250s", hit->cause);
	case DIRECTORY_MANY:
		return login_end(login, AUTH_REJECTED, "two entries: %.150s and %.150s",
				 hit->person.dn, hit->other);
	case DIRECTORY_FAILED:
		break;
	}
	return login_end(login, AUTH_TEMPORARY, "%s", hit->cause);
}

bool login_act(struct login *login)
{
	const struct person *proxy = &login->found.hit.person;

	if (!login->acts)
		return true;
	snprintf(login->answer->by, sizeof(login->answer->by), "%s",
		 proxy->address[0] ? proxy->address
		 : proxy->upn[0]   ? proxy->upn
				   : proxy->account);
	login_find(login, login->ask->authzid, &login->found);
	return judge_other(login);
}
