/* SPDX-License-Identifier: ISC */
#include "command/modes.h"

#include <stdio.h>
#include <string.h>

#include "command/json.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "domain/inspect.h"

enum { FEATURES = 6, MODES = 5 };

/* The ways to be bound to a directory (enum inspect_mode), then those of the other methods. */
enum { MODE_LOCAL = 3, MODE_PASSWORD_FILE };

/* What the binding makes possible; whether a server offers it is that server's section. */
static const struct {
	const char *name, *title;
	bool given[MODES];
} features[FEATURES] = {
	{ "lookup", "addresses", { true, true, true, true, true } },
	{ "password", "passwords", { true, true, true, true, true } },
	{ "no_stored_password", "own key rotates", { false, true, true, false, false } },
	{ "kerberos", "Kerberos login", { false, true, true, false, false } },
	{ "ntlm", "NTLM login", { false, false, true, false, false } },
	{ "scram", "SCRAM login", { false, false, false, false, true } },
};

static const struct {
	const char *name, *title;
} modes[MODES] = { { "ldap", "LDAP only" },
		   { "keytab", "keytab only" },
		   { "member", "full member" },
		   { "local", "local" },
		   { "password-file", "password-file" } };

static unsigned mode_of(const struct conf *conf, const struct conf_directory *directory)
{
	if (conf->method == CONF_METHOD_LOCAL)
		return MODE_LOCAL;
	if (conf->method == CONF_METHOD_PASSWORD_FILE)
		return MODE_PASSWORD_FILE;
	return inspect_mode(directory);
}

static void print_row(const struct conf_directory *directory, unsigned mode)
{
	printf("%-15s%-15s", directory->name, modes[mode].title);
	for (size_t i = 0; i < FEATURES; i++)
		printf("%-17s", features[i].given[mode] ? "yes" : "no");
	putchar('\n');
}

static void print_json(const struct conf_directory *directory, unsigned mode, bool first)
{
	printf("%s\n  {\"directory\": ", first ? "" : ",");
	json_text(stdout, span_text(directory->name));
	printf(", \"domain\": ");
	json_text(stdout, span_text(directory->domain));
	printf(", \"mode\": \"%s\"", modes[mode].name);
	for (size_t i = 0; i < FEATURES; i++)
		printf(", \"%s\": %s", features[i].name,
		       features[i].given[mode] ? "true" : "false");
	putchar('}');
}

static void print_heading(void)
{
	printf("%-15s%-15s", "directory", "mode");
	for (size_t i = 0; i < FEATURES; i++)
		printf("%-17s", features[i].title);
	putchar('\n');
}

bool modes_print(const struct command_options *options)
{
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);

	if (options->json)
		putchar('[');
	else if (conf)
		print_heading();
	for (size_t i = 0; conf && i < conf->directories_count; i++) {
		const struct conf_directory *directory = &conf->directories[i];

		if (options->json)
			print_json(directory, mode_of(conf, directory), i == 0);
		else
			print_row(directory, mode_of(conf, directory));
	}
	if (options->json)
		putchar(']');
	conf_free(conf);
	return conf != NULL;
}
