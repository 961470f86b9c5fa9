/* SPDX-License-Identifier: ISC */
#include "auth/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "auth/auth_private.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "directory/filetime.h"

struct teller {
	auth_fact fact;
	void *context;
};

static void tell(const struct teller *teller, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(const struct teller *teller, const char *key, const char *format, ...)
{
	char text[PERSON_DN_SIZE + 200];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	teller->fact(teller->context, key, text);
}

static void tell_some(const struct teller *teller, const char *key, const char *value)
{
	if (value[0])
		tell(teller, key, "%s", value);
}

static const char *found_name(enum directory_found found)
{
	static const char *const names[] = {
		[DIRECTORY_ONE] = "one entry",
		[DIRECTORY_NOBODY] = "nobody",
		[DIRECTORY_MANY] = "more than one entry",
		[DIRECTORY_FAILED] = "no answer",
	};

	return names[found];
}

static void tell_search(void *context, const struct directory_hit *hit)
{
	tell(context, "search[]", "%s: %s%s%s", hit->filter, found_name(hit->found),
	     hit->server[0] ? " at " : "", hit->server);
}

static void tell_time(const struct teller *teller, const char *key, int64_t value, const char *zero)
{
	time_t seconds = (time_t)filetime_unix(value);
	struct tm parts;
	char text[40];

	if (value == ACCOUNT_ABSENT)
		tell(teller, key, "not readable or not there");
	else if (value == 0)
		tell(teller, key, "0 (%s)", zero);
	else if (filetime_unix(value) == FILETIME_NEVER || !gmtime_r(&seconds, &parts))
		tell(teller, key, "%lld (never)", (long long)value);
	else if (strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
		tell(teller, key, "%s", text);
}

static void tell_bits(const struct teller *teller, const char *key, int64_t control)
{
	struct buffer text = BUFFER_EMPTY;

	if (control == ACCOUNT_ABSENT) {
		tell(teller, key, "not readable or not there");
		return;
	}
	account_control_text(control, &text);
	buffer_add(&text, "", 1);
	tell(teller, key, "0x%llx%s%s%s", (unsigned long long)control,
	     buffer_bytes(&text)[0] ? " (" : "", buffer_bytes(&text),
	     buffer_bytes(&text)[0] ? ")" : "");
	buffer_clear(&text);
}

static void tell_account(const struct teller *teller, const struct account *account)
{
	tell_bits(teller, "userAccountControl", account->control);
	tell_bits(teller, "msDS-User-Account-Control-Computed", account->computed);
	tell_time(teller, "accountExpires", account->expires, "never");
	tell_time(teller, "lockoutTime", account->locked, "not locked out");
	tell_time(teller, "pwdLastSet", account->password_set, "must be changed at the next logon");
	if (account->bad_count != ACCOUNT_ABSENT)
		tell(teller, "badPwdCount", "%lld", (long long)account->bad_count);
	tell_time(teller, "badPasswordTime", account->bad_time, "none");
}

static void tell_person(const struct teller *teller, const struct login *login)
{
	const struct person *person = &login->found.hit.person;

	tell(teller, "dn", "%s", person->dn);
	tell_some(teller, "id", person->id);
	tell_some(teller, "sid", person->sid);
	tell_some(teller, "account", person->account);
	tell_some(teller, "user principal name", person->upn);
	if (directory_conf(login->found.directory)->schema.active_directory)
		tell_account(teller, &login->found.hit.account);
	tell(teller, "state", "%s", person->state ? person_state_name(person->state) : "good");
}

static void tell_policy(const struct teller *teller, const struct policy *policy,
			const struct backoff_try *try)
{
	if (policy->dn[0] == '\0') {
		tell(teller, "lockout policy", "none: the directory never locks an account out");
	} else {
		tell(teller, "lockout policy", "%s%s", policy->dn,
		     policy->guessed ? " (not readable: assumed)" : "");
		tell(teller, "lockout threshold", "%u%s", policy->threshold,
		     policy->threshold ? "" : " (never)");
		tell(teller, "lockout window", "%lld s", (long long)policy->window / 1000);
	}
	tell(teller, "back-off limit", "%u wrong passwords in %lld s, %u for its owner",
	     try->rule.strangers, (long long)try->rule.window / 1000, try->rule.owner);
}

/* Once more than what the limits say: would a password be asked about now? */
static void tell_backoff(const struct teller *teller, struct login *login)
{
	struct backoff_try try = { .account = login->account };
	struct backoff_state state;
	struct policy policy;
	unsigned count;

	login_name_account(&login->found, login->account);
	state = backoff_look(login->auth->backoff, try.account);
	login_rule(login, &policy, &try);
	tell_policy(teller, &policy, &try);
	count = state.failures > try.elsewhere ? state.failures : try.elsewhere;
	tell(teller, "wrong passwords", "%u through this gateway, %u counted by the directory",
	     state.failures, try.elsewhere);
	if (count >= try.rule.owner)
		tell(teller, "back-off", "nobody is asked about: 454 or [SYS/TEMP] for all");
	else if (count >= try.rule.strangers)
		tell(teller, "back-off",
		     "strangers are put off; the owner is asked about from where he came in lately "
		     "or with the password he came in with");
	else
		tell(teller, "back-off", "none");
	if (state.left > 0)
		tell(teller, "back-off left", "%lld s", (long long)(state.left + 999) / 1000);
}

/* True: he gets in there. */
static bool tell_groups(const struct teller *teller, const struct login *login, const char *server,
			const struct conf_methods *methods)
{
	char key[300], why[400];
	size_t which;

	if (methods->groups_count == 0)
		return true;
	snprintf(key, sizeof(key), "login_groups of %.250s", server);
	switch (login_groups_look(login, methods, &which, why)) {
	case DIRECTORY_ONE:
		tell(teller, key, "a member of %s", methods->groups[which]);
		return true;
	case DIRECTORY_NOBODY:
		tell(teller, key, "a member of none: refused like a wrong password");
		return false;
	case DIRECTORY_MANY:
	case DIRECTORY_FAILED:
		break;
	}
	tell(teller, key, "cannot be told now, so put off: %s", why);
	return true;
}

/* Of each server that has login_groups; false: no server lets him in. */
static bool tell_servers(const struct teller *teller, const struct login *login)
{
	const struct conf *conf = login->auth->conf;
	bool any = false;

	for (size_t i = 0; i < conf->smtps_count; i++)
		any |= tell_groups(teller, login, conf->smtps[i].name, &conf->smtps[i].methods);
	if (conf->pop3.enabled)
		any |= tell_groups(teller, login, "pop3", &conf->pop3.methods);
	return any;
}

static enum auth_verdict judge(const struct teller *teller, struct login *login)
{
	const struct person *person = &login->found.hit.person;
	const char *bad = login_bad_state(login);

	if (bad[0]) {
		tell(teller, "cause", "%s", bad);
		return AUTH_REJECTED;
	}
	login_welcome(login);
	if (login->answer->verdict == AUTH_OK)
		tell(teller, "mailbox", "%s@%s", login->answer->mailbox.name,
		     login->answer->mailbox.domain);
	else
		tell(teller, "mailbox", "none: no address in our domains");
	if (login->answer->host[0])
		tell(teller, "mailbox host", "%s", login->answer->host);
	if (person->state & PERSON_MUST_CHANGE) {
		tell(teller, "cause", "%s", person_state_name(PERSON_MUST_CHANGE));
		return AUTH_EXPIRED;
	}
	if (!tell_servers(teller, login)) {
		tell(teller, "cause", "in none of the login_groups of any server");
		return AUTH_REJECTED;
	}
	return login->answer->verdict;
}

/* A login without a password. `ask` and `answer` live as long. */
static struct login begin(struct auth *auth, const char *name, struct auth_ask *ask,
			  struct auth_answer *answer)
{
	*ask = (struct auth_ask){ .service = "explain",
				  .user = name,
				  .password = "",
				  .default_domain = "",
				  .client = "",
				  .session = "" };
	*answer = (struct auth_answer){ .verdict = AUTH_REJECTED };
	return (struct login){
		.auth = auth,
		.ask = ask,
		.answer = answer,
		.begun = clock_ms(),
		.deadline = clock_ms() + auth->patience,
		.server = "",
	};
}

enum auth_verdict auth_explain(struct auth *auth, const char *name, auth_fact fact, void *context)
{
	struct teller teller = { fact, context };
	struct auth_ask ask;
	struct auth_answer answer;
	struct login login = begin(auth, name, &ask, &answer);
	const struct directory_hit *hit = &login.found.hit;

	login.tried = tell_search;
	login.context = &teller;
	login_find(&login, name, &login.found);
	if (login.found.directory)
		tell(&teller, "directory", "%s", directory_conf(login.found.directory)->name);
	tell_some(&teller, "server", hit->server);
	tell(&teller, "found", "%s", found_name(hit->found));
	if (hit->found == DIRECTORY_MANY) {
		tell(&teller, "entry[]", "%s", hit->person.dn);
		tell(&teller, "entry[]", "%s", hit->other);
	}
	if (hit->found != DIRECTORY_ONE) {
		tell(&teller, "cause", "%s", hit->cause[0] ? hit->cause : "no such user");
		return hit->found == DIRECTORY_FAILED ? AUTH_TEMPORARY : AUTH_REJECTED;
	}
	tell_person(&teller, &login);
	tell_backoff(&teller, &login);
	return judge(&teller, &login);
}

void auth_explain_who(struct auth *auth, const char *name, struct auth_explained *who)
{
	struct auth_ask ask;
	struct auth_answer answer;
	struct login login = begin(auth, name, &ask, &answer);
	const struct directory_hit *hit = &login.found.hit;
	const char *bad;

	*who = (struct auth_explained){ .verdict = AUTH_REJECTED };
	login_find(&login, name, &login.found);
	snprintf(who->cause, sizeof(who->cause), "%s", hit->cause[0] ? hit->cause : "no such user");
	if (hit->found == DIRECTORY_FAILED)
		who->verdict = AUTH_TEMPORARY;
	if (hit->found != DIRECTORY_ONE)
		return;
	snprintf(who->dn, sizeof(who->dn), "%s", hit->person.dn);
	bad = login_bad_state(&login);
	if (bad[0]) {
		snprintf(who->cause, sizeof(who->cause), "%s", bad);
		return;
	}
	login_welcome(&login);
	who->verdict = hit->person.state & PERSON_MUST_CHANGE ? AUTH_EXPIRED : answer.verdict;
	if (who->verdict == AUTH_EXPIRED)
		return;
	who->directory = directory_conf(login.found.directory)->name;
	snprintf(who->id, sizeof(who->id), "%s", hit->person.id);
}
