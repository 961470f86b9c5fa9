/* SPDX-License-Identifier: ISC */
#include "resolver/dns_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "io/tls.h"
#include "resolver/dns_lookup_private.h"
#include "resolver/mail_name.h"

#define ANCHOR_DEFAULT "/usr/share/dns/root.key"

enum {
	LOOKUPS_MAX = 20000, /* with libunbound at once */
	CLASS_IN = 1,
	BOGUS = 1,
	SECURE = 2,
	WATCH_MS = 1000
};

struct dns_lookup {
	struct lookups *lookups;
	char name[DNS_NAME_SIZE];
	enum dns_type type;
	lookup_answer answer; /* NULL: it was told TROUBLE already */
	void *context;
	struct event *deadline;
};

/* ---- one question ---- */

static void lookup_tell(struct dns_lookup *lookup, const struct lookup_result *result)
{
	lookup_answer answer = lookup->answer;

	lookup->answer = NULL;
	if (answer)
		answer(lookup->context, result);
}

static void tell_trouble_as(struct dns_lookup *lookup, const char *why, bool bogus)
{
	struct lookup_result result = { .outcome = LOOKUP_TROUBLE, .bogus = bogus };

	snprintf(result.why, sizeof result.why, "%s", why);
	lookup_tell(lookup, &result);
}

static void tell_trouble(struct dns_lookup *lookup, const char *why)
{
	tell_trouble_as(lookup, why, false);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	tell_trouble(context, "the name servers do not answer in time");
}

static enum lookup_outcome outcome_of(const struct dns_answer *answer)
{
	if (answer->code == DNS_NXDOMAIN)
		return LOOKUP_UNKNOWN;
	if (answer->code != DNS_NOERROR)
		return LOOKUP_TROUBLE;
	return answer->count ? LOOKUP_FOUND : LOOKUP_ABSENT;
}

static void tell_answer(struct dns_lookup *lookup, struct span packet, bool secure)
{
	struct lookup_result result = { .secure = secure };

	if (!dns_answer_parse(packet, lookup->name, lookup->type, &result.answer)) {
		tell_trouble(lookup, "an answer of the name servers is malformed");
		return;
	}
	result.outcome = outcome_of(&result.answer);
	if (result.outcome == LOOKUP_TROUBLE)
		snprintf(result.why, sizeof result.why, "the name servers answer with code %u",
			 (unsigned)result.answer.code);
	lookup_tell(lookup, &result);
	dns_answer_clear(&result.answer);
}

static void on_answer(void *context, int code, void *packet, int length, int security, char *bogus,
		      int limited)
{
	struct dns_lookup *lookup = context;
	char why[LOOKUP_WHY];

	(void)limited;
	lookup->lookups->count--;
	if (code == 0)
		lookup->lookups->heard = clock_ms();
	if (code != 0 || !packet || length < 0) {
		tell_trouble(lookup, "the name servers do not answer, or not well");
	} else if (security == BOGUS) {
		snprintf(why, sizeof why, "DNSSEC: %s", bogus ? bogus : "not proved");
		tell_trouble_as(lookup, why, true);
	} else {
		tell_answer(lookup, span_make(packet, (size_t)length), security == SECURE);
	}
	event_free(lookup->deadline);
	free(lookup);
}

static void watch_begin(struct lookups *lookups)
{
	static const struct timeval pause = { WATCH_MS / 1000, WATCH_MS % 1000 * 1000 };

	if (!evtimer_pending(lookups->watch, NULL))
		evtimer_add(lookups->watch, &pause);
}

void dns_lookup_in(struct lookups *lookups, struct ub_ctx *context, struct dns_lookup *lookup,
		   unsigned patience_ms)
{
	struct timeval patience = { patience_ms / 1000, patience_ms % 1000 * 1000 };
	int error = 0;

	watch_begin(lookups);
	lookup->lookups = lookups;
	lookup->deadline = evtimer_new(lookups->base, on_deadline, lookup);
	if (!lookup->deadline || evtimer_add(lookup->deadline, &patience) < 0)
		memory_die("no timer");
	if (++lookups->count <= LOOKUPS_MAX)
		error = ub_resolve_event(context, lookup->name[0] ? lookup->name : ".",
					 lookup->type, CLASS_IN, lookup, on_answer, NULL);
	else
		error = UB_NOMEM;
	if (error == 0)
		return;
	lookups->count--;
	tell_trouble(lookup, error == UB_NOMEM ? "too many questions to name servers at once"
					       : ub_strerror(error));
	event_free(lookup->deadline);
	free(lookup);
}

