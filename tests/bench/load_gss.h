/* SPDX-License-Identifier: ISC */
/*
 * Clients of GSS-API, for users u0, u1, ... with the passwords pw0, pw1, ... Tickets are in
 * files that kinit and kvno have made: a context costs no question to anybody.
 */
#ifndef TESTS_BENCH_LOAD_GSS_H
#define TESTS_BENCH_LOAD_GSS_H

#include <stdbool.h>

#include <gssapi/gssapi.h>

enum gss_client_kind { GSS_CLIENT_KERBEROS, GSS_CLIENT_NTLM };

gss_OID gss_client_mechanism(enum gss_client_kind kind);
/* True unless it is an error, which is told on stderr. */
bool gss_client_good(enum gss_client_kind kind, OM_uint32 major, OM_uint32 minor, const char *what);
struct gss_client_place {
	const char *host;    /* of the service pop */
	const char *domain;  /* NTLM: of the users */
	const char *tickets; /* Kerberos: directory of the files u0, u1, ... */
};

/* Users first to first + count - 1. False with the reason on stderr. */
bool gss_client_prepare(enum gss_client_kind kind, const struct gss_client_place *place,
			unsigned first, unsigned count);
/* gss_init_sec_context for the user numbered `user`, mutual for Kerberos, with no bindings. */
OM_uint32 gss_client_step(unsigned user, gss_ctx_id_t *context, gss_buffer_t input,
			  gss_buffer_t output, OM_uint32 *minor);

#endif
