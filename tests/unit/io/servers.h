/* SPDX-License-Identifier: ISC */
/*
 * TLS servers for the tests of our client: an authority, one below it, certificates of
 * all kinds, and a server in a thread that shows them.
 */
#ifndef TESTS_UNIT_IO_SERVERS_H
#define TESTS_UNIT_IO_SERVERS_H

#include "tests/unit/io/people.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "base/buffer.h"

struct signer {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t own;
};

struct world {
	struct signer root, middle, stranger;
	struct span authorities; /* the root's, PEM */
	gnutls_datum_t pem;
};

enum signed_by { BY_ROOT, BY_MIDDLE, BY_STRANGER, BY_ITSELF };

struct server_kind {
	enum signed_by by;
	const char *names[3]; /* DNS names; none: a common name only */
	const char *common;   /* NULL = "common.example" */
	const char *purpose;  /* NULL = for servers */
	long begins, ends;    /* seconds from now; 0, 0 = valid now */
	bool without_middle;  /* the chain as shown lacks it */
	bool with_root;
};

struct identity { /* of one server: what it shows, and its key */
	gnutls_x509_crt_t chain[3];
	unsigned count;
	gnutls_x509_privkey_t key;
};

/* The library knows the names of certificates that were read, not of those it has just made. */
static inline gnutls_x509_crt_t crt_sign(gnutls_x509_crt_t crt, const struct signer *by)
{
	gnutls_datum_t octets = { NULL, 0 };
	gnutls_x509_crt_t read;

	assert_int_equal(gnutls_x509_crt_sign2(crt, by->own, by->key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &octets), 0);
	assert_int_equal(gnutls_x509_crt_init(&read), 0);
	assert_int_equal(gnutls_x509_crt_import(read, &octets, GNUTLS_X509_FMT_DER), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_free(octets.data);
	return read;
}

/* signed by `by`; NULL: by itself. */
static inline struct signer signer_new(const char *dn, unsigned serial, const struct signer *by)
{
	struct signer signer = { .key = key_new() };

	signer.own = crt_new(signer.key, dn, serial);
	gnutls_x509_crt_set_basic_constraints(signer.own, 1, -1);
	gnutls_x509_crt_set_key_usage(signer.own, GNUTLS_KEY_KEY_CERT_SIGN);
	signer.own = crt_sign(signer.own, by ? by : &signer);
	return signer;
}

static inline void signer_free(struct signer *signer)
{
	gnutls_x509_crt_deinit(signer->own);
	gnutls_x509_privkey_deinit(signer->key);
}

static inline struct world world_new(void)
{
	struct world world = { .root = signer_new("CN=Root", 1, NULL),
			       .stranger = signer_new("CN=Stranger", 3, NULL) };

	world.middle = signer_new("CN=Middle", 2, &world.root);
	assert_int_equal(gnutls_x509_crt_export2(world.root.own, GNUTLS_X509_FMT_PEM, &world.pem),
			 0);
	world.authorities = span_make(world.pem.data, world.pem.size);
	return world;
}

static inline void world_free(struct world *world)
{
	signer_free(&world->root);
	signer_free(&world->middle);
	signer_free(&world->stranger);
	gnutls_free(world->pem.data);
}

static inline struct identity identity_new(const struct world *world,
					   const struct server_kind *kind)
{
	static unsigned serial = 10;
	const struct signer *const signers[] = { &world->root, &world->middle, &world->stranger };
	struct identity identity = { .key = key_new(), .count = 1 };
	char dn[100];
	gnutls_x509_crt_t crt;

	snprintf(dn, sizeof(dn), "CN=%s", kind->common ? kind->common : "common.example");
	crt = crt_new(identity.key, dn, serial++);
	if (kind->begins || kind->ends) {
		gnutls_x509_crt_set_activation_time(crt, time(NULL) + kind->begins);
		gnutls_x509_crt_set_expiration_time(crt, time(NULL) + kind->ends);
	}
	gnutls_x509_crt_set_key_purpose_oid(
		crt, kind->purpose ? kind->purpose : GNUTLS_KP_TLS_WWW_SERVER, 0);
	for (size_t i = 0; i < 3 && kind->names[i]; i++)
		gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, kind->names[i],
						     (unsigned)strlen(kind->names[i]),
						     GNUTLS_FSAN_APPEND);
	if (kind->by == BY_ITSELF)
		identity.chain[0] = crt_sign(crt, &(struct signer){ identity.key, crt });
	else
		identity.chain[0] = crt_sign(crt, signers[kind->by]);
	if (kind->by == BY_MIDDLE && !kind->without_middle)
		identity.chain[identity.count++] = world->middle.own;
	if (kind->with_root)
		identity.chain[identity.count++] = world->root.own;
	return identity;
}

