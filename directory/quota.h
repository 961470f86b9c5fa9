/* SPDX-License-Identifier: ISC */
/*
 * The value of a quota attribute as sites write it: `N` (times the schema's
 * unit), `N[KMGT][i]B`, `none` or `-1`, `default`, Dovecot's `*:storage=NM`.
 * What cannot be read is never "no limit": the domain's default then holds.
 */
#ifndef DIRECTORY_QUOTA_H
#define DIRECTORY_QUOTA_H

#include "base/span.h"

enum quota_kind {
	QUOTA_ABSENT,    /* no value: the domain's default */
	QUOTA_DEFAULT,   /* says "default" */
	QUOTA_NONE,      /* no limit, said so explicitly */
	QUOTA_LIMIT,     /* `octets`, at least 1 */
	QUOTA_UNREADABLE /* the domain's default, and a warning */
};

struct quota {
	enum quota_kind kind;
	uint64_t octets;
};

/* `unit`: octets that 1 stands for in a bare number; K is 1024. */
struct quota quota_parse(struct span text, uint64_t unit);
/* The limit in octets as stores want it, 0 = none; `fallback` is the domain's default. */
uint64_t quota_octets(struct quota quota, uint64_t fallback);

#endif
