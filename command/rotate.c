/* SPDX-License-Identifier: ISC */
/*
 * `postern rotate`: a new password for the computer account, new keys into the keytab, old
 * keys kept for as long as tickets under them live. Nothing is restarted: the directory role
 * reads the file again when the KDC refuses the key it has.
 */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "command/program.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "directory/directories.h"
#include "domain/inspect.h"
#include "domain/keytab_file.h"
#include "domain/ticket.h"

enum {
	ROTATE_DAYS = 30,
	/* AD's longest renewable ticket by default; a service ticket lasts 10 hours. */
	ROTATE_KEEP_SECONDS = 7 * 24 * 3600
};

static const struct option long_options[] = {
	{ "days", required_argument, NULL, 'd' },
	{ "now", no_argument, NULL, 'n' },
	{ 0 },
};

static int run_adcli(const struct conf_directory *directory, unsigned days, struct buffer *output)
{
	struct program adcli;
	char lifetime[16];
	int code;

	snprintf(lifetime, sizeof(lifetime), "%u", days);
	program_init(&adcli, "adcli");
	program_word(&adcli, "update", "");
	program_word(&adcli, "--domain=", directory->domain);
	program_word(&adcli, "--host-keytab=", directory->keytab);
	program_word(&adcli, "--computer-password-lifetime=", lifetime);
	if (inspect_mode(directory) == INSPECT_MEMBER)
		program_word(&adcli, "--add-samba-data", "");
	code = program_run(&adcli, span_text(""), output);
	program_clear(&adcli);
	return code;
}

static bool fail(const char *what, const char *why)
{
	fprintf(stderr, "postern: %s: %s\n", what, why);
	return false;
}

static unsigned oldest_key(const struct keytab *keytab)
{
	unsigned oldest = UINT32_MAX;

	for (size_t i = 0; i < keytab->count; i++)
		if (keytab->keys[i].version < oldest)
			oldest = keytab->keys[i].version;
	return oldest;
}

/* Whether there is a new key, and whether it serves. */
static bool tell_result(const struct conf_directory *directory, const char *principal,
			unsigned before)
{
	struct keytab keytab;
	char why[400];
	unsigned newest, oldest;

	if (!keytab_read(directory->keytab, &keytab, why, sizeof(why)))
		return fail(principal, why);
	newest = keytab_newest(&keytab, principal);
	oldest = oldest_key(&keytab);
	keytab_clear(&keytab);
	if (newest == before) {
		printf("%s: key number %u is young enough, nothing to do\n", principal, newest);
		return true;
	}
	printf("%s: key number %u instead of %u; from number %u on they are kept, for tickets "
	       "still "
	       "about\n",
	       principal, newest, before, oldest);
	if (ticket_try_keytab(directory->keytab, principal, why, sizeof(why)) != TICKET_GOOD)
		fprintf(stderr,
			"postern: warning: %s: that is normal for a minute, until the controllers "
			"have told each other; then look with postern check\n",
			why);
	return true;
}

static bool update(const struct conf_directory *directory, struct keytab_hold *hold,
		   const char *principal, unsigned before, unsigned days)
{
	struct buffer output = BUFFER_EMPTY;
	char why[400];
	int code = run_adcli(directory, days, &output);

	if (code == PROGRAM_MISSING)
		fail("adcli", "not installed: apt install adcli");
	else if (code != 0)
		fail("adcli", program_said(&output));
	buffer_clear(&output);
	if (code != 0)
		return false;
	if (keytab_put_back(hold, clock_unix() - ROTATE_KEEP_SECONDS, why, sizeof(why)) < 0)
		return fail(directory->keytab, why);
	return tell_result(directory, principal, before);
}

static bool rotate_held(const struct conf_directory *directory, unsigned days)
{
	char why[400];
	struct keytab_hold *hold = keytab_hold(directory->keytab, why, sizeof(why));
	struct keytab keytab = { 0 };
	const char *principal;
	bool good = false;

	if (!hold || !keytab_read(directory->keytab, &keytab, why, sizeof(why))) {
		keytab_hold_free(hold);
		return fail(directory->name, why);
	}
	principal = keytab_computer(&keytab);
	if (principal)
		good = update(directory, hold, principal, keytab_newest(&keytab, principal), days);
	else
		fail(directory->keytab, "no computer account's: its owner must renew it");
	keytab_clear(&keytab);
	keytab_hold_free(hold);
	return good;
}

/* One at a time, whoever started it. */
static bool rotate_directory(const struct conf_directory *directory, unsigned days)
{
	int fd = open(directory->keytab, O_RDONLY | O_CLOEXEC);
	bool good = false;

	if (fd < 0)
		return fail(directory->keytab, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		fail(directory->keytab, "another rotation is under way");
	else
		good = rotate_held(directory, days);
	close(fd);
	return good;
}

static int rotate_all(const char *file, unsigned days)
{
	struct conf *conf = conf_read(file, NULL, check_complain, NULL);
	char why[400] = "";
	bool good = conf && directories_prepare(conf, why, sizeof(why));

	log_open("rotate", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	if (conf && !good)
		fail(file, why);
	for (size_t i = 0; conf && i < conf->directories_count; i++) {
		const struct conf_directory *directory = &conf->directories[i];

		if (directory->bind == CONF_BIND_GSSAPI && directory->schema.active_directory)
			good = rotate_directory(directory, days) && good;
	}
	conf_free(conf);
	return good ? COMMAND_DONE : COMMAND_FAILED;
}

int command_rotate(const struct command_options *options, int argc, char **argv)
{
	uint64_t days = ROTATE_DAYS;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == 'n')
			days = 0;
		else if (option != 'd' || !span_number(span_text(optarg), &days) || days > 3650)
			return COMMAND_USAGE;
	}
	if (optind != argc)
		return COMMAND_USAGE;
	if (geteuid() != 0) {
		fputs("postern: this needs root: run it with sudo\n", stderr);
		return COMMAND_FAILED;
	}
	return rotate_all(options->file, (unsigned)days);
}
