/* SPDX-License-Identifier: ISC */
/*
 * One recipient at RCPT: from entry to entry as long as each becomes one other of ours, until there
 * is a mailbox, a refusal, or what only the queue can do.
 */
#include "routing/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "routing/mailbox.h"

enum { WALK_HOPS = 10 };

struct walk {
	const struct routing *routing;
	const struct route_ask *ask;
	struct route *route;
	struct policy_sender sender;
	char asked[ADDRESS_TEXT_SIZE];
	struct question question; /* whom we look for, unless `dn` is there */
	char dn[PERSON_DN_SIZE];
	const struct conf_directory *directory; /* of `dn`, of the hit */
	bool caught;                            /* the domain's catch-all was taken */
	unsigned hops;
	char seen[WALK_HOPS][sizeof(((struct person *)0)->id)];
	struct directory_hit hit;
	enum outcome outcome;
};

/* What a step says: false ends the walk, with walk->outcome. */
static bool end(struct walk *walk, enum outcome outcome)
{
	walk->outcome = outcome;
	return false;
}

static bool refuse(struct walk *walk, const struct refusal *refusal)
{
	return end(walk, route_refuse(walk->route, refusal, walk->asked));
}

static bool refuse_fault(struct walk *walk, const char *why)
{
	log_error("directory.fault", LOG_TEXT("address", walk->asked),
		  LOG_TEXT("server", walk->hit.server), LOG_TEXT("dn", walk->hit.person.dn),
		  LOG_TEXT("cause", why));
	route_explain(walk->route, "%.200s", why);
	return refuse(walk, &refusal_fault);
}

static bool refuse_ambiguous(struct walk *walk)
{
	const struct directory_hit *hit = &walk->hit;

	log_error("directory.ambiguous", LOG_TEXT("address", walk->asked),
		  LOG_TEXT("server", hit->server), LOG_TEXT("dn", hit->person.dn),
		  LOG_TEXT("other", hit->other), LOG_TEXT("cause", hit->cause));
	route_explain(walk->route, "%.60s: two entries: %.140s and %.140s", hit->server,
		      hit->person.dn, hit->other);
	return refuse(walk, &refusal_ambiguous);
}

/* ---- where it goes next ---- */

static bool go_to_address(struct walk *walk, const struct address *address)
{
	walk->hops++;
	walk->dn[0] = '\0';
	question_make(walk->routing->conf, address, &walk->question);
	return true;
}

static bool go_to_dn(struct walk *walk, const char *dn)
{
	walk->hops++;
	return span_copy(span_text(dn), walk->dn, sizeof(walk->dn)) ||
	       refuse_fault(walk, "a name to forward to is too long");
}

static bool is_ours(const struct walk *walk, const struct address *address)
{
	return !address->literal && conf_find_domain(walk->routing->conf, address->domain);
}

static bool answer_list(struct walk *walk)
{
	walk->route->kind = ROUTE_LIST;
	return end(walk, OUTCOME_OK);
}

/* The one address of ours that it forwards to, if that is all it does. */
static bool follow_forward(struct walk *walk, const struct mail_object *object)
{
	const struct texts *addresses = &object->forward_address;
	struct address address;
	const char *why;

	if (object->forward.count == 1 && addresses->count == 0)
		return go_to_dn(walk, object->forward.at[0]);
	if (object->forward.count > 0 || addresses->count != 1)
		return answer_list(walk);
	if (!address_parse(span_text(addresses->at[0]), &address, &why) || !address.domain[0])
		return refuse_fault(walk, "an address to forward to is none");
	return is_ours(walk, &address) ? go_to_address(walk, &address) : answer_list(walk);
}

static bool become(struct walk *walk, const struct mail_object *object, const struct way *way)
{
	if (way->address.domain[0] && !way->via[0] && is_ours(walk, &way->address))
		return go_to_address(walk, &way->address);
	if (way->forwards && !way->keep)
		return follow_forward(walk, object);
	return answer_list(walk);
}

