/* SPDX-License-Identifier: ISC */
/* One handshake as a client: what was wished of the server, and whether it was so. */
#include "io/tls_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

enum { CHAIN_MAX = 16, NAMES_SHOWN = 200 };

struct tls_visit {
	struct tls_client *client;
	struct tls_wish wish;        /* a copy, with all it points to */
	unsigned char key[MAC_SIZE]; /* two visits with the same wish have the same */
	bool verified;
	char *trouble; /* with the certificate, in words; NULL = none */
};

/* ---- the wish ---- */

static size_t names_count(const char *const *names)
{
	size_t count = 0;

	while (names && names[count])
		count++;
	return count;
}

static void copy_wish(const struct tls_wish *from, struct tls_wish *to)
{
	size_t names = names_count(from->names);
	const char **list = memory_array(names + 1, sizeof(*list));
	struct tls_record *records = memory_array(from->records_count + 1, sizeof(*records));

	*to = *from;
	to->sni = memory_text(from->sni);
	for (size_t i = 0; i < names; i++)
		list[i] = memory_text(from->names[i]);
	for (size_t i = 0; i < from->records_count; i++) {
		struct span data = from->records[i].data;

		records[i] = from->records[i];
		records[i].data = span_make(memory_text_n(data.at, data.length), data.length);
	}
	to->names = list;
	to->records = records;
}

static void free_wish(struct tls_wish *wish)
{
	for (size_t i = 0; wish->names[i]; i++)
		free((char *)(uintptr_t)wish->names[i]);
	for (size_t i = 0; i < wish->records_count; i++)
		free((char *)(uintptr_t)wish->records[i].data.at);
	free((void *)(uintptr_t)wish->names);
	free((void *)(uintptr_t)wish->records);
	free((char *)(uintptr_t)wish->sni);
}

/*
 * What was found good for one wish says nothing about another: a session is taken up again
 * for the same wish only.
 */
static void make_key(struct tls_visit *visit)
{
	const struct tls_wish *wish = &visit->wish;
	struct buffer text = BUFFER_EMPTY;

	buffer_add_format(&text, "%d %s", wish->demand, wish->sni ? wish->sni : "");
	for (size_t i = 0; wish->names[i]; i++)
		buffer_add_format(&text, " %s", wish->names[i]);
	for (size_t i = 0; i < wish->records_count; i++) {
		const struct tls_record *record = &wish->records[i];

		buffer_add_format(&text, "\n%u %u %u %zu ", record->usage, record->selector,
				  record->matching, record->data.length);
		buffer_add(&text, record->data.at, record->data.length);
	}
	mac_sha256(span_text("wish"), buffer_span(&text), visit->key);
	buffer_clear(&text);
}

struct tls_visit *tls_visit_new(struct tls_client *tls, const struct tls_wish *wish)
{
	struct tls_visit *visit = memory_new(sizeof(*visit));

	visit->client = tls_client_share(tls);
	copy_wish(wish, &visit->wish);
	make_key(visit);
	return visit;
}

void tls_visit_free(struct tls_visit *visit)
{
	if (!visit)
		return;
	tls_client_free(visit->client);
	free_wish(&visit->wish);
	free(visit->trouble);
	free(visit);
}

/* ---- the certificate ---- */

static const char *host(const struct tls_visit *visit)
{
	if (visit->wish.sni)
		return visit->wish.sni;
	return visit->wish.names[0] ? visit->wish.names[0] : "the server";
}

static const char *status_words(unsigned status, gnutls_x509_crt_t own)
{
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		return gnutls_x509_crt_check_issuer(own, own)
			       ? "is self-signed"
			       : "is signed by nobody who is trusted here";
	if (status & GNUTLS_CERT_REVOKED)
		return "was revoked";
	if (status & GNUTLS_CERT_EXPIRED)
		return "has expired, or one it depends on";
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return "is not valid yet, or one it depends on";
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return "has a signature or key too weak to trust";
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return "is not meant for servers";
	return "cannot be verified";
}

static char *other_name(const struct tls_visit *visit, gnutls_x509_crt_t own)
{
	char names[NAMES_SHOWN];

	tls_names_list(own, names, sizeof(names));
	return memory_format("certificate of %s is for other names: %s", host(visit),
			     names[0] ? names : "none");
}

static char *check_named(const struct tls_visit *visit, gnutls_session_t session,
			 const struct tls_chain *chain)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0 };
	unsigned status = 0;

	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0)
		status = GNUTLS_CERT_INVALID;
	if (status != 0)
		return memory_format("certificate of %s %s", host(visit),
				     status_words(status, chain->certificates[0]));
	if (!tls_names_fit(chain->certificates[0], visit->wish.names))
		return other_name(visit, chain->certificates[0]);
	return NULL;
}

