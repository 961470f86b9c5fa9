/* SPDX-License-Identifier: ISC */
/* The step of a login that asks about the password, and everything that stands before it. */
#include <stdio.h>
#include <string.h>

#include "auth/auth_private.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "io/tls.h"

enum {
	WRONG_SECONDS_MAX = 3600,
	SUB_CODE_WRONG = 0x52e, /* and nothing else is the matter */
	PRETENDED_SIZE = 600,
};

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

void login_rule(const struct login *login, struct policy *policy, struct backoff_try *try)
{
	const struct account *account =
		login->found.hit.found == DIRECTORY_ONE ? &login->found.hit.account : NULL;

	*policy = (struct policy){ .threshold = 0 };
	if (login->found.directory)
		directory_policy(login->found.directory, account, login->deadline, policy);
	try->rule = backoff_rule_make(policy->threshold, policy->window);
	try->client = login->ask->client;
	try->elsewhere =
		account ? account_bad_passwords(account, try->rule.window, clock_unix()) : 0;
}

/*
 * How long a wrong password is remembered. AD tells when the password changed, and with 52e that
 * it was wrong and not something else: then as long as it would count again.
 */
static unsigned wrong_seconds(const struct backoff_try *try, bool certain)
{
	int64_t seconds = try->rule.window / 1000;

	if (!certain || seconds < PROOFS_WRONG_SECONDS)
		return PROOFS_WRONG_SECONDS;
	return seconds < WRONG_SECONDS_MAX ? (unsigned)seconds : WRONG_SECONDS_MAX;
}

static void remember(struct login *login, const struct proof_of *proof,
		     const struct backoff_try *try)
{
	const struct conf_directory *section = directory_conf(login->found.directory);
	enum password_result result = login->checked.result;
	bool certain = login->checked.sub_code == SUB_CODE_WRONG && proof->password_set != 0;

	if (result == PASSWORD_RIGHT)
		proofs_right(login->auth->proofs, proof, section->cache_password);
	if (result == PASSWORD_WRONG)
		proofs_wrong(login->auth->proofs, proof, wrong_seconds(try, certain));
}

static bool put_off(struct login *login, const char *cause)
{
	login->guarded = true;
	return login_end(login, AUTH_TEMPORARY, "%s", cause);
}

static const char too_many[] =
	"too many wrong passwords for this account: not asked, lest it be locked out";

/* Strangers from an address that already has more failures to wait for than it may. */
static bool check_address(struct login *login, const char *account)
{
	struct auth *auth = login->auth;

	if (!throttle_is_full(auth->throttle, login->ask->client, clock_ms()) ||
	    backoff_is_friend(auth->backoff, account, login->ask->client))
		return true;
	login->put_off = true;
	return put_off(login, "too many accounts failed from this address: not asked");
}

static bool judge_checked(struct login *login)
{
	switch (login->checked.result) {
	case PASSWORD_RIGHT:
		return true;
	case PASSWORD_WRONG:
		return login_end(login, AUTH_REJECTED, "%s", login->checked.cause);
	case PASSWORD_EXPIRED:
		return login_end(login, AUTH_EXPIRED, "%s", login->checked.cause);
	case PASSWORD_TEMPORARY:
		break;
	}
	return login_end(login, AUTH_TEMPORARY, "password check: %s", login->checked.cause);
}

static void note_time(struct login *login)
{
	struct auth *auth = login->auth;

	if (login->checked.result != PASSWORD_WRONG)
		return;
	pthread_mutex_lock(&auth->mutex);
	pace_note(&auth->pace, clock_ms() - login->begun);
	pthread_mutex_unlock(&auth->mutex);
}

static bool ask_password(struct login *login, const struct proof_of *proof)
{
	const struct person *person = &login->found.hit.person;
	struct backoff *backoff = login->auth->backoff;
	struct backoff_try try = { .account = login->account };
	struct policy policy;

	login_rule(login, &policy, &try);
	try.familiar = proofs_is_familiar(login->auth->proofs, proof);
	if (!backoff_enter(backoff, &try, login->deadline))
		return put_off(login, too_many);
	directory_check_password(login->found.directory, person->dn, proof->password,
				 login->deadline, &login->checked);
	backoff_leave(backoff, &try, backoff_end_of(login->checked.result));
	remember(login, proof, &try);
	note_time(login);
	login->server = login->checked.server;
	return judge_checked(login);
}

