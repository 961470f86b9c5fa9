/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "directory/directories.h"
#include "directory/directory.h"
#include "routing/mailbox.h"

#define DROP_GOOD_FOR 300 /* seconds */

struct routing {
	const struct conf *conf;
	struct directories *directories;
};

struct question {
	const struct conf_domain *domain; /* canonical */
	struct address address;           /* in it */
	struct address said;              /* the same before an alias domain was replaced */
	char asked[ADDRESS_TEXT_SIZE];    /* as the client said it */
};

struct routing *routing_new(const struct conf *conf, struct directories *directories)
{
	struct routing *routing = memory_new(sizeof(*routing));

	routing->conf = conf;
	routing->directories = directories;
	return routing;
}

void routing_free(struct routing *routing)
{
	free(routing);
}

/* What the client is told; %s in `text` is the address. */
struct refusal {
	enum outcome outcome;
	unsigned code;
	const char *status;
	const char *text;
};

static const struct refusal unknown = { OUTCOME_PERM, 550, "5.1.1",
					"no mailbox here by this address" };
static const struct refusal ambiguous = { OUTCOME_TEMP, 451, "4.1.4",
					  "address is ambiguous, the administrator has been told" };
static const struct refusal disabled = { OUTCOME_PERM, 550, "5.2.1", "mailbox is disabled" };
static const struct refusal group = { OUTCOME_PERM, 550, "5.7.1",
				      "mail to groups is not enabled on this server" };
static const struct refusal contact = { OUTCOME_PERM, 550, "5.7.1",
					"mail to contacts is not enabled on this server" };
static const struct refusal unavailable = { OUTCOME_TEMP, 451, "4.3.0",
					    "directory temporarily unavailable, try again later" };

static const struct refusal misrouted = { OUTCOME_TEMP, 451, "4.3.5",
					  "mail server of this address is not known now, the "
					  "administrator has been told" };

static enum outcome refuse(struct route *route, const struct refusal *refusal, const char *address)
{
	route->kind = ROUTE_REFUSED;
	route->code = refusal->code;
	snprintf(route->status, sizeof(route->status), "%s", refusal->status);
	snprintf(route->text, sizeof(route->text), "<%.120s> %s", address, refusal->text);
	if (refusal->outcome == OUTCOME_TEMP)
		route->good_for = 0;
	return refusal->outcome;
}

static void explain(struct route *route, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void explain(struct route *route, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(route->cause, sizeof(route->cause), format, arguments);
	va_end(arguments);
}

static enum outcome refuse_ambiguous(struct route *route, const struct directory_hit *hit,
				     const char *address)
{
	log_error("directory.ambiguous", LOG_TEXT("address", address),
		  LOG_TEXT("server", hit->server), LOG_TEXT("dn", hit->person.dn),
		  LOG_TEXT("other", hit->other), LOG_TEXT("cause", hit->cause));
	explain(route, "%.60s: two entries: %.140s and %.140s", hit->server, hit->person.dn,
		hit->other);
	return refuse(route, &ambiguous, address);
}

/*
 * Locked accounts and those whose password must be changed still receive: both
 * end by themselves, and a stranger can bring the first about.
 */
static const struct refusal *objection(const struct person *person)
{
	if (person->kind == PERSON_GROUP)
		return &group;
	if (person->kind == PERSON_CONTACT)
		return &contact;
	if (person->state & (PERSON_DISABLED | PERSON_EXPIRED))
		return &disabled;
	return NULL;
}

/*
 * Our own name or address, alone or with a port that we listen on: that the mailbox is here is
 * all it says.
 */
static bool hop_is_here(const struct conf *conf, const struct conf_hop *hop)
{
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_smtp *smtp = &conf->smtps[i];

		for (size_t j = 0; j < smtp->listens_count; j++) {
			const struct conf_listen *listen = &smtp->listens[j];

			if (!hop->lmtp && (hop->port == 0 || hop->port == listen->port) &&
			    (span_is_nocase(span_text(hop->host), smtp->fqdn) ||
			     strcmp(hop->host, listen->address) == 0))
				return true;
		}
	}
	return false;
}

static enum outcome refuse_host(struct route *route, const struct directory_hit *hit,
				const struct question *question, const char *why)
{
	log_error("directory.host", LOG_TEXT("address", question->asked),
		  LOG_TEXT("server", hit->server), LOG_TEXT("dn", hit->person.dn),
		  LOG_TEXT("value", hit->person.host), LOG_TEXT("cause", why));
	explain(route, "%.60s: the next hop \"%.100s\" of %.120s cannot be used: %.100s", hit->server,
		hit->person.host, hit->person.dn, why);
	return refuse(route, &misrouted, question->asked);
}

/* False: the mailbox is here. */
static bool route_by_host(const struct routing *routing, const struct directory_hit *hit,
			  const struct question *question, struct route *route,
			  enum outcome *outcome)
{
	const struct person *person = &hit->person;
	const char *why = "more than one value, or no text";
	struct conf_hop hop;
	bool here;

	if (!person->host[0] && !person->host_unreadable)
		return false;
	if (person->host_unreadable || !conf_hop_parse(person->host, &hop, &why)) {
		*outcome = refuse_host(route, hit, question, why);
		return true;
	}
	here = hop_is_here(routing->conf, &hop);
	free(hop.text);
	free(hop.host);
	if (here)
		return false;
	(void)span_copy(span_text(person->host), route->via, sizeof(route->via));
	route->kind = ROUTE_REMOTE;
	*outcome = OUTCOME_OK;
	return true;
}

