/* SPDX-License-Identifier: ISC */
/*
 * What the files of this folder share. A file is read in steps: conf_text.c makes
 * the text safe to give to libconfuse, conf_syntax.c lets libconfuse read it and
 * notes the line of every key, conf_fill.c turns values into the structs by the
 * tables of conf_options.c, conf_check*.c look at what the sections say together.
 */
#ifndef CONF_CONF_PRIVATE_H
#define CONF_CONF_PRIVATE_H

#include <confuse.h>

#include "base/span.h"
#include "conf/conf.h"

struct passwd;

#define CONF_FILE_MAX (1024 * 1024) /* octets of a configuration file */

/* ---- tables (conf_options*.c) ---- */

enum conf_kind {
	CONF_KIND_TEXT,
	CONF_KIND_PATH,   /* absolute */
	CONF_KIND_LIST,   /* of texts; `count` is the offset of their number */
	CONF_KIND_SIZE,   /* uint64_t octets */
	CONF_KIND_TIME,   /* unsigned seconds */
	CONF_KIND_COUNT,  /* unsigned */
	CONF_KIND_BOOL,
	CONF_KIND_CHOICE, /* an enum */
	CONF_KIND_EITHER, /* a choice of two, kept as bool */
	CONF_KIND_PORT,   /* uint16_t */
	CONF_KIND_HOP,    /* struct conf_hop */
	CONF_KIND_TIMES,  /* list of unsigned seconds; the fallback has blanks between */
	CONF_KIND_PEERS,  /* list of struct conf_peer */
};

struct conf_choice {
	const char *name;
	int value;
};

struct conf_key {
	const char *name; /* NULL ends a table */
	enum conf_kind kind;
	size_t offset;        /* of the member */
	size_t count;         /* of a list's number of texts */
	const char *fallback; /* as it would be written; NULL = settled later */
	uint64_t least, most; /* of a number */
	const struct conf_choice *choices;
};

struct conf_section {
	const char *name; /* NULL ends a table */
	bool titled;
	const struct conf_key *keys;
	const struct conf_section *inner;
};

/* A domain has keys that are names of other things. */
struct conf_domain_keys {
	struct conf_domain domain;
	char *directory;
	char *alias_of;
};

extern const struct conf_section conf_root;
extern const struct conf_key conf_directory_keys[], conf_smtp_keys[], conf_outbound_keys[],
	conf_remote_keys[], conf_pop3_keys[], conf_proxy_keys[], conf_no_keys[];
extern const struct conf_section conf_smtp_inner[], conf_pop3_inner[];

/* What the preset says goes where no key has said anything (conf_presets.c). */
void conf_preset_apply(struct conf_schema *schema);
bool conf_preset_known(const char *name);
const char *conf_preset_name(size_t index); /* NULL behind the last one */

/* ---- where keys stand (conf_lines.c) ---- */

struct conf_lines *conf_lines_new(void);
void conf_lines_free(struct conf_lines *lines);
void conf_lines_add(struct conf_lines *lines, const void *section, const char *key, unsigned line);
bool conf_lines_has(const struct conf_lines *lines, const void *section, const char *key);
/* The section is complete and began at `begins`. */
void conf_lines_settle(struct conf_lines *lines, const void *section, unsigned begins);
/* The line of a key in the section that began at `begins`; `begins` if the key is not there. */
unsigned conf_lines_find(const struct conf_lines *lines, unsigned begins, const char *key);
unsigned conf_lines_begins(const struct conf_lines *lines, const void *section);

/* ---- a reading in progress ---- */

struct conf_reading {
	const char *file;
	conf_complain complain;
	void *context;
	unsigned complaints;
	struct conf *conf;
	struct conf_lines *lines; /* conf->lines */
	cfg_t *root;
	char *text;             /* what libconfuse gets */
	unsigned *section_lines; /* in the order in which sections close */
	size_t section_count, section_next;
	struct conf_domain_keys *domains;
};

