/* SPDX-License-Identifier: ISC */
/*
 * `postern join`: this machine becomes a member of a domain, step by step, each of them
 * told. Everything that can be known beforehand is looked at before anything is changed.
 */
#include "command/command.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "command/interrupt.h"
#include "command/join.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "domain/inspect.h"

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
	int wanted = join_want(&join, argc, argv);
	bool good;

	if (wanted != COMMAND_DONE)
		return wanted;
	if (!may_begin(&join))
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
