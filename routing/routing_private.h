/* SPDX-License-Identifier: ISC */
/*
 * Shared by the files of routing: what they ask of directories (source), who has an address
 * (find), what an entry does with mail (way), who may send to it (policy), what is refused
 * (refusal) and what is told (tell).
 */
#ifndef ROUTING_ROUTING_PRIVATE_H
#define ROUTING_ROUTING_PRIVATE_H

#include "directory/directory.h"
#include "routing/routing.h"

/* ---- source: the directories, or a graph that a test puts in their place ---- */

struct routing_source { /* as in directory.h; of a directory that is not open, all FAILED */
	void (*find_address)(void *context, const struct conf_directory *directory,
			     const struct address *address, struct directory_hit *hit);
	void (*find_dn)(void *context, const struct conf_directory *directory, const char *dn,
			struct directory_hit *hit);
	void (*find_id)(void *context, const struct conf_directory *directory, const char *id,
			struct directory_hit *hit);
	void (*find_legacy)(void *context, const struct conf_directory *directory,
			    const char *legacy_dn, struct directory_hit *hit);
	bool (*members)(void *context, const struct conf_directory *directory,
			const struct mail_object *group, int64_t deadline,
			bool (*each)(void *context, const struct directory_hit *hit),
			void *each_context, char why[400]);
	enum directory_found (*is_member)(void *context, const struct conf_directory *directory,
					  const struct person *person, char *const *groups,
					  size_t count, int64_t deadline, char why[400]);
	void *context;
};
struct routing {
	const struct conf *conf;
	struct routing_source source;
};
struct routing_source source_of_directories(struct directories *directories);
struct routing *routing_new_from(const struct conf *conf, const struct routing_source *source);
/* ONE without an object gets one; held by the hit. */
void hit_complete(struct directory_hit *hit);
const struct conf_directory *conf_directory_named(const struct conf *conf, const char *name);

/* ---- refusal ---- */

struct refusal { /* what the client is told; in front of `text` stands the address */
	enum outcome outcome;
	unsigned code;
	const char *status;
	const char *text;
};
extern const struct refusal refusal_unknown, refusal_ambiguous, refusal_disabled, refusal_folder,
	refusal_nowhere, refusal_unavailable, refusal_fault, refusal_loop, refusal_gone,
	refusal_anonymous, refusal_sender, refusal_members, refusal_closed, refusal_too_large,
	refusal_too_many, refusal_too_deep;

void refusal_text(const struct refusal *refusal, const char *address, char *to, size_t size);
enum outcome route_refuse(struct route *route, const struct refusal *refusal, const char *address);
/* The cause, for the log; an earlier one stays in front. */
void route_explain(struct route *route, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- tell ---- */

void tell(const struct route_teller *teller, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tell_entry(const struct route_teller *teller, const struct directory_hit *hit);
struct way;
void tell_way(const struct route_teller *teller, const struct mail_object *object,
	      const struct way *way);
void tell_route(const struct route_teller *teller, const struct route *route);
/* The three levels of the object's quota. */
void tell_quota(const struct route_teller *teller, const struct conf *conf,
		const struct conf_domain *domain, const struct mail_object *object);

/* ---- find: who has the address ---- */

enum question_where { QUESTION_OURS, QUESTION_REMOTE, QUESTION_DROP, QUESTION_WRONG };
struct question {
	enum question_where where;
	const struct conf_domain *domain; /* canonical; NULL of REMOTE */
	struct address address;           /* in it */
	struct address said;              /* the same before an alias domain was replaced */
	char asked[ADDRESS_TEXT_SIZE];    /* as the client said it */
};
/* Alias domains are followed, and postmaster. WRONG: the configured postmaster is none of ours. */
void question_make(const struct conf *conf, const struct address *recipient,
		   struct question *question);
/*
 * In this order: the address, as it was said, the one that an Exchange address stands for
 * (IMCEAEX-), the one without a tag. For directory_hit_clear.
 */
void question_find(const struct routing *routing, const struct question *question,
		   const struct route_teller *teller, struct directory_hit *hit);
/* "IMCEAEX-_O=ORG_CN=x" is "/O=ORG/CN=x". False when it is none. */
bool imceaex_decode(const char *local, char *to, size_t size);
/* "user+tag" is "user". False: no tag. */
bool subaddress_cut(const char *local, const char *separators, char to[ADDRESS_LOCAL_MAX + 1]);

/* ---- way: what an entry does with mail ---- */

enum way_kind { WAY_MAILBOX, WAY_ELSEWHERE, WAY_BECOMES, WAY_REFUSED };
struct way {
	enum way_kind kind;
	const struct refusal *refusal;
	char via[ROUTE_VIA_SIZE]; /* of ELSEWHERE, of `address`, of the mailbox of who keeps a copy
				   */
	struct address address;   /* BECOMES: this one, when it has a domain */
	bool members;             /* BECOMES: those of a group */
	bool forwards;            /* BECOMES: object->forward, object->forward_address */
	bool keep;                /* and the mailbox as well */
	enum conf_attribute decided; /* CONF_ATTRIBUTES: none did */
	char why[160];               /* of a refusal, for the log */
};
/* Pure. */
void way_of_object(const struct conf *conf, const struct mail_object *object, struct way *way);
/* Its own address, "" = none: the same for all who find it. `fallback` is in one of our domains or
 * "". A mailbox's is in lower case. */
void object_canonical(const struct conf *conf, const struct mail_object *object,
		      const char *fallback, char to[ADDRESS_TEXT_SIZE]);

/* ---- policy: who may send to it ---- */

struct policy_sender { /* who sends; looked up when a policy asks, once */
	const struct routing *routing;
	const struct route_sender *said;
	uint64_t size; /* of the message; 0 = not known */
	const struct route_teller *teller;
	bool looked;
	const struct conf_directory *directory; /* of hit */
	struct directory_hit hit; /* ONE: who has logged in, or sends from elsewhere */
	bool proved;
};
void policy_sender_init(struct policy_sender *sender, const struct routing *routing,
			const struct route_ask *ask);
void policy_sender_clear(struct policy_sender *sender);
/* Has the entry any? `domain` is its own, for groups. */
bool policy_asks(const struct mail_object *object, const struct conf_domain *domain);
/* NULL = may. *why is for the log. The object is of that directory. */
const struct refusal *policy_refuses(struct policy_sender *sender,
				     const struct conf_directory *directory,
				     const struct conf_domain *domain,
				     const struct mail_object *object, char why[400]);
/* The domain whose rules hold for the entry: that of its address, else `fallback`. */
const struct conf_domain *object_domain(const struct conf *conf, const struct mail_object *object,
					const struct conf_domain *fallback);

#endif
