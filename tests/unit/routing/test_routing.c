/* SPDX-License-Identifier: ISC */
#include "routing/routing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"
#include "directory/directories.h"
#include "tests/unit/directory/fake_ldap.h"

static const struct fake_entry alice = {
	"CN=alice,DC=x",
	{ "objectGUID", "A", "objectClass", "user", "mail", "Alice@corp.example", "maxStorage",
	  "262144" },
};
static const struct fake_entry twins[] = {
	{ "CN=one,DC=x", { "objectGUID", "1", "mail", "t@corp.example" } },
	{ "CN=two,DC=x", { "objectGUID", "2", "mail", "t@corp.example" } },
};
static const struct fake_entry disabled = {
	"CN=c,DC=x",
	{ "objectGUID", "C", "objectClass", "user", "mail", "c@corp.example", "userAccountControl",
	  "514" },
};
static const struct fake_entry locked = {
	"CN=l,DC=x",
	{ "objectGUID", "L", "objectClass", "user", "mail", "l@corp.example",
	  "msDS-User-Account-Control-Computed", "16", "pwdLastSet", "0" },
};
static const struct fake_entry group = {
	"CN=g,DC=x",
	{ "objectGUID", "G", "objectClass", "group", "mail", "g@corp.example" },
};
static const struct fake_entry contact = {
	"CN=k,DC=x",
	{ "objectGUID", "K", "objectClass", "contact", "mail", "k@corp.example" },
};
static const struct fake_entry nameless = { "CN=n,DC=x", { "mail", "n@corp.example" } };

struct scene {
	struct fake_ldap *fake;
	struct conf *conf;
	struct directories *directories;
	struct routing *routing;
};

static struct scene open_scene(const char *more)
{
	struct scene scene = { .fake = fake_new() };
	char why[300];

	scene.conf = fake_conf(scene.fake, "ad", more);
	scene.directories = directories_open(scene.conf, why, sizeof(why));
	assert_non_null(scene.directories);
	directories_start(scene.directories);
	scene.routing = routing_new(scene.conf, scene.directories);
	return scene;
}

static void close_scene(struct scene *scene)
{
	routing_free(scene->routing);
	directories_close(scene->directories);
	conf_free(scene->conf);
	fake_free(scene->fake);
}

static enum outcome resolve(const struct scene *scene, const char *text, struct route *route)
{
	struct address address;
	const char *why;

	assert_true(address_parse(span_text(text), &address, &why));
	return routing_resolve(scene->routing, &(struct route_ask){ .recipient = address, .sender = { .directory = "", .id = "" } }, route);
}

static void decides(void **state)
{
	static const struct {
		const char *address;
		const struct fake_entry *entries;
		unsigned count;
		int result;
		enum outcome outcome;
		unsigned code;
		const char *status; /* or the mailbox */
	} cases[] = {
		{ "alice@corp.example", &alice, 1, LDAP_SUCCESS, OUTCOME_OK, 0, "alice" },
		{ "a@corp-alias.example", &alice, 1, LDAP_SUCCESS, OUTCOME_OK, 0, "alice" },
		{ "l@corp.example", &locked, 1, LDAP_SUCCESS, OUTCOME_OK, 0, "l" },
		{ "x@corp.example", NULL, 0, LDAP_SUCCESS, OUTCOME_PERM, 550, "5.1.1" },
		{ "t@corp.example", twins, 2, LDAP_SUCCESS, OUTCOME_TEMP, 451, "4.1.4" },
		{ "t@corp.example", twins, 2, LDAP_SIZELIMIT_EXCEEDED, OUTCOME_TEMP, 451, "4.1.4" },
		{ "c@corp.example", &disabled, 1, LDAP_SUCCESS, OUTCOME_PERM, 550, "5.2.1" },
		{ "g@corp.example", &group, 1, LDAP_SUCCESS, OUTCOME_PERM, 550, "5.7.1" },
		{ "k@corp.example", &contact, 1, LDAP_SUCCESS, OUTCOME_PERM, 550, "5.1.1" },
		/* Never "unknown" unless the directory said so. */
		{ "n@corp.example", &nameless, 1, LDAP_SUCCESS, OUTCOME_TEMP, 451, "4.3.0" },
		{ "a@corp.example", &alice, 1, LDAP_SIZELIMIT_EXCEEDED, OUTCOME_TEMP, 451,
		  "4.3.0" },
		{ "x@corp.example", NULL, 0, LDAP_NO_SUCH_OBJECT, OUTCOME_TEMP, 451, "4.3.0" },
		{ "x@corp.example", NULL, 0, LDAP_INSUFFICIENT_ACCESS, OUTCOME_TEMP, 451, "4.3.0" },
		{ "x@corp.example", NULL, 0, LDAP_REFERRAL, OUTCOME_TEMP, 451, "4.3.0" },
		{ "x@corp.example", NULL, 0, LDAP_TIMELIMIT_EXCEEDED, OUTCOME_TEMP, 451, "4.3.0" },
		{ "x@corp.example", NULL, 0, LDAP_ADMINLIMIT_EXCEEDED, OUTCOME_TEMP, 451, "4.3.0" },
	};
	struct scene scene = open_scene(FAKE_NO_CACHE);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route route;

		scene.fake->entries = cases[i].entries;
		atomic_store(&scene.fake->entries_count, cases[i].count);
		atomic_store(&scene.fake->search_result, cases[i].result);
		assert_int_equal(resolve(&scene, cases[i].address, &route), cases[i].outcome);
		assert_int_equal(route.code, cases[i].code);
		if (cases[i].code) {
			assert_int_equal(route.kind, ROUTE_REFUSED);
			assert_string_equal(route.status, cases[i].status);
			assert_non_null(strstr(route.text, cases[i].address));
			assert_null(strstr(route.text, "DC=x"));
		} else {
			assert_int_equal(route.kind, ROUTE_MAILBOX);
			assert_string_equal(route.mailbox.name, cases[i].status);
		}
	}
	close_scene(&scene);
}