static bool answer_mailbox(struct walk *walk, const struct mail_object *object,
			   const char *looked_up)
{
	const struct conf *conf = walk->routing->conf;
	struct route *route = walk->route;

	if (!mailbox_of_object(conf, object, looked_up, &route->mailbox))
		return refuse(walk, &refusal_unknown);
	if (quota_unknown(conf, conf_find_domain(conf, route->mailbox.domain), object->person.quota,
			  QUOTA_LEVEL_RECEIVE))
		return refuse_fault(walk, "the quota cannot be read, and there is no default");
	tell_quota(walk->ask->teller, conf, conf_find_domain(conf, route->mailbox.domain), object);
	route->kind = ROUTE_MAILBOX;
	return end(walk, OUTCOME_OK);
}

/* At another server. Under another address than was said it has to be written anew, in the queue.
 */
static bool answer_elsewhere(struct walk *walk, const struct way *way)
{
	if (walk->hops > 0)
		return answer_list(walk);
	walk->route->kind = ROUTE_REMOTE;
	(void)span_copy(span_text(way->via), walk->route->via, sizeof(walk->route->via));
	return end(walk, OUTCOME_OK);
}

/* The mailbox of one whose mail becomes others: groups, contacts and who has a target have none. */
static bool answer_own(struct walk *walk, const struct mail_object *object, const struct way *way,
		       const char *looked_up)
{
	if (object->person.kind != PERSON_ACCOUNT || way->decided == CONF_ATTRIBUTE_TARGET)
		return refuse(walk, &refusal_unknown);
	return way->via[0] ? answer_elsewhere(walk, way) : answer_mailbox(walk, object, looked_up);
}

/* ---- one entry ---- */

static bool seen_before(struct walk *walk, const char *id)
{
	for (unsigned i = 0; i < walk->hops; i++)
		if (strcmp(walk->seen[i], id) == 0)
			return true;
	(void)span_copy(span_text(id), walk->seen[walk->hops], sizeof(walk->seen[0]));
	return false;
}

static bool pass_policy(struct walk *walk, const struct mail_object *object)
{
	const struct conf_domain *domain =
		object_domain(walk->routing->conf, object, walk->question.domain);
	struct route *route = walk->route;
	const struct refusal *refusal;
	char why[400];

	if (object->size_receive.given && object->size_receive.octets < route->size)
		route->size = object->size_receive.octets;
	route->by_sender = route->by_sender || policy_asks(object, domain);
	refusal = policy_refuses(&walk->sender, walk->directory, domain, object, why);
	if (!refusal)
		return true;
	route_explain(route, "policy: %.200s", why);
	return refuse(walk, refusal);
}

static bool go_the_way(struct walk *walk, const struct mail_object *object, const struct way *way,
		       const char *looked_up)
{
	if (walk->ask->own && way->kind == WAY_BECOMES)
		return answer_own(walk, object, way, looked_up);
	switch (way->kind) {
	case WAY_MAILBOX:
		return answer_mailbox(walk, object, looked_up);
	case WAY_ELSEWHERE:
		return answer_elsewhere(walk, way);
	case WAY_BECOMES:
		return become(walk, object, way);
	case WAY_REFUSED:
		break;
	}
	if (way->refusal == &refusal_fault)
		return refuse_fault(walk, way->why);
	return refuse(walk, way->refusal);
}

