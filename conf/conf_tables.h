/* SPDX-License-Identifier: ISC */
/* How the tables of keys are written: conf_options*.c alone include this. */
#ifndef CONF_CONF_TABLES_H
#define CONF_CONF_TABLES_H

#include "conf/conf_private.h"

#define DAY     86400
#define LONGEST (UINT64_C(9999) * DAY)

#define TEXT(s, n, m, f)                                                                           \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_TEXT, .offset = offsetof(struct s, m),              \
		.fallback = (f)                                                                    \
	}
#define PATH(s, n, m, f)                                                                           \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_PATH, .offset = offsetof(struct s, m),              \
		.fallback = (f)                                                                    \
	}
#define LIST(s, n, m, f)                                                                           \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_LIST, .offset = offsetof(struct s, m),              \
		.count = offsetof(struct s, m##_count), .fallback = (f)                            \
	}
#define NUMBER(k, s, n, m, f, lo, hi)                                                              \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_##k, .offset = offsetof(struct s, m),               \
		.fallback = (f), .least = (lo), .most = (hi)                                       \
	}
#define BOOL(s, n, m, f)                                                                           \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_BOOL, .offset = offsetof(struct s, m),              \
		.fallback = (f)                                                                    \
	}
#define CHOICE(s, n, m, f, c)                                                                      \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_CHOICE, .offset = offsetof(struct s, m),            \
		.fallback = (f), .choices = (c)                                                    \
	}
#define EITHER(s, n, m, f, c)                                                                      \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_EITHER, .offset = offsetof(struct s, m),            \
		.fallback = (f), .choices = (c)                                                    \
	}
#define HOP(s, n, m)                                                                               \
	{                                                                                          \
		.name = (n), .kind = CONF_KIND_HOP, .offset = offsetof(struct s, m),               \
		.fallback = ""                                                                     \
	}
#define ATTRIBUTE(a, n) TEXT(conf_directory, n, schema.attribute[CONF_ATTRIBUTE_##a], NULL)
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

#endif
