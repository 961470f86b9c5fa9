/* SPDX-License-Identifier: ISC */
#include "relay/targets.h"

#include <string.h>

#include "io/tls.h"

/* Hosts with a smaller preference than this are not us, nor behind us. */
static uint32_t own_preference(const struct message_hosts_found *found, uint16_t port,
			       const struct targets_rules *rules)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < found->count; i++) {
		const struct hosts_host *host = &found->hosts[i];

		for (uint32_t j = 0; j < host->addresses_count; j++)
			if (host->preference < best &&
			    rules->own(rules->context, host->name, host->addresses[j], port))
				best = host->preference;
	}
	return best;
}

/* One answer serves many messages: they share equal hosts among them by chance. */
static void shuffle(const struct message_hosts_found *found, uint32_t order[HOSTS_MAX])
{
	unsigned char chance[HOSTS_MAX];

	random_bytes(chance, sizeof chance);
	for (uint32_t i = 0; i < found->count; i++)
		order[i] = i;
	for (uint32_t from = 0, to; from < found->count; from = to) {
		for (to = from + 1; to < found->count &&
				    found->hosts[to].preference == found->hosts[from].preference;
		     to++)
			continue;
		for (uint32_t i = to - 1; i > from; i--) {
			uint32_t other = from + chance[i] % (i - from + 1), kept = order[i];

			order[i] = order[other];
			order[other] = kept;
		}
	}
}

static bool same_address(const struct target *targets, size_t count, const struct target *target)
{
	for (size_t i = 0; i < count; i++)
		if (targets[i].port == target->port &&
		    memcmp(targets[i].address, target->address, 16) == 0 &&
		    strcmp(targets[i].host, target->host) == 0)
			return true;
	return false;
}

/* Those that failed lately, or the others. */
static size_t add_some(struct target targets[TARGETS_MAX], size_t count,
		       const struct hosts_host *host, struct target *target, bool troubled,
		       const struct targets_rules *rules)
{
	span_copy(span_text(host->name), target->host, sizeof target->host);
	for (uint32_t i = 0; i < host->addresses_count && count < TARGETS_MAX; i++) {
		memcpy(target->address, host->addresses[i], 16);
		if (rules->troubled(rules->context, target->address, target->port) == troubled &&
		    !same_address(targets, count, target))
			targets[count++] = *target;
	}
	return count;
}

size_t targets_add(struct target targets[TARGETS_MAX], size_t count,
		   const struct message_hosts_found *found, uint16_t port, uint8_t source,
		   const struct targets_rules *rules, bool *loops)
{
	uint32_t limit = own_preference(found, port, rules), order[HOSTS_MAX];
	struct target target = { .port = port, .source = source };
	size_t before = count;

	shuffle(found, order);
	for (int troubled = 0; troubled < 2; troubled++)
		for (uint32_t i = 0; i < found->count; i++) {
			const struct hosts_host *host = &found->hosts[order[i]];

			if (limit == UINT32_MAX || host->preference < limit)
				count = add_some(targets, count, host, &target, troubled != 0,
						 rules);
		}
	*loops = limit != UINT32_MAX && count == before;
	return count;
}
