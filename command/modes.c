/* SPDX-License-Identifier: ISC */
#include "command/modes.h"

#include <stdio.h>
#include <string.h>

#include "command/json.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "directory/inspect.h"

enum { FEATURES = 5 };

/* What the binding makes possible; whether a server offers it is that server's section. */
static const struct {
	const char *name, *title;
	bool given[3]; /* by enum inspect_mode */
} features[FEATURES] = {
	{ "lookup", "addresses", { true, true, true } },
	{ "password", "passwords", { true, true, true } },
	{ "no_stored_password", "own key rotates", { false, true, true } },
	{ "kerberos", "Kerberos login", { false, true, true } },
	{ "ntlm", "NTLM login", { false, false, true } },
};

static const struct {
	const char *name, *title;
} modes[] = { { "ldap", "LDAP only" }, { "keytab", "keytab only" }, { "member", "full member" } };

static void print_row(const struct conf_directory *directory, enum inspect_mode mode)
{
	printf("%-15s%-13s", directory->name, modes[mode].title);
	for (size_t i = 0; i < FEATURES; i++)
		printf("%-17s", features[i].given[mode] ? "yes" : "no");
	putchar('\n');
}

static void print_json(const struct conf_directory *directory, enum inspect_mode mode, bool first)
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
	printf("%-15s%-13s", "directory", "mode");
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
			print_json(directory, inspect_mode(directory), i == 0);
		else
			print_row(directory, inspect_mode(directory));
	}
	if (options->json)
		putchar(']');
	conf_free(conf);
	return conf != NULL;
}
