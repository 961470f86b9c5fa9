/* SPDX-License-Identifier: ISC */
/* What `postern join` is to do: its options, and what follows from them. */
#include "command/join.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "conf/conf.h"
#include "mail/address.h"

enum { NETBIOS_MAX = 15, OPTION_FIRST = 256 };
enum option_number {
	OPTION_HOST = OPTION_FIRST,
	OPTION_NTLM,
	OPTION_KEYTAB,
	OPTION_CONF,
	OPTION_DRY_RUN,
	OPTION_STDIN,
	OPTION_ONE_TIME,
	OPTION_COMPUTER,
	OPTION_UNIT,
	OPTION_CA,
	OPTION_CERTIFICATE,
	OPTION_KEY
};

static const struct option long_options[] = {
	{ "host", required_argument, NULL, OPTION_HOST },
	{ "ntlm", no_argument, NULL, OPTION_NTLM },
	{ "keytab", required_argument, NULL, OPTION_KEYTAB },
	{ "conf", required_argument, NULL, OPTION_CONF },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "stdin-password", no_argument, NULL, OPTION_STDIN },
	{ "one-time-password", no_argument, NULL, OPTION_ONE_TIME },
	{ "computer-name", required_argument, NULL, OPTION_COMPUTER },
	{ "ou", required_argument, NULL, OPTION_UNIT },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "certificate", required_argument, NULL, OPTION_CERTIFICATE },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ 0 },
};

/* What goes into a configuration file between double quotes. */
static bool is_plain_path(const char *path)
{
	return path[0] == '/' && !strpbrk(path, "\"\\\n\r\t$") &&
	       strlen(path) < JOIN_PATH_SIZE - 16;
}

static bool set_path(char to[JOIN_PATH_SIZE], const char *path)
{
	if (!is_plain_path(path))
		return join_fail("%s: write the whole path, from / on, without quotes", path);
	snprintf(to, JOIN_PATH_SIZE, "%s", path);
	return true;
}

static bool add_host(struct join *join, const char *host)
{
	if (join->hosts_count == JOIN_HOSTS_MAX)
		return join_fail("at most %d names with --host", JOIN_HOSTS_MAX);
	join->hosts[join->hosts_count++] = host;
	return true;
}

static bool take_option(struct join *join, int option)
{
	switch (option) {
	case 'U':
		join->admin = optarg;
		return true;
	case OPTION_HOST:
		return add_host(join, optarg);
	case OPTION_NTLM:
		return join->ntlm = true;
	case OPTION_KEYTAB:
		return set_path(join->keytab, optarg);
	case OPTION_CONF:
		join->file = optarg;
		return true;
	case OPTION_DRY_RUN:
		return join->dry_run = true;
	case OPTION_STDIN:
		return join->stdin_password = true;
	case OPTION_ONE_TIME:
		return join->one_time = true;
	case OPTION_COMPUTER:
		if (strlen(optarg) == 0 || strlen(optarg) > NETBIOS_MAX ||
		    strpbrk(optarg, ".$\"\\/@ "))
			return join_fail("--computer-name %s: 1 to %d letters, digits and hyphens",
					 optarg, NETBIOS_MAX);
		snprintf(join->name, sizeof(join->name), "%s", optarg);
		return true;
	case OPTION_UNIT:
		join->unit = optarg;
		return true;
	case OPTION_CA:
		join->authority = optarg;
		return is_plain_path(optarg) || join_fail("--ca %s: write the whole path", optarg);
	case OPTION_CERTIFICATE:
		return set_path(join->certificate_path, optarg);
	case OPTION_KEY:
		return set_path(join->key_path, optarg);
	default:
		return false;
	}
}

static void upper(char *text)
{
	for (; *text; text++)
		*text = ascii_upper(*text);
}

/* The machine's name in the domain, and its account's. */
static bool settle_names(struct join *join)
{
	char *own = conf_host_name();
	size_t label = strcspn(own, ".");

	if (join->name[0])
		snprintf(join->host, sizeof(join->host), "%s.%s", join->name, join->domain);
	else if (own[label])
		snprintf(join->host, sizeof(join->host), "%s", own);
	else
		snprintf(join->host, sizeof(join->host), "%s.%s", own, join->domain);
	ascii_lower_text(join->host);
	if (!join->name[0] && label > NETBIOS_MAX) {
		join_fail("the machine's name %.*s has more than %d letters: give the account a "
			  "shorter one with --computer-name",
			  (int)label, own, NETBIOS_MAX);
		free(own);
		return false;
	}
	if (!join->name[0])
		snprintf(join->name, sizeof(join->name), "%.*s", (int)label, own);
	upper(join->name);
	free(own);
	if (join->hosts_count == 0)
		join->hosts[join->hosts_count++] = join->host;
	for (size_t i = 0; i < join->hosts_count; i++)
		if (!domain_valid(span_text(join->hosts[i])) || !strchr(join->hosts[i], '.'))
			return join_fail("--host %s: write a full host name", join->hosts[i]);
	return domain_valid(span_text(join->host)) ||
	       join_fail("%s is no host name: set one (hostnamectl set-hostname), or use "
			 "--computer-name",
			 join->host);
}

static void settle_path(char to[JOIN_PATH_SIZE], const char *folder, const char *name,
			const char *suffix)
{
	if (!to[0])
		snprintf(to, JOIN_PATH_SIZE, "%s/%s%s", folder, name, suffix);
}

static bool settle(struct join *join, const char *domain)
{
	if (!domain_valid(span_text(domain)) || !strchr(domain, '.'))
		return join_fail("%s is no DNS domain: write one like corp.example", domain);
	snprintf(join->domain, sizeof(join->domain), "%s", domain);
	ascii_lower_text(join->domain);
	snprintf(join->realm, sizeof(join->realm), "%s", join->domain);
	upper(join->realm);
	if (!is_plain_path(join->file))
		return join_fail("%s: write the whole path, from / on, without quotes", join->file);
	snprintf(join->folder, sizeof(join->folder), "%.*s",
		 (int)(strrchr(join->file, '/') - join->file), join->file);
	if (!settle_names(join))
		return false;
	settle_path(join->keytab, join->folder, "postern", ".keytab");
	settle_path(join->certificate_path, join->folder, join->hosts[0], ".pem");
	settle_path(join->key_path, join->folder, join->hosts[0], ".key");
	return true;
}

int join_want(struct join *join, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "U:", long_options, NULL)) != -1) {
		if (option == '?')
			return COMMAND_USAGE;
		if (!take_option(join, option))
			return COMMAND_FAILED;
	}
	if (optind + 1 != argc)
		return COMMAND_USAGE;
	return settle(join, argv[optind]) ? COMMAND_DONE : COMMAND_FAILED;
}