static void ignores_references_and_pieces(void **state)
{
	struct scene scene = open_scene(FAKE_NO_CACHE);
	struct route route;

	(void)state;
	scene.fake->entries = &alice;
	atomic_store(&scene.fake->entries_count, 1);
	atomic_store(&scene.fake->references, true);
	assert_int_equal(resolve(&scene, "alice@corp.example", &route), OUTCOME_OK);
	assert_int_equal(route.mailbox.quota, 262144);
	assert_string_equal(route.mailbox.domain, "corp.example");
	assert_string_equal(route.mailbox.id, "41");
	atomic_store(&scene.fake->in_pieces, true);
	assert_int_equal(resolve(&scene, "alice@corp.example", &route), OUTCOME_OK);
	close_scene(&scene);
}

static void knows_its_domains(void **state)
{
	struct scene scene = open_scene(FAKE_NO_CACHE);
	struct route route;

	(void)state;
	scene.fake->entries = &alice;
	assert_int_equal(resolve(&scene, "x@remote.example", &route), OUTCOME_OK);
	assert_int_equal(route.kind, ROUTE_REMOTE);
	assert_int_equal(resolve(&scene, "x@[192.0.2.1]", &route), OUTCOME_OK);
	assert_int_equal(route.kind, ROUTE_REMOTE);
	assert_int_equal(atomic_load(&scene.fake->searches), 0);
	atomic_store(&scene.fake->entries_count, 1);
	assert_int_equal(resolve(&scene, "PostMaster@corp-alias.example", &route), OUTCOME_OK);
	assert_int_equal(route.kind, ROUTE_MAILBOX);
	assert_string_equal(route.mailbox.name, "alice");
	close_scene(&scene);
}

