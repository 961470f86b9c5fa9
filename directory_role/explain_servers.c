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

static void tell_list(const struct conf_smtp *server, char rule[400])
{
	const struct conf_relay *relay = &server->relay;

	snprintf(rule, 400, "relay_list = \"%s\" with %zu in the list",
		 relay->all_except ? "all-except" : "only", relay->list_count);
}

static enum sender_relay by_login(const struct conf_smtp *server, enum sender_relay member,
				  char rule[400])
{
	if (server->relay_groups_count == 0) {
		snprintf(rule, 400, "relay_authenticated = true");
		return SENDER_RELAY_YES;
	}
	snprintf(rule, 400, "relay_groups: %s",
		 member == SENDER_RELAY_YES  ? "a member"
		 : member == SENDER_RELAY_NO ? "no member of any"
					     : "no answer could be had");
	return member;
}

enum sender_relay explain_relaying(const struct conf *conf, const struct conf_smtp *server,
				   const char *domain, bool logged_in, enum sender_relay member,
				   char rule[400])
{
	const struct conf_remote *remote = conf_find_remote(conf, domain);
	enum sender_relay login = SENDER_RELAY_NO;

	if (remote && remote->relay) {
		snprintf(rule, 400, "relay = true in the section remote \"%s\"", remote->name);
		return SENDER_RELAY_YES;
	}
	if (logged_in && server->relay.authenticated)
		login = by_login(server, member, rule);
	if (login == SENDER_RELAY_YES)
		return SENDER_RELAY_YES;
	if (server->relay.all_except) {
		tell_list(server, rule);
		return SENDER_RELAY_YES;
	}
	if (!logged_in || !server->relay.authenticated)
		tell_list(server, rule);
	return login;
}
