/* SPDX-License-Identifier: ISC */
/* What goes out of a virtual server: limits that fit together, names, and directories that are
 * different. */
#include "conf/conf_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mail/address.h"

static void check_notice(struct conf_reading *reading, unsigned begins, const char *notice_key,
			 unsigned notice, const char *expiry_key, unsigned expiry)
{
	if (notice >= expiry && expiry) /* 0: it was wrong itself */
		conf_tell_key(reading, begins, notice_key,
			      "%s is not before %s, so that nobody would get it: write a shorter "
			      "time, or 0 for no notice",
			      notice_key, expiry_key);
}

static void check_limits(struct conf_reading *reading, const struct conf_outbound *out)
{
	if (out->connections_per_domain > out->connections && out->connections)
		conf_tell_key(
			reading, out->line, "connections_per_domain",
			"connections_per_domain = %u is more than connections = %u: lower it, or "
			"raise connections",
			out->connections_per_domain, out->connections);
	check_notice(reading, out->line, "delay_notice", out->delay_notice, "expiry", out->expiry);
	check_notice(reading, out->line, "local_delay_notice", out->local_delay_notice,
		     "local_expiry", out->local_expiry);
}

static void check_name(struct conf_reading *reading, unsigned begins, const char *key,
		       const char *value)
{
	if (*value && !conf_domain_name_valid(span_text(value)))
		conf_tell_key(reading, begins, key,
			      "%s \"%s\" is no name: write one like example.com", key, value);
}

static void check_copy(struct conf_reading *reading, const struct conf_outbound *out)
{
	struct address address;
	const char *why = "it has no domain";

	if (*out->failure_copy &&
	    (!address_parse(span_text(out->failure_copy), &address, &why) || !*address.domain))
		conf_tell_key(reading, out->line, "failure_copy",
			      "failure_copy \"%s\" is no mail address (%s): write one like "
			      "postmaster@example.com",
			      out->failure_copy, why);
}

static void check_effects(struct conf_reading *reading, const struct conf_outbound *out)
{
	bool host = out->smart_host.host && *out->smart_host.host;

	if (out->direct_first && !host)
		conf_tell_key(reading, out->line, "direct_first",
			      "direct_first has no effect without smart_host: remove it");
	if (out->direct_first && out->smart_host.lmtp)
		conf_tell_key(
			reading, out->line, "direct_first",
			"direct_first has no sense before LMTP, which is for mailboxes: remove it");
	if (out->login.how != CONF_LOGIN_OUT_NONE && !host)
		conf_tell_key(reading, out->line, "login",
			      "login has no effect without smart_host, whose login it is: write "
			      "smart_host, or put it into a section remote");
	if (out->masquerade_header && !*out->masquerade)
		conf_tell_key(reading, out->line, "masquerade_header",
			      "masquerade_header has no effect without masquerade: write that, or "
			      "remove it");
	if (out->pickup_unstuff && !*out->pickup)
		conf_tell_key(
			reading, out->line, "pickup_unstuff",
			"pickup_unstuff has no effect without pickup: write that, or remove it");
}

/* Mail is taken out of one of them: nothing else may be put there. */
struct folder {
	const char *key, *path;
	unsigned begins;
};

static size_t folders_of(const struct conf *conf, struct folder *folders)
{
	size_t count = 0;

	folders[count++] = (struct folder){ "root", conf->store.root, conf->store.line };
	folders[count++] = (struct folder){ "queue", conf->store.queue, conf->store.line };
	for (size_t i = 0; i < conf->domains_count; i++)
		folders[count++] =
			(struct folder){ "drop", conf->domains[i].drop, conf->domains[i].line };
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_outbound *out = &conf->smtps[i].outbound;

		folders[count++] = (struct folder){ "badmail", out->badmail, out->line };
		folders[count++] = (struct folder){ "pickup", out->pickup, out->line };
		folders[count++] = (struct folder){ "templates", out->templates, out->line };
	}
	return count;
}

static bool paths_equal(const char *a, const char *b)
{
	size_t i = strlen(a), j = strlen(b);

	while (i > 1 && a[i - 1] == '/')
		i--;
	while (j > 1 && b[j - 1] == '/')
		j--;
	return i == j && !memcmp(a, b, i);
}

/* Several domains may share a drop, several servers badmail or templates; nobody shares a pickup.
 */
static bool folders_clash(const struct folder *a, const struct folder *b)
{
	if (!*a->path || !*b->path || !paths_equal(a->path, b->path))
		return false;
	return strcmp(a->key, b->key) || !strcmp(a->key, "pickup");
}

static void check_folders(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;
	struct folder *folders =
		memory_array(2 + conf->domains_count + 3 * conf->smtps_count, sizeof(*folders));
	size_t count = folders_of(conf, folders);

	for (size_t i = 2; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (folders_clash(&folders[i], &folders[j]))
				conf_tell_key(reading, folders[i].begins, folders[i].key,
					      "%s and the %s of line %u are the same directory: "
					      "choose another one",
					      folders[i].key, folders[j].key,
					      conf_lines_find(reading->lines, folders[j].begins,
							      folders[j].key));
	free(folders);
}

/* "192.0.2.53", "2001:db8::53@5353" */
static bool dns_server_valid(const char *text)
{
	const char *at = strchr(text, '@');
	char host[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];
	uint16_t port;

	if (at && !conf_port_parse(span_text(at + 1), &port))
		return false;
	if (!span_copy(span_make(text, at ? (size_t)(at - text) : strlen(text)), host,
		       sizeof(host)))
		return false;
	return inet_pton(strchr(host, ':') ? AF_INET6 : AF_INET, host, bytes) == 1;
}

void conf_check_outbound(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;

	for (size_t i = 0; i < conf->dns_servers_count; i++)
		if (!dns_server_valid(conf->dns_servers[i]))
			conf_tell_key(
				reading, 0, "dns_servers",
				"dns_servers \"%s\" is no address: write one like \"192.0.2.53\", "
				"\"2001:db8::53\" or \"127.0.0.1@5353\"",
				conf->dns_servers[i]);
	for (size_t i = 0; i < conf->smtps_count; i++) {
		const struct conf_outbound *out = &conf->smtps[i].outbound;

		check_limits(reading, out);
		check_name(reading, out->line, "fqdn", out->fqdn);
		check_name(reading, out->line, "masquerade", out->masquerade);
		check_copy(reading, out);
		check_effects(reading, out);
		conf_check_login(reading, out->line, &out->login, out->tls);
	}
	check_folders(reading);
}
