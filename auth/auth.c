/* SPDX-License-Identifier: ISC */
#include "auth/auth_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "conf/conf.h"
#include "io/tls.h"
#include "routing/mailbox.h"

enum { PASSWORD_OCTETS_MAX = 1024, SEEN_MAX = 50000 };

struct auth *auth_new(const struct conf *conf, struct directories *directories)
{
	struct auth *auth = memory_new(sizeof(*auth));
	unsigned timeout = 1;

	auth->conf = conf;
	auth->directories = directories;
	auth->backoff = backoff_new();
	auth->proofs = proofs_new();
	random_bytes(auth->secret, sizeof(auth->secret));
	auth->throttle = throttle_new();
	pthread_mutex_init(&auth->mutex, NULL);
	auth->seen = table_new(SEEN_MAX, free);
	for (size_t i = 0; i < conf->directories_count; i++)
		if (conf->directories[i].timeout > timeout)
			timeout = conf->directories[i].timeout;
	auth->patience = timeout * INT64_C(2000) < AUTH_PATIENCE_MS ? timeout * INT64_C(2000)
								    : AUTH_PATIENCE_MS;
	return auth;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	backoff_free(auth->backoff);
	proofs_free(auth->proofs);
	memory_wipe(auth->secret, sizeof(auth->secret));
	throttle_free(auth->throttle);
	table_free(auth->seen);
	pthread_mutex_destroy(&auth->mutex);
	free(auth);
}

bool login_end(struct login *login, enum auth_verdict verdict, const char *format, ...)
{
	va_list arguments;

	login->answer->verdict = verdict;
	va_start(arguments, format);
	(void)vsnprintf(login->answer->cause, sizeof(login->answer->cause), format, arguments);
	va_end(arguments);
	return false;
}

/*
 * Before anything is asked: an empty password would be an unauthenticated bind,
 * which succeeds (RFC 4513 section 5.1.2).
 */
static bool check_input(struct login *login)
{
	size_t length = strlen(login->ask->password);

	if (length == 0)
		return login_end(login, AUTH_REJECTED, "empty password");
	if (length > PASSWORD_OCTETS_MAX)
		return login_end(login, AUTH_REJECTED, "password longer than %d octets",
				 PASSWORD_OCTETS_MAX);
	return true;
}

bool login_judge(struct login *login, const char *name, const struct directory_hit *hit)
{
	char cause[340];

	switch (hit->found) {
	case DIRECTORY_ONE:
		return true;
	case DIRECTORY_NOBODY:
		return login_pretend(login, hit->cause[0] ? hit->cause : "no such user");
	case DIRECTORY_MANY:
		log_error("directory.ambiguous", LOG_TEXT("session", login->ask->session),
			  LOG_TEXT("user", name), LOG_TEXT("server", hit->server),
			  LOG_TEXT("dn", hit->person.dn), LOG_TEXT("other", hit->other));
		snprintf(cause, sizeof(cause), "two entries: %.150s and %.150s", hit->person.dn,
			 hit->other);
		return login_pretend(login, cause);
	case DIRECTORY_FAILED:
		break;
	}
	return login_end(login, AUTH_TEMPORARY, "%s", hit->cause);
}

struct find_place login_place(const struct login *login)
{
	return (struct find_place){
		.conf = login->auth->conf,
		.directories = login->auth->directories,
		.default_domain = login->ask->default_domain,
		.deadline = login->deadline,
		.tried = login->tried,
		.context = login->context,
	};
}

void login_find(struct login *login, const char *text, struct find_answer *answer)
{
	struct find_place place = login_place(login);

	find_account(&place, text, answer);
}

void login_name_account(const struct find_answer *found, char to[AUTH_ACCOUNT_SIZE])
{
	if (found->directory)
		snprintf(to, AUTH_ACCOUNT_SIZE, "%.100s/%s", directory_conf(found->directory)->name,
			 found->hit.person.id);
}

static bool find_person(struct login *login)
{
	login_find(login, login->ask->user, &login->found);
	login->server = login->found.hit.server;
	login_name_account(&login->found, login->account);
	return login_judge(login, login->ask->user, &login->found.hit);
}

/*
 * "Must be changed" is not one of them: only who has the password is told so, and AD
 * tells only then.
 */
const char *login_bad_state(const struct login *login)
{
	const struct person *person = &login->found.hit.person;

	if (person->kind != PERSON_ACCOUNT)
		return "not a person's account";
	return person_state_name(person->state & ~PERSON_MUST_CHANGE);
}

static bool check_state(struct login *login)
{
	const char *state = login_bad_state(login);

	return state[0] == '\0' || login_pretend(login, state);
}

static void fill_standing(const struct login *login, struct standing *standing)
{
	const struct conf *conf = login->auth->conf;
	const struct directory_hit *hit = &login->found.hit;

	standing->directory =
		(uint32_t)(directory_conf(login->found.directory) - conf->directories);
	memcpy(standing->id, hit->person.id, sizeof(standing->id));
	standing->password_set = hit->account.password_set;
}

