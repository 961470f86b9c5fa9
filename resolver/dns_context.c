/* SPDX-License-Identifier: ISC */
/* libunbound as it is to be: options, name servers, anchor. */
#include <stdio.h>
#include <unbound-event.h>
#include <unbound.h>

#include "base/log.h"
#include "base/memory.h"
#include "resolver/dns_lookup_private.h"

/* What is remembered is bounded; what stands in private networks is asked for like all else. */
static const char *const options[][2] = {
	{ "msg-cache-size:", "8m" },           { "rrset-cache-size:", "16m" },
	{ "key-cache-size:", "2m" },           { "neg-cache-size:", "1m" },
	{ "infra-cache-numhosts:", "10000" },  { "cache-max-ttl:", "3600" },
	{ "cache-max-negative-ttl:", "900" },  { "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },      { "outgoing-range:", "4096" },
	{ "num-queries-per-thread:", "4096" }, { "val-log-level:", "2" },
};

/* Tops that are used inside networks and not delegated: the root proves that they do not exist. */
static const char *const private_tops[] = { "local", "localdomain", "internal", "intranet",
					    "lan",   "corp",        "home",     "private" };

static bool set_failed(const char *what, int error, char *why, size_t size)
{
	snprintf(why, size, "libunbound: %s: %s", what, ub_strerror(error));
	return false;
}

static bool context_options(struct ub_ctx *context, const struct lookup_plan *plan, char *why,
			    size_t size)
{
	int error = 0;

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		error = ub_ctx_set_option(context, options[i][0], options[i][1]);
		if (error)
			return set_failed(options[i][0], error, why, size);
	}
	for (size_t i = 0; i < sizeof private_tops / sizeof private_tops[0]; i++)
		(void)ub_ctx_set_option(context, "domain-insecure:", private_tops[i]);
	for (size_t i = 0; i < plan->unsigned_zones_count; i++)
		(void)ub_ctx_set_option(context, "domain-insecure:", plan->unsigned_zones[i]);
	/* What it would say on stderr is no line of our log. */
	(void)ub_ctx_debugout(context, NULL);
	return true;
}

static bool context_servers(struct ub_ctx *context, const struct lookup_plan *plan, char *why,
			    size_t size)
{
	int error = 0;

	for (size_t i = 0; i < plan->servers_count && error == 0; i++) {
		error = ub_ctx_set_fwd(context, plan->servers[i]);
		if (error)
			return set_failed(plan->servers[i], error, why, size);
	}
	if (plan->servers_count == 0 && ub_ctx_resolvconf(context, NULL) != 0)
		log_warning("resolver.resolv_conf",
			    LOG_TEXT("why", "/etc/resolv.conf cannot be read"),
			    LOG_TEXT("do",
				     "the name servers of the root are asked; or set dns_servers"));
	return true;
}

struct ub_ctx *dns_context_new(struct event_base *base, const struct lookup_plan *plan,
			       const char *anchor, char *why, size_t size)
{
	struct ub_ctx *context = ub_ctx_create_event(base);
	int error = 0;

	if (!context)
		memory_die("libunbound has no memory");
	if (anchor)
		error = ub_ctx_add_ta_file(context, anchor);
	if (error)
		(void)set_failed(anchor, error, why, size);
	if (!error && context_options(context, plan, why, size) &&
	    context_servers(context, plan, why, size))
		return context;
	ub_ctx_delete(context);
	return NULL;
}
