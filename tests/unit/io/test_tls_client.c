/* SPDX-License-Identifier: ISC */
/* TLS as a client: which certificates are good for which wish, and what is said of the others. */
#include "io/stream.h"

#include "tests/unit/io/servers.h"

#include <event2/event.h>

#include "base/memory.h"
#include "io/tls_private.h"

static struct world world;

/* ---- one visit ---- */

struct visitor {
	struct stream *stream;
	bool secured, verified, plain, over;
	char why[300], heard[20];
	char end_point[STREAM_BINDING_MAX], exporter[STREAM_BINDING_MAX];
	size_t end_point_length, exporter_length;
};

static void on_secured(void *owner, const char *version, const char *cipher)
{
	struct visitor *visitor = owner;

	assert_true(strlen(version) > 0 && strlen(cipher) > 0);
	visitor->secured = true;
	visitor->verified = stream_verified(visitor->stream);
	visitor->end_point_length =
		stream_binding(visitor->stream, STREAM_END_POINT, visitor->end_point);
	visitor->exporter_length =
		stream_binding(visitor->stream, STREAM_EXPORTER, visitor->exporter);
	stream_write(visitor->stream, "hi", 2);
}

static size_t on_input(void *owner, const char *bytes, size_t length)
{
	struct visitor *visitor = owner;

	assert_true(visitor->secured);
	strncat(visitor->heard, bytes, length < 10 ? length : 10);
	return length;
}

static void on_gone(void *owner, const char *why)
{
	struct visitor *visitor = owner;

	snprintf(visitor->why, sizeof(visitor->why), "%s", why);
	stream_free(visitor->stream);
	visitor->over = true;
}

static const struct stream_calls calls = { .input = on_input,
					   .secured = on_secured,
					   .gone = on_gone };

static struct visitor visit(struct tls_client *tls, struct tls_host *host,
			    const struct tls_wish *wish)
{
	struct event_base *base = event_base_new();
	struct visitor visitor = { .over = false };
	pthread_t thread;
	int ends[2];

	pair_new(true, 0, ends);
	host->fd = ends[1];
	visitor.stream = stream_new(base, ends[0], &calls, &visitor, 60);
	assert_false(stream_verified(visitor.stream));
	stream_start_tls_client(visitor.stream, tls, wish);
	assert_int_equal(pthread_create(&thread, NULL, host_main, host), 0);
	while (!visitor.over)
		event_base_loop(base, EVLOOP_ONCE);
	pthread_join(thread, NULL);
	event_base_free(base);
	return visitor;
}

static struct tls_client *client_new(struct span authorities)
{
	char why[200] = "";
	struct tls_client *tls = tls_client_new(authorities, why, sizeof(why));

	assert_string_equal(why, "");
	assert_non_null(tls);
	return tls;
}

static void check_visit(const char *name, const struct visitor *visitor,
			const struct tls_host *host, const char *why, bool verified)
{
	if (why == NULL)
		why = "closed by peer";
	if (strcmp(visitor->why, why) != 0 || visitor->verified != verified)
		fail_msg("%s: \"%s\", %sverified", name, visitor->why,
			 visitor->verified ? "" : "not ");
	assert_int_equal(visitor->secured, strcmp(why, "closed by peer") == 0);
	assert_string_equal(visitor->heard, visitor->secured ? "yes" : "");
	/* Nobody says hello to whom it does not trust. */
	assert_int_equal(host->heard, visitor->secured);
}

static void check_kind(const char *name, const struct server_kind *kind,
		       const struct tls_wish *wish, const char *why, bool verified)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
						"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct identity identity = identity_new(&world, kind);

	for (size_t i = 0; i < 2; i++) {
		struct tls_client *tls = client_new(world.authorities);
		struct tls_host host;
		struct visitor visitor;

		host_init(&host, &identity);
		host.priorities = versions[i];
		visitor = visit(tls, &host, wish);
		check_visit(name, &visitor, &host, why, verified);
		if (why == NULL)
			assert_string_equal(host.sni, wish->sni ? wish->sni : "");
		host_clear(&host);
		tls_client_free(tls);
	}
	identity_free(&identity);
}

