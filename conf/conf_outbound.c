/* SPDX-License-Identifier: ISC */
/* What goes out: filling the sections `outbound` and `remote`, finding and freeing them. */
#include "conf/conf_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void conf_fill_outbound(struct conf_reading *reading, cfg_t *section, struct conf_smtp *smtp)
{
	unsigned count = cfg_size(section, "outbound");
	cfg_t *inner = count ? cfg_getnsec(section, "outbound", 0) : NULL;

	for (unsigned i = 1; i < count; i++)
		conf_tell(reading,
			  conf_lines_begins(reading->lines, cfg_getnsec(section, "outbound", i)),
			  "a second section outbound: put its keys into the first one");
	smtp->outbound.line = inner ? conf_lines_begins(reading->lines, inner) : smtp->line;
	if (inner)
		conf_fill_keys(reading, inner, conf_outbound_keys, &smtp->outbound);
	else
		conf_fill_fallbacks(reading, conf_outbound_keys, &smtp->outbound);
}

/* route = "mx" is no host, but the MX hosts of the domain. */
static void settle_route(struct conf_remote *remote)
{
	remote->route_mx = remote->route.host && !strcmp(remote->route.host, "mx") &&
			   !remote->route.lmtp && !remote->route.bracketed && !remote->route.port;
	if (remote->route_mx)
		remote->route.host[0] = '\0';
}

void conf_fill_remotes(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	conf->remotes_count = cfg_size(reading->root, "remote");
	conf->remotes = memory_array(conf->remotes_count + 1, sizeof(*conf->remotes));
	for (size_t i = 0; i < conf->remotes_count; i++) {
		cfg_t *section = cfg_getnsec(reading->root, "remote", (unsigned)i);
		struct conf_remote *remote = &conf->remotes[i];

		conf_fill_keys(reading, section, conf_remote_keys, remote);
		remote->name = memory_text(cfg_title(section));
		ascii_lower_text(remote->name);
		remote->line = conf_lines_begins(reading->lines, section);
		remote->tls_given = cfg_size(section, "tls") > 0;
		settle_route(remote);
	}
}

/* Octets of the name that a wildcard has in common with the domain; 0 = it is not meant. */
static size_t wildcard_length(const char *wildcard, const char *domain)
{
	struct span below = span_skip(span_text(wildcard), 1); /* ".example.com", "" of "*" */
	struct span name = span_text(domain);

	if (*wildcard != '*' || name.length <= below.length)
		return 0;
	return span_equal_nocase(span_skip(name, name.length - below.length), below)
		       ? below.length + 1
		       : 0;
}

const struct conf_remote *conf_find_remote(const struct conf *conf, const char *domain)
{
	const struct conf_remote *best = NULL;
	char ascii[CONF_NAME_SIZE];
	size_t longest = 0;

	domain = conf_a_labels(domain, ascii);
	for (size_t i = 0; i < conf->remotes_count; i++) {
		const struct conf_remote *remote = &conf->remotes[i];
		size_t length = wildcard_length(remote->name, domain);

		if (span_is_nocase(span_text(domain), remote->name))
			return remote;
		if (length > longest) {
			best = remote;
			longest = length;
		}
	}
	return best;
}

void conf_login_clear(struct conf_login *login)
{
	free(login->user);
	free(login->password_file);
	free(login->token_url);
	free(login->client_id);
	free(login->client_secret_file);
	free(login->refresh_token_file);
	free(login->scope);
	free(login->token_ca);
}

static void hop_clear(struct conf_hop *hop)
{
	free(hop->text);
	free(hop->host);
}

void conf_outbound_clear(struct conf_outbound *outbound)
{
	free(outbound->retry);
	hop_clear(&outbound->smart_host);
	free(outbound->fqdn);
	free(outbound->tls_ca);
	conf_login_clear(&outbound->login);
	free(outbound->masquerade);
	free(outbound->failure_copy);
	free(outbound->badmail);
	free(outbound->pickup);
	free(outbound->templates);
}

void conf_remote_clear(struct conf_remote *remote)
{
	free(remote->name);
	hop_clear(&remote->route);
	free(remote->tls_ca);
	conf_login_clear(&remote->login);
	for (size_t i = 0; i < remote->trigger_accounts_count; i++)
		free(remote->trigger_accounts[i]);
	free(remote->trigger_accounts);
}