/* The entry may say that the mailbox is on another server. */
static void follows_hosts(void **state)
{
	static const struct {
		const char *host, *other, *control;
		enum outcome outcome;
		enum route_kind kind;
		const char *via; /* or the status */
	} cases[] = {
		{ "mail2.corp.example", NULL, "512", OUTCOME_OK, ROUTE_REMOTE, "mail2.corp.example" },
		{ " lmtp:[192.0.2.1]:24 ", NULL, "512", OUTCOME_OK, ROUTE_REMOTE, "lmtp:[192.0.2.1]:24" },
		{ "[192.0.2.1]:2525", NULL, "512", OUTCOME_OK, ROUTE_REMOTE, "[192.0.2.1]:2525" },
		{ "", NULL, "512", OUTCOME_OK, ROUTE_MAILBOX, "" },
		/* ourselves, in any spelling; but not what else runs on this machine */
		{ "MAIL.corp.example", NULL, "512", OUTCOME_OK, ROUTE_MAILBOX, "" },
		{ "mail.corp.example:2525", NULL, "512", OUTCOME_OK, ROUTE_MAILBOX, "" },
		{ "[127.0.0.1]", NULL, "512", OUTCOME_OK, ROUTE_MAILBOX, "" },
		{ "mail.corp.example:26", NULL, "512", OUTCOME_OK, ROUTE_REMOTE, "mail.corp.example:26" },
		{ "lmtp:[127.0.0.1]:24", NULL, "512", OUTCOME_OK, ROUTE_REMOTE, "lmtp:[127.0.0.1]:24" },
		/* nothing is lost for a slip in the directory, nor put where nobody looks for it */
		{ "192.0.2.1", NULL, "512", OUTCOME_TEMP, ROUTE_REFUSED, "4.3.5" },
		{ "lmtp:[192.0.2.1]:25", NULL, "512", OUTCOME_TEMP, ROUTE_REFUSED, "4.3.5" },
		{ "two words", NULL, "512", OUTCOME_TEMP, ROUTE_REFUSED, "4.3.5" },
		{ "a.example", "b.example", "512", OUTCOME_TEMP, ROUTE_REFUSED, "4.3.5" },
		{ "mail2.corp.example", NULL, "514", OUTCOME_PERM, ROUTE_REFUSED, "5.2.1" },
	};
	struct scene scene = open_scene(FAKE_NO_CACHE " attribute_host = mailHost");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_entry entry = {
			"CN=h,DC=x",
			{ "objectGUID", "H", "objectClass", "user", "mail", "h@corp.example",
			  "userAccountControl", cases[i].control, "mailHost", cases[i].host,
			  cases[i].other ? "mailHost" : NULL, cases[i].other },
		};
		struct route route;

		scene.fake->entries = &entry;
		atomic_store(&scene.fake->entries_count, 1);
		if (resolve(&scene, "h@corp.example", &route) != cases[i].outcome ||
		    route.kind != cases[i].kind)
			fail_msg("%s: %s", cases[i].host, route.cause);
		assert_string_equal(route.kind == ROUTE_REFUSED ? route.status : route.via,
				    cases[i].via);
		if (cases[i].outcome == OUTCOME_TEMP)
			assert_int_equal(route.good_for, 0);
	}
	close_scene(&scene);
}

/* All mail of such a domain goes to one place: whoever it is for, nobody is asked. */
static void knows_drops(void **state)
{
	static const struct {
		const char *address, *name;
	} cases[] = { { "Any.One@files.example", "Any.One" },
		      { "postmaster@FILES.example", "postmaster" },
		      { "x@files-alias.example", "x" } };
	struct scene scene = open_scene(FAKE_NO_CACHE
					" } domain \"files.example\" { directory = \"d\" drop = "
					"\"/nowhere/drop\" } domain \"files-alias.example\" { "
					"alias_of = \"files.example\"");
	struct address address;
	struct route route;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(resolve(&scene, cases[i].address, &route), OUTCOME_OK);
		assert_int_equal(route.kind, ROUTE_MAILBOX);
		assert_true(route.mailbox.drop);
		assert_string_equal(route.mailbox.name, cases[i].name);
		assert_string_equal(route.mailbox.domain, "files.example");
		assert_int_equal(route.mailbox.quota, 0);
		assert_true(address_parse(span_text(cases[i].address), &address, &why));
		assert_null(routing_directory(scene.routing, &address));
	}
	assert_int_equal(atomic_load(&scene.fake->searches), 0);
	assert_int_equal(resolve(&scene, "x@corp.example", &route), OUTCOME_PERM);
	assert_false(route.mailbox.drop);
	close_scene(&scene);
}

/* An address in an alias domain is asked for twice: the directory may list it by itself. */
static void asks_for_what_was_said(void **state)
{
	static const struct {
		const char *address;
		unsigned searches;
	} cases[] = { { "x@corp.example", 1 }, { "x@corp-alias.example", 2 } };
	struct scene scene = open_scene(FAKE_NO_CACHE);
	struct route route;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned before = atomic_load(&scene.fake->searches);

		assert_int_equal(resolve(&scene, cases[i].address, &route), OUTCOME_PERM);
		assert_int_equal(route.code, 550);
		assert_int_equal(atomic_load(&scene.fake->searches) - before, cases[i].searches);
	}
	close_scene(&scene);
}

