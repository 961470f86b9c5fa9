/* SPDX-License-Identifier: ISC */
/* `postern check`: the configuration, the machine, and every directory from all sides. */
#include "command/command.h"

#include <stdio.h>

#include "base/log.h"
#include "command/json.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "directory/directories.h"
#include "domain/inspect.h"

static void print_member(const char *name, const char *text, bool last)
{
	printf("\"%s\": ", name);
	json_text(stdout, span_text(text));
	fputs(last ? "" : ", ", stdout);
}

static void print_json(const struct findings *findings)
{
	putchar('[');
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		fputs(i ? ",\n  {" : "\n  {", stdout);
		print_member("level", finding_level_name(finding->level), false);
		print_member("what", finding->what, false);
		print_member("where", finding->where, false);
		print_member("text", finding->text, false);
		print_member("remedy", finding->remedy ? finding->remedy : "", true);
		putchar('}');
	}
	puts("\n]");
}

static void print_lines(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		printf("%-8s %-12s %s: %s\n", finding_level_name(finding->level), finding->what,
		       finding->where, finding->text);
		if (finding->remedy)
			printf("%-21s -> %s\n", "", finding->remedy);
	}
}

/* Everything that the configuration's text names; false when it cannot even be read. */
static bool look(const char *file, struct findings *findings)
{
	struct conf *conf = conf_read(file, NULL, check_complain, NULL);
	char why[400];
	bool ready = conf && directories_prepare(conf, why, sizeof(why));

	log_open("check", LOG_LEVEL_SILENT, LOG_FORM_LINE); /* the findings say it */
	if (conf && !ready)
		check_complain(NULL, file, 0, why);
	for (size_t i = 0;
	     ready && conf->method == CONF_METHOD_DIRECTORY && i < conf->directories_count; i++)
		inspect_directory(conf, &conf->directories[i], findings);
	conf_free(conf);
	return ready;
}

int command_check(const struct command_options *options, int argc, char **argv)
{
	struct findings findings = FINDINGS_EMPTY;
	size_t errors;

	(void)argv;
	if (argc != 1)
		return COMMAND_USAGE;
	if (!look(options->file, &findings))
		return COMMAND_FAILED;
	if (!check_configuration(options->file, CHECK_DIRECTORIES)) {
		finding_add(&findings, FINDING_ERROR, "conf", options->file,
			    "the configuration would not start");
		finding_remedy(&findings, "see what posternd -t says");
	}
	if (options->json)
		print_json(&findings);
	else
		print_lines(&findings);
	errors = findings_of(&findings, FINDING_ERROR);
	if (!options->json && errors == 0)
		printf("%s: good\n", options->file);
	findings_clear(&findings);
	return errors ? COMMAND_FAILED : COMMAND_DONE;
}
