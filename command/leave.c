/* SPDX-License-Identifier: ISC */
/* `postern leave`: the computer account and the keytab go; mail and configuration stay. */
#include "command/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "command/admin.h"
#include "command/program.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "directory/directories.h"
#include "domain/inspect.h"
#include "domain/keytab_file.h"

struct leave {
	struct admin admin;
	bool local; /* the domain is not asked */
};

static const struct option long_options[] = {
	{ "stdin-password", no_argument, NULL, 's' },
	{ "local", no_argument, NULL, 'l' },
	{ 0 },
};

/* The account of the keytab, without "$" and realm; false when the keytab is no computer's. */
static bool read_account(const struct conf_directory *directory, char name[64], char realm[256])
{
	struct keytab keytab;
	char why[400];
	const char *principal;

	if (!keytab_read(directory->keytab, &keytab, why, sizeof(why))) {
		fprintf(stderr, "postern: %s\n", why);
		return false;
	}
	principal = keytab_computer(&keytab);
	if (principal) {
		snprintf(name, 64, "%.*s", (int)strcspn(principal, "$"), principal);
		snprintf(realm, 256, "%s", strchr(principal, '@') + 1);
	} else {
		fprintf(stderr,
			"postern: %s is of no computer account: it was not made by postern "
			"join, and stays\n",
			directory->keytab);
	}
	keytab_clear(&keytab);
	return principal != NULL;
}

static int run_adcli(const char *domain, const char *realm, const char *name, const char *cache,
		     struct buffer *output)
{
	struct program adcli;
	int code;

	program_init(&adcli, "adcli");
	program_word(&adcli, "delete-computer", "");
	program_word(&adcli, "--domain=", domain);
	program_word(&adcli, "--domain-realm=", realm);
	program_word(&adcli, "--login-ccache=", cache);
	program_word(&adcli, name, "");
	code = program_run(&adcli, span_text(""), output);
	program_clear(&adcli);
	return code;
}

static bool delete_account(const struct conf_directory *directory, const char *realm,
			   const char *name, const struct ticket *ticket)
{
	struct buffer output = BUFFER_EMPTY;
	int code = run_adcli(directory->domain, realm, name, ticket->cache, &output);

	if (code == 0)
		printf("account      %s$ is deleted in %s\n", name, directory->domain);
	else if (code == PROGRAM_MISSING)
		fputs("postern: adcli is not installed: apt install adcli\n", stderr);
	else
		fprintf(stderr,
			"postern: adcli: %s\n%s may not delete it, it seems. A domain "
			"administrator "
			"must run:\n  adcli delete-computer --domain=%s %s\nand then, here: "
			"postern leave --local\n",
			program_said(&output), ticket->principal, directory->domain, name);
	buffer_clear(&output);
	return code == 0;
}

static bool leave_domain(const struct leave *leave, const struct conf_directory *directory,
			 const char *realm, const char *name)
{
	char scratch[] = "/run/postern-leave.XXXXXX", file[64];
	struct admin admin = leave->admin;
	struct ticket ticket;
	bool own = false, good;

	if (!mkdtemp(scratch)) {
		fprintf(stderr, "postern: no folder can be made below /run: %s\n", strerror(errno));
		return false;
	}
	admin.realm = realm;
	admin.scratch = scratch;
	good = admin_ticket(&admin, &ticket, &own) &&
	       delete_account(directory, realm, name, &ticket);
	if (own)
		ticket_destroy(&ticket);
	snprintf(file, sizeof(file), "%s/ticket", scratch);
	(void)unlink(file);
	(void)rmdir(scratch);
	return good;
}

static bool leave_directory(const struct leave *leave, const struct conf *conf,
			    const struct conf_directory *directory)
{
	char name[64], realm[256];

	if (!read_account(directory, name, realm))
		return false;
	if (!leave->local && !leave_domain(leave, directory, realm, name))
		return false;
	if (unlink(directory->keytab) != 0) {
		fprintf(stderr, "postern: %s: %s\n", directory->keytab, strerror(errno));
		return false;
	}
	printf("keytab       %s is removed\n", directory->keytab);
	printf("stays        %s, certificates and keys, mail in %s, messages in %s\n", conf->file,
	       conf->store.root, conf->store.queue);
	printf("stays        in the DNS: the records of this machine (A, MX)\n");
	if (leave->local)
		printf("stays        the account %s$ in %s, if nobody deleted it\n", name,
		       directory->domain);
	if (inspect_mode(directory) == INSPECT_MEMBER)
		printf("stays        %s and Samba's secrets, worthless now: net ads leave, or "
		       "systemctl disable --now winbind\n",
		       inspect_smbconf_path());
	return true;
}

static int leave_all(const struct leave *leave, const char *file)
{
	struct conf *conf = conf_read(file, NULL, check_complain, NULL);
	size_t left = 0, failed = 0;
	char why[400];
	bool ready = conf && directories_prepare(conf, why, sizeof(why));

	log_open("leave", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	for (size_t i = 0; ready && i < conf->directories_count; i++) {
		const struct conf_directory *directory = &conf->directories[i];

		if (directory->bind != CONF_BIND_GSSAPI || !directory->schema.active_directory)
			continue;
		if (leave_directory(leave, conf, directory))
			left++;
		else
			failed++;
	}
	if (ready && left + failed == 0)
		fprintf(stderr,
			"postern: %s has no directory that was joined (bind = \"gssapi\")\n", file);
	conf_free(conf);
	return left > 0 && failed == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

int command_leave(const struct command_options *options, int argc, char **argv)
{
	struct leave leave = { .local = false };
	int option;

	while ((option = getopt_long(argc, argv, "U:", long_options, NULL)) != -1) {
		if (option == 'U')
			leave.admin.user = optarg;
		else if (option == 's')
			leave.admin.stdin_password = true;
		else if (option == 'l')
			leave.local = true;
		else
			return COMMAND_USAGE;
	}
	if (optind != argc)
		return COMMAND_USAGE;
	if (geteuid() != 0) {
		fputs("postern: leaving needs root: run it with sudo\n", stderr);
		return COMMAND_FAILED;
	}
	return leave_all(&leave, options->file);
}