/* ---- any ---- */

#define DAY 86400L

static void any_certificate_will_do(void **state)
{
	static const struct server_kind kinds[] = {
		{ .by = BY_ROOT, .names = { "mx.example.com" } },
		{ .by = BY_ROOT, .names = { "other.example" } },
		{ .by = BY_ITSELF },
		{ .by = BY_STRANGER, .names = { "mx.example.com" } },
		{ .by = BY_MIDDLE, .without_middle = true },
		{ .by = BY_ITSELF, .begins = -2 * DAY, .ends = -DAY },
		{ .by = BY_ROOT, .begins = DAY, .ends = 2 * DAY },
		{ .by = BY_ROOT, .purpose = GNUTLS_KP_CODE_SIGNING },
		{ .by = BY_ITSELF, .rsa = 1024 },
	};
	static const struct tls_wish wishes[] = {
		{ .demand = TLS_ANY, .sni = "mx.example.com" },
		{ .demand = TLS_ANY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		check_kind("any", &kinds[i], &wishes[i % 2], NULL, false);
}

/* ---- names ---- */

#define MX     "certificate of mx.example.com "
#define FOR(n) MX "is for other names: " n
#define NOBODY MX "is signed by nobody who is trusted here"
#define NAMES                                                                                      \
	{                                                                                          \
		"mx.example.com", NULL, NULL                                                       \
	}

static void named_certificates(void **state)
{
	static const struct {
		const char *name, *names[3];
		struct server_kind kind;
		const char *why; /* NULL = fine */
	} cases[] = {
		{ "plain", NAMES, { .names = { "mx.example.com" } }, NULL },
		{ "case", NAMES, { .names = { "MX.Example.COM" } }, NULL },
		{ "second", NAMES, { .names = { "a.example", "mx.example.com" } }, NULL },
		{ "one of ours",
		  { "a.example", "mx.example.com" },
		  { .names = { "mx.example.com" } },
		  NULL },
		{ "middle", NAMES, { .by = BY_MIDDLE, .names = { "mx.example.com" } }, NULL },
		{ "middle and root",
		  NAMES,
		  { .by = BY_MIDDLE, .with_root = true, .names = { "mx.example.com" } },
		  NULL },
		{ "wildcard", NAMES, { .names = { "*.example.com" } }, NULL },
		{ "common name", NAMES, { .common = "mx.example.com" }, NULL },
		{ "common name beside names",
		  NAMES,
		  { .common = "mx.example.com", .names = { "a.example" } },
		  FOR("a.example") },
		{ "other",
		  NAMES,
		  { .names = { "a.example", "b.example" } },
		  FOR("a.example b.example") },
		{ "parent", NAMES, { .names = { "example.com" } }, FOR("example.com") },
		{ "wildcard of the parent", NAMES, { .names = { "*.com" } }, FOR("*.com") },
		{ "no name", NAMES, { .by = BY_ROOT }, FOR("none") },
		{ "expired",
		  NAMES,
		  { .names = { "mx.example.com" }, .begins = -2 * DAY, .ends = -DAY },
		  MX "has expired, or one it depends on" },
		{ "early",
		  NAMES,
		  { .names = { "mx.example.com" }, .begins = DAY, .ends = 2 * DAY },
		  MX "is not valid yet, or one it depends on" },
		{ "self-signed",
		  NAMES,
		  { .by = BY_ITSELF, .names = { "mx.example.com" } },
		  MX "is self-signed" },
		{ "stranger", NAMES, { .by = BY_STRANGER, .names = { "mx.example.com" } }, NOBODY },
		{ "lacks the middle",
		  NAMES,
		  { .by = BY_MIDDLE, .without_middle = true, .names = { "mx.example.com" } },
		  NOBODY },
		{ "weak",
		  NAMES,
		  { .by = BY_ITSELF, .names = { "mx.example.com" }, .rsa = 1024 },
		  MX "is self-signed" },
		{ "purpose",
		  NAMES,
		  { .names = { "mx.example.com" }, .purpose = GNUTLS_KP_CODE_SIGNING },
		  MX "is not meant for servers" },
		{ "pattern", { "*.example.com" }, { .names = { "mx.example.com" } }, NULL },
		{ "short pattern",
		  { ".example.com" },
		  { .names = { "x.example", "MX.example.COM" } },
		  NULL },
		{ "pattern and wildcard",
		  { "*.example.com" },
		  { .names = { "*.example.com" } },
		  NULL },
		{ "pattern, two labels",
		  { "*.example.com" },
		  { .names = { "a.mx.example.com" } },
		  FOR("a.mx.example.com") },
		{ "pattern, no label",
		  { ".example.com" },
		  { .names = { "example.com" } },
		  FOR("example.com") },
		{ "no names wanted",
		  { NULL },
		  { .names = { "mx.example.com" } },
		  FOR("mx.example.com") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_wish wish = { .demand = TLS_NAMED,
					 .sni = "mx.example.com",
					 .names = cases[i].names };

		check_kind(cases[i].name, &cases[i].kind, &wish, cases[i].why,
			   cases[i].why == NULL);
	}
}

static void without_sni(void **state)
{
	static const char *const names[] = { "mx.example.com", NULL };
	static const struct tls_wish wish = { .demand = TLS_NAMED, .names = names };
	static const struct server_kind good = { .names = { "mx.example.com" } };
	static const struct server_kind bad = { .by = BY_ITSELF };

	(void)state;
	check_kind("no SNI", &good, &wish, NULL, true);
	check_kind("no SNI", &bad, &wish, MX "is self-signed", false);
}

/* ---- DANE ---- */

enum of { OF_LEAF, OF_MIDDLE, OF_ROOT, OF_STRANGER };

struct tlsa {
	unsigned usage, selector, matching;
	enum of of;
	bool cut; /* an octet is missing */
};

struct dane_case {
	const char *name;
	struct server_kind kind;
	struct tlsa records[3];
	size_t count;
	const char *why;
	bool unverified; /* fine, but nothing was proved */
};

static void check_dane(const struct dane_case *test)
{
	static const char *const names[] = { "mx.example.com", "example.com", NULL };
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
						"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	struct identity identity = identity_new(&world, &test->kind);
	const gnutls_x509_crt_t of[] = { identity.chain[0], world.middle.own, world.root.own,
					 world.stranger.own };
	struct buffer data[3] = { BUFFER_EMPTY, BUFFER_EMPTY, BUFFER_EMPTY };
	struct tls_record records[3];
	struct tls_wish wish = { .demand = TLS_DANE,
				 .sni = "mx.example.com",
				 .names = names,
				 .records = records,
				 .records_count = test->count };

	for (size_t i = 0; i < test->count; i++) {
		const struct tlsa *tlsa = &test->records[i];

		data[i] = tlsa_data(of[tlsa->of], tlsa->selector, tlsa->matching);
		records[i] = (struct tls_record){
			(unsigned char)tlsa->usage, (unsigned char)tlsa->selector,
			(unsigned char)tlsa->matching,
			span_make(buffer_bytes(&data[i]), buffer_used(&data[i]) - tlsa->cut)
		};
	}
	for (size_t i = 0; i < 2; i++) {
		/* The system's authorities have no say. */
		struct tls_client *tls = client_new(span_text(""));
		struct tls_host host;
		struct visitor visitor;

		host_init(&host, &identity);
		host.priorities = versions[i];
		visitor = visit(tls, &host, &wish);
		check_visit(test->name, &visitor, &host, test->why,
			    test->why == NULL && !test->unverified);
		host_clear(&host);
		tls_client_free(tls);
	}
	for (size_t i = 0; i < 3; i++)
		buffer_clear(&data[i]);
	identity_free(&identity);
}

#define ALONE                                                                                      \
	{                                                                                          \
		.by = BY_ITSELF, .begins = -2 * DAY, .ends = -DAY                                  \
	} /* for no name, and expired */
#define MIDDLE                                                                                     \
	{                                                                                          \
		.by = BY_MIDDLE, .names = { "mx.example.com" }                                     \
	}
#define WHOLE                                                                                      \
	{                                                                                          \
		.by = BY_MIDDLE, .with_root = true, .names = { "mx.example.com" }                  \
	}
#define NONE(n) MX "fits none of the " n " TLSA records"

static void dane(void **state)
{
	static const struct dane_case cases[] = {
		{ "3 0 0", ALONE, { { 3, 0, 0, OF_LEAF, false } }, 1, NULL, false },
		{ "3 0 1", ALONE, { { 3, 0, 1, OF_LEAF, false } }, 1, NULL, false },
		{ "3 0 2", ALONE, { { 3, 0, 2, OF_LEAF, false } }, 1, NULL, false },
		{ "3 1 0", ALONE, { { 3, 1, 0, OF_LEAF, false } }, 1, NULL, false },
		{ "3 1 1", ALONE, { { 3, 1, 1, OF_LEAF, false } }, 1, NULL, false },
		{ "3 1 2", ALONE, { { 3, 1, 2, OF_LEAF, false } }, 1, NULL, false },
		{ "3 of another", ALONE, { { 3, 1, 1, OF_STRANGER, false } }, 1, NONE("1"), false },
		{ "3 of the authority",
		  MIDDLE,
		  { { 3, 1, 1, OF_MIDDLE, false } },
		  1,
		  NONE("1"),
		  false },
		{ "the second",
		  ALONE,
		  { { 3, 1, 1, OF_STRANGER, false }, { 3, 1, 2, OF_LEAF, false } },
		  2,
		  NULL,
		  false },
		{ "none of two",
		  ALONE,
		  { { 3, 1, 1, OF_STRANGER, false }, { 3, 0, 2, OF_ROOT, false } },
		  2,
		  NONE("2"),
		  false },
		{ "2 0 0 middle", MIDDLE, { { 2, 0, 0, OF_MIDDLE, false } }, 1, NULL, false },
		{ "2 0 1 middle", MIDDLE, { { 2, 0, 1, OF_MIDDLE, false } }, 1, NULL, false },
		{ "2 1 1 middle", MIDDLE, { { 2, 1, 1, OF_MIDDLE, false } }, 1, NULL, false },
		{ "2 1 2 root", WHOLE, { { 2, 1, 2, OF_ROOT, false } }, 1, NULL, false },
		{ "2 of a root not shown",
		  MIDDLE,
		  { { 2, 1, 1, OF_ROOT, false } },
		  1,
		  NONE("1"),
		  false },
		{ "2 of another", WHOLE, { { 2, 1, 1, OF_STRANGER, false } }, 1, NONE("1"), false },
		{ "2, another of our names",
		  { .by = BY_MIDDLE, .names = { "example.com" } },
		  { { 2, 1, 1, OF_MIDDLE, false } },
		  1,
		  NULL,
		  false },
		{ "2, other name",
		  { .by = BY_MIDDLE, .names = { "a.example" } },
		  { { 2, 1, 1, OF_MIDDLE, false } },
		  1,
		  FOR("a.example"),
		  false },
		{ "2, expired",
		  { .by = BY_MIDDLE,
		    .names = { "mx.example.com" },
		    .begins = -2 * DAY,
		    .ends = -DAY },
		  { { 2, 1, 1, OF_MIDDLE, false } },
		  1,
		  MX "has expired, or one it depends on",
		  false },
		{ "2 beside 3",
		  MIDDLE,
		  { { 2, 1, 1, OF_STRANGER, false }, { 3, 1, 1, OF_LEAF, false } },
		  2,
		  NULL,
		  false },
		{ "PKIX-EE and PKIX-TA",
		  ALONE,
		  { { 1, 1, 1, OF_LEAF, false }, { 0, 1, 1, OF_ROOT, false } },
		  2,
		  NULL,
		  true },
		{ "none usable",
		  ALONE,
		  { { 3, 2, 1, OF_LEAF, false },
		    { 4, 1, 1, OF_LEAF, false },
		    { 3, 1, 1, OF_STRANGER, true } },
		  3,
		  NULL,
		  true },
		{ "unusable ones do not help",
		  ALONE,
		  { { 1, 1, 1, OF_LEAF, false }, { 3, 1, 1, OF_STRANGER, false } },
		  2,
		  NONE("2"),
		  false },
		{ "no records", ALONE, { { 0, 0, 0, OF_LEAF, false } }, 0, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_dane(&cases[i]);
}

/* A record of an authority is no proof when it is only shown, and somebody else has signed. */
static void an_authority_that_is_only_shown(void **state)
{
	static const char *const names[] = { "mx.example.com", NULL };
	static const struct server_kind kinds[] = {
		{ .by = BY_STRANGER, .names = { "mx.example.com" }, .with_root = true },
		{ .by = BY_ITSELF, .names = { "mx.example.com" }, .with_root = true },
		{ .by = BY_ROOT, .names = { "mx.example.com" }, .with_root = true },
	};
	struct buffer data = tlsa_data(world.root.own, 1, 1);
	struct tls_record record = { 2, 1, 1, buffer_span(&data) };
	struct tls_wish wish = {
		.demand = TLS_DANE, .names = names, .records = &record, .records_count = 1
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct identity identity = identity_new(&world, &kinds[i]);
		struct tls_chain chain = { identity.chain, identity.count };
		unsigned status = 0;

		assert_int_equal(identity.count, 2);
		assert_int_equal(tls_dane_check(&chain, &wish, &status),
				 i < 2 ? TLS_DANE_NOT_TRUSTED : TLS_DANE_FITS);
		assert_int_equal(status != 0, i < 2);
		identity_free(&identity);
	}
	buffer_clear(&data);
}

/* ---- sessions ---- */

static void sessions_are_taken_up_again(void **state)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3",
						"NORMAL:-VERS-ALL:+VERS-TLS1.2" };
	static const char *const names[] = { "mx.example.com", NULL };
	static const char *const others[] = { "mx.example.com", "example.com", NULL };
	static const struct server_kind kind = { .names = { "mx.example.com" } };
	static const struct {
		struct tls_wish wish;
		bool resumed;
	} visits[] = {
		{ { .demand = TLS_ANY, .sni = "mx.example.com", .names = names }, false },
		{ { .demand = TLS_ANY, .sni = "mx.example.com", .names = names }, true },
		/* Nobody has looked at that certificate yet. */
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = names }, false },
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = names }, true },
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = names }, true },
		{ { .demand = TLS_NAMED, .sni = "mx.example.com", .names = others }, false },
		{ { .demand = TLS_ANY, .sni = "mx.example.com", .names = names }, true },
		{ { .demand = TLS_ANY, .sni = "mx2.example.com" }, false },
		{ { .demand = TLS_ANY }, false },
		{ { .demand = TLS_ANY }, false },
	};
	struct identity identity = identity_new(&world, &kind);

	(void)state;
	for (size_t version = 0; version < 2; version++) {
		struct tls_client *tls = client_new(world.authorities);
		struct tls_host host;

		host_init(&host, &identity);
		host.priorities = versions[version];
		for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]); i++) {
			struct visitor visitor = visit(tls, &host, &visits[i].wish);

			check_visit("session", &visitor, &host, NULL,
				    visits[i].wish.demand == TLS_NAMED);
			if (host.resumed != visits[i].resumed)
				fail_msg("visit %zu of version %zu: resumed %d", i, version,
					 host.resumed);
		}
		host_clear(&host);
		tls_client_free(tls);
	}
	identity_free(&identity);
}

