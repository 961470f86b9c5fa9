/* SPDX-License-Identifier: ISC */
/* Mailbox sizes in three levels: the section `quota`, and what domains say otherwise. */
#include "conf/conf_private.h"

#include "mail/address.h"

void conf_fill_quotas(struct conf_reading *reading, cfg_t *section)
{
	struct conf *conf = reading->conf;
	struct conf_quota *wide = &conf->quotas.limits;

	wide->warn_given = section && cfg_size(section, "warn") > 0;
	wide->send_given = section && cfg_size(section, "send") > 0;
	wide->receive_given = section && cfg_size(section, "receive") > 0;
	for (size_t i = 0; i < conf->domains_count; i++) {
		cfg_t *domain = cfg_getnsec(reading->root, "domain", (unsigned)i);
		struct conf_quota *own = &conf->domains[i].quotas;

		own->warn_given = cfg_size(domain, "quota_warn") > 0;
		own->send_given = cfg_size(domain, "quota_send") > 0;
		own->receive_given = cfg_size(domain, "quota") > 0;
		own->warn = own->warn_given ? own->warn : wide->warn;
		own->send = own->send_given ? own->send : wide->send;
		own->receive = own->receive_given ? own->receive : wide->receive;
		conf->domains[i].quota = own->receive;
	}
}

struct level {
	const char *key;
	uint64_t octets;
	bool given;
};

/* What is said on a line of this section is compared with what is valid beside it. */
static void check_order(struct conf_reading *reading, unsigned begins, const struct level *low,
			const struct level *high, const char *effect)
{
	if (low->octets == 0 || high->octets == 0 || low->octets <= high->octets ||
	    (!low->given && !high->given))
		return;
	conf_tell_key(reading, begins, low->given ? low->key : high->key,
		      "%s is larger than %s (%llu and %llu octets), so that %s: lower %s, or raise "
		      "%s",
		      low->key, high->key, (unsigned long long)low->octets,
		      (unsigned long long)high->octets, effect, low->key, high->key);
}

static void check_levels(struct conf_reading *reading, unsigned begins,
			 const struct conf_quota *quota, const char *const keys[3])
{
	struct level warn = { keys[0], quota->warn, quota->warn_given };
	struct level send = { keys[1], quota->send, quota->send_given };
	struct level receive = { keys[2], quota->receive, quota->receive_given };

	check_order(reading, begins, &warn, &receive, "nobody would be warned");
	check_order(reading, begins, &send, &receive, "it would never be reached");
	/* Said already if both are wrong for the same reason. */
	if (receive.octets == 0 || warn.octets <= receive.octets)
		check_order(reading, begins, &warn, &send, "the warning would come too late");
}

static void check_owner_copy(struct conf_reading *reading)
{
	const struct conf_quotas *quotas = &reading->conf->quotas;
	struct address address;
	const char *why = "it has no domain";

	if (*quotas->owner_copy &&
	    (!address_parse(span_text(quotas->owner_copy), &address, &why) || !*address.domain))
		conf_tell_key(reading, quotas->line, "owner_copy",
			      "owner_copy \"%s\" is no mail address (%s): write one like "
			      "admin@example.com",
			      quotas->owner_copy, why);
}

void conf_check_quotas(struct conf_reading *reading)
{
	static const char *const section[] = { "warn", "send", "receive" };
	static const char *const domain[] = { "quota_warn", "quota_send", "quota" };
	const struct conf *conf = reading->conf;

	check_levels(reading, conf->quotas.line, &conf->quotas.limits, section);
	for (size_t i = 0; i < conf->domains_count; i++)
		if (!*reading->domains[i].alias_of)
			check_levels(reading, conf->domains[i].line, &conf->domains[i].quotas,
				     domain);
	check_owner_copy(reading);
}
