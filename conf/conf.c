/* SPDX-License-Identifier: ISC */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "conf/conf_private.h"

void conf_tell(struct conf_reading *reading, unsigned line, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	reading->complaints++;
	reading->complain(reading->context, reading->file, line, text);
}

static void texts_free(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static void reading_clear(struct conf_reading *reading)
{
	for (size_t i = 0; reading->domains && i < reading->conf->domains_count; i++) {
		free(reading->domains[i].directory);
		free(reading->domains[i].alias_of);
	}
	free(reading->domains);
	free(reading->section_lines);
	free(reading->text);
	if (reading->root)
		cfg_free(reading->root);
}

struct conf *conf_parse(const char *file, const char *text, conf_complain complain, void *context)
{
	struct conf *conf = memory_new(sizeof(*conf));
	struct conf_reading reading = {
		.file = file, .complain = complain, .context = context, .conf = conf
	};

	conf->file = memory_text(file);
	conf->lines = reading.lines = conf_lines_new();
	if (conf_text_prepare(&reading, text) && conf_syntax_read(&reading)) {
		conf_fill(&reading);
		conf_check(&reading);
	}
	if (reading.complaints == 0) {
		conf_server_defaults(conf);
		conf_check_loops(&reading);
	}
	reading_clear(&reading);
	if (reading.complaints == 0)
		return conf;
	conf_free(conf);
	return NULL;
}

/* All of a regular file, at most CONF_FILE_MAX octets; NULL with errno. */
static char *read_text(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), error = 0;
	char *text;
	ssize_t got;
	size_t used = 0;

	if (fd < 0)
		return NULL;
	text = memory_new(CONF_FILE_MAX + 2);
	do {
		got = read(fd, text + used, CONF_FILE_MAX + 1 - used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		error = errno;
	else if (memchr(text, '\0', used))
		error = EILSEQ;
	(void)close(fd);
	if (error == 0)
		return text;
	free(text);
	errno = error;
	return NULL;
}

struct conf *conf_read(const char *file, char **text, conf_complain complain, void *context)
{
	char *content = read_text(file), why[200];
	struct conf *conf;

	if (text)
		*text = NULL;
	if (!content) {
		snprintf(why, sizeof(why), "cannot be read (%s): %s",
			 errno == EILSEQ ? "it is not a text" : strerror(errno),
			 "make it, for example from postern.conf.sample, or name another one with "
			 "-c");
		complain(context, file, 0, why);
		return NULL;
	}
	conf = conf_parse(file, content, complain, context);
	if (conf && text)
		*text = content;
	else
		free(content);
	return conf;
}

static void listens_free(struct conf_listen *listens, size_t count)
{
	for (size_t i = 0; listens && i < count; i++)
		free(listens[i].address);
	free(listens);
}

static void directory_clear(struct conf_directory *directory)
{
	struct conf_schema *schema = &directory->schema;
	char *texts[] = {
		directory->name,         directory->domain,        directory->netbios,
		directory->site,
		directory->keytab,       directory->principal,     directory->krb5_config,
		directory->bind_dn,      directory->password_file, directory->tls_ca,
		directory->base,         schema->preset,           schema->recipient_filter,
		schema->login_filter
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < CONF_ATTRIBUTES; i++)
		free(schema->attribute[i]);
	texts_free(directory->servers, directory->servers_count);
}

static void methods_clear(struct conf_methods *methods)
{
	texts_free(methods->authentication, methods->authentication_count);
	free(methods->client_ca);
	texts_free(methods->groups, methods->groups_count);
}

static void smtp_clear(struct conf_smtp *smtp)
{
	methods_clear(&smtp->methods);
	free(smtp->name);
	free(smtp->fqdn);
	free(smtp->default_domain);
	free(smtp->certificate);
	free(smtp->key);
	listens_free(smtp->listens, smtp->listens_count);
	conf_relay_clear(&smtp->relay);
	texts_free(smtp->relay_groups, smtp->relay_groups_count);
	conf_outbound_clear(&smtp->outbound);
}

static void pop3_clear(struct conf_pop3 *pop3)
{
	methods_clear(&pop3->methods);
	free(pop3->fqdn);
	free(pop3->default_domain);
	free(pop3->certificate);
	free(pop3->key);
	texts_free(pop3->proxies, pop3->proxies_count);
	listens_free(pop3->listens, pop3->listens_count);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; conf->directories && i < conf->directories_count; i++)
		directory_clear(&conf->directories[i]);
	for (size_t i = 0; conf->domains && i < conf->domains_count; i++) {
		free(conf->domains[i].name);
		free(conf->domains[i].postmaster);
		free(conf->domains[i].drop);
		free(conf->domains[i].catch_all);
		free(conf->domains[i].subaddress);
	}
	for (size_t i = 0; conf->smtps && i < conf->smtps_count; i++)
		smtp_clear(&conf->smtps[i]);
	for (size_t i = 0; conf->remotes && i < conf->remotes_count; i++)
		conf_remote_clear(&conf->remotes[i]);
	texts_free(conf->dns_servers, conf->dns_servers_count);
	pop3_clear(&conf->pop3);
	free(conf->proxy.tls_ca);
	conf_login_clear(&conf->proxy.login);
	free(conf->quotas.owner_copy);
	free(conf->quotas.template);
	free(conf->remotes);
	free(conf->dns_trust_anchor);
	free(conf->directories);
	free(conf->domains);
	free(conf->smtps);
	free(conf->store.root);
	free(conf->store.queue);
	free(conf->log.file);
	free(conf->mailboxes);
	free(conf->pam_service);
	free(conf->user_prefix);
	free(conf->password_expired_text);
	free(conf->run);
	free(conf->file);
	conf_lines_free(conf->lines);
	free(conf);
}

bool conf_size(const char *text, uint64_t *octets)
{
	return conf_quantity_size(text, octets) && *octets <= INT64_MAX;
}

unsigned conf_line(const struct conf *conf, const char *key)
{
	return conf_lines_find(conf->lines, 0, key);
}

const struct conf_domain *conf_find_domain(const struct conf *conf, const char *name)
{
	char ascii[CONF_NAME_SIZE];

	name = conf_a_labels(name, ascii);
	for (size_t i = 0; i < conf->domains_count; i++)
		if (span_is_nocase(span_text(name), conf->domains[i].name))
			return &conf->domains[i];
	return NULL;
}

const struct conf_smtp *conf_find_smtp(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->smtps_count; i++)
		if (!strcmp(conf->smtps[i].name, name))
			return &conf->smtps[i];
	return NULL;
}

const struct conf_domain *conf_default_domain(const struct conf *conf)
{
	for (size_t i = 0; i < conf->domains_count; i++)
		if (conf->domains[i].is_default)
			return &conf->domains[i];
	return NULL;
}