static enum outcome accept_person(const struct routing *routing, const struct directory_hit *hit,
				  const struct question *question, struct route *route)
{
	const struct person *person = &hit->person;
	const struct refusal *refusal = objection(person);
	const char *state = person_state_name(person->state);
	char looked_up[ADDRESS_TEXT_SIZE];
	enum outcome outcome;

	address_text(&question->address, looked_up);
	explain(route, "%.60s: %.150s: %.120s%s%s", hit->server, hit->cause, person->dn,
		state[0] ? ": " : "", state);
	route->good_for = hit->good_for;
	if (refusal)
		return refuse(route, refusal, question->asked);
	if (route_by_host(routing, hit, question, route, &outcome))
		return outcome;
	if (!mailbox_of_person(routing->conf, person, looked_up, &route->mailbox))
		return refuse(route, &unknown, question->asked);
	route->kind = ROUTE_MAILBOX;
	return OUTCOME_OK;
}

/* The directory may know an address in an alias domain by itself. */
static void find_recipient(struct directory *directory, const struct question *question,
			   struct directory_hit *hit)
{
	unsigned good_for;

	directory_find_recipient(directory, &question->address, hit);
	good_for = hit->good_for;
	if (hit->found != DIRECTORY_NOBODY ||
	    strcmp(question->said.domain, question->address.domain) == 0)
		return;
	directory_find_recipient(directory, &question->said, hit);
	if (hit->good_for > good_for)
		hit->good_for = good_for;
}

static enum outcome judge(const struct routing *routing, const struct question *question,
			  const struct directory_hit *hit, struct route *route)
{
	switch (hit->found) {
	case DIRECTORY_ONE:
		return accept_person(routing, hit, question, route);
	case DIRECTORY_MANY:
		return refuse_ambiguous(route, hit, question->asked);
	case DIRECTORY_NOBODY:
		explain(route, "%.60s: %.300s", hit->server, hit->cause);
		route->good_for = hit->good_for;
		return refuse(route, &unknown, question->asked);
	case DIRECTORY_FAILED:
		break;
	}
	explain(route, "%.60s%s%.300s", hit->server, hit->server[0] ? ": " : "", hit->cause);
	return refuse(route, &unavailable, question->asked);
}

static enum outcome ask_directory(const struct routing *routing, const struct question *question,
				  struct route *route)
{
	struct directory *directory =
		directories_find(routing->directories, question->domain->directory);
	struct directory_hit hit = { .found = DIRECTORY_FAILED };
	enum outcome outcome;

	if (directory)
		find_recipient(directory, question, &hit);
	outcome = judge(routing, question, &hit, route);
	directory_hit_clear(&hit);
	return outcome;
}

/* All of it goes there, whoever it is for: nobody has to be asked. */
static enum outcome accept_drop(const struct question *question, struct route *route)
{
	route->kind = ROUTE_MAILBOX;
	route->mailbox.drop = true;
	route->good_for = DROP_GOOD_FOR;
	(void)span_copy(span_text("drop"), route->mailbox.id, sizeof(route->mailbox.id));
	(void)span_copy(span_text(question->address.domain), route->mailbox.domain,
			sizeof(route->mailbox.domain));
	(void)span_copy(span_text(question->address.local), route->mailbox.name,
			sizeof(route->mailbox.name));
	explain(route, "the mail of %.255s goes into a directory", question->domain->name);
	return OUTCOME_OK;
}

static bool move_to(struct question *question, const struct conf_domain *domain)
{
	question->said = question->address;
	question->domain = domain_canonical(domain);
	return question->domain &&
	       span_copy(span_text(question->domain->name), question->address.domain,
			 sizeof(question->address.domain));
}

/* RFC 5321 section 4.5.1: postmaster, in any case, is always there; the configuration says where.
 */
static bool redirect_postmaster(const struct conf *conf, struct question *question)
{
	const char *target = question->domain->postmaster, *why;

	if (!target[0] || !span_is_nocase(span_text(question->address.local), "postmaster"))
		return true;
	return address_parse(span_text(target), &question->address, &why) &&
	       move_to(question, conf_find_domain(conf, question->address.domain));
}

const struct conf_directory *routing_directory(const struct routing *routing,
					       const struct address *recipient)
{
	const struct conf_domain *domain = conf_find_domain(routing->conf, recipient->domain);
	struct question question = { .address = *recipient };

	if (!domain || recipient->literal || !move_to(&question, domain) ||
	    !redirect_postmaster(routing->conf, &question) || question.domain->drop[0])
		return NULL;
	return question.domain->directory;
}

enum outcome routing_resolve(struct routing *routing, const struct route_ask *ask,
			     struct route *route)
{
	const struct address *recipient = &ask->recipient;
	const struct conf_domain *domain = conf_find_domain(routing->conf, recipient->domain);
	struct question question = { .address = *recipient };

	*route = (struct route){ .kind = ROUTE_REMOTE };
	if (!domain || recipient->literal) {
		explain(route, "%.255s is not one of the accepted domains", recipient->domain);
		return OUTCOME_OK;
	}
	address_text(recipient, question.asked);
	if (move_to(&question, domain) && redirect_postmaster(routing->conf, &question))
		return question.domain->drop[0] ? accept_drop(&question, route)
						: ask_directory(routing, &question, route);
	explain(route, "the postmaster of %.255s is set to an address outside our domains",
		recipient->domain);
	return refuse(route, &unavailable, question.asked);
}
