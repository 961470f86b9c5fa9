/* SPDX-License-Identifier: ISC */
/*
 * The configuration as the rest of the program sees it: read once by libconfuse,
 * checked, completed with defaults, then never changed. Texts are owned by the
 * struct conf. No secret stands in it: secrets live in files that it names.
 * Keys, defaults and units: postern.conf(5).
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum conf_tls { CONF_TLS_NONE, CONF_TLS_STARTTLS, CONF_TLS_IMPLICIT };
enum conf_bind { CONF_BIND_GSSAPI, CONF_BIND_SIMPLE };

/* Who says which mailboxes there are and which password is right: one for the whole gateway. */
enum conf_method {
	CONF_METHOD_DIRECTORY,     /* entries of a directory */
	CONF_METHOD_LOCAL,         /* the system's accounts, through PAM; mailboxes made by hand */
	CONF_METHOD_PASSWORD_FILE, /* a file a mailbox, no account anywhere */
	CONF_METHODS
};

/*
 * What an entry may say that mail depends on. The directory's own names for it are in struct
 * conf_schema: the preset's, or those of the keys "attribute_id", "attribute_mail" and so on
 * (conf_attribute_key). "" = this directory does not say it.
 */
enum conf_attribute {
	CONF_ATTRIBUTE_ID,              /* identity that survives renaming: objectGUID, entryUUID */
	CONF_ATTRIBUTE_MAIL,
	CONF_ATTRIBUTE_ALIAS,           /* further addresses: proxyAddresses, mailLocalAddress */
	CONF_ATTRIBUTE_ENABLED,         /* accountStatus, posternEnabled; absent = enabled */
	CONF_ATTRIBUTE_QUOTA,           /* prohibits receiving: in quota_unit, as the next two */
	CONF_ATTRIBUTE_QUOTA_SEND,      /* prohibits sending */
	CONF_ATTRIBUTE_QUOTA_WARN,      /* a warning is sent */
	CONF_ATTRIBUTE_QUOTA_DEFAULTS,  /* TRUE: the three above do not count (mDBUseDefaults) */
	CONF_ATTRIBUTE_HOST,            /* next hop of who has the mailbox elsewhere: mailHost */
	CONF_ATTRIBUTE_ROUTING_ADDRESS, /* replaces the recipient's: mailRoutingAddress */
	CONF_ATTRIBUTE_TARGET,          /* "SMTP:x@y" of others, no mailbox here: targetAddress */
	CONF_ATTRIBUTE_FORWARD,         /* DNs that get the mail: altRecipient */
	CONF_ATTRIBUTE_FORWARD_ADDRESS, /* addresses that get it: mailForwardingAddress */
	CONF_ATTRIBUTE_FORWARD_KEEP,    /* TRUE: and the mailbox as well (deliverAndRedirect) */
	CONF_ATTRIBUTE_SIZE_SEND,       /* largest message, in size_unit: submissionContLength */
	CONF_ATTRIBUTE_SIZE_RECEIVE,    /* delivContLength */
	CONF_ATTRIBUTE_RECIPIENTS,      /* most recipients of a message sent: msExchRecipLimit */
	CONF_ATTRIBUTE_ACCEPT_FROM,     /* DNs that alone may send to it: authOrig */
	CONF_ATTRIBUTE_REJECT_FROM,     /* DNs that may not: unauthOrig */
	CONF_ATTRIBUTE_ACCEPT_GROUPS,   /* DNs of groups whose members alone may: dLMemSubmitPerms */
	CONF_ATTRIBUTE_REJECT_GROUPS,   /* whose members may not: dLMemRejectPerms */
	CONF_ATTRIBUTE_AUTHENTICATED,   /* TRUE: only who has logged in: msExchRequireAuthToSendTo */
	CONF_ATTRIBUTE_DELEGATES,       /* DNs that may send in its name: publicDelegates */
	CONF_ATTRIBUTE_LEGACY_DN,       /* legacyExchangeDN */
	CONF_ATTRIBUTE_MEMBER,          /* DNs: member, uniqueMember */
	CONF_ATTRIBUTE_MEMBER_ADDRESS,  /* addresses of members without an entry: rfc822MailMember */
	CONF_ATTRIBUTE_MEMBER_UID,      /* user names: memberUid */
	CONF_ATTRIBUTE_MEMBER_FILTER,   /* filter or LDAP URL that finds them: msExchDynamicDLFilter */
	CONF_ATTRIBUTE_MEMBER_BASE,     /* DN below which it searches: msExchDynamicDLBaseDN */
	CONF_ATTRIBUTE_OWNER,           /* DN: managedBy, owner */
	CONF_ATTRIBUTE_REPORT_OWNER,    /* TRUE: failures go to the owner: reportToOwner */
	CONF_ATTRIBUTES
};

