/* SPDX-License-Identifier: ISC */
/* `postern explain ADDRESS` and `postern explain send FROM TO`: the questions of a transaction,
 * asked as the frontend does, and what it makes of the answers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/explain.h"
#include "base/buffer.h"
#include "daemon/login_reply.h"
#include "daemon/mail_reply.h"
#include "directory_role/directory_sender.h"
#include "directory_role/explain.h"
#include "directory_role/explain_lines.h"
#include "directory_role/explain_servers.h"
#include "routing/next_hop.h"

/* A transaction with one recipient. */
struct transaction {
	const struct explain *explain;
	struct address from, to;
	bool from_known, logged_in;
	struct auth_explained who;
	struct explain_replies mail, rcpt;
	struct route route;
};

/* ---- RCPT ---- */

static void tell_hop(struct transaction *transaction, const struct conf_smtp *server)
{
	struct route *route = &transaction->route;
	struct envelope_recipient recipient = { .address = transaction->to };
	struct next_hop hop;
	char key[700];

	recipient.via = route->via[0] ? route->via : NULL;
	next_hop_find(transaction->explain->conf, server, &recipient, &hop);
	next_hop_key(&hop, key, sizeof key);
	explain_addf(transaction->explain->lines, "next hop[]", "%s: %s%s", server->name, key,
		     hop.named   ? " (named by the directory)"
		     : hop.smart ? " (the smart host)"
		     : hop.mx    ? " (by MX records)"
				 : "");
}

static enum sender_relay member_of(const struct transaction *transaction,
				   const struct conf_smtp *server)
{
	const struct explain *explain = transaction->explain;

	if (!transaction->logged_in)
		return SENDER_RELAY_NO;
	return directory_may_relay(explain->conf, explain->directories, server,
				   transaction->who.directory, transaction->who.id);
}

/* A domain of others: whether it is taken is the server's to say. */
static void judge_relaying(struct transaction *transaction, size_t number)
{
	static const char *const names[] = { [SENDER_RELAY_NO] = "no",
					     [SENDER_RELAY_YES] = "yes",
					     [SENDER_RELAY_UNKNOWN] = "not known now" };
	const struct explain *explain = transaction->explain;
	const struct conf_smtp *server = &explain->conf->smtps[number];
	bool logged_in = transaction->logged_in;
	const struct smtp_reply *no = logged_in ? &mail_reply_own : &mail_reply_denied;
	char rule[400];
	enum sender_relay may = explain_relaying(explain->conf, server, transaction->to.domain,
						 logged_in, member_of(transaction, server), rule);

	if (may == SENDER_RELAY_UNKNOWN)
		no = &mail_reply_later;
	explain_addf(explain->lines, "relaying[]", "%s: %s: %s", server->name, names[may], rule);
	if (may == SENDER_RELAY_YES)
		explain_reply(&transaction->rcpt, number, 250, "2.1.5", SMTP_RECIPIENT_OK);
	else
		explain_reply(&transaction->rcpt, number, no->code, no->status, no->text);
	if (may == SENDER_RELAY_YES)
		tell_hop(transaction, server);
}

static void judge_recipient(struct transaction *transaction, enum outcome outcome, size_t number)
{
	const struct route *route = &transaction->route;
	bool elsewhere = route->kind == ROUTE_REMOTE;

	if (outcome != OUTCOME_OK || route->kind == ROUTE_REFUSED)
		explain_reply(&transaction->rcpt, number, route->code, route->status, route->text);
	else if (elsewhere && !route->via[0])
		judge_relaying(transaction, number);
	else
		explain_reply(&transaction->rcpt, number, 250, "2.1.5", SMTP_RECIPIENT_OK);
	if (outcome == OUTCOME_OK && elsewhere && route->via[0])
		tell_hop(transaction, &transaction->explain->conf->smtps[number]);
}