struct dns_lookup *dns_lookup_new(const char *name, enum dns_type type, lookup_answer answer,
				  void *context)
{
	struct dns_lookup *lookup = memory_new(sizeof *lookup);

	snprintf(lookup->name, sizeof lookup->name, "%s", name);
	lookup->type = type;
	lookup->answer = answer;
	lookup->context = context;
	return lookup;
}

void lookup_ask(struct lookups *lookups, const char *name, enum dns_type type, unsigned patience_ms,
		lookup_answer answer, void *context)
{
	struct ub_ctx *with =
		lookups->proving && !lookups->unproved ? lookups->proving : lookups->plain;

	dns_lookup_in(lookups, with, dns_lookup_new(name, type, answer, context), patience_ms);
}

/* ---- whether the servers are alive ---- */

static void ignore_result(void *context, const struct lookup_result *result)
{
	(void)context;
	(void)result;
}

/*
 * libunbound gives a server up for a while that leaves some questions in a row unanswered. Where
 * all come through one server, and those in a row were of dead domains, the next domain would be
 * told that nobody answers. An answer makes up for them: a name of ours that it cannot remember is
 * asked for, in each second without one.
 */
static void on_watch(evutil_socket_t fd, short what, void *context)
{
	struct lookups *lookups = context;
	char name[DNS_NAME_SIZE];
	uint64_t chance;

	(void)fd;
	(void)what;
	if (lookups->count == 0)
		return;
	watch_begin(lookups);
	if (clock_ms() - lookups->heard < WATCH_MS || strlen(lookups->own) > DNS_NAME_SIZE - 32)
		return;
	random_bytes(&chance, sizeof chance);
	snprintf(name, sizeof name, "p%016llx%s%s", (unsigned long long)chance,
		 lookups->own[0] ? "." : "", lookups->own);
	lookup_ask(lookups, name, DNS_A, WATCH_MS, ignore_result, NULL);
}

/* ---- making it ---- */

/* A first question, which it answers itself: from then on it reads no more files. */
static bool context_settle(struct lookups *lookups, struct ub_ctx *context, char *why, size_t size)
{
	struct dns_lookup *lookup = dns_lookup_new("localhost", DNS_A, ignore_result, NULL);
	size_t before = lookups->count;
	int error;

	lookup->lookups = lookups;
	lookup->deadline = evtimer_new(lookups->base, on_deadline, lookup);
	if (!lookup->deadline)
		memory_die("no timer");
	lookups->count++;
	error = ub_resolve_event(context, lookup->name, lookup->type, CLASS_IN, lookup, on_answer,
				 NULL);
	if (error == 0)
		return true;
	lookups->count = before;
	event_free(lookup->deadline);
	free(lookup);
	snprintf(why, size, "libunbound: the trust anchor or an option is wrong: %s",
		 ub_strerror(error));
	return false;
}

static void lookups_free(struct lookups *lookups)
{
	if (lookups->probe)
		event_free(lookups->probe);
	event_free(lookups->watch);
	free(lookups); /* a context that has begun to work ends with the process */
}

struct lookups *lookups_new(struct event_base *base, const struct lookup_plan *plan, char *why,
			    size_t size)
{
	struct lookups *lookups = memory_new(sizeof *lookups);
	const char *anchor = plan->anchor[0] ? plan->anchor : ANCHOR_DEFAULT;
	bool good;

	lookups->base = base;
	lookups->watch = evtimer_new(base, on_watch, lookups);
	if (!lookups->watch)
		memory_die("no timer");
	lookups->strict = plan->anchor[0] != '\0';
	if (plan->unsigned_zones_count)
		(void)mail_name_ascii(plan->unsigned_zones[0], lookups->own);
	if (lookups->strict || access(anchor, R_OK) == 0)
		lookups->proving = dns_context_new(base, plan, anchor, why, size);
	else
		log_info("resolver.no_anchor", LOG_TEXT("file", anchor),
			 LOG_TEXT("do",
				  "install dns-root-data, or set dns_trust_anchor, to have DANE"));
	if (!lookups->strict)
		lookups->plain = dns_context_new(base, plan, NULL, why, size);
	lookups->probe = evtimer_new(base, dns_proofs_due, lookups);
	if (!lookups->probe)
		memory_die("no timer");
	good = (lookups->proving || lookups->plain) &&
	       (!lookups->proving || context_settle(lookups, lookups->proving, why, size)) &&
	       (!lookups->plain || context_settle(lookups, lookups->plain, why, size));
	if (!good) {
		lookups_free(lookups);
		return NULL;
	}
	if (lookups->proving && lookups->plain)
		dns_proofs_again(lookups, 0);
	return lookups;
}
