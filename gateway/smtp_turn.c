/* SPDX-License-Identifier: ISC */
/* ETRN (RFC 1985) and ATRN (RFC 2645): mail that waits here is asked for. */
#include "gateway/smtp_private.h"

#include <stdlib.h>

#include "base/memory.h"

enum smtp_step smtp_step_etrn(struct smtp_server *server, struct span argument)
{
	bool below = argument.length > 0 && argument.at[0] == '@';
	char *domain;

	if (!server->profile->etrn)
		return smtp_refuse(server, 502, "5.5.1", "Command not supported");
	if (below)
		argument = span_skip(argument, 1);
	/* "#" would name a queue: those of ours have no names for others. */
	if (!domain_valid(argument) || argument.length > ADDRESS_DOMAIN_MAX)
		return smtp_refuse(server, 501, "5.5.4", "Syntax: ETRN [@]domain");
	domain = memory_text_n(argument.at, argument.length);
	ascii_lower_text(domain);
	smtp_ask_begin(server, SMTP_ASK_RELEASE);
	server->calls->ask_release(server->owner, domain, below);
	free(domain);
	return smtp_ask_end(server);
}

enum smtp_step smtp_release_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words fine = { 250, "2.0.0", "Ok: queuing started" };
	static const struct smtp_words later = { 458, "4.3.0", "Unable to queue messages" };

	if (answer->outcome == OUTCOME_OK)
		return smtp_say_yes(server, answer, NULL, &fine);
	return smtp_say_no(server, answer, &later, &later);
}

/* "a.example,b.example", or nothing. */
static bool domains_valid(struct span list)
{
	struct span domain;

	while (list.length > 0 && span_cut(&list, ',', &domain))
		if (!domain_valid(span_trim(domain)))
			return false;
	return true;
}

enum smtp_step smtp_step_atrn(struct smtp_server *server, struct span argument)
{
	char *domains;

	if (!server->profile->atrn)
		return smtp_refuse(server, 502, "5.5.1", "Command not supported");
	if (!server->authenticated)
		return smtp_refuse(server, 530, "5.7.0", SMTP_NEEDS_LOGIN);
	if (!domains_valid(argument))
		return smtp_refuse(server, 501, "5.5.4", "Syntax: ATRN [domain,...]");
	domains = memory_text_n(argument.at, argument.length);
	ascii_lower_text(domains);
	smtp_ask_begin(server, SMTP_ASK_TURN);
	server->calls->ask_turn(server->owner, domains);
	free(domains);
	return smtp_ask_end(server);
}

enum smtp_step smtp_turn_done(struct smtp_server *server, const struct smtp_answer *answer)
{
	static const struct smtp_words fine = { 250, "2.0.0", "OK now reversing the connection" };
	static const struct smtp_words later = { 451, "4.3.0", "Unable to process ATRN now" };
	static const struct smtp_words refused = { 450, "4.7.1", "ATRN request refused" };

	if (answer->outcome != OUTCOME_OK)
		return smtp_say_no(server, answer, &later, &refused);
	(void)smtp_say_yes(server, answer, NULL, &fine);
	/* What comes next is the greeting of a server. */
	server->state = SMTP_CLOSED;
	server->calls->turn(server->owner);
	return SMTP_CLOSE;
}
