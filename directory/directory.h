/* SPDX-License-Identifier: ISC */
/*
 * One configured directory, or what takes its place with the methods local and
 * password-file (accounts/): who has this address, who logs in under this name,
 * is this their password. Blocks; called from many threads. "Nobody" is only ever
 * said when the directory said so; every failure is DIRECTORY_FAILED.
 */
#ifndef DIRECTORY_DIRECTORY_H
#define DIRECTORY_DIRECTORY_H

#include "directory/account.h"
#include "directory/checker.h"
#include "directory/facts.h"
#include "directory/filter.h"
#include "directory/locator.h"
#include "directory/object.h"
#include "directory/policy.h"

struct address;
struct conf;
struct conf_directory;
struct directory;

/* Who proves passwords of the system's accounts (method local). May be called concurrently. */
struct directory_prover {
	void (*prove)(void *context, const char *account, struct span password, int64_t deadline,
		      struct checker_answer *answer);
	void *context;
};

enum directory_found { DIRECTORY_ONE, DIRECTORY_NOBODY, DIRECTORY_MANY, DIRECTORY_FAILED };

struct directory_hit {
	enum directory_found found;
	struct person person;       /* ONE; the first of MANY */
	struct mail_object *object; /* ONE, of recipients: held for the caller; else NULL */
	struct account account;     /* ONE */
	char other[PERSON_DN_SIZE]; /* MANY: the second DN */
	char server[SERVER_NAME_SIZE];
	char filter[640];  /* as it was sent */
	char cause[320];   /* for the log: what was searched, what came */
	unsigned good_for; /* seconds; 0 = not at all */
	bool stale;        /* no server answers: this was known before */
	bool unanswered;   /* FAILED because no server answers */
};

/* Reads keytab and password file; starts nothing. NULL with *why in `room`. */
struct directory *directory_open(const struct conf *conf, const struct conf_directory *section,
				 char *room, size_t size);
void directory_start(struct directory *directory, struct watchdog *watchdog);
void directory_close(struct directory *directory);
/* Before the first check; it outlives the directory. Without one no local password is judged. */
void directory_set_prover(struct directory *directory, const struct directory_prover *prover);
const struct conf_directory *directory_conf(const struct directory *directory);

/*
 * Answers may be as old as the configured cache times; while no server answers, those who were
 * known may be as old as cache_outage: hit->stale. Of this one and the next three directory_hit_clear.
 */
void directory_find_recipient(struct directory *directory, const struct address *address,
			      struct directory_hit *hit);
/* The entry of that name; cached like recipients. NOBODY: it is not there. */
void directory_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit);
/* Of that identity (struct person), likewise. */
void directory_find_id(struct directory *directory, const char *id, struct directory_hit *hit);
/* Whose legacyExchangeDN, or "x500:" address, this is; likewise. NOBODY where the schema has none. */
void directory_find_legacy(struct directory *directory, const char *legacy_dn,
			   struct directory_hit *hit);
void directory_hit_clear(struct directory_hit *hit);

/*
 * The members of a group, one level, each as find_dn gives it: `member` in all its ranges
 * (MS-ADTS 3.1.1.3.1.3.3), those whose primary group it is, memberUid, and those that its filter
 * finds. Calls `each` once for each; an entry that is gone or cannot receive mail is told as
 * DIRECTORY_NOBODY with its DN in hit->person.dn. False: not all could be read, with why in `why`;
 * what `each` was told until then is worth nothing. False from `each` ends it, and is returned.
 * Addresses of members without an entry stand in the object. Blocks, for long.
 */
bool directory_members(struct directory *directory, const struct mail_object *group, int64_t deadline,
		       bool (*each)(void *context, const struct directory_hit *hit), void *context,
		       char why[400]);
/*
 * Is the person a member of one of the groups, nested ones included: by tokenGroups where there is
 * that, else by the groups' members. Groups are DNs, SIDs or names (sAMAccountName, cn). Answers
 * are kept for cache_positive. `which` is the group's number.
 */
enum directory_found directory_is_member(struct directory *directory, const struct person *person,
					 char *const *groups, size_t count, int64_t deadline,
					 size_t *which, char why[400]);

/* Always asks. */
void directory_find_login(struct directory *directory, const struct filter_values *values,
			  int64_t deadline, struct directory_hit *hit);
/* The entry whose attribute has that value, in octets, and that the filter for logins lets in under
 * one of its names; always asks. The attribute's name is the caller's own. */
void directory_find_value(struct directory *directory, const char *attribute, struct span value,
			  int64_t deadline, struct directory_hit *hit);
/* Sends the password once at most. Nothing is cached. */
void directory_check_password(struct directory *directory, const char *dn, struct span password,
			      int64_t deadline, struct checker_answer *answer);
/* What is known of its servers, best first (locator_list); how many. Does not block. */
size_t directory_servers(struct directory *directory, struct server servers[LOCATOR_SERVERS_MAX]);
/* What is kept for SCRAM in place of the password of `dn`; NOBODY: nothing is. */
struct scram_keys;
enum directory_found directory_scram_keys(struct directory *directory, const char *dn,
					  struct scram_keys *keys);
/*
 * When this account would be locked out; NULL: one of which nothing is known. Of a directory
 * that says nothing: never.
 */
void directory_policy(struct directory *directory, const struct account *account, int64_t deadline,
		      struct policy *policy);

enum { DIRECTORY_AGAIN_MAX = 32 };
struct directory_again {
	const char *id; /* as in struct person */
	/* The answer: */
	bool there;
	enum person_kind kind;
	unsigned state;
	int64_t password_set; /* ACCOUNT_ABSENT = it does not say */
};
/* Reads the entries of up to DIRECTORY_AGAIN_MAX different identities. False: no answer. Always
 * asks. */
bool directory_read_again(struct directory *directory, int64_t deadline,
			  struct directory_again *again, size_t count);
/*
 * False when they are not known and cannot be had by `deadline`; with a deadline that
 * has passed (0) it does not block.
 */
bool directory_facts(struct directory *directory, int64_t deadline, struct facts *facts);

#endif
