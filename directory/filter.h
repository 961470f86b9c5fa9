/* SPDX-License-Identifier: ISC */
/*
 * A search filter of the configuration, compiled once: literal text and
 * placeholders %{address} %{local} %{domain} %{login} %{user}. Values are put in
 * escaped (RFC 4515), so no value can change the shape of the filter.
 */
#ifndef DIRECTORY_FILTER_H
#define DIRECTORY_FILTER_H

#include "base/span.h"

struct buffer;
struct filter;

/* What the placeholders stand for; an empty span is put in as nothing. */
struct filter_values {
	struct span address;
	struct span local;
	struct span domain;
	struct span login;
	struct span user;
};

/* NULL with *why (static) on an unknown placeholder, an open one, or unbalanced parentheses. */
struct filter *filter_new(struct span text, const char **why);
void filter_free(struct filter *filter);
void filter_expand(const struct filter *filter, const struct filter_values *values,
		   struct buffer *to);
/* One for whom the filter holds under any of the names, as if it were typed: "(|...)". Empty names
 * are none; without any it is a filter that holds for nobody. */
void filter_expand_any(const struct filter *filter, const char *const *names, size_t count,
		       struct buffer *to);

#endif
