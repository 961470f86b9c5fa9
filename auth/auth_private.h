/* SPDX-License-Identifier: ISC */
/*
 * One login on its way, and its steps: auth.c has their order, who somebody is and what state
 * he is in; password.c asks about the password, guard.c is asked by who checks a proof himself,
 * act.c knows in whose name, member.c the groups; explain.c tells instead of deciding.
 * Each step goes on (true) or ends the login. Only these files include this.
 */
#ifndef AUTH_AUTH_PRIVATE_H
#define AUTH_AUTH_PRIVATE_H

#include <pthread.h>

#include "accounts/scram.h"
#include "auth/auth.h"
#include "auth/backoff.h"
#include "auth/find.h"
#include "auth/pace.h"
#include "auth/proofs.h"
#include "auth/throttle.h"

struct table;

struct auth {
	const struct conf *conf;
	struct directories *directories;
	struct backoff *backoff;
	struct proofs *proofs;
	struct throttle *throttle;
	unsigned char secret[SCRAM_KEY_SIZE]; /* makes the salts of nobody */
	int64_t patience;                     /* milliseconds a login may take */
	pthread_mutex_t mutex;
	struct pace pace;   /* under the mutex */
	struct table *seen; /* likewise: entries of open sessions, by directory and identity */
};

struct login {
	struct auth *auth;
	const struct auth_ask *ask;
	struct auth_answer *answer;
	int64_t begun, deadline;
	struct find_answer found;
	char account[AUTH_ACCOUNT_SIZE]; /* directory and identity: a copied directory has the same
					    identities */
	const char *server;              /* that decided, for the log */
	const char *mechanism;           /* "" = a password, in whichever way it came */
	struct checker_answer checked;
	void (*tried)(void *context, const struct directory_hit *hit); /* explain: each search */
	void *context;
	bool guarded; /* a TEMPORARY of ours, which is to look and last like a refusal */
	bool acts;    /* a gateway, for whom the authorization identity names */
	bool put_off; /* because of too many failures from the address */
};

/* A login at its beginning; fills the answer with AUTH_TEMPORARY. */
struct login login_make(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
			struct auth_answer *answer);
struct find_place login_place(const struct login *login); /* where it searches */
/* Always false: the login ends here. */
bool login_end(struct login *login, enum auth_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Searches under the forms of the name. */
void login_find(struct login *login, const char *text, struct find_answer *answer);
/* act.c: in whose name? Before the proof, and behind it. */
bool login_check_authzid(struct login *login);
bool login_act(struct login *login);
void login_admit_proxy(struct login *login);
/* member.c: is he in one of the groups that may log in? Behind the proof: whoever has not proved who
 * he is learns nothing about groups. */
bool login_check_groups(struct login *login);
struct conf_methods;
/* explain: the same of one server, without a decision. */
enum directory_found login_groups_look(const struct login *login, const struct conf_methods *methods,
				       size_t *which, char why[400]);
/* What was found under that name: goes on with one person only. */
bool login_judge(struct login *login, const char *name, const struct directory_hit *hit);
/* States that no password changes; "" = none. */
const char *login_bad_state(const struct login *login);
void login_welcome(struct login *login);

/* password.c */
bool login_check_password(struct login *login);
/*
 * There is no account that could have this password, or none that may log in: counted, put off
 * and held as a wrong password is, so that it cannot be told from one.
 */
bool login_pretend(struct login *login, const char *cause);
void login_name_account(const struct find_answer *found, char to[AUTH_ACCOUNT_SIZE]);
/* For a question about the password that others put: may it be put? Fills the guard. */
bool login_guard(struct login *login, struct auth_guard *guard);
/* The same where nobody's answer would be right: counted and put off like anybody's. */
bool login_guard_pretended(struct login *login, struct auth_guard *guard, const char *cause);
/* What applies to the account, and how many wrong passwords the directory counts. */
void login_rule(const struct login *login, struct policy *policy, struct backoff_try *try);
/* How long the answer is to be held, once it is there. */
void login_hold(struct login *login);

#endif