void conf_tell(struct conf_reading *reading, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* At the key's line, or its section's if it is not given. */
#define conf_tell_key(reading, begins, key, ...) \
	conf_tell((reading), conf_lines_find((reading)->lines, (begins), (key)), __VA_ARGS__)

/* Fills text and section_lines; false after a complaint, as the next. */
bool conf_text_prepare(struct conf_reading *reading, const char *text);
bool conf_syntax_read(struct conf_reading *reading); /* fills root and lines */
void conf_fill(struct conf_reading *reading);
/* The values of a section, or the defaults, go into its struct. */
void conf_fill_keys(struct conf_reading *reading, cfg_t *section, const struct conf_key *keys,
		    void *object);
void conf_fill_fallbacks(struct conf_reading *reading, const struct conf_key *keys, void *object);
/* Where a value stands: for complaints. */
struct conf_place {
	struct conf_reading *reading;
	const struct conf_key *key;
	unsigned line;
};
void conf_fill_hop(const struct conf_place *place, struct conf_hop *hop, const char *text);
/* Adds one to a list that `count` counts. */
void conf_fill_peer(const struct conf_place *place, struct conf_peer **peers, size_t *count,
		    const char *text);
void conf_fill_outbound(struct conf_reading *reading, cfg_t *section, struct conf_smtp *smtp);
/* The limits of the section `quota` and of domains; the former stand where the latter say nothing. */
void conf_fill_quotas(struct conf_reading *reading, cfg_t *section);
void conf_fill_remotes(struct conf_reading *reading);
void conf_outbound_clear(struct conf_outbound *outbound);
void conf_login_clear(struct conf_login *login);
void conf_remote_clear(struct conf_remote *remote);
void conf_relay_clear(struct conf_relay *relay);
void conf_fill_methods(struct conf_reading *reading); /* after all sections are filled */
void conf_check_methods(struct conf_reading *reading);
/* What a preset says where the file says nothing; TLS as the servers' addresses want it. */
void conf_directory_defaults(struct conf_directory *directory, bool tls_given);
void conf_server_defaults(struct conf *conf); /* host name, default domain, mailboxes */
void conf_check(struct conf_reading *reading);
void conf_check_directories(struct conf_reading *reading);
void conf_check_domains(struct conf_reading *reading);
void conf_check_listeners(struct conf_reading *reading);
void conf_check_outbound(struct conf_reading *reading);
void conf_check_remotes(struct conf_reading *reading);
void conf_check_quotas(struct conf_reading *reading);
void conf_check_proxy(struct conf_reading *reading);
/* The key of a list of names: each says something. */
void conf_check_names(struct conf_reading *reading, unsigned begins, const char *key,
		      char *const *names, size_t count);
void conf_check_relay(struct conf_reading *reading); /* never an open one by accident */
/* One that is used under `tls`, in the section that begins there; `tls_key` says so ("tls"). */
void conf_check_login(struct conf_reading *reading, unsigned begins, const struct conf_login *login,
		      enum conf_tls_out tls);
/* What needs the names of the machine: after conf_server_defaults. */
void conf_check_loops(struct conf_reading *reading);

/* ---- values ---- */

bool conf_quantity_size(const char *text, uint64_t *octets);  /* "32M": K, M, G */
bool conf_quantity_time(const char *text, uint64_t *seconds); /* "10m": s, m, h, d */
bool conf_quantity_count(const char *text, uint64_t *count);

/* "*:25", "192.0.2.1:25", "[::1]:25"; false with *why (static). */
bool conf_listen_parse(const char *text, char **address, uint16_t *port, const char **why);
/* "host:port" with an IPv6 host in brackets; without a port, *port is empty. */
bool conf_port_split(struct span text, struct span *host, struct span *port, bool *brackets);
bool conf_port_parse(struct span text, uint16_t *port); /* 1 to 65535 */
bool conf_host_is_loopback(struct span host, bool brackets); /* numeric, in 127.0.0.0/8 or ::1 */
bool conf_listens_to_strangers(const struct conf_listen *listens, size_t count); /* not on loopback alone */
bool conf_server_parse(const char *uri, bool *ldaps, bool *loopback, const char **why);
bool conf_domain_name_valid(struct span name); /* ASCII; A-labels where it must be */
#define CONF_NAME_SIZE 256
/* An internationalized name (RFC 5890) has two spellings: the configuration has its A-labels. What
 * has none is itself. */
const char *conf_a_labels(const char *name, char to[CONF_NAME_SIZE]);

/*
 * RFC 4515, with placeholders in values. False with `why` filled. `placeholders` is a
 * NULL-ended list, of which one of the first `needed` must occur.
 */
bool conf_filter_check(const char *filter, const char *const *placeholders, size_t needed,
		       char *why, size_t size);

/* ---- the machine ---- */

struct conf_machine {
	const struct conf *conf;
	conf_complain complain;
	void *context;
	bool failed;
};

/* A text that begins with "warning:" does not fail the check. */
void conf_machine_tell(struct conf_machine *machine, unsigned begins, const char *key,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What a file holds, at most `most` octets; NULL after a complaint. Secrets are not for everybody. */
char *conf_machine_file(struct conf_machine *machine, unsigned begins, const char *key,
			const char *path, bool secret, size_t most, size_t *length);
/* NULL if it has entries that a domain controller takes; else what is wrong (static). */
const char *conf_keytab_wrong(const void *bytes, size_t length);
void conf_machine_certificate(struct conf_machine *machine, unsigned begins,
			      const char *certificate, const char *key, const char *fqdn);
void conf_machine_users(struct conf_machine *machine);
void conf_machine_authorities(struct conf_machine *machine, unsigned begins, const char *key,
			      const char *path);
/* A directory that is there, or can be made, for our writing; false after a complaint. */
bool conf_machine_writable(struct conf_machine *machine, unsigned begins, const char *key,
			   const char *path);
/* Where the directory is or will be made: its user has to get there. */
void conf_machine_way(struct conf_machine *machine, unsigned begins, const char *key,
		      const char *path, const struct passwd *user);
void conf_machine_store(struct conf_machine *machine, const struct conf_store *store);
/* The nearest directory on the way up that exists. The caller frees. */
char *conf_machine_existing(const char *path);
/* Files and directories of what goes out. */
void conf_machine_outbound(struct conf_machine *machine);
/* A file of which the first line is a secret for the directory role. */
void conf_machine_secret(struct conf_machine *machine, unsigned begins, const char *key,
			 const char *path);
/* Started as root: the role's user ("dir") must be able to read it. */
void conf_machine_readable(struct conf_machine *machine, unsigned begins, const char *key,
			   const char *path, const char *role);
/* For root: whether access(path, mode) succeeds for that user; true when that cannot be found out. */
struct passwd;
bool conf_user_may(const struct passwd *user, const char *path, int mode);

#endif