/* How a directory spells what we want to know; filled from the preset, then overridden. */
struct conf_schema {
	char *preset;           /* conf_presets.c */
	bool active_directory;  /* AD semantics: userAccountControl, sub-codes, FILETIME, SIDs */
	char *recipient_filter; /* placeholders %{address} %{local} %{domain} */
	/*
	 * Placeholders: %{login} what was typed, but without "DOMAIN\" in front; %{user} the part
	 * before "@", or all of %{login}; %{domain} what was typed after "@" or before "\".
	 */
	char *login_filter;
	char *attribute[CONF_ATTRIBUTES];
	uint64_t quota_unit; /* octets one unit of a bare number stands for */
	uint64_t size_unit;  /* likewise of the two sizes */
	bool quota_override; /* QUOTA_DEFAULTS turned round: the three count only where it is TRUE (zarafa) */
	bool forward_keep;   /* FORWARD_KEEP is TRUE where it is absent; "nolocal" is FALSE (deliveryMode) */
};

/* What a value of CONF_ATTRIBUTE_ENABLED says, whatever the schema: without case. */
enum conf_enabled {
	CONF_ENABLED_YES,      /* TRUE, 1, yes, enabled, active */
	CONF_ENABLED_NO_LOGIN, /* noaccess, nopop: mail is taken */
	CONF_ENABLED_NO,       /* FALSE, 0, no, disabled, deleted, inactive */
	CONF_ENABLED_UNKNOWN   /* anything else: never taken for one of the others */
};
enum conf_enabled conf_enabled_value(struct span value);

/* "attribute_id". */
const char *conf_attribute_key(enum conf_attribute attribute);

/* Who may send to a group whose entry says nothing of it. */
enum conf_group_senders { CONF_GROUP_ANYBODY, CONF_GROUP_AUTHENTICATED, CONF_GROUP_MEMBERS, CONF_GROUP_NOBODY };

/* Octets; 0 = no limit. `given`: the key is there, so it counts before the next wider default. */
struct conf_quota {
	uint64_t warn, send, receive;
	bool warn_given, send_given, receive_given;
};

