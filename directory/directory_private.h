/* SPDX-License-Identifier: ISC */
/*
 * What the files of one directory share, and the three methods behind
 * directory/directory.h: who has this address, who logs in under this name, is this
 * the password. Each method is one table of calls. Only they include this.
 */
#ifndef DIRECTORY_DIRECTORY_PRIVATE_H
#define DIRECTORY_DIRECTORY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "accounts/mailboxes.h"
#include "directory/directory.h"
#include "directory/search.h"

enum { PASSWORD_SIZE = 512 };

/*
 * A mailbox that the administrator locked takes mail and lets nobody in, whatever the
 * method: the lock is in its file. Without a mailbox there is nothing to lock. False with
 * *why: it cannot be seen.
 */
bool directory_apply_lock(const struct directory *directory, struct person *person,
			  char why[MAILBOXES_WHY]);

/* Each call as in directory/directory.h. NULL: nothing to do, nobody, nothing known. */
struct directory_method {
	bool (*open)(struct directory *directory, char *room, size_t size);
	void (*start)(struct directory *directory, struct watchdog *watchdog);
	void (*close)(struct directory *directory);
	void (*find_recipient)(struct directory *directory, const struct address *address,
			       struct directory_hit *hit);
	void (*find_dn)(struct directory *directory, const char *dn, struct directory_hit *hit);
	void (*find_id)(struct directory *directory, const char *id, struct directory_hit *hit);
	bool (*members)(struct directory *directory, const struct mail_object *group, int64_t deadline,
			bool (*each)(void *context, const struct directory_hit *hit), void *context,
			char why[400]);
	enum directory_found (*is_member)(struct directory *directory, const struct person *person,
					  char *const *groups, size_t count, int64_t deadline,
					  size_t *which, char why[400]);
	void (*find_legacy)(struct directory *directory, const char *legacy_dn,
			    struct directory_hit *hit);
	void (*find_login)(struct directory *directory, const struct filter_values *values,
			   int64_t deadline, struct directory_hit *hit);
	void (*find_value)(struct directory *directory, const char *attribute, struct span value,
			   int64_t deadline, struct directory_hit *hit);
	/* `dn`: as find_login gave it. */
	void (*check_password)(struct directory *directory, const char *dn, struct span password,
			       int64_t deadline, struct checker_answer *answer);
	enum directory_found (*scram_keys)(struct directory *directory, const char *dn,
					   struct scram_keys *keys);
	bool (*facts)(struct directory *directory, int64_t deadline, struct facts *facts);
	void (*policy)(struct directory *directory, const struct account *account, int64_t deadline,
		       struct policy *policy);
	bool (*read_again)(struct directory *directory, int64_t deadline,
			   struct directory_again *again, size_t count);
};

/* A search for one entry. */
struct ldap_question {
	struct search search; /* a base of NULL: below the directory's own */
	bool object;          /* hit->object is wanted */
};

/* find_text.c */
void ldap_ask(struct directory *directory, const struct ldap_question *question, int64_t deadline,
	      struct directory_hit *hit);
/* In the whole forest, if that is wanted. */
void ldap_ask_forest(struct directory *directory, const struct ldap_question *question,
		     int64_t deadline, struct directory_hit *hit);
/* text: the filter, without a NUL; cleared. In the whole forest, likewise. */
void ldap_find_text(struct directory *directory, const char *const *attributes,
		    struct buffer *text, int64_t deadline, struct directory_hit *hit);
/* again.c */
bool ldap_read_again(struct directory *directory, int64_t deadline, struct directory_again *again,
		     size_t count);
void ldap_add_identity(struct buffer *filter, const struct conf_schema *schema, const char *id);
/* find_object.c: from the cache if it may be, else asked. */
void ldap_find_recipient(struct directory *directory, const struct address *address,
			 struct directory_hit *hit);
void ldap_find_dn(struct directory *directory, const char *dn, struct directory_hit *hit);
void ldap_find_id(struct directory *directory, const char *id, struct directory_hit *hit);
/* What the filter (without a NUL; cleared) finds, kept under the key. */
void ldap_find_kept(struct directory *directory, const char *key, struct buffer *filter,
		    struct directory_hit *hit);

bool ldap_members(struct directory *directory, const struct mail_object *group, int64_t deadline,
		  bool (*each)(void *context, const struct directory_hit *hit), void *context,
		  char why[400]); /* members.c */
/* membership.c */
enum directory_found ldap_is_member(struct directory *directory, const struct person *person,
				    char *const *groups, size_t count, int64_t deadline,
				    size_t *which, char why[400]);
void ldap_find_legacy(struct directory *directory, const char *legacy_dn,
		      struct directory_hit *hit);

extern const struct directory_method method_ldap, method_local, method_password_file;

struct directory {
	const struct directory_method *method;
	const struct conf *conf;
	const struct conf_directory *section;
	const struct directory_prover *prover; /* of method local */
	/* Of the method directory: */
	struct filter *recipient, *login;
	const char *attributes[PERSON_ATTRIBUTES];
	const char *object_attributes[OBJECT_ATTRIBUTES];
	const char *login_attributes[ACCOUNT_ATTRIBUTES];
	struct credentials *credentials;
	char password[PASSWORD_SIZE]; /* of the service, for simple binds */
	struct locator *locator;
	struct lookup *lookup;
	struct checker *checker;
	struct cache *cache;
	pthread_mutex_t paging;  /* one search by pages at a time */
	atomic_bool names_alone; /* DNs in filters find nothing here: each is read by itself */
	atomic_bool living_on; /* old answers have been given since a server answered last */
	struct policies *policies;
	struct memberships *memberships;
	struct forest *forest; /* NULL: one domain alone is asked */
	struct changes *changes; /* NULL: nobody looks */
};

#endif
