/* SPDX-License-Identifier: ISC */
#include "auth/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/acceptors.h"
#include "auth/exchange_private.h"
#include "auth/find.h"
#include "auth/winbind.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "conf/conf.h"

struct exchanges {
	bool ntlm; /* is on at some server */
	struct acceptors *acceptors;
};

struct exchanges *exchanges_open(const struct conf *conf, char *room, size_t size)
{
	struct exchanges *exchanges;
	struct acceptors *acceptors;

	if (!cyrus_set_up(room, size))
		return NULL;
	acceptors = acceptors_open(conf, room, size);
	if (!acceptors)
		return NULL;
	exchanges = memory_new(sizeof(*exchanges));
	exchanges->acceptors = acceptors;
	exchanges->ntlm = conf_uses_ntlm(conf);
	if (exchanges->ntlm)
		winbind_prepare();
	return exchanges;
}

void exchanges_start(struct exchanges *exchanges)
{
	if (exchanges->ntlm)
		winbind_examine();
}

void exchanges_free(struct exchanges *exchanges)
{
	if (!exchanges)
		return;
	acceptors_free(exchanges->acceptors);
	free(exchanges);
	sasl_server_done();
}

static struct span span_keep(struct span bytes)
{
	return span_make(memory_text_n(bytes.at, bytes.length), bytes.length);
}

/* Channel bindings as GSS-API hashes them: the kind's name before the octets (RFC 5056
 * section 2.1). */
static struct span binding_keep(const char *kind, struct span octets)
{
	size_t length = strlen(kind);
	char *text;

	if (octets.length == 0)
		return span_make(NULL, 0);
	text = memory_new(length + octets.length);
	memcpy(text, kind, length);
	memcpy(text + length, octets.at, octets.length);
	return span_make(text, length + octets.length);
}

static struct span binding_bare(struct span binding)
{
	struct span kind;

	return span_cut(&binding, ':', &kind) ? binding : span_text("");
}

static enum acceptance_kind kind_of(const char *mechanism)
{
	if (strcmp(mechanism, "NTLM") == 0)
		return ACCEPTANCE_NTLM;
	return strcmp(mechanism, "GSSAPI") == 0 ? ACCEPTANCE_KERBEROS : ACCEPTANCE_NEGOTIATE;
}

struct exchange *exchange_new(struct exchanges *exchanges, struct auth *auth,
			      const struct exchange_ask *ask)
{
	struct exchange *exchange = memory_new(sizeof(*exchange));
	struct exchange_ask *kept = &exchange->ask;

	exchange->exchanges = exchanges;
	exchange->auth = auth;
	exchange->verdict = AUTH_REJECTED;
	exchange->external = strcmp(ask->mechanism, "EXTERNAL") == 0;
	*kept = *ask;
	kept->service = memory_text(ask->service);
	kept->mechanism = memory_text(ask->mechanism);
	kept->default_domain = memory_text(ask->default_domain);
	kept->client = memory_text(ask->client);
	kept->session = memory_text(ask->session);
	kept->client_ca = memory_text(ask->client_ca);
	kept->end_point = binding_keep("tls-server-end-point:", ask->end_point);
	kept->exporter = binding_keep("tls-exporter:", ask->exporter);
	kept->certificate = span_keep(ask->certificate);
	/* It wants the bindings without their kinds in front. */
	exchange->scram = scram_exchange_new(&(struct exchange_ask){
		.mechanism = kept->mechanism,
		.tls = ask->tls,
		.end_point = binding_bare(kept->end_point),
		.exporter = binding_bare(kept->exporter),
	});
	acceptance_init(&exchange->acceptance, &(struct acceptance_terms){
						       .acceptors = exchanges->acceptors,
						       .kind = kind_of(ask->mechanism),
						       .ntlm = ask->ntlm,
						       .bound = ask->bound,
						       .end_point = kept->end_point,
						       .exporter = kept->exporter,
					       });
	return exchange;
}

void exchange_free(struct exchange *exchange)
{
	const struct exchange_ask *ask;

	if (!exchange)
		return;
	ask = &exchange->ask;
	if (exchange->connection)
		sasl_dispose(&exchange->connection);
	acceptance_clear(&exchange->acceptance);
	certificate_clear(&exchange->certificate);
	scram_exchange_free(exchange->scram);
	free((char *)ask->service);
	free((char *)ask->mechanism);
	free((char *)ask->default_domain);
	free((char *)ask->client);
	free((char *)ask->session);
	free((char *)ask->client_ca);
	free((char *)ask->end_point.at);
	free((char *)ask->exporter.at);
	free((char *)ask->certificate.at);
	free(exchange);
}

const char *exchange_session(const struct exchange *exchange)
{
	return exchange->ask.session;
}

static const char *user_of(const struct exchange *exchange)
{
	if (exchange->scram)
		return scram_exchange_user(exchange->scram);
	return exchange->external ? exchange->certificate.subject : exchange->acceptance.name;
}