struct conf_directory {
	char *name;
	char *domain;     /* DNS domain for SRV discovery; "" = servers only */
	char *netbios;    /* for DOMAIN\user; "" = asked of the directory (AD) or none */
	char *site;       /* of AD, for SRV discovery; "" = asked of a controller */
	char **servers;   /* ldap:// or ldaps:// URIs in order of preference */
	size_t servers_count;
	enum conf_bind bind;
	char *keytab;        /* gssapi; and for tickets that people log in with */
	char *principal;     /* gssapi; "" = the first entry of the keytab */
	char *krb5_config;   /* "" = the system's */
	char *bind_dn;       /* simple */
	char *password_file; /* simple; first line */
	enum conf_tls tls;   /* for simple binds, ours and users'; never none off loopback */
	bool plain_loopback; /* tests and benchmarks only: 127.0.0.0/8 and ::1 */
	char *tls_ca;        /* CA file; "" = the system's */
	char *base;          /* "" = defaultNamingContext (AD) */
	unsigned timeout;    /* seconds for one operation */
	unsigned recycle;    /* seconds after which a connection is replaced; below 900 */
	unsigned retry_preferred; /* seconds between attempts to return to a preferred server */
	unsigned lookups;         /* lookups in flight */
	unsigned password_checks; /* password checks in flight */
	bool fast_bind;           /* password checks by AD's fast bind, where a controller offers it */
	unsigned cache_positive;  /* seconds */
	unsigned cache_negative;  /* seconds */
	/*
	 * Seconds that a recipient who was known stays known while no server answers; 0 = not at
	 * all; the default is a day.
	 */
	unsigned cache_outage;
	unsigned poll_changes;    /* seconds between looks at what has changed (uSNChanged); 0 = never */
	bool global_catalog;      /* recipients and logins are looked for in the whole forest */
	unsigned cache_password;  /* seconds a proved password is remembered, hashed; 60 at most; 0 = never */
	struct conf_schema schema;
	const char *file;
	unsigned line; /* of the section, for later complaints */
};

struct conf_domain {
	char *name; /* lower case, A-label form */
	struct conf_directory *directory; /* NULL for an alias */
	struct conf_domain *alias_of;     /* NULL unless an alias */
	bool is_default;
	uint64_t quota;   /* octets for persons whose entry says nothing; 0 = no limit; same as quotas.receive */
	struct conf_quota quotas; /* keys quota, quota_send, quota_warn; then those of section `quota` */
	char *catch_all;  /* address that gets what nobody has; "" = refused */
	char *subaddress; /* characters that may stand before a tag: "+" makes user+tag reach user; "" = none */
	enum conf_group_senders group_senders; /* default: authenticated */
	char *postmaster; /* address that postmaster@ reaches; "" = looked up like any other */
	char *drop;       /* directory of .eml files that get all mail of the domain; "" = mailboxes */
	unsigned line;
};

struct conf_listen {
	char *address; /* numeric; "*" = all, IPv4 and IPv6 */
	uint16_t port;
	enum conf_tls tls;
	unsigned line;
};

enum conf_binding { CONF_BINDING_ALLOW, CONF_BINDING_REQUIRE };

/* What a server's key `authentication` says, as far as "anonymous" is not meant, and what goes with it. */
struct conf_methods {
	char **authentication; /* as written */
	size_t authentication_count;
	bool basic;             /* names and passwords */
	bool basic_without_tls; /* default false */
	bool scram;             /* SCRAM-SHA-256; with method password-file also where basic is */
	bool integrated;        /* Kerberos: GSSAPI and GSS-SPNEGO */
	bool ntlm;
	bool ntlm_without_tls;     /* default false */
	bool certificate;          /* of the client: EXTERNAL */
	char *client_ca;           /* PEM file of who may vouch for one; "" unless certificate */
	enum conf_binding binding; /* of integrated and ntlm to the TLS connection */
	char **groups;         /* key login_groups: only their members log in; DNs, SIDs or names; none = all */
	size_t groups_count;
};

/* How much TLS a connection of ours to another server must have. */
enum conf_tls_out {
	CONF_TLS_OUT_MAY,      /* where it is offered, whatever certificate (RFC 7435); the default */
	CONF_TLS_OUT_NONE,     /* never */
	CONF_TLS_OUT_ENCRYPT,  /* always, whatever certificate */
	CONF_TLS_OUT_VERIFY    /* always, and the certificate is of that host, vouched for by `tls_ca` */
};

enum conf_login_out { /* how we log in to another server */
	CONF_LOGIN_OUT_NONE,
	CONF_LOGIN_OUT_BASIC,      /* SCRAM-SHA-256 where it is offered, else PLAIN, LOGIN; inside TLS only */
	CONF_LOGIN_OUT_INTEGRATED, /* GSSAPI with the keytab of a directory */
	CONF_LOGIN_OUT_NTLM,
	CONF_LOGIN_OUT_OAUTH2      /* XOAUTH2; RFC 6749 client credentials or a refresh token */
};

