/* SPDX-License-Identifier: ISC */
/* Whether who has logged in may use an address, and what he may send. */
#include "routing/routing_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "routing/mailbox.h"

enum { SENDER_MS = 20000, GOOD_FOR_NOBODY = 10 };

struct use {
	const struct routing *routing;
	const struct sender_ask *ask;
	struct sender_answer *answer;
	const struct conf_directory *directory; /* of who has logged in */
	struct directory_hit hit;               /* he */
	char address[ADDRESS_TEXT_SIZE];        /* to be used */
};

static void explain(struct use *use, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void explain(struct use *use, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(use->answer->cause, sizeof(use->answer->cause), format, arguments);
	va_end(arguments);
}

static enum outcome say(struct use *use, enum outcome outcome, unsigned code, const char *status,
			const char *text)
{
	struct sender_answer *answer = use->answer;

	answer->code = code;
	snprintf(answer->status, sizeof(answer->status), "%s", status);
	snprintf(answer->text, sizeof(answer->text), "%s%s<%.90s> %s",
		 use->ask->header ? "From field: " : "", use->ask->header ? "" : "sender ",
		 use->address, text);
	if (outcome != OUTCOME_OK)
		answer->good_for = 0;
	return outcome;
}

static enum outcome say_temporary(struct use *use, const struct refusal *refusal)
{
	if (refusal == &refusal_fault)
		log_error("directory.fault", LOG_TEXT("address", use->address),
			  LOG_TEXT("server", use->hit.server), LOG_TEXT("dn", use->hit.person.dn),
			  LOG_TEXT("cause", use->answer->cause));
	return say(use, OUTCOME_TEMP, refusal->code, refusal->status, refusal->text);
}

/* ---- what he may send ---- */

/* The mailbox that is measured: one here. */
static void read_mailbox(struct use *use, const struct mail_object *object)
{
	const struct conf *conf = use->routing->conf;
	struct route_mailbox *mailbox = &use->answer->mailbox;
	const struct conf_domain *domain;
	const char *source;
	struct way way;

	way_of_object(conf, object, &way);
	if (way.via[0] || !mailbox_of_object(conf, object, "", mailbox)) {
		*mailbox = (struct route_mailbox){ 0 };
		return;
	}
	domain = conf_find_domain(conf, mailbox->domain);
	use->answer->quota =
		quota_level(conf, domain, object->quota_send, QUOTA_LEVEL_SEND, &source);
	tell_quota(use->ask->teller, conf, domain, object);
}

/* False: something of it cannot be read, which must not become "no limit". */
static bool read_limits(struct use *use)
{
	const struct mail_object *object = use->hit.object;
	struct sender_answer *answer = use->answer;

	if (object->fault[0]) {
		explain(use, "%.200s: %s", object->person.dn, object->fault);
		return false;
	}
	read_mailbox(use, object);
	if (answer->mailbox.id[0] &&
	    quota_unknown(use->routing->conf,
			  conf_find_domain(use->routing->conf, answer->mailbox.domain),
			  object->quota_send, QUOTA_LEVEL_SEND)) {
		explain(use,
			"%.200s: the quota for sending cannot be read, and there is no default",
			object->person.dn);
		return false;
	}
	if (object->size_send.given)
		answer->size = object->size_send.octets;
	if (object->recipients.given)
		answer->recipients = object->recipients.octets > UINT32_MAX
					     ? UINT32_MAX
					     : (uint32_t)object->recipients.octets;
	return true;
}

/* ---- in whose name ---- */

enum right { RIGHT_YES, RIGHT_NO, RIGHT_UNKNOWN };

static enum right right(struct use *use, enum right right, const char *why, const char *dn)
{
	explain(use, "%.150s: %s%s%.150s", use->hit.person.dn, why, dn[0] ? " " : "", dn);
	tell(use->ask->teller, "send as", "%s: %s%s%s",
	     right == RIGHT_YES  ? "may"
	     : right == RIGHT_NO ? "may not"
				 : "cannot be found out",
	     why, dn[0] ? " " : "", dn);
	return right;
}

static bool is_himself(const struct use *use, const struct conf_directory *directory,
		       const struct directory_hit *target)
{
	return directory == use->directory && strcmp(target->person.id, use->hit.person.id) == 0;
}

/* Delegates are persons, or groups of them. */
static enum right as_delegate(struct use *use, const struct conf_directory *directory,
			      const struct directory_hit *target)
{
	const struct routing_source *source = &use->routing->source;
	const struct texts *delegates = &target->object->delegates;
	char why[400] = "";

	if (directory != use->directory || delegates->count == 0)
		return right(use, RIGHT_NO, "it belongs to", target->person.dn);
	if (texts_have_dn(delegates, use->hit.person.dn))
		return right(use, RIGHT_YES, "a delegate of", target->person.dn);
	switch (source->is_member(source->context, directory, &use->hit.person, delegates->at,
				  delegates->count, clock_ms() + SENDER_MS, why)) {
	case DIRECTORY_ONE:
		return right(use, RIGHT_YES, "in a group that is a delegate of", target->person.dn);
	case DIRECTORY_NOBODY:
		return right(use, RIGHT_NO, "not a delegate of", target->person.dn);
	case DIRECTORY_MANY:
	case DIRECTORY_FAILED:
		break;
	}
	return right(use, RIGHT_UNKNOWN, why, "");
}

static enum right by_entry(struct use *use, const struct question *question)
{
	const struct conf_directory *directory = question->domain->directory;
	struct directory_hit target;
	enum right answer = RIGHT_UNKNOWN;

	question_find(use->routing, question, use->ask->teller, &target);
	if (target.good_for < use->answer->good_for)
		use->answer->good_for = target.good_for;
	if (target.found == DIRECTORY_NOBODY)
		answer = right(use, RIGHT_NO, "nobody has that address", "");
	else if (target.found != DIRECTORY_ONE)
		answer = right(use, RIGHT_UNKNOWN, target.cause, "");
	else if (is_himself(use, directory, &target))
		answer = right(use, RIGHT_YES, "his own address", "");
	else
		answer = as_delegate(use, directory, &target);
	directory_hit_clear(&target);
	return answer;
}

static enum right may_use(struct use *use)
{
	const struct address *address = use->ask->who.address;
	struct question question;

	if (use->ask->send_as == CONF_SEND_AS_ANY)
		return right(use, RIGHT_YES, "send_as = any", "");
	if (!address || address_is_null(address))
		return right(use, RIGHT_YES, "the null sender", "");
	if (object_has_address(use->hit.object, use->address))
		return right(use, RIGHT_YES, "his own address", "");
	question_make(use->routing->conf, address, &question);
	if (question.where != QUESTION_OURS)
		return right(use, RIGHT_NO, "an address elsewhere, which his entry does not have",
			     "");
	return by_entry(use, &question);
}

static enum outcome judge(struct use *use)
{
	bool report = use->ask->send_as == CONF_SEND_AS_REPORT;
	enum outcome outcome = report ? OUTCOME_OK : OUTCOME_PERM;

	switch (may_use(use)) {
	case RIGHT_YES:
		return OUTCOME_OK;
	case RIGHT_NO:
		use->answer->reported = report;
		return say(use, outcome, 550, "5.7.1", "is not an address of yours");
	case RIGHT_UNKNOWN:
		break;
	}
	/* Where nothing would be refused, nothing is put off. */
	use->answer->good_for = 0;
	return report ? OUTCOME_OK : say_temporary(use, &refusal_unavailable);
}

/* ---- who he is ---- */

static enum outcome look_up(struct use *use)
{
	const struct routing_source *source = &use->routing->source;

	use->directory =
		conf_directory_named(use->routing->conf, log_some(use->ask->who.directory));
	source->find_id(source->context, use->directory, use->ask->who.id, &use->hit);
	hit_complete(&use->hit);
	tell_entry(use->ask->teller, &use->hit);
	explain(use, "%.60s: %.300s", use->hit.server, use->hit.cause);
	use->answer->good_for = use->hit.good_for;
	if (use->hit.found == DIRECTORY_ONE)
		return OUTCOME_OK;
	if (use->hit.found == DIRECTORY_NOBODY)
		return say(use, OUTCOME_PERM, 550, "5.7.1",
			   "cannot be used: your account is not there any more");
	return say_temporary(use, &refusal_unavailable);
}

static enum outcome answer_login(struct use *use)
{
	enum outcome outcome = look_up(use);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (!read_limits(use))
		return say_temporary(use, &refusal_fault);
	return judge(use);
}

static void tell_answer(const struct use *use, enum outcome outcome)
{
	const struct route_teller *teller = use->ask->teller;
	const struct sender_answer *answer = use->answer;

	if (answer->size != UINT64_MAX)
		tell(teller, "size", "%" PRIu64, answer->size);
	if (answer->recipients)
		tell(teller, "recipients", "%" PRIu32, answer->recipients);
	if (outcome == OUTCOME_OK)
		tell(teller, "reply", "250 2.1.0 Sender ok%s",
		     answer->reported ? " (it is only logged that it would be refused)" : "");
	else
		tell(teller, "reply", "%u %s %s", answer->code, answer->status, answer->text);
	tell(teller, "cause", "%s", answer->cause);
}

enum outcome routing_sender(struct routing *routing, const struct sender_ask *ask,
			    struct sender_answer *answer)
{
	struct use use = { .routing = routing,
			   .ask = ask,
			   .answer = answer,
			   .hit = { .found = DIRECTORY_NOBODY } };
	enum outcome outcome = OUTCOME_OK;

	*answer = (struct sender_answer){ .size = UINT64_MAX, .good_for = GOOD_FOR_NOBODY };
	if (ask->who.address)
		address_text(ask->who.address, use.address);
	tell(ask->teller, "asked", "%s", use.address);
	if (ask->who.id && ask->who.id[0] && !ask->who.trusted)
		outcome = answer_login(&use);
	else
		/* Whom an unproved sender may write to is said by each recipient's policy. */
		explain(&use, "nobody has logged in");
	tell_answer(&use, outcome);
	directory_hit_clear(&use.hit);
	return outcome;
}
