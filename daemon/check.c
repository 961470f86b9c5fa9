/* SPDX-License-Identifier: ISC */
#include "daemon/check.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/method.h"
#include "daemon/pam.h"
#include "directory/directories.h"
#include "directory/directory.h"
#include "io/tls.h"
#include "routing/routing.h"

static const struct conf_domain *domain_in(const struct conf *conf, const struct conf_directory *directory)
{
	for (size_t i = 0; i < conf->domains_count; i++)
		if (conf->domains[i].directory == directory)
			return &conf->domains[i];
	return NULL;
}

static void warn(const struct conf_directory *directory, const char *what, const char *why, const char *then)
{
	char text[700];

	snprintf(text, sizeof text, "warning: directory \"%s\" %s: %s: %s", directory->name, what, why, then);
	check_complain(NULL, directory->file, directory->line, text);
}

/* An address nobody has: server, TLS, bind, base and filter are tried for real. */
static bool check_lookup(struct routing *routing, const struct conf_domain *domain)
{
	struct route_ask ask = { .sender = { .directory = "", .id = "", .trusted = true } };
	struct route route = { .kind = ROUTE_REFUSED };
	uint32_t unlikely;

	random_bytes(&unlikely, sizeof unlikely);
	snprintf(ask.recipient.local, sizeof ask.recipient.local, "postern-check-%08x", (unsigned)unlikely);
	snprintf(ask.recipient.domain, sizeof ask.recipient.domain, "%s", domain->name);
	if (routing_resolve(routing, &ask, &route) != OUTCOME_TEMP)
		return true;
	warn(domain->directory, "cannot be asked", route.cause, "its mail is put off until it can");
	return false;
}

/* A name nobody has: passwords go another way than lookups, through TLS even beside GSSAPI. */
static void check_password(struct directory *directory, const struct conf_domain *domain)
{
	const struct conf_directory *conf = directory_conf(directory);
	int64_t deadline = clock_ms() + (int64_t)conf->timeout * 1000;
	struct checker_answer answer;
	struct facts facts;
	char dn[PERSON_DN_SIZE + 32];

	if (!directory_facts(directory, deadline, &facts))
		return;
	if (facts.base[0])
		snprintf(dn, sizeof dn, "cn=postern-check,%s", facts.base);
	else
		snprintf(dn, sizeof dn, "postern-check@%s", domain->name);
	directory_check_password(directory, dn, span_text("postern-check"), deadline, &answer);
	if (answer.result == PASSWORD_TEMPORARY)
		warn(conf, "cannot check passwords", answer.cause, "nobody can log in until it can");
}

/* What the local role does, here: whether PAM's service is in order shows itself. */
static void prove_here(void *context, const char *account, struct span password, int64_t deadline,
		       struct checker_answer *answer)
{
	const struct conf *conf = context;
	struct message_prove prove = { .account = "" };
	struct message_proof proof = { .result = PASSWORD_WRONG };

	(void)deadline;
	if (span_copy(span_text(account), prove.account, sizeof prove.account) &&
	    span_copy(password, prove.password, sizeof prove.password))
		pam_prove(conf->pam_service, &prove, &proof);
	*answer = (struct checker_answer){ .result = proof.result };
	snprintf(answer->cause, sizeof answer->cause, "%s", proof.cause);
}

/* False when a start would fail. */
static bool check_directories(const struct conf *conf)
{
	char why[400];
	const struct directory_prover prover = { prove_here, (void *)conf };
	struct directories *directories = directories_open(conf, why, sizeof why);
	struct routing *routing;

	if (!directories) {
		check_complain(NULL, conf->file, 0, why);
		return false;
	}
	directories_set_prover(directories, &prover);
	log_open("check", LOG_LEVEL_SILENT, LOG_FORM_LINE); /* the complaint says it */
	directories_start(directories);
	routing = routing_new(conf, directories);
	for (size_t i = 0; i < conf->directories_count; i++) {
		const struct conf_domain *domain = domain_in(conf, &conf->directories[i]);

		if (domain && check_lookup(routing, domain))
			check_password(directories_find(directories, domain->directory), domain);
	}
	routing_free(routing);
	directories_close(directories);
	return true;
}

void check_complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	if (line)
		fprintf(stderr, "%s:%u: %s\n", file, line, text);
	else
		fprintf(stderr, "%s: %s\n", file, text);
}

bool check_machine(const struct conf *conf, conf_complain complain, void *context)
{
	bool good = conf_check_machine(conf, complain, context);

	return method_check(conf, complain, context) && good;
}

bool check_configuration(const char *file, enum check_extent extent)
{
	struct conf *conf = conf_read(file, NULL, check_complain, NULL);
	bool good = conf && check_machine(conf, check_complain, NULL);

	if (good && extent == CHECK_DIRECTORIES)
		good = check_directories(conf);
	conf_free(conf);
	return good;
}
