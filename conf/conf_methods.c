/* SPDX-License-Identifier: ISC */
/* How people log in at a server: its list `authentication`, and what each method needs. */
#include "conf/conf_private.h"

#include <string.h>

/* The sections smtp and pop3, as far as logging in goes. */
struct place {
	const char *what;
	unsigned line;
	struct conf_methods *methods;
	bool *anonymous; /* NULL where nobody may be */
	bool tls;        /* some listener has it */
};

static bool *member_of(const struct place *place, const char *name)
{
	struct conf_methods *methods = place->methods;

	if (!strcmp(name, "basic"))
		return &methods->basic;
	if (!strcmp(name, "scram"))
		return &methods->scram;
	if (!strcmp(name, "integrated"))
		return &methods->integrated;
	if (!strcmp(name, "ntlm"))
		return &methods->ntlm;
	if (!strcmp(name, "certificate"))
		return &methods->certificate;
	return strcmp(name, "anonymous") ? NULL : place->anonymous;
}

/* Somebody can be found by his ticket. */
static bool has_tickets(const struct conf *conf)
{
	for (size_t i = 0; i < conf->directories_count; i++)
		if (conf->directories[i].keytab && *conf->directories[i].keytab &&
		    conf->directories[i].schema.active_directory)
			return true;
	return false;
}

static bool has_active_directory(const struct conf *conf)
{
	for (size_t i = 0; i < conf->directories_count; i++)
		if (conf->directories[i].schema.active_directory)
			return true;
	return false;
}

static void fill(struct conf_reading *reading, const struct place *place)
{
	struct conf_methods *methods = place->methods;

	/* Port 25 takes mail from everybody, and names and passwords inside TLS. */
	if (methods->authentication_count == 0) {
		methods->basic = true;
		methods->integrated = has_tickets(reading->conf);
		if (place->anonymous)
			*place->anonymous = true;
	}
	for (size_t i = 0; i < methods->authentication_count; i++) {
		bool *member = member_of(place, methods->authentication[i]);

		if (member)
			*member = true;
		else
			conf_tell_key(reading, place->line, "authentication",
				      "authentication \"%s\" is not known in %s: write some of "
				      "%s\"basic\", \"scram\", \"integrated\", \"ntlm\", "
				      "\"certificate\"",
				      methods->authentication[i], place->what,
				      place->anonymous ? "\"anonymous\", " : "");
	}
}

/* Only mailbox files keep what it needs; there it is as good as what goes with it. */
static void settle_scram(struct conf_reading *reading, const struct place *place)
{
	struct conf_methods *methods = place->methods;
	bool kept = reading->conf->method == CONF_METHOD_PASSWORD_FILE;

	if (methods->scram && !kept)
		conf_tell_key(reading, place->line, "authentication",
			      "authentication \"scram\" needs the keys that method = "
			      "\"password-file\" keeps: remove it");
	methods->scram |= methods->basic && kept;
}

static void check_certificate(struct conf_reading *reading, const struct place *place)
{
	const struct conf_methods *methods = place->methods;

	if (methods->certificate && !*methods->client_ca)
		conf_tell_key(
			reading, place->line, "authentication",
			"authentication \"certificate\" needs client_ca: name a PEM file with "
			"the authorities that may vouch for people");
	else if (methods->certificate && !place->tls)
		conf_tell_key(reading, place->line, "authentication",
			      "authentication \"certificate\" needs a listener with TLS: write tls "
			      "= \"starttls\" or \"implicit\"");
	if (!methods->certificate && *methods->client_ca)
		conf_tell_key(reading, place->line, "client_ca",
			      "client_ca is set, but no certificate is asked for: add "
			      "\"certificate\" to authentication, or remove it");
}

static void check_groups(struct conf_reading *reading, const struct place *place)
{
	const struct conf_methods *methods = place->methods;

	conf_check_names(reading, place->line, "login_groups", methods->groups,
			 methods->groups_count);
	if (methods->groups_count > 0 && reading->conf->method != CONF_METHOD_DIRECTORY)
		conf_tell_key(reading, place->line, "login_groups",
			      "login_groups names groups of a directory, and method = \"%s\" asks "
			      "none: remove it",
			      conf_method_name(reading->conf->method));
}

static void check(struct conf_reading *reading, const struct place *place)
{
	const struct conf_methods *methods = place->methods;

	settle_scram(reading, place);
	check_groups(reading, place);
	if (methods->integrated && !has_tickets(reading->conf))
		conf_tell_key(
			reading, place->line, "authentication",
			"authentication \"integrated\" needs a directory with preset = \"ad\" "
			"and a keytab: add keytab = \"/etc/postern/postern.keytab\" there");
	if ((methods->ntlm || methods->certificate) && !has_active_directory(reading->conf))
		conf_tell_key(
			reading, place->line, "authentication",
			"authentication \"%s\" needs a directory with preset = \"ad\": add one, "
			"or remove it",
			methods->ntlm ? "ntlm" : "certificate");
	if (methods->binding == CONF_BINDING_REQUIRE && !place->tls)
		conf_tell_key(
			reading, place->line, "channel_binding",
			"channel_binding = \"require\" needs a listener with TLS: write tls = "
			"\"starttls\" or \"implicit\"");
	check_certificate(reading, place);
}

static bool offers_tls(const struct conf_listen *listens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (listens[i].tls != CONF_TLS_NONE)
			return true;
	return false;
}

static void each(struct conf_reading *reading,
		 void (*call)(struct conf_reading *reading, const struct place *place))
{
	struct conf *conf = reading->conf;
	struct conf_pop3 *pop3 = &conf->pop3;

	for (size_t i = 0; i < conf->smtps_count; i++) {
		struct conf_smtp *smtp = &conf->smtps[i];

		call(reading, &(struct place){ "smtp", smtp->line, &smtp->methods, &smtp->anonymous,
					       offers_tls(smtp->listens, smtp->listens_count) });
	}
	if (pop3->enabled)
		call(reading, &(struct place){ "pop3", pop3->line, &pop3->methods, NULL,
					       offers_tls(pop3->listens, pop3->listens_count) });
}

void conf_fill_methods(struct conf_reading *reading)
{
	each(reading, fill);
}

void conf_check_methods(struct conf_reading *reading)
{
	each(reading, check);
}

bool conf_uses_ntlm(const struct conf *conf)
{
	bool uses = conf->pop3.enabled && conf->pop3.methods.ntlm;

	for (size_t i = 0; i < conf->smtps_count; i++)
		uses |= conf->smtps[i].methods.ntlm;
	return uses;
}