bool login_check_password(struct login *login)
{
	const struct person *person = &login->found.hit.person;
	struct proof_of proof = { login->account, person->password_set,
				  span_text(login->ask->password) };
	bool right;

	switch (proofs_enter(login->auth->proofs, &proof, login->deadline)) {
	case PROOF_RIGHT:
		snprintf(login->checked.cause, sizeof(login->checked.cause),
			 "password proved lately");
		return true;
	case PROOF_WRONG:
		return login_end(login, AUTH_REJECTED, "the same wrong password again, not asked");
	case PROOF_UNKNOWN:
		break;
	}
	right = check_address(login, login->account) && ask_password(login, &proof);
	proofs_leave(login->auth->proofs, &proof);
	return right;
}

bool login_guard(struct login *login, struct auth_guard *guard)
{
	struct backoff_try try = { .account = guard->account };
	struct policy policy;

	login_name_account(&login->found, guard->account);
	login_rule(login, &policy, &try);
	guard->rule = try.rule;
	return backoff_enter(login->auth->backoff, &try, login->deadline) ||
	       put_off(login, too_many);
}

/* What stands for an account where there is none, or none that may log in. */
static void name_pretended(const struct login *login, char *to, size_t size)
{
	bool somebody = login->found.hit.found == DIRECTORY_ONE;

	/* No identity begins with "!" or "?". */
	snprintf(to, size, "%c%.590s", somebody ? '!' : '?',
		 somebody ? login->account : login->ask->user);
	ascii_lower_text(to);
}

bool login_guard_pretended(struct login *login, struct auth_guard *guard, const char *cause)
{
	struct backoff_try try = { .account = guard->account };
	struct policy policy;

	name_pretended(login, guard->account, sizeof(guard->account));
	login_rule(login, &policy, &try);
	try.elsewhere = 0;
	guard->rule = try.rule;
	return backoff_enter(login->auth->backoff, &try, login->deadline) || put_off(login, cause);
}

bool login_pretend(struct login *login, const char *cause)
{
	struct auth *auth = login->auth;
	bool somebody = login->found.hit.found == DIRECTORY_ONE;
	char account[PRETENDED_SIZE];
	struct backoff_try try = { .account = account };
	struct proof_of proof = { account, 0, span_text(login->ask->password) };
	struct policy policy;

	/* An exchange without a password: there is nothing to count but the refusal. */
	if (!login->ask->password || !login->ask->password[0])
		return login_end(login, AUTH_REJECTED, "%s", cause);
	name_pretended(login, account, sizeof(account));
	if (somebody)
		proofs_forget(auth->proofs, login->account);
	if (proofs_find(auth->proofs, &proof) == PROOF_WRONG)
		return login_end(login, AUTH_REJECTED, "%s", cause);
	login_rule(login, &policy, &try);
	try.elsewhere = 0;
	if (!check_address(login, account))
		return false;
	if (!backoff_enter(auth->backoff, &try, login->deadline))
		return put_off(login, cause);
	backoff_leave(auth->backoff, &try, BACKOFF_WRONG);
	proofs_wrong(auth->proofs, &proof, wrong_seconds(&try, policy.dn[0] != '\0'));
	return login_end(login, AUTH_REJECTED, "%s", cause);
}

/* Counts it for the address; how long this makes a failure wait. */
static int64_t note_address(struct login *login)
{
	const struct auth_ask *ask = login->ask;
	struct throttle *throttle = login->auth->throttle;
	enum auth_verdict verdict = login->answer->verdict;
	char name[PRETENDED_SIZE];

	snprintf(name, sizeof(name), "%.590s",
		 login->found.hit.found == DIRECTORY_ONE ? login->account : ask->user);
	ascii_lower_text(name);
	if (login->put_off)
		return THROTTLE_WAIT_MS;
	if (verdict == AUTH_REJECTED || login->guarded)
		return throttle_failed(throttle, ask->client, name, clock_ms());
	if (verdict != AUTH_TEMPORARY)
		throttle_succeeded(throttle, ask->client, name, clock_ms());
	return 0;
}

void login_hold(struct login *login)
{
	struct auth *auth = login->auth;
	int64_t now = clock_ms(), wait = note_address(login), usual, left;
	uint32_t random;

	login->answer->hold = 0;
	if (login->answer->verdict != AUTH_REJECTED && !login->guarded)
		return;
	random_bytes(&random, sizeof(random));
	pthread_mutex_lock(&auth->mutex);
	usual = pace_hold(&auth->pace, now - login->begun, random);
	pthread_mutex_unlock(&auth->mutex);
	if (wait < usual)
		wait = usual;
	/* Who asks waits no longer than a login may take. */
	left = login->begun + AUTH_PATIENCE_MS - now;
	login->answer->hold = (unsigned)(wait < left ? wait : left > 0 ? left : 0);
}
