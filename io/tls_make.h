/* SPDX-License-Identifier: ISC */
/*
 * A self-signed certificate, so that a fresh server has TLS from its first start. No
 * client trusts it: the administrator puts one of a real authority in its place.
 */
#ifndef IO_TLS_MAKE_H
#define IO_TLS_MAKE_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * An ECDSA P-256 key and a certificate for the DNS names, the first also its common name, good
 * for `days`. PEM into the buffers; false with *why (static), the buffers then empty. The
 * caller wipes the key.
 */
bool tls_make_self_signed(const char *const *names, size_t count, unsigned days,
			  struct buffer *certificate, struct buffer *key, const char **why);

#endif
