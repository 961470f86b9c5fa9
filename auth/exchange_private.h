/* SPDX-License-Identifier: ISC */
/* What the files behind auth/exchange.h share. */
#ifndef AUTH_EXCHANGE_PRIVATE_H
#define AUTH_EXCHANGE_PRIVATE_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "auth/acceptance.h"
#include "auth/exchange.h"
#include "auth/scram_exchange.h"
#include "io/certificate.h"

enum { EXCHANGE_CALLBACKS = 4 };

struct exchange {
	struct exchanges *exchanges;
	struct auth *auth;
	struct exchange_ask ask; /* texts and spans are copies */
	sasl_conn_t *connection;
	sasl_callback_t callbacks[EXCHANGE_CALLBACKS];
	bool begun;
	struct scram_exchange *scram; /* NULL: another mechanism, of Cyrus SASL */
	bool external; /* by the client's certificate, which the connection has proved */
	struct certificate certificate;
	/* A mechanism of GSS-API leaves here what it has learnt. */
	struct acceptance acceptance;
	enum auth_verdict verdict; /* of a failure */
	char cause[300];
	char authzid[514];
};

/* Cyrus SASL set up with our mechanisms and nothing of the system's; once a process, before
 * threads. */
bool cyrus_set_up(char *room, size_t size);
/* The connection that stands for an exchange; false with its cause. */
bool cyrus_open(struct exchange *exchange);
/* SASL_OK, SASL_CONTINUE, or a failure with verdict and cause. */
int cyrus_step(struct exchange *exchange, struct span response, struct span *challenge);

struct auth_ask exchange_asked(const struct exchange *exchange); /* valid as long as it */
/* cyrus_step, with what NTLM needs around it. */
int exchange_step(struct exchange *exchange, struct span response, struct span *challenge);

/* The exchange a mechanism is called for (gss_plug.c). */
struct exchange *cyrus_exchange(const sasl_callback_t *callbacks);
int gss_plug_init(const sasl_utils_t *utils, int most, int *version, sasl_server_plug_t **plugs,
		  int *count);

#endif
