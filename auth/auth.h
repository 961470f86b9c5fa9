/* SPDX-License-Identifier: ISC */
/*
 * Who somebody is: a user name as typed, in any of the directory's forms, and a
 * password become an entry and its mailbox. Blocks; called from many threads.
 * The password never leaves this call except inside a TLS-protected bind.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "auth/backoff.h"
#include "auth/standing.h"
#include "base/outcome.h"
#include "routing/routing.h"

struct auth;
struct conf_directory;
struct conf_methods;

enum { AUTH_PATIENCE_MS = 18000 }; /* for all of a login: name, password, and the answer held */

struct auth_ask {
	const char *service; /* "smtp" or "pop" */
	const char *user;    /* as typed: name, DOMAIN\name, name@domain */
	const char *authzid; /* "" or the same person; anybody, for those whom key `proxies` names */
	const char *password;
	const char *default_domain; /* mail domain for a bare name; "" = the default domain */
	const char *client;         /* address, for the log and the throttle */
	const char *session;        /* for the log */
	const struct conf_methods *methods; /* of the server: its login_groups; NULL = everybody */
};

enum auth_verdict {
	AUTH_OK,       /* `who`, `mailbox` */
	AUTH_REJECTED, /* wrong name, wrong password, disabled, locked: the client sees one text */
	AUTH_EXPIRED,  /* the password was right but must be changed */
	AUTH_NO_MAILBOX, /* proved, but the entry has no address in our domains (POP3 cannot open;
			    SMTP may) */
	AUTH_TEMPORARY   /* no answer could be had */
};

struct auth_answer {
	enum auth_verdict verdict;
	char who[324]; /* canonical: primary address, or the name where there is none */
	struct route_mailbox mailbox; /* id "" = none */
	char host[256]; /* OK: the mailbox is there (name or numeric address); "" = here */
	char by[324];   /* OK: who proved who he is, a gateway that acts for `who`; "" = `who` himself */
	struct standing standing; /* OK, NO_MAILBOX: what the session lives by; .session is "" */
	unsigned hold; /* milliseconds that the answer is to be held back (auth/pace.h, throttle.h)
			*/
	char cause[400]; /* for the log */
};

struct auth *auth_new(const struct conf *conf, struct directories *directories);
void auth_free(struct auth *auth);
/* Whom a login of that name would ask; NULL = nobody. Does not block. */
const struct conf_directory *auth_directory(struct auth *auth, const char *user,
					    const char *default_domain);
/* May be called concurrently; `answer` is always filled. */
void auth_login(struct auth *auth, const struct auth_ask *ask, struct auth_answer *answer);
/*
 * Would the logins of these sessions, STANDING_BATCH_MAX at most, be let in today? Entries are
 * asked for again, many at once; an answer serves all sessions of an account, and others for some
 * seconds. What ends is logged with the session.
 */
void auth_recheck(struct auth *auth, const struct standing *standings, size_t count,
		  enum standing_state *states);

struct find_proof;
/*
 * Who has proved otherwise who he is, by `mechanism`: from finding the entry on, all is as
 * with a password. ask->user is what the mechanism calls him, for the log only; there is no
 * password in it.
 */
void auth_admit(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
		const struct find_proof *proof, struct auth_answer *answer);
/*
 * Around a question to the domain about the password of ask->user, in whichever form he is
 * named: not put where it could lock the account out. Names of nobody are counted as well, and
 * so not to be told from others. False with *verdict and *cause: not to be put. Otherwise
 * auth_guard_leave follows.
 */
enum { AUTH_ACCOUNT_SIZE = 200 };
struct auth_guard {
	struct backoff_rule rule;
	char account[AUTH_ACCOUNT_SIZE]; /* or what stands for one that is not there */
};
bool auth_guard_enter(struct auth *auth, const struct auth_ask *ask, struct auth_guard *guard,
		      enum auth_verdict *verdict, char *cause, size_t size);
void auth_guard_leave(struct auth *auth, const struct auth_ask *ask, const struct auth_guard *guard,
		      enum backoff_end end);
struct scram_keys;
/*
 * The keys that SCRAM works with for ask->user; where there is nobody with such keys, those of
 * nobody, so that the dialogue is the same. False with *cause: nobody could be asked.
 */
bool auth_scram_keys(struct auth *auth, const struct auth_ask *ask, struct scram_keys *keys,
		     char *cause, size_t size);
/* An exchange that proved nothing; for the log, and `answer` for the client. */
void auth_refuse(struct auth *auth, const struct auth_ask *ask, const char *mechanism,
		 enum auth_verdict verdict, const char *cause, struct auth_answer *answer);

#endif
