/* SPDX-License-Identifier: ISC */
#include "auth/auth.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/password.h"
#include "accounts/scram.h"
#include "auth/backoff.h"
#include "auth/find.h"
#include "auth/proofs.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "io/tls.h"
#include "routing/mailbox.h"

enum {
	PASSWORD_OCTETS_MAX = 1024,
	LOGIN_MS_MAX = 18000, /* for all of it: name, authorization identity, password */
};

struct auth {
	const struct conf *conf;
	struct directories *directories;
	struct backoff *backoff;
	struct proofs *proofs;
	unsigned char secret[SCRAM_KEY_SIZE]; /* makes the salts of nobody */
	int64_t patience; /* milliseconds a login may take */
};

/* One login on its way; each step either goes on or sets the verdict. */
struct login {
	struct auth *auth;
	const struct auth_ask *ask;
	struct auth_answer *answer;
	int64_t deadline;
	struct find_answer found;
	char account[AUTH_ACCOUNT_SIZE]; /* directory and identity: a copied directory has the same identities */
	const char *server;    /* that decided, for the log */
	const char *mechanism; /* "" = a password, in whichever way it came */
	struct checker_answer checked;
};

struct auth *auth_new(const struct conf *conf, struct directories *directories)
{
	struct auth *auth = memory_new(sizeof(*auth));
	unsigned timeout = 1;

	auth->conf = conf;
	auth->directories = directories;
	auth->backoff = backoff_new();
	auth->proofs = proofs_new();
	random_bytes(auth->secret, sizeof(auth->secret));
	for (size_t i = 0; i < conf->directories_count; i++)
		if (conf->directories[i].timeout > timeout)
			timeout = conf->directories[i].timeout;
	auth->patience =
		timeout * INT64_C(2000) < LOGIN_MS_MAX ? timeout * INT64_C(2000) : LOGIN_MS_MAX;
	return auth;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	backoff_free(auth->backoff);
	proofs_free(auth->proofs);
	memory_wipe(auth->secret, sizeof(auth->secret));
	free(auth);
}

/* Always false: the login ends here. */
static bool end(struct login *login, enum auth_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool end(struct login *login, enum auth_verdict verdict, const char *format, ...)
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
		return end(login, AUTH_REJECTED, "empty password");
	if (length > PASSWORD_OCTETS_MAX)
		return end(login, AUTH_REJECTED, "password longer than %d octets",
			   PASSWORD_OCTETS_MAX);
	return true;
}

static bool judge_hit(struct login *login, const char *name, const struct directory_hit *hit)
{
	switch (hit->found) {
	case DIRECTORY_ONE:
		return true;
	case DIRECTORY_NOBODY:
		return end(login, AUTH_REJECTED, "%s", hit->cause[0] ? hit->cause : "no such user");
	case DIRECTORY_MANY:
		log_error("directory.ambiguous", LOG_TEXT("session", login->ask->session),
			  LOG_TEXT("user", name), LOG_TEXT("server", hit->server),
			  LOG_TEXT("dn", hit->person.dn), LOG_TEXT("other", hit->other));
		return end(login, AUTH_REJECTED, "two entries: %.150s and %.150s", hit->person.dn,
			   hit->other);
	case DIRECTORY_FAILED:
		break;
	}
	return end(login, AUTH_TEMPORARY, "%s", hit->cause);
}

static struct find_place login_place(const struct login *login)
{
	return (struct find_place){
		.conf = login->auth->conf,
		.directories = login->auth->directories,
		.default_domain = login->ask->default_domain,
		.deadline = login->deadline,
	};
}

static void find(struct login *login, const char *text, struct find_answer *answer)
{
	struct find_place place = login_place(login);

	find_account(&place, text, answer);
}

static void name_account(const struct find_answer *found, char to[AUTH_ACCOUNT_SIZE])
{
	if (found->directory)
		snprintf(to, AUTH_ACCOUNT_SIZE, "%.100s/%s", directory_conf(found->directory)->name,
			 found->hit.person.id);
}