/* False: the entry says so, but not where: that must not become an empty mailbox here. */
static bool fill_host(struct login *login)
{
	const struct person *person = &login->found.hit.person;
	const char *why;

	if (mailbox_place(login->auth->conf, person, login->answer->host, &why) != MAILBOX_UNKNOWN)
		return true;
	log_error("directory.host", LOG_TEXT("session", login->ask->session),
		  LOG_TEXT("server", login->server), LOG_TEXT("dn", person->dn),
		  LOG_TEXT("value", person->host), LOG_TEXT("cause", why));
	return false;
}

void login_welcome(struct login *login)
{
	const struct person *person = &login->found.hit.person;
	struct auth_answer *answer = login->answer;

	fill_standing(login, &answer->standing);
	if (!fill_host(login) && strcmp(login->ask->service, "pop") == 0) {
		(void)login_end(login, AUTH_TEMPORARY, "the host of the mailbox cannot be read");
		return;
	}
	if (mailbox_of_person(login->auth->conf, person, "", &answer->mailbox)) {
		(void)login_end(login, AUTH_OK, "%s", login->checked.cause);
		snprintf(answer->who, sizeof(answer->who), "%.64s@%.255s", answer->mailbox.name,
			 answer->mailbox.domain);
		return;
	}
	(void)login_end(login, AUTH_NO_MAILBOX, "no address in our domains");
	snprintf(answer->who, sizeof(answer->who), "%.320s",
		 person->upn[0] ? person->upn : person->account);
}

static const char *const verdict_events[] = {
	[AUTH_OK] = "auth.ok",
	[AUTH_REJECTED] = "auth.refused",
	[AUTH_EXPIRED] = "auth.refused",
	[AUTH_NO_MAILBOX] = "auth.ok",
	[AUTH_TEMPORARY] = "auth.temporary",
};

static void report(const struct login *login)
{
	const struct auth_ask *ask = login->ask;
	enum auth_verdict verdict = login->answer->verdict;

	log_event(verdict == AUTH_TEMPORARY ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		  verdict_events[verdict], LOG_TEXT("session", ask->session),
		  LOG_TEXT("service", ask->service), LOG_TEXT("mechanism", login->mechanism),
		  LOG_TEXT("client", ask->client), LOG_TEXT("user", ask->user),
		  LOG_TEXT("who", login->answer->who), LOG_TEXT("by", login->answer->by),
		  LOG_TEXT("dn", login->found.hit.person.dn),
		  LOG_TEXT("server", login->server), LOG_TEXT("cause", login->answer->cause),
		  LOG_NUMBER("held", login->answer->hold));
}

const struct conf_directory *auth_directory(struct auth *auth, const char *user,
					    const char *default_domain)
{
	struct find_place place = {
		.conf = auth->conf,
		.directories = auth->directories,
		.default_domain = default_domain,
	};

	return find_directory(&place, user);
}

struct login login_make(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
			       struct auth_answer *answer)
{
	*answer = (struct auth_answer){ .verdict = AUTH_TEMPORARY };
	return (struct login){
		.auth = auth,
		.ask = ask,
		.answer = answer,
		.begun = clock_ms(),
		.deadline = clock_ms() + auth->patience,
		.server = "",
		.mechanism = mechanism,
	};
}

void auth_login(struct auth *auth, const struct auth_ask *ask, struct auth_answer *answer)
{
	struct login login = login_make(auth, ask, "password", answer);

	if (check_input(&login) && find_person(&login) && login_check_authzid(&login) &&
	    check_state(&login) && login_check_password(&login) && login_act(&login) &&
	    login_check_groups(&login))
		login_welcome(&login);
	login_hold(&login);
	report(&login);
}

/* A ticket tells nothing of this, a password check of the directory would. */
static bool check_password_age(struct login *login)
{
	if (!(login->found.hit.person.state & PERSON_MUST_CHANGE))
		return true;
	return login_end(login, AUTH_EXPIRED, "%s", person_state_name(PERSON_MUST_CHANGE));
}

void auth_admit(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
		const struct find_proof *proof, struct auth_answer *answer)
{
	struct login login = login_make(auth, ask, mechanism, answer);
	struct find_place place = login_place(&login);

	find_proved(&place, proof, &login.found);
	login_admit_proxy(&login);
	login_name_account(&login.found, login.account);
	login.server = login.found.hit.server;
	snprintf(login.checked.cause, sizeof(login.checked.cause), "%.250s", login.found.hit.cause);
	if (login_judge(&login, ask->user, &login.found.hit) && login_check_authzid(&login) &&
	    check_state(&login) && check_password_age(&login) && login_act(&login) &&
	    login_check_groups(&login))
		login_welcome(&login);
	login_hold(&login);
	report(&login);
}

void auth_refuse(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
		 enum auth_verdict verdict, const char *cause, struct auth_answer *answer)
{
	struct login login = login_make(auth, ask, mechanism, answer);

	(void)login_end(&login, verdict, "%s", cause);
	login_hold(&login);
	report(&login);
}