static inline void identity_free(struct identity *identity)
{
	gnutls_x509_crt_deinit(identity->chain[0]);
	gnutls_x509_privkey_deinit(identity->key);
}

/* What a TLSA record of a certificate has. For buffer_clear. */
static inline struct buffer tlsa_data(gnutls_x509_crt_t crt, unsigned selector, unsigned matching)
{
	gnutls_datum_t octets = { NULL, 0 };
	struct buffer data = BUFFER_EMPTY;
	unsigned char hash[64];

	if (selector == 1) {
		gnutls_pubkey_t key;

		assert_int_equal(gnutls_pubkey_init(&key), 0);
		assert_int_equal(gnutls_pubkey_import_x509(key, crt, 0), 0);
		assert_int_equal(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &octets), 0);
		gnutls_pubkey_deinit(key);
	} else {
		assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &octets), 0);
	}
	if (matching == 0) {
		buffer_add(&data, octets.data, octets.size);
	} else {
		gnutls_hash_fast(matching == 1 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512, octets.data,
				 octets.size, hash);
		buffer_add(&data, hash, matching == 1 ? 32 : 64);
	}
	gnutls_free(octets.data);
	return data;
}

/* ---- the server; it asserts nothing, because cmocka cannot in other threads ---- */

struct tls_host {
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket_key;
	const char *priorities; /* NULL = the usual ones */
	int fd;
	bool shaken, resumed, heard;
	char sni[100];
	gnutls_alert_description_t alert; /* that the client sent */
	gnutls_datum_t end_point, exporter;
};

static inline void host_init(struct tls_host *host, const struct identity *identity)
{
	memset(host, 0, sizeof(*host));
	assert_int_equal(gnutls_certificate_allocate_credentials(&host->credentials), 0);
	assert_true(gnutls_certificate_set_x509_key(host->credentials,
						    (gnutls_x509_crt_t *)(uintptr_t)identity->chain,
						    (int)identity->count, identity->key) >= 0);
	assert_int_equal(gnutls_session_ticket_key_generate(&host->ticket_key), 0);
}

static inline void host_clear(struct tls_host *host)
{
	gnutls_certificate_free_credentials(host->credentials);
	gnutls_free(host->ticket_key.data);
	gnutls_free(host->end_point.data);
	gnutls_free(host->exporter.data);
}

static inline void host_look(struct tls_host *host, gnutls_session_t session)
{
	size_t size = sizeof(host->sni);
	unsigned type = 0;

	host->resumed = gnutls_session_is_resumed(session);
	if (gnutls_server_name_get(session, host->sni, &size, &type, 0) != 0)
		host->sni[0] = '\0';
	gnutls_free(host->end_point.data);
	gnutls_free(host->exporter.data);
	host->end_point = host->exporter = (gnutls_datum_t){ NULL, 0 };
	gnutls_session_channel_binding(session, GNUTLS_CB_TLS_SERVER_END_POINT, &host->end_point);
	gnutls_session_channel_binding(session, GNUTLS_CB_TLS_EXPORTER, &host->exporter);
}

/* Shakes hands on host->fd, hears "hi", says "yes", closes. */
static inline void *host_main(void *context)
{
	struct tls_host *host = context;
	struct peer peer = { .fd = host->fd };
	int result;

	host->shaken = host->heard = host->resumed = false;
	gnutls_init(&peer.session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
	gnutls_priority_set_direct(peer.session, host->priorities ? host->priorities : "NORMAL",
				   NULL);
	gnutls_credentials_set(peer.session, GNUTLS_CRD_CERTIFICATE, host->credentials);
	gnutls_session_ticket_enable_server(peer.session, &host->ticket_key);
	gnutls_transport_set_int(peer.session, peer.fd);
	do
		result = gnutls_handshake(peer.session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	host->shaken = result == 0;
	if (host->shaken) {
		host_look(host, peer.session);
		host->heard = peer_expect(&peer, "hi") && peer_say(&peer, "yes");
		gnutls_bye(peer.session, GNUTLS_SHUT_WR);
	}
	host->alert = gnutls_alert_get(peer.session);
	peer_close(&peer);
	return NULL;
}

#endif