static bool find_person(struct login *login)
{
	find(login, login->ask->user, &login->found);
	login->server = login->found.hit.server;
	name_account(&login->found, login->account);
	return judge_hit(login, login->ask->user, &login->found.hit);
}

/* The identity to act as must be the same entry, under whatever name (RFC 4616 section 2). */
static bool check_authzid(struct login *login)
{
	const char *authzid = login->ask->authzid;
	struct find_answer other;

	if (!authzid || !authzid[0] || strcmp(authzid, login->ask->user) == 0)
		return true;
	find(login, authzid, &other);
	if (!judge_hit(login, authzid, &other.hit))
		return false;
	if (other.directory == login->found.directory &&
	    strcmp(other.hit.person.id, login->found.hit.person.id) == 0)
		return true;
	return end(login, AUTH_REJECTED, "may not act as another person: %.200s",
		   other.hit.person.dn);
}

/*
 * States that no password changes. "Must be changed" is not one of them: only who
 * has the password is told so, and AD tells only then.
 */
static bool check_state(struct login *login)
{
	const struct person *person = &login->found.hit.person;

	if (person->kind != PERSON_ACCOUNT)
		return end(login, AUTH_REJECTED, "not a person's account");
	if (person->state & (PERSON_DISABLED | PERSON_EXPIRED | PERSON_LOCKED))
		return end(login, AUTH_REJECTED, "%s", person_state_name(person->state));
	return true;
}

static const char too_many[] =
	"too many wrong passwords for this account: not asked, lest it be locked out";

static enum backoff_end backoff_end_of(enum password_result result)
{
	switch (result) {
	case PASSWORD_RIGHT:
	case PASSWORD_EXPIRED:
		return BACKOFF_RIGHT;
	case PASSWORD_WRONG:
		return BACKOFF_WRONG;
	case PASSWORD_TEMPORARY:
		break;
	}
	return BACKOFF_UNDECIDED;
}

static void remember(struct login *login, const struct proof_of *proof)
{
	const struct conf_directory *section = directory_conf(login->found.directory);
	enum password_result result = login->checked.result;

	if (result == PASSWORD_RIGHT)
		proofs_keep(login->auth->proofs, proof, PROOF_RIGHT, section->cache_password);
	if (result == PASSWORD_WRONG)
		proofs_keep(login->auth->proofs, proof, PROOF_WRONG, PROOFS_WRONG_SECONDS);
}

static bool ask_password(struct login *login, const struct proof_of *proof)
{
	const struct facts *facts = &login->found.facts;
	const struct person *person = &login->found.hit.person;
	struct backoff_rule rule =
		backoff_rule_make(facts->lockout_threshold, facts->lockout_window);
	struct backoff *backoff = login->auth->backoff;

	if (!backoff_enter(backoff, &rule, login->account, login->ask->client, login->deadline))
		return end(login, AUTH_TEMPORARY, "%s", too_many);
	directory_check_password(login->found.directory, person->dn, proof->password,
				 login->deadline, &login->checked);
	backoff_leave(backoff, &rule, login->account, login->ask->client,
		      backoff_end_of(login->checked.result));
	remember(login, proof);
	login->server = login->checked.server;
	switch (login->checked.result) {
	case PASSWORD_RIGHT:
		return true;
	case PASSWORD_WRONG:
		return end(login, AUTH_REJECTED, "%s", login->checked.cause);
	case PASSWORD_EXPIRED:
		return end(login, AUTH_EXPIRED, "%s", login->checked.cause);
	case PASSWORD_TEMPORARY:
		break;
	}
	return end(login, AUTH_TEMPORARY, "password check: %s", login->checked.cause);
}

static bool check_password(struct login *login)
{
	const struct person *person = &login->found.hit.person;
	struct proof_of proof = { login->account, person->password_set,
				  span_text(login->ask->password) };

	switch (proofs_find(login->auth->proofs, &proof)) {
	case PROOF_RIGHT:
		snprintf(login->checked.cause, sizeof(login->checked.cause),
			 "password proved lately");
		return true;
	case PROOF_WRONG:
		return end(login, AUTH_REJECTED, "the same wrong password again, not asked");
	case PROOF_UNKNOWN:
		break;
	}
	return ask_password(login, &proof);
}

