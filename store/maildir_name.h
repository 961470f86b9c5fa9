/* SPDX-License-Identifier: ISC */
/*
 * Names in a Maildir++: what a message's file name tells without opening it, and
 * how the name of a mailbox or domain becomes one safe path component. Pure.
 *
 *	<seconds>.M<microseconds>P<pid>Q<counter>.<host>,S=<octets>,W=<octets on the
 *wire>[,L=<label>]
 *
 * What stands before the first comma or colon is the unique name: it stays when
 * another program moves the file to cur/ and changes its flags.
 */
#ifndef STORE_MAILDIR_NAME_H
#define STORE_MAILDIR_NAME_H

#include "base/path.h"

#define MAILDIR_UID_SIZE  71 /* RFC 1939 section 7: at most 70 of 0x21..0x7e, and NUL */
#define MAILDIR_HOST_SIZE 21
#define MAILDIR_NAME_SIZE 256

struct maildir_name {
	struct span unique; /* points into the name parsed */
	bool has_octets;    /* ,S= */
	bool has_wire;      /* ,W= */
	uint64_t octets;
	uint64_t wire;
	uint64_t seconds; /* zero when the name does not tell */
	uint64_t microseconds;
	uint64_t counter;
};

/* False when the name is not that of a message: empty, or with a dot in front. */
bool maildir_name_parse(struct span name, struct maildir_name *parsed);

/* The unique name itself, or a hash of it when POP3 could not carry it. */
void maildir_name_uid(struct span unique, char uid[MAILDIR_UID_SIZE]);

/* Unique in this process and, by host and pid, among all that deliver here. */
void maildir_name_unique(const char *host, char to[MAILDIR_UID_SIZE]);

/* A host name without the characters that separate the parts of a file name. */
void maildir_host(const char *name, char to[MAILDIR_HOST_SIZE]);

#endif
