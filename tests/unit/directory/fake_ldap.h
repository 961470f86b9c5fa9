/* SPDX-License-Identifier: ISC */
/*
 * A small LDAP server that says what the test wants: sub-codes, result codes,
 * references, cut packets, silence, and connections that die at a bad moment:
 * what slapd and Samba cannot be made to do. One thread a connection.
 */
#ifndef TESTS_FAKE_LDAP_H
#define TESTS_FAKE_LDAP_H

#include <lber.h>
#include <ldap.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "conf/conf.h"

/* For a directory section that keeps no answers. */
#define FAKE_NO_CACHE "cache_positive = 0 cache_negative = 0 cache_outage = 0"
#define FAKE_SERVICE  "cn=svc,dc=x"
/* For a section that is to meet silence: long enough for what is answered, on a busy machine too.
 */
#define FAKE_TIMEOUT_MS 12000
#define FAKE_TIMEOUT    "timeout = 12"

enum fake_way { FAKE_ANSWER, FAKE_SILENT, FAKE_CLOSE };

struct fake_entry {
	const char *dn;
	const char *pairs[24]; /* attribute, value, ... */
};

/* A search as it came; texts live as long as the answering takes. */
struct fake_question {
	int peer, id;
	char base[256];
	ber_int_t scope, limit;
	struct berval filter; /* as it was encoded: values can be looked for in it */
	char attributes[1024]; /* with a space after each */
	ber_int_t page; /* 0 = not by pages */
	char cookie[32];
};

struct fake_ldap {
	int listener;
	unsigned short port;
	pthread_t thread;
	char password_file[64];
	/* What to do; changed between calls. */
	atomic_int bind_way, bind_result, search_way, search_result, service_result;
	const char *bind_text;
	const struct fake_entry *entries;
	atomic_uint entries_count;
	atomic_bool references, in_pieces;
	atomic_bool close_after_bind;
	/* Answers in place of the above; false: hang up. The rootDSE too. */
	bool (*script)(struct fake_ldap *fake, const struct fake_question *question);
	void *context; /* the script's */
	const char *hides; /* a filter with these octets finds nobody; NULL = none does */
	/* What happened. */
	atomic_uint connections, binds, searches, live, gone;
};

static inline void fake_send(struct fake_ldap *fake, int peer, BerElement *ber)
{
	struct berval bytes;
	size_t step;

	if (ber_flatten2(ber, &bytes, 0) != 0)
		abort();
	step = atomic_load(&fake->in_pieces) ? 5 : bytes.bv_len;
	for (size_t at = 0; at < bytes.bv_len; at += step) {
		size_t length = bytes.bv_len - at < step ? bytes.bv_len - at : step;

		if (send(peer, bytes.bv_val + at, length, MSG_NOSIGNAL) < 0)
			break;
		if (step < bytes.bv_len)
			usleep(1000);
	}
	ber_free(ber, 1);
}

static inline void fake_result(struct fake_ldap *fake, int peer, int id, ber_tag_t tag, int result,
			       const char *text)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	ber_printf(ber, "{it{ess}}", id, tag, result, "", text);
	fake_send(fake, peer, ber);
}

static inline void fake_entry_send(struct fake_ldap *fake, int peer, int id,
				   const struct fake_entry *entry)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	ber_printf(ber, "{it{s{", id, (ber_tag_t)LDAP_RES_SEARCH_ENTRY, entry->dn);
	for (size_t i = 0; entry->pairs[i]; i += 2)
		ber_printf(ber, "{s[s]}", entry->pairs[i], entry->pairs[i + 1]);
	ber_printf(ber, "}}}");
	fake_send(fake, peer, ber);
}

/* False: hang up. */
static inline bool fake_bind(struct fake_ldap *fake, int peer, int id, BerElement *ber)
{
	char dn[256] = "";
	ber_len_t length = sizeof(dn);
	ber_int_t version;

	if (ber_scanf(ber, "{is", &version, dn, &length) == LBER_ERROR)
		return false;
	if (strcmp(dn, FAKE_SERVICE) == 0) {
		fake_result(fake, peer, id, LDAP_RES_BIND, atomic_load(&fake->service_result), "");
		return true;
	}
	atomic_fetch_add(&fake->binds, 1);
	if (atomic_load(&fake->bind_way) == FAKE_ANSWER)
		fake_result(fake, peer, id, LDAP_RES_BIND, atomic_load(&fake->bind_result),
			    fake->bind_text);
	return atomic_load(&fake->bind_way) != FAKE_CLOSE && !atomic_load(&fake->close_after_bind);
}

/* Behind the base: scope, aliases, two limits, types only, filter. */
static inline bool fake_hides(const struct fake_ldap *fake, BerElement *ber)
{
	ber_int_t scope, aliases, entries, seconds, types;
	struct berval filter;

	return fake->hides &&
	       ber_scanf(ber, "eeiib", &scope, &aliases, &entries, &seconds, &types) !=
		       LBER_ERROR &&
	       ber_peek_element(ber, &filter) != LBER_DEFAULT &&
	       memmem(filter.bv_val, filter.bv_len, fake->hides, strlen(fake->hides));
}