static bool is_demanding(const struct tls_wish *wish)
{
	if (wish->demand != TLS_DANE)
		return wish->demand == TLS_NAMED;
	for (size_t i = 0; i < wish->records_count; i++) {
		if (tls_record_usable(&wish->records[i]))
			return true;
	}
	return false;
}

static char *check_dane(const struct tls_visit *visit, const struct tls_chain *chain)
{
	unsigned status = 0;

	switch (tls_dane_check(chain, &visit->wish, &status)) {
	case TLS_DANE_FITS:
		return NULL;
	case TLS_DANE_OTHER_NAME:
		return other_name(visit, chain->certificates[0]);
	case TLS_DANE_NOT_TRUSTED:
		return memory_format("certificate of %s %s", host(visit),
				     status_words(status, chain->certificates[0]));
	default:
		return memory_format("certificate of %s fits none of the %zu TLSA records",
				     host(visit), visit->wish.records_count);
	}
}

static void chain_read(gnutls_session_t session, gnutls_x509_crt_t certificates[CHAIN_MAX],
		       struct tls_chain *chain)
{
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);

	*chain = (struct tls_chain){ certificates, 0 };
	for (unsigned i = 0; list && i < count && i < CHAIN_MAX; i++) {
		if (gnutls_x509_crt_init(&certificates[i]) < 0)
			return;
		chain->count++;
		if (gnutls_x509_crt_import(certificates[i], &list[i], GNUTLS_X509_FMT_DER) == 0)
			continue;
		gnutls_x509_crt_deinit(certificates[i]);
		chain->count--;
		return; /* what follows depends on it */
	}
}

/* Called in the handshake, so that it fails as a handshake should, and the server learns why. */
static int check_server(gnutls_session_t session)
{
	struct tls_visit *visit = gnutls_session_get_ptr(session);
	gnutls_x509_crt_t certificates[CHAIN_MAX];
	struct tls_chain chain;

	chain_read(session, certificates, &chain);
	free(visit->trouble);
	if (chain.count == 0)
		visit->trouble = memory_format("%s has shown no certificate", host(visit));
	else if (visit->wish.demand == TLS_NAMED)
		visit->trouble = check_named(visit, session, &chain);
	else
		visit->trouble = check_dane(visit, &chain);
	visit->verified = visit->trouble == NULL;
	for (unsigned i = 0; i < chain.count; i++)
		gnutls_x509_crt_deinit(certificates[i]);
	return visit->trouble ? GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR : 0;
}

/* ---- the session ---- */

gnutls_session_t tls_visit_session(struct tls_visit *visit)
{
	bool demanding = is_demanding(&visit->wish);
	gnutls_session_t session = tls_client_session(visit->client, !demanding);
	const char *sni = visit->wish.sni;

	if (sni)
		(void)gnutls_server_name_set(session, GNUTLS_NAME_DNS, sni, strlen(sni));
	gnutls_session_set_ptr(session, visit);
	/* RFC 7672 section 2.2: with none of the records usable, any certificate will do. */
	if (demanding)
		gnutls_session_set_verify_function(session, check_server);
	if (sni)
		tls_client_recall(visit->client, span_make(visit->key, sizeof(visit->key)),
				  session);
	return session;
}

void tls_visit_arrive(struct tls_visit *visit, gnutls_session_t session)
{
	/* The certificate of a session that is taken up again was checked when it was new. */
	if (is_demanding(&visit->wish) && gnutls_session_is_resumed(session))
		visit->verified = true;
}

bool tls_visit_verified(const struct tls_visit *visit)
{
	return visit->verified;
}

void tls_visit_remember(struct tls_visit *visit, gnutls_session_t session)
{
	/* Without a ticket the library would wait for one. */
	if (gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3 &&
	    !(gnutls_session_get_flags(session) & GNUTLS_SFLAGS_SESSION_TICKET))
		return;
	if (visit->wish.sni)
		tls_client_remember(visit->client, span_make(visit->key, sizeof(visit->key)),
				    session);
}

char *tls_visit_failure(const struct tls_visit *visit, gnutls_session_t session, int result)
{
	const char *alert;

	if (visit->trouble)
		return memory_text(visit->trouble);
	if (result != GNUTLS_E_FATAL_ALERT_RECEIVED)
		return NULL;
	alert = gnutls_alert_get_name(gnutls_alert_get(session));
	return memory_format("%s broke off TLS: %s", host(visit), alert ? alert : "unknown alert");
}