struct auth_ask exchange_asked(const struct exchange *exchange)
{
	return (struct auth_ask){
		.service = exchange->ask.service,
		.user = user_of(exchange),
		.authzid = exchange->authzid,
		.password = "",
		.default_domain = exchange->ask.default_domain,
		.client = exchange->ask.client,
		.session = exchange->ask.session,
		.methods = exchange->ask.methods,
	};
}

static const char *mechanism_name(const struct exchange *exchange)
{
	if (exchange->acceptance.ntlm && exchange->acceptance.terms.kind == ACCEPTANCE_NEGOTIATE)
		return "GSS-SPNEGO with NTLM";
	return exchange->ask.mechanism;
}

static enum exchange_step refuse(struct exchange *exchange, struct auth_answer *answer)
{
	struct auth_ask ask = exchange_asked(exchange);

	auth_refuse(exchange->auth, &ask, mechanism_name(exchange), exchange->verdict,
		    exchange->cause, answer);
	return EXCHANGE_OVER;
}

/* An authority that knows the account by its security identifier has named it so; else by what else
 * fits. */
static enum exchange_step admit_certificate(struct exchange *exchange, struct auth_answer *answer)
{
	const struct certificate *certificate = &exchange->certificate;
	struct auth_ask ask = exchange_asked(exchange);
	char sid[SID_SIZE_MAX];
	size_t length = 0;
	struct find_proof proof = {
		.upn = certificate->upn,
		.identities = (const char *const *)certificate->identities,
	};

	if (certificate->sid[0] && !sid_parse(span_text(certificate->sid), sid, &length)) {
		snprintf(exchange->cause, sizeof(exchange->cause),
			 "the security identifier in the certificate is malformed");
		return refuse(exchange, answer);
	}
	proof.sid = span_make(sid, length);
	auth_admit(exchange->auth, &ask, exchange->ask.mechanism, &proof, answer);
	return EXCHANGE_OVER;
}

static enum exchange_step admit(struct exchange *exchange, struct auth_answer *answer)
{
	const struct acceptance *acceptance = &exchange->acceptance;
	struct auth_ask ask = exchange_asked(exchange);
	struct find_proof proof = {
		.sid = span_make(acceptance->sid, acceptance->sid_length),
		.keytab = acceptance->ntlm ? NULL
					   : acceptors_keytab(exchange->exchanges->acceptors,
							      acceptance->index),
	};

	if (exchange->external)
		return admit_certificate(exchange, answer);
	if (exchange->scram)
		proof = (struct find_proof){ .account = ask.user };
	auth_admit(exchange->auth, &ask, mechanism_name(exchange), &proof, answer);
	return EXCHANGE_OVER;
}

/* The frontend has seen that the client has the key; whom the certificate is good for is not its
 * word. */
static bool open_connection(struct exchange *exchange)
{
	bool ours = true;

	if (exchange->external &&
	    !certificate_read(exchange->ask.certificate, exchange->ask.client_ca,
			      &exchange->certificate, &ours, exchange->cause,
			      sizeof(exchange->cause))) {
		exchange->verdict = ours ? AUTH_TEMPORARY : AUTH_REJECTED;
		return false;
	}
	exchange->verdict = AUTH_TEMPORARY;
	if (!cyrus_open(exchange))
		return false;
	exchange->verdict = AUTH_REJECTED;
	return true;
}

static int step_scram(struct exchange *exchange, struct span response, struct span *out)
{
	struct auth_ask ask = exchange_asked(exchange);

	switch (scram_exchange_next(exchange->scram, exchange->auth, &ask, response, out,
				    &exchange->verdict, exchange->cause, sizeof(exchange->cause))) {
	case SCRAM_MORE:
		return SASL_CONTINUE;
	case SCRAM_PROVED:
		snprintf(exchange->authzid, sizeof(exchange->authzid), "%s",
			 scram_exchange_authzid(exchange->scram));
		return SASL_OK;
	case SCRAM_FAILED:
		break;
	}
	return SASL_BADAUTH;
}

enum exchange_step exchange_next(struct exchange *exchange, struct span response,
				 struct buffer *challenge, struct auth_answer *answer)
{
	struct span out;
	int result = SASL_FAIL;

	if (response.length > EXCHANGE_TOKEN_MAX)
		snprintf(exchange->cause, sizeof(exchange->cause), "a message of %zu octets",
			 response.length);
	else if (exchange->scram)
		result = step_scram(exchange, response, &out);
	else if (exchange->connection || open_connection(exchange))
		result = exchange_step(exchange, response, &out);
	if (result != SASL_OK && result != SASL_CONTINUE)
		return refuse(exchange, answer);
	if (result == SASL_OK)
		return admit(exchange, answer);
	buffer_add(challenge, out.at, out.length);
	return EXCHANGE_MORE;
}