static void welcome(struct login *login)
{
	const struct person *person = &login->found.hit.person;
	struct auth_answer *answer = login->answer;

	if (mailbox_of_person(login->auth->conf, person, "", &answer->mailbox)) {
		(void)end(login, AUTH_OK, "%s", login->checked.cause);
		snprintf(answer->who, sizeof(answer->who), "%.64s@%.255s", answer->mailbox.name,
			 answer->mailbox.domain);
		return;
	}
	(void)end(login, AUTH_NO_MAILBOX, "no address in our domains");
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
		  LOG_TEXT("who", login->answer->who), LOG_TEXT("dn", login->found.hit.person.dn),
		  LOG_TEXT("server", login->server), LOG_TEXT("cause", login->answer->cause));
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

static struct login login_make(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
			       struct auth_answer *answer)
{
	*answer = (struct auth_answer){ .verdict = AUTH_TEMPORARY };
	return (struct login){
		.auth = auth,
		.ask = ask,
		.answer = answer,
		.deadline = clock_ms() + auth->patience,
		.server = "",
		.mechanism = mechanism,
	};
}

void auth_login(struct auth *auth, const struct auth_ask *ask, struct auth_answer *answer)
{
	struct login login = login_make(auth, ask, "password", answer);

	if (check_input(&login) && find_person(&login) && check_authzid(&login) &&
	    check_state(&login) && check_password(&login))
		welcome(&login);
	report(&login);
}

/* A ticket tells nothing of this, a password check of the directory would. */
static bool check_password_age(struct login *login)
{
	if (!(login->found.hit.person.state & PERSON_MUST_CHANGE))
		return true;
	return end(login, AUTH_EXPIRED, "%s", person_state_name(PERSON_MUST_CHANGE));
}

void auth_admit(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
		const struct find_proof *proof, struct auth_answer *answer)
{
	struct login login = login_make(auth, ask, mechanism, answer);
	struct find_place place = login_place(&login);

	find_proved(&place, proof, &login.found);
	login.server = login.found.hit.server;
	snprintf(login.checked.cause, sizeof(login.checked.cause), "%.250s", login.found.hit.cause);
	if (judge_hit(&login, ask->user, &login.found.hit) && check_authzid(&login) &&
	    check_state(&login) && check_password_age(&login))
		welcome(&login);
	report(&login);
}

void auth_refuse(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
		 enum auth_verdict verdict, const char *cause, struct auth_answer *answer)
{
	struct login login = login_make(auth, ask, mechanism, answer);

	(void)end(&login, verdict, "%s", cause);
	report(&login);
}

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

bool auth_guard_enter(struct auth *auth, const struct auth_ask *ask, struct auth_guard *guard,
		      enum auth_verdict *verdict, char *cause, size_t size)
{
	struct auth_answer answer;
	struct login login = login_make(auth, ask, "", &answer);
	struct find_place place = login_place(&login);
	bool known = true;

	*guard = (struct auth_guard){ 0 };
	find_claimed(&place, ask->user, &login.found);
	if (login.found.hit.found != DIRECTORY_NOBODY)
		known = judge_hit(&login, ask->user, &login.found.hit) && check_state(&login);
	if (known && login.found.hit.found == DIRECTORY_ONE) {
		const struct facts *facts = &login.found.facts;

		guard->rule = backoff_rule_make(facts->lockout_threshold, facts->lockout_window);
		name_account(&login.found, guard->account);
		known = backoff_enter(auth->backoff, &guard->rule, guard->account, ask->client,
				      login.deadline) ||
			end(&login, AUTH_TEMPORARY, "%s", too_many);
	}
	*verdict = answer.verdict;
	snprintf(cause, size, "%s", answer.cause);
	return known;
}

void auth_guard_leave(struct auth *auth, const struct auth_ask *ask, const struct auth_guard *guard,
		      enum backoff_end end)
{
	if (guard->account[0])
		backoff_leave(auth->backoff, &guard->rule, guard->account, ask->client, end);
}
