/* SPDX-License-Identifier: ISC */
/*
 * `postern join` in parts: what is wanted (join_options.c), the order of the steps (join.c),
 * what is asked of and done to the domain (join_domain.c, join_account.c), Samba beside us
 * (join_samba.c), the files on this machine (join_files.c).
 */
#ifndef COMMAND_JOIN_H
#define COMMAND_JOIN_H

#include "base/buffer.h"
#include "directory/facts.h"
#include "domain/ticket.h"
#include "domain/visit.h"

struct conf;

enum { JOIN_HOSTS_MAX = 16, JOIN_NAME_SIZE = 256, JOIN_PATH_SIZE = 512 };

struct join {
	/* wanted */
	const char *file; /* postern.conf */
	const char *admin, *unit, *authority, *certificate, *key;
	bool stdin_password, one_time, ntlm, dry_run;
	char domain[JOIN_NAME_SIZE]; /* "corp.example" */
	char realm[JOIN_NAME_SIZE];  /* "CORP.EXAMPLE" */
	char host[JOIN_NAME_SIZE];   /* this machine: "gw.corp.example" */
	char name[16];               /* its computer account, without "$": at most 15 (NetBIOS) */
	const char *hosts[JOIN_HOSTS_MAX]; /* mail names; the first is our greeting */
	size_t hosts_count;
	char folder[JOIN_PATH_SIZE]; /* of postern.conf, for what is written beside it */
	char keytab[JOIN_PATH_SIZE];
	char certificate_path[JOIN_PATH_SIZE], key_path[JOIN_PATH_SIZE];
	char authority_path[JOIN_PATH_SIZE]; /* "" = the system's authorities */
	/* found on the way */
	char scratch[64]; /* our own folder below /run, for ticket and krb5.conf */
	char krb5[128];   /* in scratch */
	struct conf *conf;
	struct visit visit;
	bool visiting, own_ticket;
	struct ticket ticket;
	struct buffer secret; /* the one-time password */
	struct facts facts;
	bool rejoin; /* the account is there already, and ours */
	unsigned step;
};

/* "1. What: text", one line a thing done. */
void join_step(struct join *join, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "postern: text" on standard error; false. */
bool join_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* join_options.c: COMMAND_DONE with what is wanted filled in; or, told, the command's exit code. */
int join_want(struct join *join, int argc, char **argv);

/* --- join_domain.c: each false after an explanation --- */
bool join_find_controller(struct join *join);
bool join_get_ticket(struct join *join);
bool join_look_at_names(struct join *join); /* the account's name and its principals are free */
bool join_find_authority(struct join *join);

/* --- join_samba.c --- */
bool join_samba(struct join *join); /* --ntlm */

/* --- join_account.c --- */
/* A program that was to change the domain ended with that code: why, and who may. Always false. */
bool join_tell_failure(struct join *join, const char *program, int code, struct buffer *output);
bool join_create_account(struct join *join);
bool join_look_at_account(
	struct join *join); /* what came of it, and what an administrator must add */
size_t join_principals(const struct join *join, size_t index, char to[JOIN_NAME_SIZE + 8]);

/* --- join_files.c --- */
void join_conf_text(const struct join *join, const char *krb5_config, struct buffer *text);
bool join_write_scratch(
	struct join *join); /* krb5.conf for the time being; reads the configuration */
void join_clear_scratch(struct join *join);
bool join_write_keytab(struct join *join); /* from scratch to its place, for the directory role */
bool join_write_files(struct join *join);  /* krb5.conf, certificate, postern.conf */
void join_smbconf_text(const struct join *join, struct buffer *text);
/* A file that is not there yet. */
bool join_write_new(const char *path, unsigned mode, struct span text);

#endif
