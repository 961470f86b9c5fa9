/* SPDX-License-Identifier: ISC */
/* `postern explain login NAME`: how a login would go, and by what it is decided. */
#include "command/command.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "command/json.h"
#include "conf/conf.h"
#include "daemon/check.h"
#include "directory_role/explain.h"
#include "directory/directories.h"

enum { KEY_WIDTH = 34 };

static bool is_list(struct span key)
{
	return key.length > 2 && memcmp(key.at + key.length - 2, "[]", 2) == 0;
}

/* Takes a line "key TAB value" from the front. False: there is no more. */
static bool take_fact(struct span *lines, struct span *key, struct span *value)
{
	while (span_cut(lines, '\n', value))
		if (span_cut(value, '\t', key) && value->at)
			return true;
	return false;
}

static void print_text(struct span lines)
{
	struct span key, value;

	while (take_fact(&lines, &key, &value)) {
		if (is_list(key))
			key.length -= 2;
		printf("%-*.*s %.*s\n", KEY_WIDTH, (int)key.length, key.at, (int)value.length,
		       value.at);
	}
}

/* The values of a list stand one behind the other. */
static void print_json(struct span lines)
{
	struct span key, value, open = { NULL, 0 };
	bool first = true;

	printf("{");
	while (take_fact(&lines, &key, &value)) {
		bool same = open.at && span_equal(open, key);

		if (open.at && !same)
			printf("]");
		printf("%s", first ? "\n  " : same ? ", " : ",\n  ");
		first = false;
		open = is_list(key) ? key : (struct span){ NULL, 0 };
		if (!same) {
			json_text(stdout, is_list(key) ? span_make(key.at, key.length - 2) : key);
			printf(is_list(key) ? ": [" : ": ");
		}
		json_text(stdout, value);
	}
	printf("%s\n}\n", open.at ? "]" : "");
}

/* The value of the line with that key; empty when there is none. */
static struct span value_of(struct span lines, const char *wanted)
{
	struct span key, value;

	while (take_fact(&lines, &key, &value))
		if (span_is(key, wanted))
			return value;
	return span_text("");
}

/* With connections of our own, when there is no gateway to ask. */
static bool explain_alone(const struct conf *conf, const char *name, struct buffer *lines)
{
	char why[400];
	struct directories *directories = directories_open(conf, why, sizeof(why));
	struct auth *auth;

	if (!directories) {
		fprintf(stderr, "postern: %s\n", why);
		return false;
	}
	log_open("explain", LOG_LEVEL_SILENT, LOG_FORM_LINE);
	directories_start(directories);
	auth = auth_new(conf, directories);
	explain_login(auth, conf, name, EXPLAIN_ALONE, lines);
	auth_free(auth);
	directories_close(directories);
	return true;
}

static bool ask(const struct command_options *options, const char *name, struct buffer *lines)
{
	char word[600];
	struct conf *conf = conf_read(options->file, NULL, check_complain, NULL);
	bool told = false;

	snprintf(word, sizeof(word), "explain login %.500s", name);
	if (conf && control_is_open(conf->run))
		told = control_ask(options, word, lines);
	else if (conf)
		told = explain_alone(conf, name, lines);
	conf_free(conf);
	return told;
}

static int explain_name(const struct command_options *options, const char *name)
{
	struct buffer lines = BUFFER_EMPTY;
	int code = COMMAND_FAILED;

	if (strlen(name) > 500 || strpbrk(name, "\r\n\t")) {
		fputs("postern: that is no user name\n", stderr);
		return COMMAND_FAILED;
	}
	if (ask(options, name, &lines)) {
		if (options->json)
			print_json(buffer_span(&lines));
		else
			print_text(buffer_span(&lines));
		if (span_is(value_of(buffer_span(&lines), "found"), "one entry"))
			code = COMMAND_DONE;
	}
	buffer_clear(&lines);
	return code;
}

int command_explain(const struct command_options *options, int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "login") != 0)
		return COMMAND_USAGE;
	return explain_name(options, argv[2]);
}
