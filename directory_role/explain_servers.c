/* SPDX-License-Identifier: ISC */
#include "directory_role/explain_servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "directory_role/explain_lines.h"

struct explain_replies explain_replies_new(const struct conf *conf)
{
	struct explain_replies replies = { .conf = conf };

	replies.at = memory_array(conf->smtps_count, sizeof *replies.at);
	return replies;
}

void explain_replies_clear(struct explain_replies *replies)
{
	free(replies->at);
	replies->at = NULL;
}

void explain_reply(struct explain_replies *replies, size_t server, unsigned code,
		   const char *status, const char *text)
{
	snprintf(replies->at[server], sizeof replies->at[server], "%u %s %s", code, status, text);
}

void explain_replies_add(struct buffer *lines, const char *key,
			 const struct explain_replies *replies)
{
	const char *one = NULL;
	bool same = true;
	char full[40];

	for (size_t i = 0; i < replies->conf->smtps_count; i++) {
		if (!replies->at[i][0])
			continue;
		same = same && (!one || strcmp(one, replies->at[i]) == 0);
		one = replies->at[i];
	}
	if (one && same)
		explain_add(lines, key, one);
	snprintf(full, sizeof full, "%s at[]", key);
	for (size_t i = 0; !same && i < replies->conf->smtps_count; i++)
		if (replies->at[i][0])
			explain_addf(lines, full, "%s: %s", replies->conf->smtps[i].name,
				     replies->at[i]);
}

bool explain_server_takes(const struct conf_smtp *server, bool logged_in)
{
	const struct conf_methods *methods = &server->methods;

	if (!logged_in)
		return server->anonymous;
	return methods->basic || methods->scram || methods->integrated || methods->ntlm ||
	       methods->certificate;
}

static void tell_list(const struct conf_smtp *server, bool logged_in, char rule[400])
{
	const struct conf_relay *relay = &server->relay;

	snprintf(rule, 400, "relay_list = \"%s\", %zu in the list relay%s",
		 relay->all_except ? "all-except" : "only", relay->list_count,
		 logged_in ? "; relay_authenticated = false" : "");
}

bool explain_relaying(const struct conf *conf, const struct conf_smtp *server, const char *domain,
		      bool logged_in, char rule[400])
{
	const struct conf_remote *remote = conf_find_remote(conf, domain);

	if (logged_in && server->relay.authenticated) {
		snprintf(rule, 400, "relay_authenticated = true");
		return true;
	}
	if (remote && remote->relay) {
		snprintf(rule, 400, "relay = true in the section remote \"%s\"", remote->name);
		return true;
	}
	tell_list(server, logged_in, rule);
	return server->relay.all_except;
}