/* The end of a search by pages: cookie NULL = that was the last one. */
static inline void fake_page_end(struct fake_ldap *fake, const struct fake_question *question,
				 int result, const char *cookie)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER), *value = ber_alloc_t(LBER_USE_DER);
	struct berval octets;

	ber_printf(value, "{is}", 0, cookie ? cookie : "");
	if (ber_flatten2(value, &octets, 0) != 0)
		abort();
	ber_printf(ber, "{it{ess}t{{sO}}}", question->id, (ber_tag_t)LDAP_RES_SEARCH_RESULT, result,
		   "", "", (ber_tag_t)LDAP_TAG_CONTROLS, LDAP_CONTROL_PAGEDRESULTS, &octets);
	fake_send(fake, question->peer, ber);
	ber_free(value, 1);
}

static inline void fake_take_attributes(BerElement *ber, struct fake_question *question)
{
	ber_len_t length;
	char *end;
	size_t used = 0;

	for (ber_tag_t tag = ber_first_element(ber, &length, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &length, end)) {
		char name[128] = "";

		length = sizeof(name);
		if (ber_scanf(ber, "s", name, &length) == LBER_ERROR)
			break;
		used += (size_t)snprintf(question->attributes + used,
					 sizeof(question->attributes) - used, "%s ", name);
	}
}

static inline void fake_take_controls(BerElement *ber, struct fake_question *question)
{
	ber_len_t length;
	char *end;

	if (ber_peek_tag(ber, &length) != LDAP_TAG_CONTROLS)
		return;
	for (ber_tag_t tag = ber_first_element(ber, &length, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &length, end)) {
		char oid[64] = "";
		struct berval value = { 0, NULL };
		ber_int_t critical = 0;
		BerElement *inner;

		length = sizeof(oid);
		(void)ber_scanf(ber, "{s", oid, &length);
		if (ber_peek_tag(ber, &length) == LBER_BOOLEAN)
			(void)ber_scanf(ber, "b", &critical);
		if (ber_peek_tag(ber, &length) == LBER_OCTETSTRING)
			(void)ber_scanf(ber, "m", &value);
		(void)ber_scanf(ber, "}");
		if (strcmp(oid, LDAP_CONTROL_PAGEDRESULTS) != 0)
			continue;
		inner = ber_init(&value);
		length = sizeof(question->cookie);
		(void)ber_scanf(inner, "{is}", &question->page, question->cookie, &length);
		ber_free(inner, 1);
	}
}

static inline bool fake_script(struct fake_ldap *fake, int peer, int id, BerElement *ber)
{
	struct fake_question question = { .peer = peer, .id = id };
	ber_len_t length = sizeof(question.base);
	ber_int_t aliases, seconds, types;

	if (ber_scanf(ber, "{seeiib", question.base, &length, &question.scope, &aliases,
		      &question.limit, &seconds, &types) == LBER_ERROR ||
	    ber_skip_element(ber, &question.filter) == LBER_ERROR)
		return false;
	fake_take_attributes(ber, &question);
	(void)ber_scanf(ber, "}");
	fake_take_controls(ber, &question);
	atomic_fetch_add(&fake->searches, question.base[0] != '\0');
	return fake->script(fake, &question);
}

static inline bool fake_search(struct fake_ldap *fake, int peer, int id, BerElement *ber)
{
	char base[256] = "";
	ber_len_t length = sizeof(base);

	if (fake->script)
		return fake_script(fake, peer, id, ber);
	if (ber_scanf(ber, "{s", base, &length) == LBER_ERROR)
		return false;
	if (base[0] == '\0') {
		fake_result(fake, peer, id, LDAP_RES_SEARCH_RESULT, LDAP_SUCCESS, "");
		return true;
	}
	atomic_fetch_add(&fake->searches, 1);
	if (atomic_load(&fake->search_way) != FAKE_ANSWER)
		return atomic_load(&fake->search_way) == FAKE_SILENT;
	for (unsigned i = 0; i < atomic_load(&fake->entries_count) && !fake_hides(fake, ber); i++)
		fake_entry_send(fake, peer, id, &fake->entries[i]);
	if (atomic_load(&fake->references)) {
		BerElement *reference = ber_alloc_t(LBER_USE_DER);

		ber_printf(reference, "{it{s}}", id, (ber_tag_t)LDAP_RES_SEARCH_REFERENCE,
			   "ldap://192.0.2.1/DC=ForestDnsZones,DC=x");
		fake_send(fake, peer, reference);
	}
	fake_result(fake, peer, id, LDAP_RES_SEARCH_RESULT, atomic_load(&fake->search_result), "");
	return true;
}

struct fake_peer {
	struct fake_ldap *fake;
	int descriptor;
};

