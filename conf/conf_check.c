/* SPDX-License-Identifier: ISC */
/* What the sections say together: references, what is missing, what can never work. */
#include "conf/conf_private.h"

#include <idn2.h>
#include <string.h>

#include "mail/address.h"

enum { RUN_MAX = 99, REPLY_TEXT_MAX = 200, SERVER_NAME_MAX = 63 };

bool conf_domain_name_valid(struct span name)
{
	for (size_t i = 0; i < name.length; i++)
		if ((unsigned char)name.at[i] >= 0x80)
			return false;
	return domain_valid(name);
}

static const struct conf_listen *listen_with(const struct conf_listen *listens, size_t count,
					     bool tls)
{
	for (size_t i = 0; i < count; i++)
		if ((listens[i].tls != CONF_TLS_NONE) == tls)
			return &listens[i];
	return NULL;
}

/* What the sections smtp and pop3 have in common. */
struct server {
	const char *what;
	unsigned line;
	const struct conf_listen *listens;
	size_t count;
	const char *fqdn, *default_domain, *certificate, *key;
	bool login; /* without one nothing can be done */
	const struct conf_methods *methods;
};

static bool can_log_in_plain(const struct conf_methods *methods)
{
	return methods->integrated || (methods->basic && methods->basic_without_tls) ||
	       (methods->ntlm && methods->ntlm_without_tls);
}

static void check_server_tls(struct conf_reading *reading, const struct server *server)
{
	const struct conf_listen *tls = listen_with(server->listens, server->count, true);
	const struct conf_listen *plain = listen_with(server->listens, server->count, false);

	if (tls && (!*server->certificate || !*server->key))
		conf_tell(reading, tls->line,
			  "listen %s port %u offers TLS, but %s has no %s: set it, or write tls = "
			  "\"none\" here",
			  tls->address ? tls->address : "", tls->port, server->what,
			  *server->certificate ? "key" : "certificate");
	if (!*server->certificate != !*server->key && !tls)
		conf_tell_key(reading, server->line, *server->key ? "key" : "certificate",
			      "certificate and key belong together: set both or none");
	if (plain && server->login && !can_log_in_plain(server->methods))
		conf_tell(reading, plain->line,
			  "nobody can log in on a listener without TLS, and %s serves nobody else: "
			  "write tls = \"starttls\" or \"implicit\", or basic_without_tls = true "
			  "in %s",
			  server->what, server->what);
}

static void check_server(struct conf_reading *reading, const struct server *server)
{
	if (server->count == 0)
		conf_tell(reading, server->line,
			  "%s has no listener: add listen \"*:%d\" { tls = \"starttls\" }",
			  server->what, !strcmp(server->what, "pop3") ? 110 : 25);
	if (*server->fqdn && !conf_domain_name_valid(span_text(server->fqdn)))
		conf_tell_key(reading, server->line, "fqdn",
			      "fqdn \"%s\" is no host name: write one like mail.example.com",
			      server->fqdn);
	if (*server->default_domain && !conf_find_domain(reading->conf, server->default_domain))
		conf_tell_key(reading, server->line, "default_domain",
			      "default_domain \"%s\" is none of the domains: add a section domain, "
			      "or name one that is there",
			      server->default_domain);
	check_server_tls(reading, server);
}

/* It is the name of a directory below the queue. */
static void check_server_name(struct conf_reading *reading, const struct conf_smtp *smtp)
{
	if (!*smtp->name)
		conf_tell(reading, smtp->line,
			  "smtp has an empty name: write smtp \"name\" { ... }");
	else if (strlen(smtp->name) > SERVER_NAME_MAX || strchr(smtp->name, '/') ||
		 smtp->name[0] == '.')
		conf_tell(reading, smtp->line,
			  "smtp \"%s\" makes no name of a directory below queue: write up to %d "
			  "octets, without / and without a point in front",
			  smtp->name, SERVER_NAME_MAX);
}

static void check_smtp(struct conf_reading *reading, const struct conf_smtp *smtp)
{
	struct server server = {
		.what = "smtp",
		.line = smtp->line,
		.listens = smtp->listens,
		.count = smtp->listens_count,
		.fqdn = smtp->fqdn,
		.default_domain = smtp->default_domain,
		.certificate = smtp->certificate,
		.key = smtp->key,
		.login = !smtp->anonymous,
		.methods = &smtp->methods,
	};

	check_server(reading, &server);
	check_server_name(reading, smtp);
	if (smtp->session_size &&
	    (smtp->message_size == 0 || smtp->session_size < smtp->message_size))
		conf_tell_key(reading, smtp->line, "session_size",
			      "session_size is smaller than message_size: raise it, lower "
			      "message_size, or write 0 for no limit");
}

static void check_pop3(struct conf_reading *reading, const struct conf_pop3 *pop3)
{
	struct server server = {
		.what = "pop3",
		.line = pop3->line,
		.listens = pop3->listens,
		.count = pop3->listens_count,
		.fqdn = pop3->fqdn,
		.default_domain = pop3->default_domain,
		.certificate = pop3->certificate,
		.key = pop3->key,
		.login = true,
		.methods = &pop3->methods,
	};

	if (pop3->enabled)
		check_server(reading, &server);
}