struct conf_login { /* the directory role alone reads the secrets */
	enum conf_login_out how;
	char *user;          /* also of XOAUTH2 */
	char *password_file; /* basic, ntlm; first line */
	char *token_url;     /* oauth2: https; http on loopback only */
	char *client_id;
	char *client_secret_file;
	char *refresh_token_file; /* "" = grant client_credentials */
	char *scope;
	char *token_ca;           /* "" = the system's */
};

/* Where mail goes: to the MX hosts of its domain, or to one host. */
struct conf_hop {
	char *text;     /* as written: "smtp.example.net", "[192.0.2.1]:587", "lmtp:[::1]:24"; "" = MX of the domain */
	bool lmtp;      /* RFC 2033 */
	char *host;     /* name or numeric address without brackets; "" = MX of the recipient's domain */
	bool bracketed; /* no MX lookup for host */
	uint16_t port;  /* 0 = the outbound port */
};

/* What goes out of a virtual server (subsection `outbound`). Intervals are seconds. */
struct conf_outbound {
	unsigned connections;             /* at once, of this server; 1000 */
	unsigned connections_per_domain;  /* 100; not above `connections` */
	unsigned messages_per_connection; /* 20; a backlog uses more connections; 0 = no limit */
	unsigned recipients;              /* a transaction; 100; more are split */
	unsigned idle_timeout;            /* 600; and the times of RFC 5321 4.5.3.2 where shorter */
	uint16_t port;                    /* 25 */
	unsigned *retry;                  /* 900, 1800, 3600, 14400: the last one again and again */
	size_t retry_count;
	unsigned delay_notice, expiry;             /* 43200, 172800; 0 = no notice */
	unsigned local_delay_notice, local_expiry; /* of what waits for a mailbox of ours; the same */
	struct conf_hop smart_host;       /* for all domains without a route of their own */
	bool direct_first;                /* smart host only when MX hosts do not answer */
	char *fqdn;                       /* in EHLO; "" = the server's */
	enum conf_tls_out tls;
	char *tls_ca;                     /* PEM file; "" = the system's */
	bool dane, mta_sts;               /* both on: they only ever ask for more than `tls` does */
	struct conf_login login;          /* to the smart host */
	char *masquerade;                 /* domain in MAIL FROM instead of ours; "" = none */
	bool masquerade_header;           /* in the From field too */
	char *failure_copy;               /* address that gets a copy of each failure report; "" = none */
	char *badmail;                    /* directory of what can be neither delivered nor reported; "" = <queue>/<server>/badmail */
	char *pickup;                     /* directory; "" = none */
	bool pickup_unstuff;              /* leading ".." of lines become "." as the original did */
	char *templates;                  /* directory of report texts; "" = built in */
	unsigned line;
};

/* A domain of others with settings of its own (section `remote`); "*.example.com" is all below it. */
struct conf_remote {
	char *name;                /* lower case, A-label; with "*." */
	struct conf_hop route;     /* overrides the smart host */
	bool route_mx;             /* route = "mx": by DNS although there is a smart host */
	bool helo;                 /* HELO, not EHLO */
	bool tls_given;
	enum conf_tls_out tls;
	char *tls_ca;
	struct conf_login login;
	bool relay;                /* mail to it is taken from anybody */
	bool trigger;              /* waits for ETRN or ATRN */
	char **trigger_accounts;   /* who may; user names as a login proves them */
	size_t trigger_accounts_count;
	unsigned line;
};

