/* SPDX-License-Identifier: ISC */
/*
 * One GSS-API context on the acceptor's side (RFC 2743): tokens in, tokens out, and
 * in the end whose it is, as the security identifier that the domain signed.
 * Blocks: for NTLM on winbind and the domain.
 */
#ifndef AUTH_ACCEPTANCE_H
#define AUTH_ACCEPTANCE_H

#include <gssapi/gssapi.h>

#include "directory/person.h"

struct acceptors;
struct buffer;

enum acceptance_kind { ACCEPTANCE_KERBEROS, ACCEPTANCE_NEGOTIATE, ACCEPTANCE_NTLM };

/* What the owner fills in; spans outlive it. */
struct acceptance_terms {
	struct acceptors *acceptors;
	enum acceptance_kind kind;
	bool ntlm;             /* permitted */
	bool bound;            /* channel bindings are required */
	struct span end_point; /* "tls-server-end-point:" and so on (RFC 5929); empty = none */
	struct span exporter;  /* "tls-exporter:" (RFC 9266) */
};

struct acceptance {
	struct acceptance_terms terms;
	gss_ctx_id_t context;
	gss_cred_id_t credential;
	gss_name_t client;
	OM_uint32 flags;
	size_t index;   /* of the keytab */
	bool ntlm;      /* NTLM it was */
	char name[256]; /* as the mechanism displays it: for the log, never to be compared */
	char sid[SID_SIZE_MAX];
	size_t sid_length;
	char cause[300]; /* of a failure */
};

enum acceptance_step {
	ACCEPTANCE_MORE,
	ACCEPTANCE_DONE,
	ACCEPTANCE_REFUSED,
	ACCEPTANCE_TEMPORARY /* it is not for what the client sent */
};

void acceptance_init(struct acceptance *acceptance, const struct acceptance_terms *terms);
void acceptance_clear(struct acceptance *acceptance);
/* `output` gets the token that goes back, which may be empty. */
enum acceptance_step acceptance_step(struct acceptance *acceptance, struct span token,
				     struct buffer *output);
/* RFC 4752: a message protected by the established context. False with the cause. */
bool acceptance_wrap(struct acceptance *acceptance, struct span message, struct buffer *output);
bool acceptance_unwrap(struct acceptance *acceptance, struct span token, struct buffer *message);

#endif
