/* SPDX-License-Identifier: ISC */
/* The computer account: made by adcli, looked at by ourselves. */
#include "command/join.h"

#include <stdio.h>
#include <string.h>

#include "command/program.h"
#include "domain/computer.h"
#include "domain/keytab_file.h"

/* What a domain administrator runs when we may not: the account with all its principals. */
static void tell_preset(const struct join *join)
{
	fprintf(stderr,
		"A domain administrator must run, on any machine with adcli:\n"
		"  adcli preset-computer --domain=%s --service-name=host --service-name=smtp "
		"--service-name=pop --one-time-password=PASSWORD %s\n",
		join->domain, join->host);
	if (join->hosts_count > 1 || strcmp(join->hosts[0], join->host) != 0)
		fprintf(stderr, "and on a controller:\n");
	for (size_t i = 0; i < join->hosts_count; i++)
		if (strcmp(join->hosts[i], join->host) != 0)
			fprintf(stderr,
				"  setspn -S host/%s %s\n  setspn -S smtp/%s %s\n  setspn -S "
				"pop/%s %s\n",
				join->hosts[i], join->name, join->hosts[i], join->name,
				join->hosts[i], join->name);
	fprintf(stderr,
		"and then, here, with that password:\n"
		"  postern join %s --one-time-password, and the other options as before\n",
		join->domain);
}

bool join_tell_failure(struct join *join, const char *program, int code, struct buffer *output)
{
	if (code == PROGRAM_MISSING)
		return join_fail("%s is not installed: apt install %s", program,
				 strcmp(program, "net") == 0 ? "samba-common-bin winbind"
							     : program);
	join_fail("%s: %s", program, program_said(output));
	if (!join->one_time)
		fprintf(stderr, "%s may not do this, it seems. ", join->ticket.principal);
	tell_preset(join);
	return false;
}

static const char *const services[] = { "host", "smtp", "pop" };

static void add_principals(struct program *adcli, const char *host)
{
	char principal[JOIN_NAME_SIZE + 8];

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		snprintf(principal, sizeof(principal), "%s/%s", services[i], host);
		program_word(adcli, "--add-service-principal=", principal);
	}
}

static void adcli_words(const struct join *join, struct program *adcli)
{
	char keytab[128];

	snprintf(keytab, sizeof(keytab), "%s/keytab", join->scratch);
	program_init(adcli, "adcli");
	program_word(adcli, "join", "");
	program_word(adcli, "--domain=", join->domain);
	program_word(adcli, "--domain-realm=", join->realm);
	program_word(adcli, "--domain-controller=", join->visit.server.host);
	program_word(adcli, "--computer-name=", join->name);
	program_word(adcli, "--host-fqdn=", join->host);
	program_word(adcli, "--host-keytab=", keytab);
	if (join->one_time) {
		/* Only with the password itself does adcli change it, as the account may; a
		 * ticket makes it set one, as administrators may. */
		program_word(adcli, "--login-type=", "computer");
		program_word(adcli, "--stdin-password", "");
	} else {
		program_word(adcli, "--login-ccache=", join->ticket.cache);
	}
	if (join->unit && !join->rejoin)
		program_word(adcli, "--domain-ou=", join->unit);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		program_word(adcli, "--service-name=", services[i]);
	for (size_t i = 0; i < join->hosts_count; i++)
		if (strcmp(join->hosts[i], join->host) != 0)
			add_principals(adcli, join->hosts[i]);
	if (join->ntlm)
		program_word(adcli, "--add-samba-data", "");
}

bool join_create_account(struct join *join)
{
	struct buffer output = BUFFER_EMPTY;
	struct program adcli;
	int code = 0;

	adcli_words(join, &adcli);
	if (join->dry_run) {
		printf("\nWould run:");
		program_print(&adcli);
	} else {
		code = program_run(&adcli, buffer_span(&join->secret), &output);
	}
	if (code != 0)
		join_tell_failure(join, "adcli", code, &output);
	else if (!join->dry_run)
		join_step(join, "account", "%s$ in %s, by adcli", join->name, join->domain);
	program_clear(&adcli);
	buffer_clear(&output);
	return code == 0;
}

static size_t tell_missing(struct join *join, const struct computer *account)
{
	char spn[JOIN_NAME_SIZE + 8];
	size_t missing = 0;

	for (size_t i = 0; join_principals(join, i, spn); i++) {
		if (computer_has_spn(account, spn))
			continue;
		if (missing++ == 0)
			fprintf(stderr, "postern: the account may not give itself every service "
					"principal. A domain administrator must run:\n");
		fprintf(stderr, "  setspn -S %s %s\n", spn, join->name);
	}
	return missing;
}

static void look(struct join *join, const struct computer *account, const struct keytab *keytab)
{
	size_t missing = tell_missing(join, account), weak = 0;

	for (size_t i = 0; i < keytab->count; i++)
		weak += !keytab_is_strong(&keytab->keys[i]);
	if (account->enctypes != COMPUTER_AES)
		fprintf(stderr,
			"postern: msDS-SupportedEncryptionTypes is 0x%x. A domain administrator "
			"should run:\n  Set-ADComputer %s -KerberosEncryptionType AES128,AES256\n",
			account->enctypes, join->name);
	join_step(join, "principals", "%s; key number %u, %s; enctypes 0x%x",
		  missing ? "some are missing, see above" : "host/, smtp/ and pop/ of every name",
		  account->version, weak ? "RC4 among its keys" : "AES only", account->enctypes);
}

bool join_look_at_account(struct join *join)
{
	char name[32], why[400];
	struct computer account;
	struct keytab keytab;
	bool good;

	snprintf(name, sizeof(name), "%s$", join->name);
	if (!keytab_read(join->keytab, &keytab, why, sizeof(why)))
		return join_fail("%s", why);
	switch (computer_find(&join->visit, name, &account, why, sizeof(why))) {
	case COMPUTER_FOUND:
		look(join, &account, &keytab);
		good = true;
		break;
	case COMPUTER_NONE:
		good = join_fail("%s has no account %s", join->visit.server.name, name);
		break;
	default:
		good = join_fail("%s: %s", join->visit.server.name, why);
	}
	computer_clear(&account);
	keytab_clear(&keytab);
	return good;
}