enum conf_peer_kind { CONF_PEER_NETWORK, CONF_PEER_DOMAIN };
struct conf_peer { /* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; ".example.com": by confirmed reverse DNS */
	enum conf_peer_kind kind;
	unsigned char network[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
	char *domain; /* lower case, without the point in front; matches itself and all below */
};

struct conf_relay { /* which clients may send to domains of others (keys of `smtp`) */
	bool authenticated; /* whoever has logged in; default true */
	bool all_except;    /* the list says who may not */
	struct conf_peer *list;
	size_t list_count;
	bool open;          /* "yes, this is an open relay": without it all_except is refused by conf_parse */
};

/* In whose name somebody may send who has logged in: envelope and From field. */
enum conf_send_as {
	CONF_SEND_AS_ANY,
	CONF_SEND_AS_REPORT, /* what would be refused is only logged */
	CONF_SEND_AS_OWN     /* own addresses, groups and persons whose delegate he is */
};

struct conf_smtp { /* a virtual server */
	char *name;
	char *fqdn;
	char *default_domain; /* appended to user names and addresses without one */
	struct conf_listen *listens;
	size_t listens_count;
	char *certificate, *key; /* PEM files; "" where no listener has TLS */
	bool anonymous;          /* mail is taken from who has not logged in */
	struct conf_methods methods;
	uint64_t message_size;   /* octets; 0 = no limit */
	uint64_t session_size;   /* sum of message bodies in a session; 0 = no limit */
	unsigned recipients;     /* a message */
	unsigned connections;    /* at once; 0 = no limit */
	unsigned connections_per_address; /* at once; 0 = no limit */
	unsigned idle_timeout;   /* seconds */
	unsigned hops;           /* Received headers before a message is a loop */
	struct conf_relay relay;
	enum conf_send_as send_as; /* of who has logged in; report */
	char **relay_groups;     /* only their members may send to domains of others; none = who has logged in */
	size_t relay_groups_count;
	bool reverse_dns;        /* Received says whether the client's name is confirmed */
	struct conf_outbound outbound;
	unsigned line;
};

struct conf_pop3 {
	bool enabled; /* the section is there */
	char *fqdn;
	char *default_domain; /* for user names without one; "" = the default domain */
	struct conf_listen *listens;
	size_t listens_count;
	char *certificate, *key;
	struct conf_methods methods;
	unsigned connections;
	unsigned connections_per_address;
	unsigned idle_timeout; /* seconds; RFC 1939 section 3 wants 600 or more */
	char **proxies;        /* user names that may open the mailbox of anybody: other gateways */
	size_t proxies_count;
	unsigned line;
};

/*
 * POP3 for mailboxes that are at another server (section `pop3_proxy`): after the login the session
 * goes on there.
 */
struct conf_proxy {
	bool enabled;      /* the section is there */
	uint16_t port;     /* 0 = 110, or 995 with implicit TLS */
	enum conf_tls tls; /* starttls */
	char *tls_ca;      /* "" = the system's */
	bool verify;       /* of the host's certificate; true */
	struct conf_login login; /* how we log in in the user's name, who is the authorization identity; NONE = with the client's own password */
	unsigned line;
};

/* What `port` means when it is not there, too. */
uint16_t conf_proxy_port(const struct conf_proxy *proxy);

/* The server's defaults and the warning mail (section `quota`). */
struct conf_quotas {
	struct conf_quota limits;
	char *owner_copy;        /* address that gets a copy of each warning; "" = none */
	char *template;          /* file; "" = built in */
	unsigned warn_again;     /* seconds after which a mailbox still over is warned again; 0 = never */
	unsigned line;
};

struct conf_store {
	char *root;  /* <root>/<domain>/<mailbox>/ */
	char *queue; /* for mail that goes out */
	unsigned workers; /* commits in flight */
	unsigned line;
};

enum conf_log_to { CONF_LOG_STDERR, CONF_LOG_FILE, CONF_LOG_SYSLOG };

struct conf_log {
	enum conf_log_to to;
	char *file;
	int level; /* enum log_level */
	unsigned line;
};

struct conf_lines; /* where each key stands: conf/conf_private.h */

struct conf {
	char *file; /* as given to conf_parse */
	enum conf_method method;
	char *mailboxes;    /* directory of the mailbox files (accounts/mailboxes.h) */
	char *pam_service;  /* method local: the file in /etc/pam.d */
	char *user_prefix;  /* users are <prefix>-front, -dir, -store, -relay, -resolver, -local; default "postern" */
	char *run;          /* directory of the control socket and the pid file */
	unsigned frontends; /* processes; 0 = one per core */
	char *password_expired_text; /* for who has the right password; "" = as a wrong one */
	/* Never empty: without sections, one that stands for the method, with its name. */
	struct conf_directory *directories;
	size_t directories_count;
	struct conf_domain *domains;
	size_t domains_count;
	struct conf_smtp *smtps;
	size_t smtps_count;
	struct conf_remote *remotes; /* in the order of the file */
	size_t remotes_count;
	char **dns_servers;          /* of the resolver role: numeric, "@port" behind; none = /etc/resolv.conf */
	size_t dns_servers_count;
	char *dns_trust_anchor;      /* file for DNSSEC; "" = /usr/share/dns/root.key where it is */
	struct conf_pop3 pop3;
	struct conf_proxy proxy;
	struct conf_quotas quotas;
	struct conf_store store;
	struct conf_log log;
	struct conf_lines *lines;
};

/* Told once per problem: "FILE:LINE: what is wrong: what to do". */
typedef void (*conf_complain)(void *context, const char *file, unsigned line, const char *text);

/*
 * Reads and completes. Syntax, unknown keys, value ranges, references between
 * sections, listener clashes, filter syntax and placeholders are checked here.
 * NULL after at least one complaint. `text` is the file's content; `file` its name.
 */
struct conf *conf_parse(const char *file, const char *text, conf_complain complain, void *context);
/* Reads the file into memory first; NULL after a complaint. *text, if wanted, is freed by the caller. */
struct conf *conf_read(const char *file, char **text, conf_complain complain, void *context);
/*
 * What only the machine can tell: certificates load, match their key, are in date
 * and name the FQDN (a warning); keytab and password files are readable and not
 * for everybody; directories exist or can be made and lie on a file system fit for
 * mail; users exist when started as root. False after at least one complaint, where a
 * text that begins with "warning:" does not count.
 */
bool conf_check_machine(const struct conf *conf, conf_complain complain, void *context);
void conf_free(struct conf *conf);

/* The machine's full name; what gethostname says if the resolver knows no more. The caller frees. */
char *conf_host_name(void);
/* The accepted domain of that name (any case), aliases not followed; NULL if none. */
const struct conf_domain *conf_find_domain(const struct conf *conf, const char *name);
const struct conf_domain *conf_default_domain(const struct conf *conf);
/* The section for a domain of others: its own, else the longest wildcard above it; NULL. */
const struct conf_remote *conf_find_remote(const struct conf *conf, const char *domain);
/* The virtual server of that name; NULL. */
const struct conf_smtp *conf_find_smtp(const struct conf *conf, const char *name);
/* Is that address (IPv4 as ::ffff:a.b.c.d) in the network? False for a domain. */
bool conf_peer_has_address(const struct conf_peer *peer, const unsigned char address[16]);
/* Is that confirmed name the domain, or below it? False for a network. */
bool conf_peer_has_name(const struct conf_peer *peer, const char *name);
bool conf_uses_ntlm(const struct conf *conf); /* some server does */
/* "32M": octets, or with K, M or G; as the file has them. */
bool conf_size(const char *text, uint64_t *octets);
/* As written for `route` and `smart_host`. False with *why (static text). Texts of *hop are for free(). */
bool conf_hop_parse(const char *text, struct conf_hop *hop, const char **why);
/* The line of a key at the top level; 0 when it is not there. */
unsigned conf_line(const struct conf *conf, const char *key);
/* As it is written: "directory", "local", "password-file". */
const char *conf_method_name(enum conf_method method);

#endif
