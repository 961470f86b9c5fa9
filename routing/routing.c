/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "routing/resolve.h"

#define DROP_GOOD_FOR 300 /* seconds */

struct routing *routing_new_from(const struct conf *conf, const struct routing_source *source)
{
	struct routing *routing = memory_new(sizeof(*routing));

	routing->conf = conf;
	routing->source = *source;
	return routing;
}

struct routing *routing_new(const struct conf *conf, struct directories *directories)
{
	struct routing_source source = source_of_directories(directories);

	return routing_new_from(conf, &source);
}

void routing_free(struct routing *routing)
{
	free(routing);
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
	address_text(&question->address, route->canonical);
	route_explain(route, "the mail of %.255s goes into a directory", question->domain->name);
	return OUTCOME_OK;
}

const struct conf_directory *routing_directory(const struct routing *routing,
					       const struct address *recipient)
{
	struct question question;

	question_make(routing->conf, recipient, &question);
	return question.where == QUESTION_OURS ? question.domain->directory : NULL;
}

static enum outcome resolve(const struct routing *routing, const struct route_ask *ask,
			    struct route *route)
{
	struct question question;

	question_make(routing->conf, &ask->recipient, &question);
	tell(ask->teller, "asked", "%s", question.asked);
	switch (question.where) {
	case QUESTION_OURS:
		return resolve_in_directory(routing, ask, &question, route);
	case QUESTION_DROP:
		return accept_drop(&question, route);
	case QUESTION_REMOTE:
		memcpy(route->canonical, question.asked, sizeof(route->canonical));
		route_explain(route, "%.255s is not one of the accepted domains",
			      ask->recipient.domain);
		return OUTCOME_OK;
	case QUESTION_WRONG:
		break;
	}
	route_explain(route, "the postmaster of %.255s is set to an address outside our domains",
		      ask->recipient.domain);
	return route_refuse(route, &refusal_unavailable, question.asked);
}

enum outcome routing_resolve(struct routing *routing, const struct route_ask *ask,
			     struct route *route)
{
	enum outcome outcome;

	*route = (struct route){ .kind = ROUTE_REMOTE, .size = UINT64_MAX };
	outcome = resolve(routing, ask, route);
	tell_route(ask->teller, route);
	return outcome;
}