static void tell_route(struct buffer *lines, const struct route *route)
{
	static const char *const kinds[] = {
		[ROUTE_MAILBOX] = "a mailbox here",
		[ROUTE_REMOTE] = "a domain of others",
		[ROUTE_REFUSED] = "refused",
		[ROUTE_LIST] = "becomes others",
	};
	bool via = route->kind == ROUTE_REMOTE && route->via[0];

	explain_addf(lines, "route", "%s%s",
		     via                   ? "the mailbox is at "
		     : route->mailbox.drop ? "a directory of files: "
					   : kinds[route->kind],
		     via                   ? route->via
		     : route->mailbox.drop ? route->mailbox.domain
					   : "");
	if (route->kind == ROUTE_MAILBOX && !route->mailbox.drop)
		explain_mailbox(lines, "", &route->mailbox);
	if (route->canonical[0] && route->kind != ROUTE_REFUSED)
		explain_add(lines, "canonical", route->canonical);
	if (route->size != UINT64_MAX)
		explain_addf(lines, "largest message", "%" PRIu64, route->size);
	if (route->by_sender)
		explain_add(lines, "policy", "another sender may get another answer");
}

static void expand(struct transaction *transaction, struct route_ask *ask)
{
	const struct explain *explain = transaction->explain;
	struct explain_steps steps = explain_steps_begin(explain->lines, "expansion");
	const struct route_teller teller = { explain_step, &steps };
	struct expansion expansion;
	enum outcome outcome;
	size_t members = 0;

	ask->teller = &teller;
	outcome = routing_expand(explain->routing, ask, &expansion);
	explain_steps_end(&steps);
	for (size_t i = 0; i < expansion.lists_count; i++)
		members += expansion.lists[i].count;
	if (outcome == OUTCOME_OK) {
		explain_addf(explain->lines, "becomes", "%zu", members);
		explain_addf(explain->lines, "groups", "%zu", expansion.groups);
		explain_addf(explain->lines, "branches refused", "%zu", expansion.refusals_count);
	} else {
		explain_addf(explain->lines, "becomes", "nothing%s: %s %s (%s)",
			     outcome == OUTCOME_TEMP ? " now" : "", expansion.status,
			     expansion.text, expansion.cause);
	}
	expansion_clear(&expansion);
}

/* A list that this sender may not write to is told all the same: whom it would reach. */
static bool is_list_of_others(struct transaction *transaction, struct route_ask *ask)
{
	struct route route;

	if (!transaction->route.by_sender || transaction->route.kind != ROUTE_REFUSED)
		return false;
	ask->sender.trusted = true;
	ask->teller = NULL;
	return routing_resolve(transaction->explain->routing, ask, &route) == OUTCOME_OK &&
	       route.kind == ROUTE_LIST;
}

static void ask_recipient(struct transaction *transaction)
{
	const struct explain *explain = transaction->explain;
	struct explain_steps steps = explain_steps_begin(explain->lines, "recipient");
	const struct route_teller teller = { explain_step, &steps };
	struct route_ask ask = {
		.recipient = transaction->to,
		.sender = { .directory = transaction->logged_in ? transaction->who.directory : "",
			    .id = transaction->who.id,
			    .address = transaction->from_known ? &transaction->from : NULL },
		.teller = &teller,
	};
	struct route *route = &transaction->route;
	enum outcome outcome = routing_resolve(explain->routing, &ask, route);

	explain_steps_end(&steps);
	if ((outcome == OUTCOME_OK && route->kind == ROUTE_LIST) ||
	    is_list_of_others(transaction, &ask))
		expand(transaction, &ask);
	tell_route(explain->lines, route);
	for (size_t i = 0; i < explain->conf->smtps_count; i++)
		if (explain_server_takes(&explain->conf->smtps[i], transaction->logged_in))
			judge_recipient(transaction, outcome, i);
	explain_replies_add(explain->lines, "RCPT", &transaction->rcpt);
}

/* ---- MAIL ---- */

static enum outcome ask_sender(struct transaction *transaction, const struct conf_smtp *server,
			       const struct route_teller *teller, struct sender_answer *answer)
{
	struct sender_ask ask = {
		.who = { .directory = transaction->who.directory,
			 .id = transaction->who.id,
			 .address = &transaction->from },
		.send_as = server->send_as,
		.teller = teller,
	};

	return routing_sender(transaction->explain->routing, &ask, answer);
}

/* Taken, but only because the server has send_as = "report". */
static void tell_reported(struct buffer *lines, const struct conf_smtp *server,
			  const struct sender_answer *answer)
{
	if (answer->reported)
		explain_addf(lines, "only logged[]", "%s: %u %s %s", server->name, answer->code,
			     answer->status, answer->text);
}

