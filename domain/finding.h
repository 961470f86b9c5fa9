/* SPDX-License-Identifier: ISC */
/*
 * What a check found, good news included: what was looked at, where, what is the
 * case, and what to do about it. A plain list in the order in which it was found.
 */
#ifndef DOMAIN_FINDING_H
#define DOMAIN_FINDING_H

#include <stddef.h>

enum finding_level { FINDING_GOOD, FINDING_NOTE, FINDING_WARNING, FINDING_ERROR };

struct finding {
	enum finding_level level;
	const char *what; /* static: "dns", "clock", "certificate", ... */
	char *where;      /* a server, a file, an account */
	char *text;
	char *remedy; /* NULL = nothing to do */
};

struct findings {
	struct finding *list;
	size_t count;
};

#define FINDINGS_EMPTY                                                                             \
	{                                                                                          \
		NULL, 0                                                                            \
	}

/* `what` is static; the rest is copied. The remedy is given by finding_remedy, to the last one. */
void finding_add(struct findings *findings, enum finding_level level, const char *what,
		 const char *where, const char *format, ...) __attribute__((format(printf, 5, 6)));
void finding_remedy(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void findings_clear(struct findings *findings);
size_t findings_of(const struct findings *findings, enum finding_level level); /* how many */
const char *finding_level_name(enum finding_level level); /* "good", "note", ... */

#endif
