/* SPDX-License-Identifier: ISC */
/*
 * `postern join`: this machine becomes a member of a domain, step by step, each of them
 * told. Everything that can be known beforehand is looked at before anything is changed.
 */
#include "command/command.h"

#include <getopt.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "command/interrupt.h"
#include "command/join.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "domain/inspect.h"
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

void join_step(struct join *join, const char *what, const char *format, ...)
{
	va_list arguments;

	printf("%2u. %-13s ", ++join->step, what);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

bool join_fail(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("postern: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

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

/* The folder of --keytab must be there; our own is made. */
static bool may_write(const char *path, const char *own)
{
	char folder[JOIN_PATH_SIZE];
	struct stat about;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	return strcmp(folder, own) == 0 || !folder[0] ||
	       (stat(folder, &about) == 0 && S_ISDIR(about.st_mode)) ||
	       join_fail("there is no folder %s for the keytab: make it first", folder);
}

/* What can be known of this machine before anybody is asked for a password. */
static bool may_begin(struct join *join)
{
	struct stat about;

	if (geteuid() != 0 && !join->dry_run)
		return join_fail("joining needs root: run it with sudo");
	if (join->ntlm && join->one_time)
		return join_fail("--ntlm needs an administrator's password or ticket: a one-time "
				 "password serves once only");
	if (join->ntlm && !inspect_has_ntlmssp())
		return join_fail(
			"NTLM needs a mechanism for GSSAPI: apt install gss-ntlmssp winbind");
	if (!join->dry_run && !getpwnam("postern-dir"))
		return join_fail("there is no user postern-dir: run make install, or conf/users.sh "
				 "add");
	if (stat(join->keytab, &about) == 0)
		return join_fail("%s is there: this machine has joined already (postern check). "
				 "Leave first (postern leave), or name another --keytab",
				 join->keytab);
	if (!may_write(join->keytab, join->folder))
		return false;
	if (stat(join->folder, &about) != 0 && !join->dry_run && mkdir(join->folder, 0755) != 0)
		return join_fail("the folder %s cannot be made", join->folder);
	return true;
}

static bool tell_plan(struct join *join)
{
	struct buffer text = BUFFER_EMPTY;
	char krb5[JOIN_PATH_SIZE + 16], spn[JOIN_NAME_SIZE + 8];

	if (!join_samba(join) || !join_create_account(join))
		return false;
	printf("\nWith the principals:");
	for (size_t i = 0; join_principals(join, i, spn); i++)
		printf(" %s", spn);
	snprintf(krb5, sizeof(krb5), "%s/krb5.conf", join->folder);
	join_conf_text(join, krb5, &text);
	printf("\n\nWould write %s and, if it is not there, %s:\n\n%.*s\nNothing was changed.\n",
	       join->keytab, join->file, (int)buffer_used(&text), buffer_bytes(&text));
	buffer_clear(&text);
	return true;
}

static bool self_test(struct join *join)
{
	bool good = check_configuration(join->file, CHECK_DIRECTORIES);

	if (!good)
		return join_fail("the self-test failed, see above; the account and the keytab are "
				 "good: correct %s, then run postern check",
				 join->file);
	join_step(join, "self-test", "%s starts, and the directory answers (posternd -t)",
		  join->file);
	printf("\nNext: systemctl enable --now postern postern-rotate.timer; postern check\n");
	return true;
}

static bool perform(struct join *join)
{
	static bool (*const questions[])(struct join *) = {
		join_write_scratch, join_find_controller, join_get_ticket,
		join_look_at_names, join_find_authority,
	};
	static bool (*const deeds[])(struct join *) = {
		join_samba,           join_create_account, join_write_keytab,
		join_look_at_account, join_write_files,    self_test,
	};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (!questions[i](join) || interrupt_seen())
			return false;
	if (join->dry_run)
		return tell_plan(join);
	/* From here on an interrupted machine would be neither in nor out: what can go on does. */
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (!deeds[i](join))
			return false;
	return true;
}

static void finish(struct join *join)
{
	if (join->visiting)
		visit_end(&join->visit);
	if (join->own_ticket)
		ticket_destroy(&join->ticket);
	join_clear_scratch(join);
	buffer_wipe(&join->secret);
	conf_free(join->conf);
}

int command_join(const struct command_options *options, int argc, char **argv)
{
	struct join join = { .file = options->file };
	int option;
	bool good;

	while ((option = getopt_long(argc, argv, "U:", long_options, NULL)) != -1) {
		if (option == '?')
			return COMMAND_USAGE;
		if (!take_option(&join, option))
			return COMMAND_FAILED;
	}
	if (optind + 1 != argc)
		return COMMAND_USAGE;
	if (!settle(&join, argv[optind]) || !may_begin(&join))
		return COMMAND_FAILED;
	log_open("join", LOG_LEVEL_SILENT, LOG_FORM_LINE); /* steps and failures say it */
	umask(022);
	interrupt_catch();
	good = perform(&join);
	finish(&join);
	if (interrupt_seen())
		join_fail("interrupted");
	return good ? COMMAND_DONE : COMMAND_FAILED;
}
