/* SPDX-License-Identifier: ISC */
/* Domains of others: names, what contradicts itself, and hosts that are ourselves. */
#include "conf/conf_private.h"

#include <arpa/inet.h>
#include <string.h>

static bool name_valid(const char *name)
{
	if (!strcmp(name, "*"))
		return true;
	return conf_domain_name_valid(span_text(strncmp(name, "*.", 2) ? name : name + 2));
}

static void check_name(struct conf_reading *reading, size_t number)
{
	const struct conf *conf = reading->conf;
	const struct conf_remote *remote = &conf->remotes[number];

	if (!name_valid(remote->name))
		conf_tell(reading, remote->line,
			  "remote \"%s\" is no domain name: write one like example.com, or "
			  "*.example.com for all below it; letters outside ASCII in the xn-- form",
			  remote->name);
	if (conf_find_domain(conf, remote->name))
		conf_tell(reading, remote->line,
			  "remote \"%s\" is a domain of ours, on line %u: remove one of them",
			  remote->name, conf_find_domain(conf, remote->name)->line);
	for (size_t i = 0; i < number; i++)
		if (!strcmp(conf->remotes[i].name, remote->name))
			conf_tell(reading, remote->line,
				  "remote \"%s\" stands on line %u already: remove one",
				  remote->name, conf->remotes[i].line);
}

/* Who is told HELO offers no extension, and so neither TLS nor AUTH. */
static void check_helo(struct conf_reading *reading, const struct conf_remote *remote)
{
	bool must = remote->tls == CONF_TLS_OUT_ENCRYPT || remote->tls == CONF_TLS_OUT_VERIFY;

	if (!remote->helo)
		return;
	if (remote->tls_given && must)
		conf_tell_key(reading, remote->line, "helo",
			      "there is no TLS after HELO: remove helo, or write tls = \"none\"");
	if (remote->login.how != CONF_LOGIN_OUT_NONE)
		conf_tell_key(reading, remote->line, "helo",
			      "nobody can log in after HELO: remove helo, or login");
	if (remote->route.lmtp)
		conf_tell_key(reading, remote->line, "helo",
			      "there is no HELO in LMTP: remove helo");
	for (size_t i = 0; i < reading->conf->smtps_count && !remote->tls_given; i++) {
		enum conf_tls_out tls = reading->conf->smtps[i].outbound.tls;

		if (tls == CONF_TLS_OUT_ENCRYPT || tls == CONF_TLS_OUT_VERIFY)
			conf_tell_key(
				reading, remote->line, "helo",
				"there is no TLS after HELO, and smtp \"%s\" wants it: remove "
				"helo, or write tls = \"none\" here",
				reading->conf->smtps[i].name);
	}
}

static bool somebody_is_listed(const struct conf *conf)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (conf->smtps[i].relay.list_count > 0 && !conf->smtps[i].relay.all_except)
			return true;
	return false;
}

static void check_trigger(struct conf_reading *reading, const struct conf_remote *remote)
{
	if (!remote->trigger && remote->trigger_accounts_count > 0)
		conf_tell_key(
			reading, remote->line, "trigger_accounts",
			"trigger_accounts has no effect without trigger = true: write that, or "
			"remove it");
	/* Mail for "*" would wait for somebody who is everybody. */
	if (remote->trigger && !strcmp(remote->name, "*"))
		conf_tell_key(
			reading, remote->line, "trigger",
			"trigger for all domains would hold all mail: name the domains that are "
			"fetched");
	if (remote->trigger && remote->trigger_accounts_count == 0 &&
	    !somebody_is_listed(reading->conf))
		conf_tell_key(
			reading, remote->line, "trigger",
			"nobody could fetch what waits here: write trigger_accounts, or list the "
			"address that asks in relay of the section smtp");
	for (size_t i = 0; i < remote->trigger_accounts_count; i++)
		if (!*remote->trigger_accounts[i])
			conf_tell_key(reading, remote->line, "trigger_accounts",
				      "trigger_accounts has an empty name: write who may, as in "
				      "\"branch@example.com\"");
}

void conf_check_remotes(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	for (size_t i = 0; i < conf->remotes_count; i++) {
		const struct conf_remote *remote = &conf->remotes[i];

		check_name(reading, i);
		check_helo(reading, remote);
		check_trigger(reading, remote);
		conf_check_login(reading, remote->line, &remote->login, remote->tls);
	}
}

static bool listens_at(const struct conf_listen *listen, const struct conf_hop *hop, uint16_t port)
{
	bool any = !strcmp(listen->address, "*") || !strcmp(listen->address, "0.0.0.0") ||
		   !strcmp(listen->address, "::");

	if (listen->port != port)
		return false;
	return !strcmp(listen->address, hop->host) ||
	       (any && (conf_host_is_loopback(span_text(hop->host), strchr(hop->host, ':')) ||
			span_is(span_text(hop->host), "localhost")));
}

static bool is_server(const struct conf_smtp *smtp, const struct conf_hop *hop, uint16_t port)
{
	for (size_t i = 0; i < smtp->listens_count; i++)
		if (listens_at(&smtp->listens[i], hop, port) ||
		    (smtp->listens[i].port == port &&
		     span_is_nocase(span_text(smtp->fqdn), hop->host)))
			return true;
	return false;
}

/* Mail for the hop would come back to one of our listeners, or to the MX hosts of a domain of ours.
 */
static void check_hop(struct conf_reading *reading, unsigned begins, const char *key,
		      const struct conf_hop *hop, uint16_t standard)
{
	const struct conf *conf = reading->conf;
	uint16_t port = hop->port ? hop->port : standard;

	if (!*hop->host)
		return;
	for (size_t i = 0; i < conf->smtps_count; i++) {
		if (is_server(&conf->smtps[i], hop, port)) {
			conf_tell_key(
				reading, begins, key,
				"%s = \"%s\" is smtp \"%s\" of this gateway, so that mail would "
				"go in a circle: name another host or port",
				key, hop->text, conf->smtps[i].name);
			return;
		}
	}
	if (!hop->bracketed && conf_find_domain(conf, hop->host))
		conf_tell_key(
			reading, begins, key,
			"%s = \"%s\" is a domain of ours, so that mail would come back: name a "
			"host, in brackets if it has the domain's name",
			key, hop->text);
}

void conf_check_loops(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;

	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_outbound *out = &conf->smtps[i].outbound;

		check_hop(reading, out->line, "smart_host", &out->smart_host, out->port);
		for (size_t j = 0; j < conf->remotes_count; j++)
			if (i == 0 || out->port != conf->smtps[0].outbound.port)
				check_hop(reading, conf->remotes[j].line, "route",
					  &conf->remotes[j].route, out->port);
	}
}
