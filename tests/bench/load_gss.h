/* SPDX-License-Identifier: ISC */
/*
 * Clients of GSS-API, for users u0, u1, ... with the passwords pw0, pw1, ...: what belongs
 * to a user (a ticket for the service, a password) is fetched once, contexts then cost no
 * question to anybody.
 */
#ifndef TESTS_BENCH_LOAD_GSS_H
#define TESTS_BENCH_LOAD_GSS_H

#include <stdbool.h>

#include <gssapi/gssapi.h>

enum gss_client_kind { GSS_CLIENT_KERBEROS, GSS_CLIENT_NTLM };

gss_OID gss_client_mechanism(enum gss_client_kind kind);
/* True unless it is an error, which is told on stderr. */
bool gss_client_good(enum gss_client_kind kind, OM_uint32 major, OM_uint32 minor, const char *what);
/*
 * Users first to first + count - 1 of the domain (NTLM; for Kerberos of the default realm),
 * towards the service pop at the host. False with the reason on stderr.
 */
bool gss_client_prepare(enum gss_client_kind kind, const char *host, const char *domain,
			unsigned first, unsigned count);
/* gss_init_sec_context for the user numbered `user`, mutual for Kerberos, with no bindings. */
OM_uint32 gss_client_step(unsigned user, gss_ctx_id_t *context, gss_buffer_t input,
			  gss_buffer_t output, OM_uint32 *minor);

#endif