static void check_servers(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;

	for (size_t i = 0; i < conf->smtps_count; i++) {
		ascii_lower_text(conf->smtps[i].default_domain);
		check_smtp(reading, &conf->smtps[i]);
	}
	ascii_lower_text(conf->pop3.default_domain);
	check_pop3(reading, &conf->pop3);
	conf_check_methods(reading);
	conf_check_listeners(reading);
}

void conf_check_names(struct conf_reading *reading, unsigned begins, const char *key,
		      char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!*names[i])
			conf_tell_key(reading, begins, key,
				      "%s has an empty name: write one, or remove it", key);
}

static void check_log(struct conf_reading *reading)
{
	const struct conf_log *log = &reading->conf->log;

	if (log->to == CONF_LOG_FILE && !*log->file)
		conf_tell_key(reading, log->line, "to",
			      "to = \"file\" without a file: add file = \"/var/log/postern.log\"");
	if (log->to != CONF_LOG_FILE && *log->file)
		conf_tell_key(
			reading, log->line, "file",
			"file is set, but the log does not go to a file: write to = \"file\"");
}

static void check_store(struct conf_reading *reading)
{
	const struct conf_store *store = &reading->conf->store;

	if (!*store->root)
		conf_tell_key(reading, store->line, "root", "root is empty: write a directory");
	if (!*store->queue)
		conf_tell_key(reading, store->line, "queue", "queue is empty: write a directory");
	if (*store->root && !strcmp(store->root, store->queue))
		conf_tell_key(reading, store->line, "queue",
			      "queue and root are the same directory: choose another one");
}

/* useradd(8) takes 32 characters; "-front" and "-store" come behind. */
static bool prefix_valid(const char *prefix)
{
	size_t length = strlen(prefix);

	if (length == 0 || length > 24 || prefix[0] < 'a' || prefix[0] > 'z')
		return false;
	for (const char *at = prefix; *at; at++)
		if (!ascii_is_alnum(*at) && *at != '-' && *at != '_')
			return false;
	return true;
}

/* It stands in replies of SMTP and POP3, behind their codes. */
static void check_text(struct conf_reading *reading, const char *key, const char *text)
{
	bool printable = true;

	for (const char *at = text; *at; at++)
		printable &= *at >= ' ' && *at <= '~';
	if (!printable || strlen(text) > REPLY_TEXT_MAX)
		conf_tell_key(reading, 0, key,
			      "%s is no text for a reply: write up to %d printable ASCII characters",
			      key, REPLY_TEXT_MAX);
}

static void check_top(struct conf_reading *reading)
{
	const struct conf *conf = reading->conf;

	if (!prefix_valid(conf->user_prefix))
		conf_tell_key(
			reading, 0, "user_prefix",
			"user_prefix \"%s\" makes no user name: write a lower-case letter and "
			"up to 23 letters, digits, - or _",
			conf->user_prefix);
	/* The service is a file's name (pam(7)). */
	if (!*conf->pam_service || strchr(conf->pam_service, '/') || conf->pam_service[0] == '.')
		conf_tell_key(reading, 0, "pam_service",
			      "pam_service \"%s\" is no name of a file in /etc/pam.d: write one like "
			      "postern",
			      conf->pam_service);
	if (!*conf->run)
		conf_tell_key(reading, 0, "run", "run is empty: write a directory");
	/* The path of a socket has 107 octets (unix(7)). */
	if (strlen(conf->run) > RUN_MAX)
		conf_tell_key(
			reading, 0, "run",
			"run is longer than %d octets, too long for the socket in it: choose a "
			"shorter path",
			RUN_MAX);
	check_text(reading, "password_expired_text", conf->password_expired_text);
	if (conf->directories_count == 0)
		conf_tell(reading, 0, "no section directory: add directory \"name\" { ... }");
	if (conf->domains_count == 0)
		conf_tell(reading, 0, "no section domain: add domain \"example.com\" { }");
	if (conf->smtps_count == 0)
		conf_tell(reading, 0,
			  "no section smtp: add smtp \"name\" { listen \"*:25\" { ... } }");
}

void conf_check(struct conf_reading *reading)
{
	check_top(reading);
	conf_check_directories(reading);
	conf_check_domains(reading);
	conf_check_quotas(reading);
	check_servers(reading);
	conf_check_relay(reading);
	conf_check_proxy(reading);
	conf_check_outbound(reading);
	conf_check_remotes(reading);
	check_store(reading);
	check_log(reading);
}

const char *conf_a_labels(const char *name, char to[CONF_NAME_SIZE])
{
	uint8_t *ascii = NULL;

	for (const char *c = name; *c; c++) {
		if (!((unsigned char)*c & 0x80))
			continue;
		if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NONTRANSITIONAL) ==
			    IDN2_OK &&
		    span_copy(span_text((const char *)ascii), to, CONF_NAME_SIZE))
			name = to;
		idn2_free(ascii);
		break;
	}
	return name;
}