static inline bool fake_request(struct fake_ldap *fake, int peer, BerElement *ber)
{
	ber_int_t id;
	ber_len_t length;

	if (ber_scanf(ber, "i", &id) == LBER_ERROR)
		return false;
	switch (ber_peek_tag(ber, &length)) {
	case LDAP_REQ_BIND:
		return fake_bind(fake, peer, id, ber);
	case LDAP_REQ_SEARCH:
		return fake_search(fake, peer, id, ber);
	case LDAP_REQ_ABANDON:
		return true;
	default:
		return false;
	}
}

/* Returns when the other side has got to know it, whether it looks or not. */
static inline void fake_hang_up(int peer)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	shutdown(peer, SHUT_WR);
	while (getsockopt(peer, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
	       info.tcpi_state == TCP_FIN_WAIT1)
		usleep(1000);
}

static inline void *fake_serve(void *context)
{
	struct fake_peer peer = *(struct fake_peer *)context;
	Sockbuf *sockbuf = ber_sockbuf_alloc();
	bool more = true;

	free(context);
	ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_FD, &peer.descriptor);
	ber_sockbuf_add_io(sockbuf, &ber_sockbuf_io_tcp, LBER_SBIOD_LEVEL_PROVIDER, NULL);
	while (more) {
		BerElement *ber = ber_alloc_t(LBER_USE_DER);
		ber_len_t length;

		more = ber_get_next(sockbuf, &length, ber) == LDAP_TAG_MESSAGE &&
		       fake_request(peer.fake, peer.descriptor, ber);
		ber_free(ber, 1);
	}
	fake_hang_up(peer.descriptor);
	ber_sockbuf_free(sockbuf);
	atomic_fetch_add(&peer.fake->gone, 1);
	atomic_fetch_sub(&peer.fake->live, 1);
	return NULL;
}

static inline void *fake_accept(void *context)
{
	struct fake_ldap *fake = context;

	for (;;) {
		int descriptor = accept(fake->listener, NULL, NULL);
		struct fake_peer *peer;
		pthread_t thread;

		if (descriptor < 0)
			return NULL;
		peer = memory_new(sizeof(*peer));
		*peer = (struct fake_peer){ fake, descriptor };
		atomic_fetch_add(&fake->connections, 1);
		atomic_fetch_add(&fake->live, 1);
		if (pthread_create(&thread, NULL, fake_serve, peer) != 0)
			abort();
		pthread_detach(thread);
	}
}

static inline struct fake_ldap *fake_new(void)
{
	struct fake_ldap *fake = memory_new(sizeof(*fake));
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int descriptor;

	fake->bind_text = "";
	fake->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fake->listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(fake->listener, 20) != 0 ||
	    getsockname(fake->listener, (struct sockaddr *)&address, &length) != 0 ||
	    pthread_create(&fake->thread, NULL, fake_accept, fake) != 0)
		abort();
	fake->port = ntohs(address.sin_port);
	strcpy(fake->password_file, "/tmp/postern-fake-XXXXXX");
	descriptor = mkstemp(fake->password_file);
	if (descriptor < 0 || write(descriptor, "secret\n", 7) != 7)
		abort();
	close(descriptor);
	return fake;
}

/* After the directories are closed: waits until every connection has gone. */
static inline void fake_free(struct fake_ldap *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	while (atomic_load(&fake->live) > 0)
		usleep(1000);
	unlink(fake->password_file);
	free(fake);
}

static inline void fake_complain(void *context, const char *file, unsigned line, const char *text)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

/* A configuration whose one directory is the fake; `more` goes into its section. Only tests of
 * silence say a timeout. */
static inline struct conf *fake_conf(const struct fake_ldap *fake, const char *preset,
				     const char *more)
{
	struct conf *conf;
	char *text = memory_format(
		"directory \"d\" { preset = \"%s\" servers = { \"ldap://127.0.0.1:%u\" } bind = "
		"\"simple\" "
		"bind_dn = \"" FAKE_SERVICE
		"\" password_file = \"%s\" tls = \"none\" base = \"dc=x\" "
		"allow_plaintext_on_loopback = true netbios = \"CORP\" %s %s }\n"
		"domain \"corp.example\" { directory = \"d\" default = true quota = \"1M\" "
		"postmaster = \"alice@corp.example\" }\n"
		"domain \"sales.example\" { directory = \"d\" }\n"
		"domain \"corp-alias.example\" { alias_of = \"corp.example\" }\n"
		"smtp \"s\" { listen \"127.0.0.1:2525\" { tls = \"none\" } fqdn = "
		"\"mail.corp.example\" "
		"authentication = { \"anonymous\" } }\n"
		"store { root = \"/nowhere/mail\" queue = \"/nowhere/queue\" }\n",
		preset, fake->port, fake->password_file,
		strstr(more, "timeout") ? "" : "timeout = 25", more);

	conf = conf_parse("fake.conf", text, fake_complain, NULL);
	free(text);
	if (!conf)
		abort();
	return conf;
}

#endif