static bool enter(struct walk *walk)
{
	const struct directory_hit *hit = &walk->hit;
	const struct mail_object *object = hit->object;
	const char *state = person_state_name(object->person.state);
	char looked_up[ADDRESS_TEXT_SIZE] = "";
	struct way way;

	if (!walk->dn[0])
		address_text(&walk->question.address, looked_up);
	route_explain(walk->route, "%.60s: %.150s: %.120s%s%s", hit->server, hit->cause,
		      object->person.dn, state[0] ? ": " : "", state);
	if (walk->hops >= WALK_HOPS || seen_before(walk, object->person.id))
		return refuse(walk, &refusal_loop);
	way_of_object(walk->routing->conf, object, &way);
	tell_way(walk->ask->teller, object, &way);
	object_canonical(walk->routing->conf, object,
			 walk->hops ? walk->route->canonical : looked_up, walk->route->canonical);
	if (way.kind != WAY_REFUSED && !walk->ask->own && !pass_policy(walk, object))
		return false;
	return go_the_way(walk, object, &way, looked_up);
}

/* ---- nobody ---- */

/* Nobody has it, and the directory is sure of that. */
static bool catch_nobody(struct walk *walk)
{
	const struct conf_domain *domain = walk->question.domain;
	struct address address;
	const char *why;

	if (walk->dn[0])
		return refuse(walk, &refusal_gone);
	if (walk->caught)
		return refuse_fault(walk, "nobody has the address of catch_all");
	if (walk->ask->own || walk->hops > 0 || !domain->catch_all || !domain->catch_all[0])
		return refuse(walk, &refusal_unknown);
	if (!address_parse(span_text(domain->catch_all), &address, &why) || !address.domain[0])
		return refuse_fault(walk, "catch_all is no address");
	walk->caught = true;
	tell(walk->ask->teller, "catch-all", "%s", domain->catch_all);
	address_text(&walk->question.address, walk->route->canonical);
	return is_ours(walk, &address) ? go_to_address(walk, &address) : answer_list(walk);
}

static void keep_good_for(struct walk *walk)
{
	if (walk->hops == 0 || walk->hit.good_for < walk->route->good_for)
		walk->route->good_for = walk->hit.good_for;
}

static void find_dn(struct walk *walk)
{
	const struct routing_source *source = &walk->routing->source;

	source->find_dn(source->context, walk->directory, walk->dn, &walk->hit);
	hit_complete(&walk->hit);
	tell_entry(walk->ask->teller, &walk->hit);
}

static bool step(struct walk *walk)
{
	const struct directory_hit *hit = &walk->hit;

	directory_hit_clear(&walk->hit);
	if (walk->dn[0]) {
		find_dn(walk);
	} else {
		walk->directory = walk->question.domain->directory;
		question_find(walk->routing, &walk->question, walk->ask->teller, &walk->hit);
	}
	keep_good_for(walk);
	switch (hit->found) {
	case DIRECTORY_ONE:
		return enter(walk);
	case DIRECTORY_MANY:
		return refuse_ambiguous(walk);
	case DIRECTORY_NOBODY:
		route_explain(walk->route, "%.60s: %.300s", hit->server, hit->cause);
		return catch_nobody(walk);
	case DIRECTORY_FAILED:
		break;
	}
	route_explain(walk->route, "%.60s%s%.300s", hit->server, hit->server[0] ? ": " : "",
		      hit->cause);
	return refuse(walk, &refusal_unavailable);
}

/* What is rewritten may lead to a place that is no question for the directory. */
static bool step_anywhere(struct walk *walk)
{
	if (walk->dn[0] || walk->question.where == QUESTION_OURS)
		return step(walk);
	if (walk->question.where == QUESTION_DROP)
		return answer_list(walk);
	return refuse_fault(walk, "the domain's postmaster is outside our domains");
}

enum outcome resolve_in_directory(const struct routing *routing, const struct route_ask *ask,
				  const struct question *question, struct route *route)
{
	struct walk walk = { .routing = routing,
			     .ask = ask,
			     .route = route,
			     .question = *question,
			     .hit = { .found = DIRECTORY_NOBODY } };

	memcpy(walk.asked, question->asked, sizeof(walk.asked));
	policy_sender_init(&walk.sender, routing, ask);
	while (step_anywhere(&walk))
		;
	policy_sender_clear(&walk.sender);
	directory_hit_clear(&walk.hit);
	return walk.outcome;
}
