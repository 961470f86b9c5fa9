/* SPDX-License-Identifier: ISC */
/*
 * All that an entry says about its mail, by the configured schema: a person, a group, a contact.
 * Made once from an entry, never changed, shared by counting: the cache, the answers and who works
 * with one hold it together. A value that cannot be read is told in `fault` and never
 * taken for "nothing said": who decides by it puts off.
 */
#ifndef DIRECTORY_OBJECT_H
#define DIRECTORY_OBJECT_H

#include "directory/person.h"

struct texts { /* texts and array are the object's */
	char **at;
	size_t count;
};

/* A size limit in octets as the entry says it. */
struct object_size {
	bool given; /* 0 is a limit of nothing, too */
	uint64_t octets;
};

struct mail_object {
	struct person person;
	struct texts addresses;       /* all of its own, "local@domain", the primary first */
	char *legacy_dn;              /* NULL = none; so all texts here */
	char *routing_address;        /* replaces the recipient's address (RFC 2798's kin: LASER) */
	char *target;                 /* address of others; no mailbox here */
	struct texts forward;         /* DNs */
	struct texts forward_address; /* addresses */
	bool keep;                    /* and the mailbox gets it as well */
	struct quota quota_send, quota_warn; /* beside person.quota */
	struct object_size size_send, size_receive;
	struct object_size recipients; /* a message; a number, not octets */
	/* Who may send to it: DNs. */
	struct texts accept_from, reject_from, accept_groups, reject_groups;
	bool authenticated_only;
	struct texts delegates; /* DNs of who may send in its name */
	/* Of groups: */
	bool members_by_dn; /* it may have `member`: directory_members reads them */
	bool security;      /* of AD: it stands in tokens, and may be a primary group */
	struct texts member_address; /* members without an entry */
	struct texts member_uid;
	char *member_filter; /* filter, or an LDAP URL (RFC 4516) */
	char *member_base;
	char *owner; /* DN */
	bool report_owner;
	char fault[160]; /* "attribute: what is wrong with it"; "" = all could be read */
};

/* Attributes to ask for, NULL-terminated; `member` itself is not among them. */
#define OBJECT_ATTRIBUTES (PERSON_ATTRIBUTES + 40)
void object_attributes(const struct conf_schema *schema, const char *names[OBJECT_ATTRIBUTES]);
/* NULL with *why as person_read. One reference. */
struct mail_object *object_read(const struct entry *entry, const struct conf_schema *schema,
				const struct conf *conf, int64_t now, const char **why);
/* One of which nothing is known but the person: methods without a directory. */
struct mail_object *object_of_person(const struct person *person);
struct mail_object *object_hold(struct mail_object *object);
void object_drop(struct mail_object *object); /* NULL is fine */
/* Octets it takes, for a cache's limit; counted when it was made. */
size_t object_octets(const struct mail_object *object);
/* Is the address one of its own? Without case. */
bool object_has_address(const struct mail_object *object, const char *address);
/* DNs are compared in normal form (RFC 4514): case, spaces and escapes do not count. */
bool texts_have_dn(const struct texts *texts, const char *dn);

#endif