/* A session of a server that was not good enough must not open the door later. */
static void failures_are_not_remembered(void **state)
{
	static const char *const names[] = { "mx.example.com", NULL };
	static const struct tls_wish wish = { .demand = TLS_NAMED,
					      .sni = "mx.example.com",
					      .names = names };
	static const struct server_kind kind = { .by = BY_ITSELF, .names = { "mx.example.com" } };
	struct identity identity = identity_new(&world, &kind);
	struct tls_client *tls = client_new(world.authorities);
	struct tls_host host;

	(void)state;
	host_init(&host, &identity);
	for (int i = 0; i < 3; i++) {
		struct visitor visitor = visit(tls, &host, &wish);

		check_visit("failure", &visitor, &host, MX "is self-signed", false);
		assert_false(host.resumed);
	}
	host_clear(&host);
	tls_client_free(tls);
	identity_free(&identity);
}

static void both_ends_know_the_bindings(void **state)
{
	static const struct tls_wish wish = { .demand = TLS_ANY, .sni = "mx.example.com" };
	static const struct server_kind kind = { .names = { "mx.example.com" } };
	struct identity identity = identity_new(&world, &kind);
	struct tls_client *tls = client_new(world.authorities);
	struct tls_host host;
	char end_point[32];

	(void)state;
	host_init(&host, &identity);
	for (int i = 0; i < 2; i++) { /* the second is taken up again */
		struct visitor visitor = visit(tls, &host, &wish);

		check_visit("bindings", &visitor, &host, NULL, false);
		assert_int_equal(host.resumed, i);
		assert_true(visitor.end_point_length == 32 && visitor.exporter_length == 32);
		/* This server does not know any more which certificate it had shown. */
		assert_int_equal(host.end_point.size, i == 0 ? 32 : 0);
		if (i == 0)
			memcpy(end_point, host.end_point.data, 32);
		assert_memory_equal(visitor.end_point, end_point, 32);
		assert_memory_equal(visitor.exporter, host.exporter.data, 32);
	}
	host_clear(&host);
	tls_client_free(tls);
	identity_free(&identity);
}

