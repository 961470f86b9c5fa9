/* SPDX-License-Identifier: ISC */
/* The daemon's main: options, then the master, or the role that the master asked for. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/master.h"
#include "daemon/role.h"

#define CONF_DEFAULT "/etc/postern/postern.conf"

static int usage(FILE *to, int code)
{
	fputs("usage: posternd [-c FILE]      serve; stays in the foreground\n"
	      "       posternd [-c FILE] -t   test the configuration\n"
	      "       posternd -V             print the version\n",
	      to);
	return code;
}

static int test(const char *file)
{
	bool good = check_configuration(file, CHECK_DIRECTORIES);

	if (good)
		printf("%s: good\n", file);
	return good ? 0 : 1;
}

static int run_role(const char *name, const char *file)
{
	static const struct {
		enum role role;
		int (*run)(struct role_start *begin);
	} table[] = {
		{ ROLE_FRONTEND, frontend_main },
		{ ROLE_DIRECTORY, directory_main },
		{ ROLE_STORE, store_main },
		{ ROLE_LOCAL, local_main },
		{ ROLE_RELAY, relay_main },
		{ ROLE_RESOLVER, resolver_main },
	};
	struct role_start begin;
	char process_name[16];
	int code;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcmp(role_name(table[i].role), name) != 0)
			continue;
		snprintf(process_name, sizeof process_name, "postern-%s", role_user(table[i].role));
		prctl(PR_SET_NAME, process_name);
		role_begin(&begin, table[i].role, file);
		code = table[i].run(&begin);
		conf_free(begin.conf);
		return code;
	}
	return usage(stderr, 2);
}

/* A closed 0, 1 or 2 would become some socket, and the log be written into it. */
static void standard_fill(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "role", required_argument, NULL, 'R' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' },
						 { 0 } };
	const char *file = CONF_DEFAULT, *role = NULL;
	bool testing = false;
	int option;

	standard_fill();
	while ((option = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 't':
			testing = true;
			break;
		case 'R':
			role = optarg;
			break;
		case 'V':
			puts("posternd " POSTERN_VERSION);
			return 0;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	}
	if (optind != argc)
		return usage(stderr, 2);
	if (testing)
		return test(file);
	return role ? run_role(role, file) : master_main(file);
}