/* The first server's steps are told: the others ask the same. False: MAIL is refused everywhere. */
static bool ask_in_whose_name(struct transaction *transaction)
{
	const struct explain *explain = transaction->explain;
	struct explain_steps steps = explain_steps_begin(explain->lines, "sender");
	const struct route_teller teller = { explain_step, &steps };
	struct sender_answer answer = { 0 };
	bool told = false, taken = false;

	for (size_t i = 0; i < explain->conf->smtps_count; i++) {
		const struct conf_smtp *server = &explain->conf->smtps[i];

		if (!explain_server_takes(server, true))
			continue;
		if (ask_sender(transaction, server, told ? NULL : &teller, &answer) == OUTCOME_OK) {
			explain_reply(&transaction->mail, i, 250, "2.1.0", SMTP_SENDER_OK);
			tell_reported(explain->lines, server, &answer);
			taken = true;
		} else {
			explain_reply(&transaction->mail, i, answer.code, answer.status,
				      answer.text);
		}
		if (!told && answer.mailbox.id[0])
			explain_mailbox(explain->lines, "sender's ", &answer.mailbox);
		told = true;
	}
	explain_steps_end(&steps);
	explain_replies_add(explain->lines, "MAIL", &transaction->mail);
	return taken;
}

static bool ask_nobodys_name(struct transaction *transaction)
{
	const struct explain *explain = transaction->explain;
	bool taken = false;

	for (size_t i = 0; i < explain->conf->smtps_count; i++) {
		if (explain_server_takes(&explain->conf->smtps[i], false)) {
			explain_reply(&transaction->mail, i, 250, "2.1.0", SMTP_SENDER_OK);
			taken = true;
		} else {
			explain_reply(&transaction->mail, i, 530, "5.7.0", SMTP_NEEDS_LOGIN);
		}
	}
	explain_replies_add(explain->lines, "MAIL", &transaction->mail);
	return taken;
}

/* ---- both ---- */

static void run(struct transaction *transaction)
{
	const struct explain *explain = transaction->explain;
	bool taken;

	explain_add(explain->lines, "asked by",
		    explain->where == EXPLAIN_RUNNING ? "the running gateway"
						      : "this command: no gateway is running");
	transaction->mail = explain_replies_new(explain->conf);
	transaction->rcpt = explain_replies_new(explain->conf);
	taken = transaction->logged_in ? ask_in_whose_name(transaction)
				       : ask_nobodys_name(transaction);
	if (taken)
		ask_recipient(transaction);
	explain_replies_clear(&transaction->mail);
	explain_replies_clear(&transaction->rcpt);
}

static bool take_address(const struct explain *explain, struct span text, bool null_ok,
			 struct address *address)
{
	const char *why = "it has no domain";

	if (null_ok && (text.length == 0 || span_is(text, "<>"))) {
		*address = (struct address){ .local = "" };
		return true;
	}
	if (address_parse(text, address, &why) && address->domain[0])
		return true;
	explain_addf(explain->lines, "no address", "%.*s: %s", (int)text.length, text.at, why);
	return false;
}

void explain_address(const struct explain *explain, const char *address)
{
	struct transaction transaction = { .explain = explain };

	if (take_address(explain, span_text(address), false, &transaction.to))
		run(&transaction);
}

/* False: nobody logs in under that name, so there is no transaction. */
static bool log_in(struct transaction *transaction, const char *name)
{
	const struct explain *explain = transaction->explain;
	struct auth_explained *who = &transaction->who;

	auth_explain_who(explain->auth, name, who);
	explain_add(explain->lines, "login", name);
	if (who->dn[0])
		explain_add(explain->lines, "login's entry", who->dn);
	if (who->directory) {
		transaction->logged_in = true;
		return true;
	}
	explain_add(explain->lines, "cause", who->cause);
	explain_addf(explain->lines, "AUTH", "%u %s %s",
		     login_reply_smtp(explain->conf, who->verdict).code,
		     login_reply_smtp(explain->conf, who->verdict).status,
		     login_reply_smtp(explain->conf, who->verdict).text);
	return false;
}

void explain_send(const struct explain *explain, const char *subject)
{
	struct transaction transaction = { .explain = explain, .from_known = true };
	struct span rest = span_text(subject), from, to;
	char name[512];

	if (!span_cut(&rest, '\t', &from) || !span_cut(&rest, '\t', &to) ||
	    !span_copy(rest, name, sizeof name) ||
	    !take_address(explain, from, true, &transaction.from) ||
	    !take_address(explain, to, false, &transaction.to))
		return;
	if (!name[0] || log_in(&transaction, name))
		run(&transaction);
}