/* ---- the rest ---- */

static void alerts_have_names(void **state)
{
	static const struct tls_wish wish = { .demand = TLS_ANY, .sni = "mx.example.com" };
	static const struct server_kind kind = { .names = { "mx.example.com" } };
	struct identity identity = identity_new(&world, &kind);
	struct tls_client *tls = client_new(world.authorities);
	struct tls_host host;
	struct visitor visitor;

	(void)state;
	host_init(&host, &identity);
	host.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT";
	visitor = visit(tls, &host, &wish);
	assert_false(visitor.secured);
	/* Which of the two gives up first is the library's. */
	assert_true(strlen(visitor.why) > 0);
	host_clear(&host);
	tls_client_free(tls);
	identity_free(&identity);
}

static void authorities(void **state)
{
	char why[200] = "";
	struct tls_client *tls;

	(void)state;
	assert_null(tls_client_new(span_text("no PEM"), why, sizeof(why)));
	assert_string_equal(why, "the authorities for servers: no certificate in PEM form");
	tls = client_new(span_text(""));
	tls_client_free(tls);
	tls_client_free(NULL);
}

static int open_world(void **state)
{
	(void)state;
	world = world_new();
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_free(&world);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_certificate_will_do),
		cmocka_unit_test(named_certificates),
		cmocka_unit_test(without_sni),
		cmocka_unit_test(dane),
		cmocka_unit_test(an_authority_that_is_only_shown),
		cmocka_unit_test(sessions_are_taken_up_again),
		cmocka_unit_test(failures_are_not_remembered),
		cmocka_unit_test(both_ends_know_the_bindings),
		cmocka_unit_test(alerts_have_names),
		cmocka_unit_test(authorities),
	};

	return cmocka_run_group_tests_name("tls client", tests, open_world, close_world);
}