/* One lost connection is not noticed; a server that always hangs up is TEMP. */
static void survives_lost_connections(void **state)
{
	static const int results[] = { LDAP_BUSY, LDAP_UNAVAILABLE, LDAP_OPERATIONS_ERROR };
	struct scene scene = open_scene(FAKE_NO_CACHE);
	enum outcome outcome;
	struct route route;
	int64_t start = clock_ms();

	(void)state;
	atomic_store(&scene.fake->search_way, FAKE_CLOSE);
	assert_int_equal(resolve(&scene, "x@corp.example", &route), OUTCOME_TEMP);
	atomic_store(&scene.fake->search_way, FAKE_ANSWER);
	/* A connection comes back by itself; until then everything is temporary. */
	while ((outcome = resolve(&scene, "x@corp.example", &route)) == OUTCOME_TEMP &&
	       clock_ms() - start < 300000)
		usleep(20000);
	assert_int_equal(outcome, OUTCOME_PERM);
	for (size_t i = 0; i < 3; i++) {
		atomic_store(&scene.fake->search_result, results[i]);
		assert_int_equal(resolve(&scene, "x@corp.example", &route), OUTCOME_TEMP);
	}
	close_scene(&scene);
}

static void ends_in_time(void **state)
{
	struct scene scene = open_scene(FAKE_NO_CACHE " " FAKE_TIMEOUT);
	struct route route;
	int64_t start = clock_ms();

	(void)state;
	atomic_store(&scene.fake->search_way, FAKE_SILENT);
	assert_int_equal(resolve(&scene, "x@corp.example", &route), OUTCOME_TEMP);
	assert_string_equal(route.status, "4.3.0");
	assert_int_equal(route.good_for, 0);
	assert_true(clock_ms() - start >= FAKE_TIMEOUT_MS - 100);
	close_scene(&scene);
}

static void refused_service_is_temporary(void **state)
{
	struct scene scene = open_scene(FAKE_NO_CACHE " " FAKE_TIMEOUT);
	struct route route;

	(void)state;
	directories_close(scene.directories);
	routing_free(scene.routing);
	atomic_store(&scene.fake->service_result, LDAP_INVALID_CREDENTIALS);
	scene.directories = directories_open(scene.conf, route.cause, sizeof(route.cause));
	directories_start(scene.directories);
	scene.routing = routing_new(scene.conf, scene.directories);
	assert_int_equal(resolve(&scene, "x@corp.example", &route), OUTCOME_TEMP);
	assert_non_null(strstr(route.cause, "simple bind as cn=svc,dc=x"));
	close_scene(&scene);
}

static void caches_answers(void **state)
{
	struct scene scene = open_scene("cache_positive = 30 cache_negative = 10");
	struct route route;

	(void)state;
	assert_int_equal(resolve(&scene, "x@corp.example", &route), OUTCOME_PERM);
	assert_int_equal(resolve(&scene, "X@corp.example", &route), OUTCOME_PERM);
	assert_int_equal(atomic_load(&scene.fake->searches), 1);
	assert_true(route.good_for > 0 && route.good_for <= 10);
	scene.fake->entries = &alice;
	atomic_store(&scene.fake->entries_count, 1);
	assert_int_equal(resolve(&scene, "alice@corp.example", &route), OUTCOME_OK);
	assert_int_equal(resolve(&scene, "ALICE@corp.example", &route), OUTCOME_OK);
	assert_int_equal(atomic_load(&scene.fake->searches), 2);
	atomic_store(&scene.fake->search_result, LDAP_OTHER);
	assert_int_equal(resolve(&scene, "y@corp.example", &route), OUTCOME_TEMP);
	assert_int_equal(resolve(&scene, "y@corp.example", &route), OUTCOME_TEMP);
	assert_int_equal(atomic_load(&scene.fake->searches), 4);
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(ignores_references_and_pieces),
		cmocka_unit_test(knows_its_domains), cmocka_unit_test(follows_hosts), cmocka_unit_test(knows_drops),
		cmocka_unit_test(asks_for_what_was_said),
		cmocka_unit_test(survives_lost_connections),
		cmocka_unit_test(ends_in_time),
		cmocka_unit_test(refused_service_is_temporary),
		cmocka_unit_test(caches_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
