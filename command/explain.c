/* SPDX-License-Identifier: ISC */
/* `postern explain`: how a login would go, how mail for an address goes, and by what it is decided.
 */
#include "command/explain.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "command/command.h"
#include "daemon/check.h"
#include "directory/directories.h"
#include "directory_role/explain.h"

enum { SUBJECT_MAX = 1300 /* octets; daemon/message_directory.h has room for more */ };

struct question {
	const char *word; /* of the line that the master gets */
	void (*answer)(const struct explain *explain, const char *subject);
	char subject[SUBJECT_MAX + 1];
};

/* With connections of our own, when there is no gateway to ask. */
static bool explain_alone(const struct conf *conf, const struct question *question,
			  struct buffer *lines)
{
	char why[400];
	struct directories *directories = directories_open(conf, why, sizeof why);
	struct explain explain = {
		.conf = conf, .directories = directories, .where = EXPLAIN_ALONE, .lines = lines
	};

	if (!directories) {
		fprintf(stderr, "postern: %s\n", why);
		return false;
	}
	log_open("explain", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	directories_start(directories);
	explain.auth = auth_new(conf, directories);
	explain.routing = routing_new(conf, directories);
	question->answer(&explain, question->subject);
	routing_free(explain.routing);
	auth_free(explain.auth);
	directories_close(directories);
	return true;
}

static bool ask(const struct command_options *options, const struct question *question,
		struct buffer *lines)
{
	char word[SUBJECT_MAX + 40];
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);
	bool told = false;

	snprintf(word, sizeof word, "explain %s %s", question->word, question->subject);
	if (conf && control_is_open(conf->run))
		told = control_ask(options, word, lines);
	else if (conf)
		told = explain_alone(conf, question, lines);
	if (told)
		explain_add_usage(conf, lines);
	conf_free(conf);
	return told;
}

/* Does one server at least say yes to the verb? */
static bool has_yes(struct span lines, const char *verb)
{
	struct span one = explain_value(lines, verb), key, value;
	char many[20];

	if (one.length > 0)
		return one.at[0] == '2';
	snprintf(many, sizeof many, "%s at[]", verb);
	while (explain_take(&lines, &key, &value))
		if (span_is(key, many) && memmem(value.at, value.length, ": 250 ", 6))
			return true;
	return false;
}

/* Somebody has the name; some server would take the recipient. */
static bool is_good(struct span lines)
{
	return span_is(explain_value(lines, "found"), "one entry") ||
	       (has_yes(lines, "MAIL") && has_yes(lines, "RCPT"));
}

static int explain_question(const struct command_options *options, const struct question *question)
{
	struct buffer lines = BUFFER_EMPTY;
	int code = COMMAND_FAILED;

	if (ask(options, question, &lines)) {
		if (options->json)
			explain_print_json(stdout, buffer_span(&lines));
		else
			explain_print_text(stdout, buffer_span(&lines));
		if (is_good(buffer_span(&lines)))
			code = COMMAND_DONE;
	}
	buffer_clear(&lines);
	return code;
}

/* Words that may stand in the line to the master, as they are. */
static bool is_word(const char *text, const char *what)
{
	if (strlen(text) <= 400 && !strpbrk(text, "\r\n\t"))
		return true;
	fprintf(stderr, "postern: that is no %s\n", what);
	return false;
}

static int explain_mail(const struct command_options *options, const char *from, const char *to,
			const char *as)
{
	struct question question = { .word = "send", .answer = explain_send };

	if (!is_word(from, "address") || !is_word(to, "address") || !is_word(as, "user name"))
		return COMMAND_FAILED;
	snprintf(question.subject, sizeof question.subject, "%s\t%s\t%s", from, to, as);
	return explain_question(options, &question);
}

static int explain_one(const struct command_options *options, const char *word, const char *subject,
		       void (*answer)(const struct explain *explain, const char *subject))
{
	struct question question = { .word = word, .answer = answer };

	if (!is_word(subject, answer == explain_login ? "user name" : "address"))
		return COMMAND_FAILED;
	snprintf(question.subject, sizeof question.subject, "%s", subject);
	return explain_question(options, &question);
}

int command_explain(const struct command_options *options, int argc, char **argv)
{
	static const struct option long_options[] = { { "as", required_argument, NULL, 'a' },
						      { NULL, 0, NULL, 0 } };
	const char *as = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 'a' || !optarg[0])
			return COMMAND_USAGE;
		as = optarg;
	}
	argc -= optind;
	argv += optind;
	if (argc == 3 && strcmp(argv[0], "send") == 0)
		return explain_mail(options, argv[1], argv[2], as ? as : "");
	if (argc == 2 && strcmp(argv[0], "login") == 0 && !as)
		return explain_one(options, "login", argv[1], explain_login);
	if (argc == 1 && strchr(argv[0], '@') && !as)
		return explain_one(options, "address", argv[0], explain_address);
	return COMMAND_USAGE;
}
